#include "lint/python_script.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <set>
#include <utility>

#include "base/text.h"
#include "lint/text_cursor.h"

namespace cairn::lint {
namespace {

using Kind = PythonToken::Kind;

bool is_name_letter(char letter) {
  const auto code = static_cast<unsigned char>(letter);
  return std::isalnum(code) != 0 || letter == '_' || code >= 0x80;
}

bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }

class PythonReader : private TextCursor {
 public:
  using TextCursor::TextCursor;
  std::vector<PythonStatement> read();

 private:
  int take_indent();
  void take_string(std::string_view prefix);
  void take_token();
  void end_statement();
  void add(Kind kind, std::string text) {
    statement_.tokens.push_back({kind, std::move(text), line_});
  }

  int brackets_ = 0;
  bool at_line_start_ = true;
  PythonStatement statement_;
  std::vector<PythonStatement> statements_;
};

int PythonReader::take_indent() {
  int indent = 0;
  while (!at_end() && (peek() == ' ' || peek() == '\t' || peek() == '\f')) {
    indent = peek() == '\t' ? (indent / 8 + 1) * 8 : indent + 1;
    ++at_;
  }
  return indent;
}

// At the opening quote.
void PythonReader::take_string(std::string_view prefix) {
  const std::string low = lower(prefix);
  const bool is_raw = low.find('r') != low.npos;
  const char quote = peek();
  const int line = line_;
  const bool is_long = peek(1) == quote && peek(2) == quote;
  at_ += is_long ? 3 : 1;
  std::string value;
  while (!at_end()) {
    if (is_long ? (peek() == quote && peek(1) == quote && peek(2) == quote) : peek() == quote)
      break;
    if (!is_long && peek() == '\n') break;
    if (peek() == '\\' && at_ + 1 < text_.size()) {
      take();
      const char letter = take();
      if (is_raw || std::string_view("\\'\"n\n").find(letter) == std::string_view::npos)
        value += cat('\\', letter);
      else if (letter == 'n')
        value += '\n';
      else if (letter != '\n')
        value += letter;
      continue;
    }
    value += take();
  }
  // A short one ends with its line, whatever it lacks.
  if (is_long || (!at_end() && peek() == quote))
    at_ = std::min(at_ + (is_long ? 3 : 1), text_.size());
  const bool has_values = low.find('f') != low.npos && value.find('{') != value.npos;
  auto& tokens = statement_.tokens;
  if (!tokens.empty() && tokens.back().kind == Kind::string && !has_values) {
    tokens.back().text += value;  // "a" "b"
    return;
  }
  tokens.push_back({has_values ? Kind::text_with_values : Kind::string, std::move(value), line});
}

void PythonReader::take_token() {
  const char letter = peek();
  if (letter == '"' || letter == '\'') return take_string("");
  if (is_digit(letter) || (letter == '.' && is_digit(peek(1)))) {
    const std::size_t begin = at_;
    while (!at_end() && (is_name_letter(peek()) || peek() == '.')) ++at_;
    return add(Kind::number, std::string(text_.substr(begin, at_ - begin)));
  }
  if (is_name_letter(letter)) {
    const std::size_t begin = at_;
    while (!at_end() && is_name_letter(peek())) ++at_;
    const std::string_view word = text_.substr(begin, at_ - begin);
    if ((peek() == '"' || peek() == '\'') && word.size() <= 2 &&
        lower(word).find_first_not_of("rbuf") == std::string::npos)
      return take_string(word);
    return add(Kind::name, std::string(word));
  }
  if (letter == '(' || letter == '[' || letter == '{') ++brackets_;
  if (letter == ')' || letter == ']' || letter == '}') brackets_ = std::max(0, brackets_ - 1);
  for (const std::string_view op :
       {"**=", "//=", ">>=", "<<=", "...", "==", "!=", "<=", ">=", "->", ":=",
        "+=",  "-=",  "*=",  "/=",  "|=",  "&=", "%=", "**", "//", "<<", ">>"})
    if (text_.substr(at_).starts_with(op)) {
      at_ += op.size();
      return add(Kind::op, std::string(op));
    }
  add(Kind::op, std::string(1, take()));
}

void PythonReader::end_statement() {
  if (!statement_.tokens.empty()) {
    statement_.line = statement_.tokens.front().line;
    statements_.push_back(std::move(statement_));
  }
  statement_ = {};
}

std::vector<PythonStatement> PythonReader::read() {
  int indent = 0;
  while (!at_end()) {
    if (at_line_start_ && brackets_ == 0) {
      indent = take_indent();
      at_line_start_ = false;
      statement_.indent = indent;
      continue;
    }
    const char letter = peek();
    if (letter == '#') {
      while (!at_end() && peek() != '\n') ++at_;
    } else if (letter == '\\' && (peek(1) == '\n' || (peek(1) == '\r' && peek(2) == '\n'))) {
      take();
      if (peek() == '\r') take();
      take();
    } else if (letter == '\n') {
      take();
      if (brackets_ == 0) {
        end_statement();
        at_line_start_ = true;
      }
    } else if (letter == ' ' || letter == '\t' || letter == '\r' || letter == '\f') {
      ++at_;
    } else if (letter == ';' && brackets_ == 0) {
      take();
      const int same = statement_.indent;
      end_statement();
      statement_.indent = same;
    } else {
      take_token();
    }
  }
  end_statement();
  return std::move(statements_);
}

// `if x: y` -> `if x:` and, deeper, `y`.
std::vector<PythonStatement> split_one_liners(std::vector<PythonStatement> statements) {
  static const std::set<std::string_view> headers = {"if",    "elif", "else",   "for",
                                                     "while", "try",  "except", "finally",
                                                     "with",  "def",  "class",  "async"};
  std::vector<PythonStatement> result;
  for (PythonStatement& statement : statements) {
    std::size_t cut = 0;
    if (headers.contains(statement.first())) {
      int depth = 0;
      bool in_lambda = false;
      for (std::size_t i = 0; i < statement.tokens.size(); ++i) {
        const PythonToken& token = statement.tokens[i];
        if (token.kind == Kind::name && token.text == "lambda") in_lambda = true;
        if (token.kind != Kind::op) continue;
        if (token.text == "(" || token.text == "[" || token.text == "{") ++depth;
        if (token.text == ")" || token.text == "]" || token.text == "}") --depth;
        if (token.text == ":" && depth == 0) {
          if (in_lambda) {
            in_lambda = false;
            continue;
          }
          cut = i + 1;
          break;
        }
      }
    }
    if (cut == 0 || cut >= statement.tokens.size()) {
      result.push_back(std::move(statement));
      continue;
    }
    PythonStatement rest;
    rest.indent = statement.indent + 1;
    rest.tokens.assign(statement.tokens.begin() + static_cast<std::ptrdiff_t>(cut),
                       statement.tokens.end());
    rest.line = rest.tokens.front().line;
    statement.tokens.resize(cut);
    result.push_back(std::move(statement));
    result.push_back(std::move(rest));
  }
  return result;
}

std::optional<std::int64_t> whole_number(const std::string& text) { return parse_integer(text); }

class PythonStudy {
 public:
  explicit PythonStudy(PythonScript& script) : script_(script) {}
  void study() {
    for (const PythonStatement& statement : script_.statements) look_at_names(statement);
    for (const std::string& name : twice_) {
      script_.strings.erase(name);
      script_.numbers.erase(name);
    }
    for (std::size_t i = 0; i < script_.statements.size(); ++i) find_calls(i);
  }

