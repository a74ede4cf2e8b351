#include "lint/shell_script.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

#include "base/text.h"
#include "lint/text_cursor.h"

namespace cairn::lint {
namespace {

bool is_name_letter(char letter) {
  return std::isalnum(static_cast<unsigned char>(letter)) != 0 || letter == '_';
}

// NAME=… or NAME+=…: where the value begins; npos: it is no assignment.
std::size_t assignment_end(std::string_view word) {
  std::size_t end = 0;
  while (end < word.size() && is_name_letter(word[end])) ++end;
  if (end == 0 || std::isdigit(static_cast<unsigned char>(word[0])) != 0) return word.npos;
  if (end < word.size() && word[end] == '[') {
    end = word.find(']', end);
    if (end == word.npos) return word.npos;
    ++end;
  }
  if (end < word.size() && word[end] == '+') ++end;
  return end < word.size() && word[end] == '=' ? end + 1 : word.npos;
}

class ShellReader : private TextCursor {
 public:
  using TextCursor::TextCursor;
  ShellScript read();

 private:
  struct Block {
    std::string opener;  // if, while, for, until, select, case, {, (, and "function" around a body
    int line = 0;
    std::string function;  // the one that was open before
  };

  void skip_blanks();
  void skip_comment();
  void skip_here_documents();
  ShellWord take_word();
  void take_quoted(ShellWord& word, char quote);
  void take_dollar(ShellWord& word);
  void take_backquoted(ShellWord& word);
  // From an opening bracket at at_ to behind its closing one, quotes heeded.
  std::string take_bracketed(char open, char close);

  void step();
  void end_command(ShellJoin join);
  bool reserved(const std::string& word);
  void open_block(const std::string& opener);
  void close_block(const std::string& closer, std::initializer_list<std::string_view> openers);
  void begin_function(const std::string& name);
  void take_redirect();
  void take_case_pattern();
  void complain(std::string what, int line);

