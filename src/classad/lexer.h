// Words of a ClassAd expression.  For this folder alone.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "cairn/result.h"

namespace cairn::classad {

enum class Word : std::uint8_t { end, integer, real, string, name, quoted_name, symbol };

struct Token {
  Word word = Word::end;
  std::size_t at = 0;        // offset of its first letter
  std::string_view text;     // as written; of a symbol the symbol
  std::string content = {};  // of a string or a quoted name
  std::int64_t integer = 0;
  double real = 0;
};

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}
  // Errors: invalid, with the column.
  Result<Token> next();
  // Right after the word `-`: whether a number begins without a blank, and that number.
  bool minus_begins_number() const;
  Result<Token> negative_number();
  Error error_at(std::size_t offset, std::string_view what, std::string_view hint = {}) const;

  // What is not read yet.
  std::string_view rest() const { return text_.substr(at_); }

 private:
  Status skip_blanks();
  Result<Token> number();
  Result<Token> quoted(char quote);

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace cairn::classad
