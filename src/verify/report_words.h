// What the forms of a report have in common: words, and text that cannot break a form.
#pragma once

#include <string>
#include <string_view>

#include "verify/finding.h"

namespace cairn::verify {

// "pass", "FAIL", "not tested"
std::string_view word_for(Verdict verdict);

// The whole in one sentence, with a full stop and the time it took.
std::string conclusion(const Findings& findings);

// One failure, a line or two per fact, each with "\n" at its end.
//   indent  blanks before each line
//   width   0: not wrapped
std::string text_of(const Flaw& flaw, std::size_t indent, int width);

// `text` broken at blanks; every line but the first starts with `indent` blanks, which the first
// one is taken to have before it.  No line break at the end.
//   width  0: none
std::string wrapped(std::string_view text, std::size_t indent, int width);

// Names and program output may hold any bytes.  Printable: control characters as \x1b, but line
// breaks stay.  Valid: what is no UTF-8, or no character of XML, as U+FFFD.
std::string printable(std::string_view text);
std::string valid_utf8(std::string_view text);
// For XML and HTML, between tags and in quoted attributes.
std::string escaped(std::string_view text);

}  // namespace cairn::verify
