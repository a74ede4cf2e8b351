// The forms of a report: all say the same.
#pragma once

#include <string>

#include "verify/finding.h"

namespace cairn::verify {

// A table, then each failure in words.  Plain text, or with ANSI colours.
//   width  of the terminal, for wrapping; 0: none
std::string to_text(const Findings& findings, bool colours, int width);
// One object; the keys stand in docs/cli.md.
std::string to_json(const Findings& findings);
// A test suite of as many cases as there are properties, and one more if it is undecided.
std::string to_junit(const Findings& findings);
// One page that needs nothing else: table, failures, timeline (SVG) of runs and cuts.
//   date  of the run, as it shall stand there
std::string to_html(const Findings& findings, const std::string& date);

}  // namespace cairn::verify
