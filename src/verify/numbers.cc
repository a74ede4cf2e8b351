#include "verify/numbers.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <optional>

#include "base/text.h"

namespace cairn::verify {
namespace {

bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }
bool is_letter(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || letter == '_';
}
bool is_word(char letter) { return is_letter(letter) || is_digit(letter); }

std::size_t digits(std::string_view text) {
  return static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_digit) -
                                  text.begin());
}

// How many characters of "inf", "infinity" or "nan" there are at the start, as a whole word.
std::size_t word_number(std::string_view text) {
  for (const std::string_view word : {"infinity", "inf", "nan"})
    if (starts_with_ignoring_case(text, word) &&
        (text.size() == word.size() || !is_word(text[word.size()])))
      return word.size();
  return 0;
}

// How many characters of a number there are at the start, its sign left out; 0: it is none.
std::size_t number_bytes(std::string_view text) {
  const std::size_t whole = digits(text);
  std::size_t end = whole;
  if (end < text.size() && text[end] == '.') {
    const std::size_t fraction = digits(text.substr(end + 1));
    if (whole + fraction == 0) return 0;
    end += 1 + fraction;
  }
  if (end == 0) return word_number(text);
  if (end < text.size() && (text[end] == 'e' || text[end] == 'E')) {
    const bool sign = end + 1 < text.size() && (text[end + 1] == '+' || text[end + 1] == '-');
    const std::size_t start = end + 1 + (sign ? 1 : 0);
    const std::size_t exponent = start < text.size() ? digits(text.substr(start)) : 0;
    if (exponent > 0) end = start + exponent;
  }
  return end;
}

double value_of(std::string_view text) {
  double value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure == std::errc()) return value;
  return std::strtod(std::string(text).c_str(), nullptr);  // too large or too small: as C says
}

// A line, cut into text and numbers.
class Tokens {
 public:
  explicit Tokens(std::string_view line) : line_(line) {}

  struct Token {
    std::string_view text;  // before the number, without the blanks in front of it
    std::optional<double> number;
  };

  bool over() const { return position_ == line_.size(); }

  Token next() {
    const std::size_t start = position_;
    for (; position_ < line_.size(); ++position_) {
      const char letter = line_[position_];
      const bool in_word = position_ > 0 && is_letter(line_[position_ - 1]);
      const bool sign = letter == '+' || letter == '-';
      if (!sign && (in_word || !(is_letter(letter) || is_digit(letter) || letter == '.'))) continue;
      const std::size_t bytes = number_bytes(line_.substr(position_ + (sign ? 1 : 0)));
      if (bytes > 0) return number(start, sign, bytes);
      position_ += skipped_word();
    }
    return {line_.substr(start), {}};
  }

 private:
  // What follows the first letter of a word that is no number, but for its last letter.
  std::size_t skipped_word() const {
    std::size_t end = position_;
    if (!is_letter(line_[end])) return 0;
    while (end + 1 < line_.size() && is_word(line_[end + 1])) ++end;
    return end - position_;
  }

  Token number(std::size_t start, bool sign, std::size_t bytes) {
    std::string_view text = line_.substr(start, position_ - start);
    text = text.substr(0, text.find_last_not_of(' ') + 1);
    const double value = value_of(line_.substr(position_ + (sign ? 1 : 0), bytes));
    const bool negative = line_[position_] == '-';
    position_ += bytes + (sign ? 1 : 0);
    return {text, negative ? -value : value};
  }

  std::string_view line_;
  std::size_t position_ = 0;
};

}  // namespace

bool equal_within(double a, double b, double tolerance) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  if (std::isinf(a) || std::isinf(b)) return a == b;
  return std::abs(a - b) <= tolerance * std::max({1.0, std::abs(a), std::abs(b)});
}

bool equal_lines(std::string_view a, std::string_view b, double tolerance) {
  if (a == b) return true;
  if (tolerance <= 0) return false;
  Tokens left(a), right(b);
  while (!left.over() && !right.over()) {
    const auto one = left.next();
    const auto other = right.next();
    if (one.text != other.text || one.number.has_value() != other.number.has_value()) return false;
    if (one.number && !equal_within(*one.number, *other.number, tolerance)) return false;
  }
  return left.over() && right.over();
}

Skeleton skeleton_of(std::string_view line) {
  Skeleton skeleton;
  for (Tokens tokens(line); !tokens.over();) {
    const auto token = tokens.next();
    skeleton.text += token.text;
    if (!token.number) continue;
    skeleton.text += '\0';  // no text has one
    if (!std::isfinite(*token.number)) continue;
    skeleton.sum += *token.number;
    skeleton.size += std::max(1.0, std::abs(*token.number));
  }
  return skeleton;
}

}  // namespace cairn::verify
