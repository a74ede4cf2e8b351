// A place in a text that is read letter by letter, with its line: what both readers of programs
// stand on.  take() is for where at_end() is false; peek() beyond the end is '\0'.
#pragma once

#include <cstddef>
#include <string_view>

namespace cairn::lint {

class TextCursor {
 public:
  explicit TextCursor(std::string_view text) : text_(text) {}

 protected:
  bool at_end() const { return at_ >= text_.size(); }
  char peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  char take() {
    const char letter = text_[at_++];
    if (letter == '\n') ++line_;
    return letter;
  }
  bool starts(std::string_view what) const { return text_.substr(at_).starts_with(what); }

  std::string_view text_;
  std::size_t at_ = 0;
  int line_ = 1;
};

}  // namespace cairn::lint
