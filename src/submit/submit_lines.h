// The lines of a submit file, with continuations joined.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cairn/result.h"

namespace cairn {

struct SubmitLine {
  int number = 0;    // of the first of the lines it was joined from, from 1
  std::string text;  // trimmed
  bool is_blank() const { return text.empty(); }
  bool is_comment() const { return text.starts_with('#'); }
};

// A line ending in \ goes on in the next.  # is a comment only where it begins a line:
// `x = 1 # y` assigns "1 # y".  A comment alone is never continued; one inside a continued
// line is skipped if it ends in \ itself.
class SubmitLines {
 public:
  explicit SubmitLines(std::string_view text) : rest_(text) {}

  // The next line, also a blank one or a comment; nothing at the end.
  // Errors: invalid (a comment that would cut a continued line off), without the place:
  // that is last_number().
  Result<std::optional<SubmitLine>> next();
  int last_number() const { return number_; }

 private:
  std::string_view physical();
  Status join_further(std::string& text);

  std::string_view rest_;
  int number_ = 0;
};

// All of them but blank ones and comments.
// Errors: as next(), with `file` and line.
Result<std::vector<SubmitLine>> submit_lines(std::string_view text, std::string_view file);

}  // namespace cairn