  ShellScript script_;
  std::vector<Block> blocks_;
  ShellCommand current_;
  bool has_current_ = false;
  bool in_condition_ = false;
  bool is_negated_ = false;
  bool wants_pattern_ = false;  // in `case … in`, where a pattern stands
  ShellJoin join_ = ShellJoin::end;
  std::string function_;
  std::string pending_function_;                    // `name()` was read; its body is next
  std::vector<std::pair<std::string, bool>> here_;  // words that end here documents; tabs off
};

void ShellReader::complain(std::string what, int line) {
  if (!script_.imbalance.empty()) return;
  script_.imbalance = std::move(what);
  script_.imbalance_line = line;
}

void ShellReader::skip_blanks() {
  while (!at_end()) {
    if (peek() == ' ' || peek() == '\t' || peek() == '\r')
      ++at_;
    else if (peek() == '\\' && peek(1) == '\n')
      take(), take();
    else
      break;
  }
}

void ShellReader::skip_comment() {
  while (!at_end() && peek() != '\n') ++at_;
}

// Behind the line break that ends the line with <<.
void ShellReader::skip_here_documents() {
  for (const auto& [ending, tabs] : here_) {
    while (!at_end()) {
      const std::size_t end = std::min(text_.find('\n', at_), text_.size());
      std::string_view line = text_.substr(at_, end - at_);
      at_ = std::min(end + 1, text_.size());
      ++line_;
      if (line.ends_with('\r')) line.remove_suffix(1);
      while (tabs && line.starts_with('\t')) line.remove_prefix(1);
      if (line == ending) break;
    }
  }
  here_.clear();
}

std::string ShellReader::take_bracketed(char open, char close) {
  const std::size_t begin = at_;
  int depth = 0;
  while (!at_end()) {
    const char letter = take();
    if (letter == '\\' && !at_end()) {
      take();
    } else if (letter == '\'') {
      while (!at_end() && take() != '\'') {
      }
    } else if (letter == '"') {
      while (!at_end() && peek() != '"') {
        if (peek() == '\\') take();
        if (!at_end()) take();
      }
      if (!at_end()) take();
    } else if (letter == '#' && open == '(' && at_ >= 2 &&
               std::isspace(static_cast<unsigned char>(text_[at_ - 2])) != 0) {
      skip_comment();
    } else if (letter == open) {
      ++depth;
    } else if (letter == close && --depth == 0) {
      break;
    }
  }
  return std::string(text_.substr(begin, at_ - begin));
}

void ShellReader::take_dollar(ShellWord& word) {
  word.is_plain = false;
  word.text += take();  // $
  if (peek() == '(')
    word.text += take_bracketed('(', ')');
  else if (peek() == '{')
    word.text += take_bracketed('{', '}');
  else if (peek() == '\'')
    take_quoted(word, take());
  else if (!at_end() && (is_name_letter(peek()) ||
                         std::string_view("?!$#@*-").find(peek()) != std::string_view::npos)) {
    const bool is_name = std::isalpha(static_cast<unsigned char>(peek())) != 0 || peek() == '_';
    word.text += take();
    while (is_name && !at_end() && is_name_letter(peek())) word.text += take();
  } else {
    word.is_plain = word.text.size() > 1 ? word.is_plain : true;
  }
}

// `cd \`dirname x\``: a backslash keeps the inner one from ending it.
void ShellReader::take_backquoted(ShellWord& word) {
  word.is_plain = false;
  word.text += take();
  while (!at_end() && peek() != '`') {
    if (peek() == '\\' && peek(1) != '\0') word.text += take();
    word.text += take();
  }
  if (!at_end()) word.text += take();
}

// Behind the opening quote.
void ShellReader::take_quoted(ShellWord& word, char quote) {
  word.is_quoted = true;
  while (!at_end() && peek() != quote) {
    if (quote == '"' && peek() == '\\' && peek(1) != '\0') {
      take();
      if (peek() == '\n') {
        take();
        continue;
      }
      word.text += take();
    } else if (quote == '"' && peek() == '$') {
      take_dollar(word);
    } else if (quote == '"' && peek() == '`') {
      take_backquoted(word);
    } else {
      word.text += take();
    }
  }
  if (!at_end()) take();
}

ShellWord ShellReader::take_word() {
  ShellWord word;
  while (!at_end()) {
    const char letter = peek();
    if (std::string_view(" \t\n\r;&|<>()").find(letter) != std::string_view::npos) {
      // extglob and process substitution inside a word: @(a|b), <(cmd)
      if (letter == '(' && !word.text.empty() &&
          std::string_view("@?*+!=").find(word.text.back()) != std::string_view::npos) {
        word.is_plain = false;
        word.text += take_bracketed('(', ')');
        continue;
      }
      break;
    }
    if (letter == '\\') {
      take();
      if (at_end()) break;
      if (peek() == '\n')
        take();
      else
        word.text += take();
      word.is_quoted = true;
    } else if (letter == '\'' || letter == '"') {
      take();
      take_quoted(word, letter);
    } else if (letter == '$') {
      take_dollar(word);
    } else if (letter == '`') {
      take_backquoted(word);
    } else {
      if (std::string_view("*?[").find(letter) != std::string_view::npos) word.is_plain = false;
      word.text += take();
    }
  }
  return word;
}

void ShellReader::end_command(ShellJoin join) {
  if (has_current_) {
    current_.after = join;
    script_.commands.push_back(std::move(current_));
  }
  current_ = {};
  has_current_ = false;
  is_negated_ = false;
  join_ = join;
}

void ShellReader::open_block(const std::string& opener) {
  blocks_.push_back({opener, line_, function_});
  if (!pending_function_.empty()) {
    function_ = pending_function_;
    blocks_.back().opener = opener + " function";
    pending_function_.clear();
  }
}

void ShellReader::close_block(const std::string& closer,
                              std::initializer_list<std::string_view> openers) {
  const auto matches = [&openers](const Block& block) {
    const std::string_view opener =
        std::string_view(block.opener).substr(0, block.opener.find(' '));
    return std::find(openers.begin(), openers.end(), opener) != openers.end();
  };
  if (blocks_.empty() || !matches(blocks_.back())) {
    complain(blocks_.empty() ? cat("`", closer, "` ends nothing")
                             : cat("`", closer, "` comes before the end of the `",
                                   blocks_.back().opener.substr(0, blocks_.back().opener.find(' ')),
                                   "` of line ", blocks_.back().line),
             line_);
    return;
  }
  function_ = blocks_.back().function;
  blocks_.pop_back();
}

void ShellReader::begin_function(const std::string& name) {
  script_.functions.push_back(name);
  pending_function_ = name;
  has_current_ = false;
  current_ = {};
}

// Words that are reserved where a command begins.  Returns whether `word` was one.
bool ShellReader::reserved(const std::string& word) {
  if (word == "if" || word == "while" || word == "until") {
    open_block(word);
    in_condition_ = true;
  } else if (word == "elif") {
    in_condition_ = true;
  } else if (word == "then" || word == "do") {
    in_condition_ = false;
  } else if (word == "else" || word == "time") {
    // the block goes on; a prefix
  } else if (word == "fi") {
    close_block(word, {"if"});
  } else if (word == "done") {
    close_block(word, {"while", "until", "for", "select"});
  } else if (word == "esac") {
    close_block(word, {"case"});
  } else if (word == "{") {
    open_block(word);
  } else if (word == "}") {
    close_block(word, {"{"});
  } else if (word == "!") {
    is_negated_ = true;
  } else if (word == "for" || word == "select") {
    open_block(word);
    skip_blanks();
    if (starts("((")) {
      take_bracketed('(', ')');
    } else {
      while (!at_end() && peek() != '\n' && peek() != ';') {
        if (std::string_view("&|<>()").find(peek()) != std::string_view::npos) {
          take();
        } else {
          take_word();
        }
        skip_blanks();
      }
    }
  } else if (word == "case") {
    ShellCommand head;  // so that `case $? in` is seen
    head.line = line_;
    head.before = join_;
    head.function = function_;
    head.depth = static_cast<int>(blocks_.size());
    open_block(word);
    skip_blanks();
    head.words = {{"case", true, false}, take_word()};
    script_.commands.push_back(std::move(head));
    skip_blanks();
    while (!at_end() && (peek() == '\n' || peek() == '\r')) take(), skip_blanks();
    if (starts("in")) at_ += 2;
    wants_pattern_ = true;
  } else if (word == "function") {
    skip_blanks();
    const ShellWord name = take_word();
    skip_blanks();
    if (starts("()")) at_ += 2;
    begin_function(name.text);
  } else {
    return false;
  }
  join_ = ShellJoin::end;
  return true;
}

// `a|b)`, or `esac`.
void ShellReader::take_case_pattern() {
  while (!at_end()) {
    const char letter = peek();
    if (std::isspace(static_cast<unsigned char>(letter)) != 0) {
      take();
    } else if (letter == '#') {
      skip_comment();
    } else {
      break;
    }
  }
  wants_pattern_ = false;
  if (starts("esac") && (at_ + 4 >= text_.size() || !is_name_letter(text_[at_ + 4]))) return;
  if (peek() == '(') take();
  while (!at_end() && peek() != ')') {
    if (peek() == '|' || std::isspace(static_cast<unsigned char>(peek())) != 0) {
      take();
    } else if (peek() == '(' || peek() == ';' || peek() == '&' || peek() == '<' || peek() == '>') {
      return;  // no pattern: leave it to the rest
    } else {
      take_word();
    }
  }
  if (!at_end()) take();
}

void ShellReader::take_redirect() {
  // A digit before it was taken as a word: `2>file`.
  if (!current_.words.empty() && at_ > 0 &&
      std::isdigit(static_cast<unsigned char>(text_[at_ - 1])) != 0) {
    const std::string& last = current_.words.back().text;
    if (std::all_of(last.begin(), last.end(),
                    [](char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }) &&
        !current_.words.back().is_quoted)
      current_.words.pop_back();
  }
  ShellRedirect redirect;
  for (const std::string_view op :
       {"<<<", "<<-", "&>>", "<<", ">>", ">|", "<>", ">&", "<&", "&>", ">", "<"}) {
    if (!starts(op)) continue;
    redirect.op = op;
    at_ += op.size();
    break;
  }
  if (peek() == '(') {  // <(…) and >(…)
    ShellWord word;
    word.is_plain = false;
    word.text = redirect.op + take_bracketed('(', ')');
    current_.words.push_back(word);
    return;
  }
  skip_blanks();
  if (starts("<(") || starts(">(")) {  // exec 3> >(…)
    redirect.target.text = take();
    redirect.target.text += take_bracketed('(', ')');
    redirect.target.is_plain = false;
    current_.redirects.push_back(std::move(redirect));
    return;
  }
  redirect.target = take_word();
  if (redirect.op == "<<" || redirect.op == "<<-") {
    here_.emplace_back(redirect.target.text, redirect.op == "<<-");
    return;
  }
  current_.redirects.push_back(std::move(redirect));
}

void ShellReader::step() {
  skip_blanks();
  if (at_end()) return;
  if (wants_pattern_ && !has_current_) {
    take_case_pattern();
    return;
  }
  const char letter = peek();
  if (letter == '#') {
    skip_comment();
    return;
  }
  if (letter == '\n') {
    take();
    // A command goes on behind | && ||.
    if (has_current_ ||
        (join_ != ShellJoin::pipe && join_ != ShellJoin::and_then && join_ != ShellJoin::or_else))
      end_command(ShellJoin::end);
    skip_here_documents();
    return;
  }
  if (letter == ';') {
    take();
    if (peek() == ';' || peek() == '&') {
      while (peek() == ';' || peek() == '&') take();
      end_command(ShellJoin::semicolon);
      if (!blocks_.empty() && blocks_.back().opener.starts_with("case")) wants_pattern_ = true;
      return;
    }
    end_command(ShellJoin::semicolon);
    return;
  }
  if (starts("&>")) {
    has_current_ = true;
    take_redirect();
    return;
  }
  if (letter == '&' || letter == '|') {
    take();
    if (peek() == letter) {
      take();
      end_command(letter == '&' ? ShellJoin::and_then : ShellJoin::or_else);
    } else {
      if (letter == '|' && peek() == '&') take();
      end_command(letter == '&' ? ShellJoin::background : ShellJoin::pipe);
    }
    return;
  }
  if (letter == '<' || letter == '>') {
    if (!has_current_) {
      current_.line = line_;
      current_.before = join_;
      current_.function = function_;
      has_current_ = true;
    }
    take_redirect();
    return;
  }
  if (letter == '(' && !has_current_) {
    if (starts("((")) {  // arithmetic: a command that neither reads nor writes files
      const int line = line_;
      const std::string raw = take_bracketed('(', ')');
      current_.line = line;
      current_.before = join_;
      current_.function = function_;
      current_.is_condition = in_condition_ || is_negated_;
      current_.words.push_back({"((", true, false});
      current_.words.push_back({raw, false, false});
      current_.depth = static_cast<int>(blocks_.size());
      has_current_ = true;
      return;
    }
    take();
    open_block("(");
    join_ = ShellJoin::end;
    return;
  }
  if (letter == '(') {
    take();
    skip_blanks();
    if (peek() == ')' && current_.words.size() == 1 && current_.words[0].is_plain) {
      take();
      begin_function(current_.words[0].text);
    }
    return;
  }
  if (letter == ')') {
    take();
    end_command(ShellJoin::end);
    close_block(")", {"("});
    return;
  }
  const int line = line_;
  const std::size_t begin = at_;
  ShellWord word = take_word();
  if (at_ == begin) {  // nothing that a word may hold: go on behind it
    take();
    return;
  }
  if (!has_current_) {
    if (!word.is_quoted && word.is_plain && reserved(word.text)) return;
    const bool double_bracket = word.text == "[[" && !word.is_quoted;
    current_.line = line;
    current_.before = join_;
    current_.function = function_;
    for (const Block& block : blocks_) {
      const std::string_view opener = std::string_view(block.opener);
      if (opener.find(" function") != opener.npos) {
        current_.depth = current_.loops = current_.subshells = 0;
        continue;
      }
      ++current_.depth;
      if (opener == "for" || opener == "while" || opener == "until" || opener == "select")
        ++current_.loops;
      if (opener == "(") ++current_.subshells;
    }
    current_.is_condition = in_condition_ || is_negated_;
    has_current_ = true;
    if (double_bracket) {
      current_.words.push_back(std::move(word));
      const std::size_t end = text_.find("]]", at_);
      ShellWord rest;
      rest.is_plain = false;
      while (!at_end() && at_ < end) rest.text += take();
      current_.words.push_back(std::move(rest));
      if (!at_end()) at_ += 2;
      return;
    }
  }
  if (const auto value = assignment_end(word.text);
      current_.words.empty() && value != word.text.npos) {
    current_.assigned.emplace_back(word.text.substr(0, word.text.find_first_of("=+[")));
    current_.values.push_back(word.text.substr(value));
    if (word.text.size() == value && peek() == '(')
      current_.values.back() = take_bracketed('(', ')');
    return;
  }
  current_.words.push_back(std::move(word));
}

ShellScript ShellReader::read() {
  while (!at_end()) {
    const std::size_t before = at_;
    step();
    if (at_ == before && !at_end() && !wants_pattern_) take();  // never stand still
    if (at_ == before && wants_pattern_) wants_pattern_ = false;
  }
  end_command(ShellJoin::end);
  if (!blocks_.empty())
    complain(cat("the `", blocks_.back().opener.substr(0, blocks_.back().opener.find(' ')),
                 "` of line ", blocks_.back().line, " has no end"),
             blocks_.back().line);
  for (ShellCommand& command : script_.commands) {
    std::string raw;
    for (std::size_t i = 0; i < command.assigned.size(); ++i)
      raw += cat(command.assigned[i], "=", command.values[i], " ");
    for (const ShellWord& word : command.words) raw += word.text + " ";
    for (const ShellRedirect& redirect : command.redirects)
      raw += redirect.op + redirect.target.text + " ";
    command.raw = std::string(trim(raw));
  }
  return std::move(script_);
}

}  // namespace

bool ShellScript::defines(std::string_view function) const {
  return std::find(functions.begin(), functions.end(), function) != functions.end();
}

bool ShellScript::sets(char option) const {
  return std::any_of(commands.begin(), commands.end(), [option](const ShellCommand& command) {
    if (!command.is("set")) return false;
    return std::any_of(command.words.begin() + 1, command.words.end(),
                       [option](const ShellWord& word) {
                         if (option == 'e' && word.text == "errexit") return true;
                         return word.text.starts_with('-') && !word.text.starts_with("--") &&
                                word.text.find(option) != word.text.npos;
                       });
  });
}

bool ShellScript::sets_pipefail() const {
  return std::any_of(commands.begin(), commands.end(), [](const ShellCommand& command) {
    return command.is("set") &&
           std::any_of(command.words.begin() + 1, command.words.end(),
                       [](const ShellWord& word) { return word.text == "pipefail"; });
  });
}

ShellScript read_shell(std::string_view text) { return ShellReader(text).read(); }

}  // namespace cairn::lint
