#include "submit/submit_lines.h"

#include <algorithm>

#include "base/text.h"

namespace cairn {
namespace {

class LineReader {
 public:
  explicit LineReader(std::string_view text) : text_(text) {}
  bool at_end() const { return text_.empty(); }
  int number() const { return number_; }
  std::string_view next() {
    const std::size_t end = std::min(text_.find('\n'), text_.size());
    const std::string_view line = text_.substr(0, end);
    text_.remove_prefix(std::min(end + 1, text_.size()));
    ++number_;
    return trim(line);
  }

 private:
  std::string_view text_;
  int number_ = 0;
};

// HTCondor ends the statement at such a comment, and reads its last letter as text.
Error cut_off(std::string_view file, int line) {
  return {Errc::invalid, cat(file, ":", line, ": a comment inside a continued line ends it here"),
          0, "end the comment with \\ as well, or move it above"};
}

// Adds the further lines of a statement whose first line ended in \.
Status join_further(LineReader& reader, std::string_view file, std::string& text) {
  while (!reader.at_end()) {
    std::string_view line = reader.next();
    const bool goes_on = line.ends_with('\\');
    if (line.starts_with('#')) {
      if (!goes_on) return cut_off(file, reader.number());
      continue;
    }
    if (goes_on) line.remove_suffix(1);
    text += line;
    if (!goes_on) break;
  }
  return {};
}

}  // namespace

Result<std::vector<SubmitLine>> submit_lines(std::string_view text, std::string_view file) {
  std::vector<SubmitLine> lines;
  LineReader reader(text);
  while (!reader.at_end()) {
    const std::string_view first = reader.next();
    if (first.empty() || first.starts_with('#')) continue;
    SubmitLine line{reader.number(), std::string(first)};
    if (first.ends_with('\\')) {
      line.text.pop_back();
      if (auto joined = join_further(reader, file, line.text); !joined)
        return std::move(joined).error();
    }
    line.text = std::string(trim(line.text));
    if (!line.text.empty()) lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace cairn
