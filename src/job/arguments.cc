#include "job/arguments.h"

#include <algorithm>
#include <map>
#include <optional>

#include "base/text.h"
#include "base/try.h"

namespace cairn {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

bool is_blank(char letter) { return kBlanks.find(letter) != std::string_view::npos; }

Error unbalanced(std::string_view from) {
  return {Errc::invalid, cat("the quote that starts here has no end: ", from), 0,
          "close it with ', and write a single quote inside of it as ''"};
}

// Reads the '...' group at the start of `text`, adds what it holds to `word`.
// Returns what follows the group, or nothing if it does not end.
std::optional<std::string_view> read_group(std::string_view text, std::string& word) {
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] != '\'') {
      word += text[i];
    } else if (text.substr(i + 1).starts_with('\'')) {
      word += text[i++];
    } else {
      return text.substr(i + 1);
    }
  }
  return std::nullopt;
}

// One word as V2 text.  Neighbouring letters that need a group share one, since
// two groups side by side would read as a quote inside of one.
std::string quote_word(std::string_view word) {
  if (word.empty()) return "''";
  std::string text;
  bool in_group = false;
  for (const char letter : word) {
    const bool special = letter == '\'' || is_blank(letter);
    if (special != in_group) text += '\'';
    in_group = special;
    if (letter == '\'') text += '\'';
    text += letter;
  }
  if (in_group) text += '\'';
  return text;
}

Result<Environment> to_environment(const std::vector<std::string>& entries) {
  std::map<std::string, std::string> values;
  for (const std::string& entry : entries) {
    const std::size_t equals = entry.find('=');
    if (equals == 0 || equals == std::string::npos)
      return Error{Errc::invalid, cat("'", entry, "' is no environment variable"), 0,
                   "write NAME=value; in the style \"A=1 B=2\" a value with blanks needs '...'"};
    values.insert_or_assign(entry.substr(0, equals), entry.substr(equals + 1));
  }
  return Environment(values.begin(), values.end());
}

Result<Unquoted> unquote_v2(std::string_view value) {
  if (value.size() < 2 || value.back() != '"')
    return Error{Errc::invalid, cat("the double quote at the start of ", value, " has no end"), 0,
                 "end the whole value with \""};
  Unquoted result{.v2 = true, .raw = {}};
  for (std::size_t i = 1; i + 1 < value.size(); ++i) {
    if (value[i] == '"' && (i + 2 >= value.size() || value[++i] != '"'))
      return Error{Errc::invalid, cat("a double quote stands alone in ", value), 0,
                   "inside of \"...\" write it as \"\""};
    result.raw += value[i];
  }
  return result;
}

}  // namespace

Result<Arguments> split_v2(std::string_view raw) {
  Arguments words;
  std::optional<std::string> word;
  while (!raw.empty()) {
    if (is_blank(raw.front())) {
      if (word) words.push_back(*std::exchange(word, std::nullopt));
      raw.remove_prefix(1);
      continue;
    }
    if (!word) word.emplace();
    if (raw.front() == '\'') {
      const auto rest = read_group(raw, *word);
      if (!rest) return unbalanced(raw);
      raw = *rest;
    } else {
      *word += raw.front();
      raw.remove_prefix(1);
    }
  }
  if (word) words.push_back(*std::move(word));
  return words;
}

std::string join_v2(const Arguments& arguments) {
  std::vector<std::string> words;
  for (const std::string& argument : arguments) words.push_back(quote_word(argument));
  return join(words, " ");
}

Arguments split_v1(std::string_view raw) {
  Arguments words;
  while (true) {
    const std::size_t start = raw.find_first_not_of(kBlanks);
    if (start == std::string_view::npos) return words;
    raw.remove_prefix(start);
    const std::size_t end = std::min(raw.find_first_of(kBlanks), raw.size());
    words.emplace_back(raw.substr(0, end));
    raw.remove_prefix(end);
  }
}

Result<Environment> split_environment_v2(std::string_view raw) {
  CAIRN_TRY(const auto entries, split_v2(raw));
  return to_environment(entries);
}

Result<Environment> split_environment_v1(std::string_view raw) {
  std::vector<std::string> entries;
  while (!raw.empty()) {
    const std::size_t end = std::min(raw.find(';'), raw.size());
    // Blanks before a name are none of it; those after a value are.
    const std::size_t start = std::min(raw.find_first_not_of(kBlanks), end);
    if (start < end) entries.emplace_back(raw.substr(start, end - start));
    raw.remove_prefix(std::min(end + 1, raw.size()));
  }
  return to_environment(entries);
}

std::string join_environment_v2(const Environment& environment) {
  Arguments entries;
  for (const auto& [name, value] : environment) entries.push_back(cat(name, "=", value));
  return join_v2(entries);
}

Result<Unquoted> unquote_arguments(std::string_view value) {
  value = trim(value);
  if (value.starts_with('"')) return unquote_v2(value);
  Unquoted result;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value[i] == '"')
      return Error{Errc::invalid, cat("an unescaped double quote: ", value.substr(i)), 0,
                   "write it as \\\", or put the whole value in \"...\" and words with blanks in "
                   "'...'"};
    if (value.substr(i).starts_with("\\\"")) ++i;
    result.raw += value[i];
  }
  return result;
}

Result<Unquoted> unquote_environment(std::string_view value) {
  value = trim(value);
  if (value.starts_with('"')) return unquote_v2(value);
  return Unquoted{.v2 = false, .raw = std::string(value)};
}

std::string quote_for_submit(std::string_view raw_v2) {
  std::string text = "\"";
  for (const char letter : raw_v2) {
    if (letter == '"') text += '"';
    text += letter;
  }
  return text += '"';
}

}  // namespace cairn
