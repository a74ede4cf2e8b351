#include "wrap/placeholders.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "base/text.h"
#include "base/try.h"

namespace cairn::wrap {
namespace {

constexpr std::array<std::string_view, 11> kNames = {
    "generation",      "elapsed", "remaining", "remaining_minutes",
    "remaining_hours", "program", "arguments", "argument",
    "option",          "setting", "stem"};

Error not_there(std::string_view placeholder, std::string_view why) {
  return {Errc::invalid, cat("{", placeholder, "}: ", why), 0,
          "correct it, or give a default: what stands last in the braces"};
}

// ---- words

struct Word {
  std::string text;
  bool quoted = false;
};

// Braces keep together what stands in them.
Result<std::vector<Word>> words_of(std::string_view text) {
  std::vector<Word> words;
  bool inside = false;
  char quote = 0;
  int depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char letter = text[i];
    const bool blank = letter == ' ' || letter == '\t' || letter == '\n';
    if (quote == 0 && depth == 0 && blank) {
      inside = false;
      continue;
    }
    if (!inside) words.emplace_back();
    inside = true;
    Word& word = words.back();
    if (quote == 0 && (letter == '\'' || letter == '"')) {
      quote = letter;
      word.quoted = true;
    } else if (letter == quote) {
      quote = 0;
    } else if (letter == '\\' && quote != '\'' && i + 1 < text.size()) {
      word.text += text[++i];
    } else {
      if (letter == '{') ++depth;
      if (letter == '}' && depth > 0) --depth;
      word.text += letter;
    }
  }
  if (quote != 0)
    return Error{Errc::invalid, cat("'", text, "' has a quote that is not closed"), 0,
                 "close it, or write a backslash before it"};
  return words;
}

// Up to the next blank outside braces.
std::string_view take_word(std::string_view& rest) {
  rest = trim(rest);
  int depth = 0;
  std::size_t end = 0;
  for (; end < rest.size() && (depth > 0 || rest[end] != ' '); ++end) {
    if (rest[end] == '{') ++depth;
    if (rest[end] == '}') --depth;
  }
  const std::string_view word = rest.substr(0, end);
  rest = trim(rest.substr(end));
  return word;
}

// ---- one placeholder

// "-s", "--seq": the argument after it; also --seq=X, and -sX for an option of one letter or one
// that begins with + (POV-Ray's +Oout.png).
std::optional<std::string> option_value(const std::vector<std::string>& program,
                                        std::string_view names) {
  const std::vector<std::string> all = split_list(names, '|');
  for (const std::string& name : all) {
    for (std::size_t i = 1; i < program.size(); ++i) {
      if (program[i] == name && i + 1 < program.size()) return program[i + 1];
      if (program[i].starts_with(name + "=")) return program[i].substr(name.size() + 1);
    }
  }
  // Joined only if it stands nowhere alone: -np is not -n with the value p.
  for (const std::string& name : all) {
    if (name.size() != 2 || name[1] == '-') continue;
    for (std::size_t i = 1; i < program.size(); ++i)
      if (program[i].size() > 2 && program[i].starts_with(name)) return program[i].substr(2);
  }
  return {};
}

std::optional<std::string> setting_value(std::string_view text, std::string_view key) {
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    line = trim(line);
    if (!starts_with_ignoring_case(line, key) || line.size() == key.size()) continue;
    line.remove_prefix(key.size());
    if (line[0] != ' ' && line[0] != '\t' && line[0] != '=') continue;
    line = trim(line);
    if (line.starts_with('=')) line = trim(line.substr(1));
    while (line.ends_with(';')) line = trim(line.substr(0, line.size() - 1));
    if (line.size() > 1 && line.front() == '"' && line.back() == '"')
      line = line.substr(1, line.size() - 2);
    return std::string(line);
  }
  return {};
}

std::string stem(const std::string& name) {
  const auto dot = name.rfind('.');
  const auto slash = name.rfind('/');
  const std::size_t begin = slash == name.npos ? 0 : slash + 1;
  return dot == name.npos || dot <= begin ? name : name.substr(0, dot);
}

// With three places: a program may take so many.
std::string number_text(double number) {
  std::array<char, 32> text{};
  const int length = std::snprintf(text.data(), text.size(), "%.3f", number);
  return {text.data(), static_cast<std::size_t>(length)};
}

Result<std::string> or_default(std::optional<std::string> found, std::string_view rest,
                               std::string_view placeholder, std::string_view why,
                               const Meanings& meanings) {
  if (found) return *std::move(found);
  if (rest.empty()) return not_there(placeholder, why);
  return expand(rest, meanings);
}

Result<std::string> time_left(std::string_view name, std::string_view rest,
                              const Meanings& meanings) {
  std::optional<std::string> text;
  if (meanings.remaining_seconds) {
    const auto seconds = static_cast<double>(*meanings.remaining_seconds);
    text = name == "remaining"           ? std::to_string(*meanings.remaining_seconds)
           : name == "remaining_minutes" ? number_text(seconds / 60)
                                         : number_text(seconds / 3600);
  }
  return or_default(std::move(text), rest, name, "no end is planned: give --every or --deadline",
                    meanings);
}

