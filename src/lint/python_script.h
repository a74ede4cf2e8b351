// What a Python program says, as far as one can see without running it.
//
// A tolerant reader: tokens, statements with their indentation, calls with their arguments,
// and names that one assignment gives a literal.  It follows no values beyond that: what is
// built from parts, comes from a dictionary or another module stays unknown.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cairn::lint {

struct PythonToken {
  enum class Kind { name, number, string, text_with_values, op };  // text_with_values: f"…"
  Kind kind = Kind::op;
  std::string text;  // of a string: what it stands for, escapes of \\ \' \" \n resolved
  int line = 0;
};

// One logical line: brackets and \ join.  `if x: y` is two, the second one deeper.
struct PythonStatement {
  int line = 0;
  int indent = 0;
  std::vector<PythonToken> tokens;
  std::string_view first() const {
    return tokens.empty() ? std::string_view() : std::string_view(tokens[0].text);
  }
};

struct PythonArgument {
  std::string keyword;  // empty: by position
  std::vector<PythonToken> tokens;
  std::optional<std::string> literal;  // a string, or a name that stands for one
  std::optional<std::int64_t> number;  // likewise
};

struct PythonCall {
  int line = 0;
  std::size_t statement = 0;  // index into statements
  std::string callee;         // "os.replace", ".write_text" where what stands before is no name
  std::string object;         // of a method of a literal path: Path("x").write_text -> x
  std::vector<PythonArgument> arguments;

  const PythonArgument* argument(std::size_t position, std::string_view keyword) const;
  std::optional<std::string> literal(std::size_t position, std::string_view keyword) const;
};

struct PythonScript {
  std::vector<PythonStatement> statements;
  std::vector<PythonCall> calls;
  std::map<std::string, std::string> strings;   // NAME = "text", once
  std::map<std::string, std::int64_t> numbers;  // NAME = 77, once
  std::vector<std::string> imports;             // the modules that are named, first part

  bool imports_module(std::string_view module) const;
  bool mentions(std::string_view name) const;    // a name token, anywhere
  bool has_string(std::string_view text) const;  // a string that holds it
  bool has_number(std::int64_t number) const;

  // The statements below `header`: [first, last).
  std::pair<std::size_t, std::size_t> body(std::size_t header) const;
  // `def name`: index of its statement.
  std::optional<std::size_t> function(std::string_view name) const;
};

PythonScript read_python(std::string_view text);

}  // namespace cairn::lint
