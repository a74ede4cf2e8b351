#include "submit/submit_lines.h"

#include <algorithm>

#include "base/text.h"

namespace cairn {

std::string_view SubmitLines::physical() {
  const std::size_t end = std::min(rest_.find('\n'), rest_.size());
  const std::string_view line = rest_.substr(0, end);
  rest_.remove_prefix(std::min(end + 1, rest_.size()));
  ++number_;
  return trim(line);
}

// Adds the further lines of a statement whose first line ended in \.
Status SubmitLines::join_further(std::string& text) {
  while (!rest_.empty()) {
    std::string_view line = physical();
    const bool goes_on = line.ends_with('\\');
    if (line.starts_with('#')) {
      // HTCondor ends the statement at such a comment, and reads its last letter as text.
      if (!goes_on)
        return Error{Errc::invalid, "a comment inside a continued line ends it here", 0,
                     "end the comment with \\ as well, or move it above"};
      continue;
    }
    if (goes_on) line.remove_suffix(1);
    text += line;
    if (!goes_on) break;
  }
  return {};
}

Result<std::optional<SubmitLine>> SubmitLines::next() {
  if (rest_.empty()) return std::optional<SubmitLine>();
  const std::string_view first = physical();
  SubmitLine line{number_, std::string(first)};
  if (first.starts_with('#')) return std::optional(std::move(line));
  if (first.ends_with('\\')) {
    line.text.pop_back();
    if (auto joined = join_further(line.text); !joined) return std::move(joined).error();
    line.text = std::string(trim(line.text));
  }
  return std::optional(std::move(line));
}

Result<std::vector<SubmitLine>> submit_lines(std::string_view text, std::string_view file) {
  std::vector<SubmitLine> lines;
  SubmitLines reader(text);
  while (true) {
    auto line = reader.next();
    if (!line) {
      Error error = std::move(line).error();
      error.message = cat(file, ":", reader.last_number(), ": ", error.message);
      return error;
    }
    if (!*line) return lines;
    if (!(*line)->is_blank() && !(*line)->is_comment()) lines.push_back(**std::move(line));
  }
}

}  // namespace cairn