 private:
  void look_at_names(const PythonStatement& statement) {
    const auto& tokens = statement.tokens;
    if (tokens.size() >= 2 && (statement.first() == "import" || statement.first() == "from")) {
      bool wants_name = true;
      for (std::size_t i = 1; i < tokens.size(); ++i) {
        if (wants_name && tokens[i].kind == Kind::name) script_.imports.push_back(tokens[i].text);
        wants_name = statement.first() == "import" && tokens[i].text == ",";
      }
    }
    if (tokens.size() < 3 || tokens[0].kind != Kind::name) return;
    std::size_t equals = 1;
    if (tokens[1].text == ":" && tokens.size() >= 5) equals = 3;  // NAME: type = value
    if (tokens[equals].text != "=") {
      if (tokens[1].kind == Kind::op && tokens[1].text.ends_with('=') && tokens[1].text != "==")
        twice_.insert(tokens[0].text);
      return;
    }
    if (!seen_.insert(tokens[0].text).second) twice_.insert(tokens[0].text);
    if (tokens.size() != equals + 2) return;
    const PythonToken& value = tokens[equals + 1];
    if (value.kind == Kind::string) script_.strings[tokens[0].text] = value.text;
    if (value.kind == Kind::number)
      if (const auto number = whole_number(value.text)) script_.numbers[tokens[0].text] = *number;
  }

