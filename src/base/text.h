// Small text helpers that libcairn may use too: it does not link fmt.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cairn {

// cat("generation ", 42, " of ", name): the parts as text, one after the other.
namespace text_detail {
inline std::string_view part(std::string_view text) { return text; }
inline std::string_view part(const char* text) { return text; }
inline const std::string& part(const std::string& text) { return text; }
inline std::string part(char letter) { return std::string(1, letter); }
template <class T>
requires std::is_arithmetic_v<T> std::string part(T number) { return std::to_string(number); }
}  // namespace text_detail
template <class... Parts>
std::string cat(const Parts&... parts) {
  std::string text;
  ((text += text_detail::part(parts)), ...);
  return text;
}

std::string_view trim(std::string_view text);  // blanks, tabs, CR and LF at both ends
std::string lower(std::string_view text);      // ASCII only
bool equal_ignoring_case(std::string_view left, std::string_view right);
struct LessIgnoringCase {
  using is_transparent = void;
  bool operator()(std::string_view left, std::string_view right) const;
};
bool starts_with_ignoring_case(std::string_view text, std::string_view prefix);
std::string join(const std::vector<std::string>& parts, std::string_view between);

// The parts between separators, trimmed, empty ones left out: " a, b,," -> {a, b}.
std::vector<std::string> split_list(std::string_view text, char separator = ',');

// The whole text as a number, else nothing: no blanks, no sign where there is none.
std::optional<std::int64_t> parse_integer(std::string_view text);

// The candidate nearest to `word` by edit distance, if it is near enough to be a
// misspelling: at most a third of its letters differ.  Ignores case.
std::optional<std::string> nearest(std::string_view word,
                                   const std::vector<std::string_view>& candidates);

}  // namespace cairn
