#include "classad/literal.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace cairn::classad {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool ends_line(char c) { return c == '\n' || c == '\r' || c == '\0'; }

}  // namespace

bool is_attribute_name(std::string_view text) {
  return !text.empty() && is_letter(text.front()) &&
         std::all_of(text.begin(), text.end(), [](char c) { return is_letter(c) || is_digit(c); });
}

std::string quote_string(std::string_view text) {
  std::string literal = "\"";
  for (const char letter : text) {
    if (letter == '"') literal += '\\';
    literal += ends_line(letter) ? ' ' : letter;
  }
  return literal += '"';
}

std::optional<std::string> unquote_string(std::string_view expression) {
  if (expression.size() < 2 || !expression.starts_with('"') || !expression.ends_with('"'))
    return std::nullopt;
  const std::string_view inside = expression.substr(1, expression.size() - 2);
  std::string text;
  for (std::size_t i = 0; i < inside.size(); ++i) {
    if (inside[i] == '"') return std::nullopt;  // two literals with something between
    if (inside.substr(i).starts_with("\\\"")) ++i;
    text += inside[i];
  }
  return text;
}

std::string real_text(double number) {
  if (std::isnan(number)) return "real(\"NaN\")";
  if (std::isinf(number)) return number > 0 ? "real(\"INF\")" : "real(\"-INF\")";
  char buffer[40];
  std::snprintf(buffer, sizeof buffer, "%.16G", number);
  std::string text = buffer;
  if (text.find_first_of(".E") == std::string::npos) text += ".0";
  return text;
}

}  // namespace cairn::classad
