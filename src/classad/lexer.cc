#include "classad/lexer.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "base/text.h"
#include "base/try.h"

namespace cairn::classad {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

// Longer ones first.
constexpr std::array<std::string_view, 38> kSymbols = {
    "=?=", "=!=", ">>>", "||", "&&", "==", "!=", "<=", ">=", "<<", ">>", "?:", "?",
    ":",   "|",   "^",   "&",  "<",  ">",  "+",  "-",  "*",  "/",  "%",  "!",  "~",
    "(",   ")",   "[",   "]",  "{",  "}",  ",",  ";",  ".",  "=",  "@",  "$"};

std::size_t count_while(std::string_view text, bool (*is)(char)) {
  std::size_t n = 0;
  while (n < text.size() && is(text[n])) ++n;
  return n;
}

// What 24h and 4GB are meant to say.
std::string_view unit_hint(std::string_view unit) {
  for (const std::string_view time : {"s", "m", "h", "d", "min", "sec"})
    if (unit == time) return "a time is in seconds, without a unit";
  for (const std::string_view size : {"k", "g", "t", "kb", "mb", "gb", "tb", "gib", "mib"})
    if (unit == size) return "write the number alone: memory is in MB here, disk in KB";
  return {};
}

bool is_number(std::string_view text) {
  const std::size_t at = text.starts_with('.') ? 1 : 0;
  return at < text.size() && is_digit(text[at]);
}

}  // namespace

Error Lexer::error_at(std::size_t offset, std::string_view what, std::string_view hint) const {
  return {Errc::invalid, cat("expression, column ", offset + 1, ": ", what), 0, std::string(hint)};
}

Status Lexer::skip_blanks() {
  for (;;) {
    at_ += count_while(rest(), is_blank);
    if (rest().starts_with("//")) {
      at_ = std::min(text_.find('\n', at_), text_.size());
    } else if (rest().starts_with("/*")) {
      const std::size_t end = text_.find("*/", at_ + 2);
      if (end == std::string_view::npos) return error_at(at_, "the comment has no end");
      at_ = end + 2;
    } else {
      return {};
    }
  }
}

// As in job ads: decimal only, digits on both sides of a point, or only after it.
Result<Token> Lexer::number() {
  const std::size_t start = at_;
  Token token{.word = Word::integer, .at = start, .text = {}};
  at_ += count_while(rest(), [](char c) { return c == '-'; });
  const std::string_view whole = rest().substr(0, count_while(rest(), is_digit));
  if (whole.size() > 1 && whole[0] == '0')
    return error_at(start, "a number of several digits does not begin with 0");
  at_ += whole.size();
  if (rest().starts_with('.')) {
    token.word = Word::real;
    ++at_;
    const std::size_t digits = count_while(rest(), is_digit);
    if (digits == 0) return error_at(at_, "digits should follow the point");
    at_ += digits;
  }
  if (const std::string_view tail = rest(); !tail.empty() && (tail[0] == 'e' || tail[0] == 'E')) {
    const std::size_t sign = tail.size() > 1 && (tail[1] == '+' || tail[1] == '-') ? 1 : 0;
    const std::size_t digits = count_while(tail.substr(1 + sign), is_digit);
    if (digits == 0) return error_at(at_, "digits should follow the exponent's e");
    token.word = Word::real;
    at_ += 1 + sign + digits;
  }
  if (!rest().empty() && is_letter(rest()[0]))
    return error_at(at_, "letters follow a number: an expression has no 1K, 2M or 0x10",
                    unit_hint(lower(rest().substr(0, count_while(rest(), is_letter)))));
  token.text = text_.substr(start, at_ - start);
  if (token.word == Word::real)
    token.real = std::strtod(std::string(token.text).c_str(), nullptr);
  else
    token.integer = parse_integer(token.text).value_or(0);  // HTCondor: what does not fit is 0
  return token;
}

Result<Token> Lexer::quoted(char quote) {
  Token token{.word = quote == '"' ? Word::string : Word::quoted_name, .at = at_, .text = {}};
  for (std::size_t i = at_ + 1; i < text_.size(); ++i) {
    const char c = text_[i];
    if (c == quote) {
      at_ = i + 1;
      token.text = text_.substr(token.at, at_ - token.at);
      if (quote == '\'' && token.content.empty()) return error_at(token.at, "an empty name");
      return token;
    }
    // A quote after a backslash is a letter of the string, unless nothing follows it:
    // "C:\dir\" at the end of a line ends in a backslash.
    if (c == '\\' && i + 2 < text_.size() && text_[i + 1] == quote && text_[i + 2] != '\n' &&
        text_[i + 2] != '\r') {
      token.content += quote;
      ++i;
      continue;
    }
    if (c == '\0') return error_at(i, "a NUL in a string");
    token.content += c;
  }
  if (quote == '"') return error_at(token.at, "the string has no end", "a text stands in \"…\"");
  return error_at(token.at, "the quoted name has no end", "a text stands in \"…\", not in '…'");
}

// -3 is one word where an operand stands, so that it is written back as it was.
bool Lexer::minus_begins_number() const {
  return at_ > 0 && text_[at_ - 1] == '-' && is_number(rest());
}

Result<Token> Lexer::negative_number() {
  --at_;
  return number();
}

Result<Token> Lexer::next() {
  CAIRN_CHECK(skip_blanks());
  if (at_ == text_.size()) return Token{.word = Word::end, .at = at_, .text = {}};
  const char c = text_[at_];
  if (is_number(rest())) return number();
  if (c == '"' || c == '\'') return quoted(c);
  if (is_letter(c)) {
    const std::size_t length =
        count_while(rest(), [](char letter) { return is_letter(letter) || is_digit(letter); });
    Token token{.word = Word::name, .at = at_, .text = rest().substr(0, length)};
    at_ += length;
    return token;
  }
  for (const std::string_view symbol : kSymbols)
    if (rest().starts_with(symbol)) {
      Token token{.word = Word::symbol, .at = at_, .text = symbol};
      at_ += symbol.size();
      return token;
    }
  std::string_view hint;
  if (c == '#') hint = "a comment needs a line of its own";
  for (const std::string_view quote : {"“", "”", "„", "‘", "’"})
    if (rest().starts_with(quote)) hint = "a text stands in \"…\", with the quotes of a keyboard";
  if (rest().starts_with("\xC2\xA0"))
    hint = "one of the blanks is none (U+00A0, from a web page); write it anew";
  return error_at(at_, "this letter begins no word of an expression", hint);
}

}  // namespace cairn::classad