Result<std::string> argument(std::string_view rest, std::string_view placeholder,
                             const Meanings& meanings) {
  const auto number = parse_integer(take_word(rest));
  if (!number || *number == 0)
    return not_there(placeholder, "which one? 1 is the first after the program, -1 the last");
  const auto count = static_cast<std::int64_t>(meanings.program.size());
  const std::int64_t index = *number > 0 ? *number : count + *number;
  std::optional<std::string> found;
  if (index >= 1 && index < count) found = meanings.program[static_cast<std::size_t>(index)];
  return or_default(std::move(found), rest, placeholder, "the program has no such argument",
                    meanings);
}

Result<std::string> setting(std::string_view rest, std::string_view placeholder,
                            const Meanings& meanings) {
  CAIRN_TRY(const std::string file, expand(take_word(rest), meanings));
  const std::string_view key = take_word(rest);
  if (file.empty() || key.empty()) return not_there(placeholder, "it wants a file and a key");
  std::optional<std::string> found;
  if (const auto text = meanings.file ? meanings.file(file) : std::nullopt)
    found = setting_value(*text, key);
  return or_default(std::move(found), rest, placeholder, "there is no such line", meanings);
}

Result<std::string> replacement(std::string_view inside, const Meanings& meanings) {
  std::string_view rest = inside;
  const std::string_view name = take_word(rest);
  if (name == "generation") return std::to_string(meanings.generation);
  if (name == "elapsed") return std::to_string(meanings.elapsed_seconds);
  if (name.starts_with("remaining")) return time_left(name, rest, meanings);
  if (name == "program") return meanings.program.front();
  if (name == "arguments") return join({meanings.program.begin() + 1, meanings.program.end()}, " ");
  if (name == "argument") return argument(rest, inside, meanings);
  if (name == "option") {
    const std::string_view names = take_word(rest);
    return or_default(option_value(meanings.program, names), rest, inside,
                      "the program has no such option", meanings);
  }
  if (name == "setting") return setting(rest, inside, meanings);
  if (name == "stem") {
    CAIRN_TRY(const std::string whole, expand(rest, meanings));
    return stem(whole);
  }
  const auto near = nearest(name, {kNames.begin(), kNames.end()});
  return Error{Errc::invalid, cat("{", inside, "} is no placeholder"), 0,
               near ? cat("write {", *near, "}, if that was meant; a brace itself is {{")
                    : std::string("a brace itself is {{")};
}

// "{ echo; }" and "${HOME}" in a shell command.
bool is_of_shell(std::string_view text, std::size_t open) {
  const bool groups = open + 1 < text.size() && (text[open + 1] == ' ' || text[open + 1] == '\n');
  return groups || (open > 0 && text[open - 1] == '$');
}

constexpr int kDepthMax = 20;

int depth_of(std::string_view text) {
  int depth = 0, deepest = 0;
  for (const char letter : text) {
    if (letter == '{') deepest = std::max(deepest, ++depth);
    if (letter == '}') --depth;
  }
  return deepest;
}

// Of the brace that closes the one at `open`.
std::size_t closing(std::string_view text, std::size_t open) {
  int depth = 0;
  for (std::size_t i = open; i < text.size(); ++i) {
    if (text[i] == '{') ++depth;
    if (text[i] == '}' && --depth == 0) return i;
  }
  return text.npos;
}

}  // namespace

Result<std::string> expand(std::string_view text, const Meanings& meanings) {
  if (depth_of(text) > kDepthMax)
    return Error{Errc::invalid, "placeholders are nested too deeply", 0,
                 "a default needs no more than one or two"};
  std::string expanded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char letter = text[i];
    if ((letter == '{' || letter == '}') && i + 1 < text.size() && text[i + 1] == letter) {
      expanded += letter;
      ++i;
    } else if (letter == '{' && !is_of_shell(text, i)) {
      const std::size_t end = closing(text, i);
      if (end == text.npos)
        return Error{Errc::invalid, cat("'", text, "' has a { that is not closed"), 0,
                     "close it; a brace itself is {{"};
      CAIRN_TRY(const std::string part, replacement(text.substr(i + 1, end - i - 1), meanings));
      expanded += part;
      i = end;
    } else {
      expanded += letter;
    }
  }
  return expanded;
}

Result<std::vector<std::string>> expand_words(std::string_view text, const Meanings& meanings) {
  CAIRN_TRY(const auto words, words_of(text));
  std::vector<std::string> expanded;
  for (const Word& word : words) {
    if (word.text == "{arguments}" && !word.quoted) {
      expanded.insert(expanded.end(), meanings.program.begin() + 1, meanings.program.end());
      continue;
    }
    CAIRN_TRY(expanded.emplace_back(), expand(word.text, meanings));
  }
  return expanded;
}

Result<std::vector<std::string>> split_words(std::string_view text) {
  CAIRN_TRY(const auto words, words_of(text));
  std::vector<std::string> plain;
  for (const Word& word : words) plain.push_back(word.text);
  return plain;
}

std::string with_pid(std::string line, std::int64_t pid) {
  constexpr std::string_view kPid = "{pid}";
  const std::string number = std::to_string(pid);
  for (auto at = line.find(kPid); at != line.npos; at = line.find(kPid, at + number.size()))
    line.replace(at, kPid.size(), number);
  return line;
}

bool uses(std::string_view text, std::string_view placeholder) {
  const std::string open = cat("{", placeholder);
  for (auto at = text.find(open); at != text.npos; at = text.find(open, at + 1)) {
    const std::size_t end = at + open.size();
    if (end < text.size() && (text[end] == '}' || text[end] == ' ')) return true;
  }
  return false;
}

}  // namespace cairn::wrap