  // What `tokens` stand for, if that is plain to see: "x", NAME, Path("x").
  std::optional<std::string> text_of(const std::vector<PythonToken>& tokens) const {
    if (tokens.size() == 1 && tokens[0].kind == Kind::string) return tokens[0].text;
    if (tokens.size() == 1 && tokens[0].kind == Kind::name) {
      const auto found = script_.strings.find(tokens[0].text);
      if (found != script_.strings.end()) return found->second;
    }
    if (tokens.size() >= 4 && tokens[tokens.size() - 4].text == "Path" && tokens.back().text == ")")
      return text_of({tokens[tokens.size() - 2]});
    return std::nullopt;
  }

  void find_calls(std::size_t index) {
    const auto& tokens = script_.statements[index].tokens;
    for (std::size_t i = 0; i + 1 < tokens.size(); ++i) {
      if (tokens[i].kind != Kind::name || tokens[i + 1].text != "(" ||
          tokens[i + 1].kind != Kind::op)
        continue;
      if (i > 0 && (tokens[i - 1].text == "def" || tokens[i - 1].text == "class")) continue;
      PythonCall call;
      call.line = tokens[i].line;
      call.statement = index;
      call.callee = tokens[i].text;
      std::size_t begin = i;
      while (begin >= 2 && tokens[begin - 1].text == "." && tokens[begin - 2].kind == Kind::name) {
        begin -= 2;
        call.callee = cat(tokens[begin].text, ".", call.callee);
      }
      if (begin > 0 && tokens[begin - 1].text == "." && tokens[begin - 1].kind == Kind::op) {
        call.callee = cat(".", call.callee);
        // Path("x").write_text(…)
        if (begin >= 5 && tokens[begin - 2].text == ")" && tokens[begin - 4].text == "(" &&
            tokens[begin - 5].text == "Path")
          if (const auto name = text_of({tokens[begin - 3]})) call.object = *name;
      } else if (const auto dot = call.callee.rfind('.'); dot != call.callee.npos) {
        if (const auto path = paths_.find(call.callee.substr(0, dot)); path != paths_.end())
          call.object = path->second;
      }
      take_arguments(call, tokens, i + 2);
      // NAME = Path("x")
      if ((call.callee == "Path" || call.callee == "pathlib.Path") && begin == 2 &&
          tokens[1].text == "=")
        if (const auto path = call.literal(0, "")) paths_[tokens[0].text] = *path;
      script_.calls.push_back(std::move(call));
    }
  }

