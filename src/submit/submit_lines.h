// The lines of a submit file, with continuations joined and comments gone.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cairn/result.h"

namespace cairn {

struct SubmitLine {
  int number = 0;    // of the first of the lines it was joined from, from 1
  std::string text;  // trimmed, not empty
};

// A line ending in \ goes on in the next.  # is a comment only where it begins a line:
// `x = 1 # y` assigns "1 # y".  A comment alone is never continued; one inside a continued
// line is skipped if it ends in \ itself.
// Errors: invalid (a comment that would cut a continued line off), with `file` and line.
Result<std::vector<SubmitLine>> submit_lines(std::string_view text, std::string_view file);

}  // namespace cairn
