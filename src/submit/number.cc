#include "submit/number.h"

#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "base/text.h"
#include "classad/evaluate.h"
#include "classad/expression.h"

namespace cairn {
namespace {

std::optional<classad::Value> evaluated(std::string_view text) {
  const auto expression = classad::Expression::parse(text);
  if (!expression) return std::nullopt;
  return classad::evaluate(*expression, classad::Scope{});
}

constexpr double kSizeMax = 1e15;

}  // namespace

std::optional<std::int64_t> evaluate_integer(std::string_view text) {
  const std::string_view word = trim(text);
  if (const auto number = parse_integer(word)) return number;
  const auto value = evaluated(word);
  return value ? value->to_integer() : std::nullopt;
}

std::optional<double> evaluate_real(std::string_view text) {
  const auto value = evaluated(trim(text));
  return value ? value->to_real() : std::nullopt;
}

std::optional<bool> evaluate_bool(std::string_view text) {
  const std::string_view word = trim(text);
  for (const std::string_view yes : {"true", "t", "yes", "1"})
    if (equal_ignoring_case(word, yes)) return true;
  for (const std::string_view no : {"false", "f", "no", "0"})
    if (equal_ignoring_case(word, no)) return false;
  const auto value = evaluated(word);
  return value ? value->truth() : std::nullopt;
}

std::optional<EvaluatedText> evaluate_text(std::string_view text) {
  const auto value = evaluated(text);
  if (!value) return std::nullopt;
  // HTCondor writes a real of its macros with all its digits.
  if (const auto* const real = value->as_real(); real != nullptr && std::isfinite(*real))
    return EvaluatedText{fmt::format("{:.15E}", *real), false};
  return EvaluatedText{value->plain_text(), value->as_string() != nullptr};
}

std::optional<std::int64_t> parse_size(std::string_view text, std::int64_t unit) {
  text = trim(text);
  const std::size_t letters = std::min(text.find_first_not_of("0123456789."), text.size());
  const std::string_view number = text.substr(0, letters);
  if (number.empty()) return std::nullopt;
  double count = 0;
  const auto read = std::from_chars(number.begin(), number.end(), count);
  if (read.ec != std::errc() || read.ptr != number.end()) return std::nullopt;
  const std::string suffix = lower(trim(text.substr(letters)));
  double bytes_each = static_cast<double>(unit);
  if (!suffix.empty()) {
    const std::size_t power = std::string_view("kmgt").find(suffix[0]);
    const std::string_view after = trim(std::string_view(suffix).substr(1));
    if (power == std::string_view::npos || (!after.empty() && after != "b")) return std::nullopt;
    bytes_each = std::pow(1024.0, static_cast<double>(power) + 1);
  }
  const double size = std::ceil(count * bytes_each / static_cast<double>(unit));
  if (size > kSizeMax) return std::nullopt;
  return static_cast<std::int64_t>(size);
}

}  // namespace cairn