  void take_arguments(PythonCall& call, const std::vector<PythonToken>& tokens,
                      std::size_t at) const {
    int depth = 0;
    PythonArgument argument;
    const auto finish = [&] {
      if (argument.tokens.size() > 2 && argument.tokens[0].kind == Kind::name &&
          argument.tokens[1].text == "=") {
        argument.keyword = argument.tokens[0].text;
        argument.tokens.erase(argument.tokens.begin(), argument.tokens.begin() + 2);
      }
      if (argument.tokens.empty()) return;
      argument.literal = text_of(argument.tokens);
      if (argument.tokens.size() == 1 && argument.tokens[0].kind == Kind::name) {
        if (const auto path = paths_.find(argument.tokens[0].text); path != paths_.end())
          argument.literal = path->second;
        if (const auto found = script_.numbers.find(argument.tokens[0].text);
            found != script_.numbers.end())
          argument.number = found->second;
      }
      if (argument.tokens.size() == 1 && argument.tokens[0].kind == Kind::number)
        argument.number = whole_number(argument.tokens[0].text);
      call.arguments.push_back(std::move(argument));
      argument = {};
    };
    for (; at < tokens.size(); ++at) {
      const PythonToken& token = tokens[at];
      if (token.kind == Kind::op) {
        if (token.text == ")" && depth == 0) break;
        if (token.text == "(" || token.text == "[" || token.text == "{") ++depth;
        if (token.text == ")" || token.text == "]" || token.text == "}") --depth;
        if (token.text == "," && depth == 0) {
          finish();
          continue;
        }
      }
      argument.tokens.push_back(token);
    }
    finish();
  }

  PythonScript& script_;
  std::set<std::string> seen_, twice_;
  std::map<std::string, std::string> paths_;
};

}  // namespace

const PythonArgument* PythonCall::argument(std::size_t position, std::string_view keyword) const {
  std::size_t count = 0;
  for (const PythonArgument& argument : arguments) {
    if (!keyword.empty() && argument.keyword == keyword) return &argument;
    if (argument.keyword.empty() && count++ == position) return &argument;
  }
  return nullptr;
}

std::optional<std::string> PythonCall::literal(std::size_t position,
                                               std::string_view keyword) const {
  const PythonArgument* const found = argument(position, keyword);
  return found == nullptr ? std::nullopt : found->literal;
}

bool PythonScript::imports_module(std::string_view module) const {
  return std::find(imports.begin(), imports.end(), module) != imports.end();
}

namespace {
template <class Match>
bool any_token(const PythonScript& script, const Match& match) {
  return std::any_of(script.statements.begin(), script.statements.end(),
                     [&match](const auto& statement) {
                       return std::any_of(statement.tokens.begin(), statement.tokens.end(), match);
                     });
}
}  // namespace

bool PythonScript::mentions(std::string_view name) const {
  return any_token(*this, [name](const PythonToken& token) {
    return token.kind == Kind::name && token.text == name;
  });
}

bool PythonScript::has_string(std::string_view text) const {
  return any_token(*this, [text](const PythonToken& token) {
    return (token.kind == Kind::string || token.kind == Kind::text_with_values) &&
           token.text.find(text) != token.text.npos;
  });
}

bool PythonScript::has_number(std::int64_t number) const {
  return any_token(*this, [number](const PythonToken& token) {
    return token.kind == Kind::number && parse_integer(token.text) == number;
  });
}

std::pair<std::size_t, std::size_t> PythonScript::body(std::size_t header) const {
  std::size_t last = header + 1;
  while (last < statements.size() && statements[last].indent > statements[header].indent) ++last;
  return {header + 1, last};
}

std::optional<std::size_t> PythonScript::function(std::string_view name) const {
  for (std::size_t i = 0; i < statements.size(); ++i) {
    const auto& tokens = statements[i].tokens;
    for (std::size_t at = 0; at < 2 && at + 1 < tokens.size(); ++at)
      if (tokens[at].text == "def" && tokens[at].kind == Kind::name && tokens[at + 1].text == name)
        return i;
  }
  return std::nullopt;
}

PythonScript read_python(std::string_view text) {
  PythonScript script;
  script.statements = split_one_liners(PythonReader(text).read());
  PythonStudy(script).study();
  return script;
}

}  // namespace cairn::lint
