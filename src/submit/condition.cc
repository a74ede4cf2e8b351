#include "submit/condition.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "base/text.h"
#include "base/try.h"

namespace cairn {
namespace {

constexpr std::size_t kDepthMax = 63;

std::string_view first_word(std::string_view text) {
  return text.substr(0, std::min(text.find_first_of(" \t"), text.size()));
}

Error no_condition(std::string_view text, std::string_view why) {
  return {Errc::invalid, cat("'", text, "' is no condition: ", why), 0,
          "conditions are true, false, a number, $(name), `defined name` and `version >= 8.9.7`, "
          "with ! before them for the opposite"};
}

bool is_number(std::string_view text) {
  double value = 0;
  const auto read = std::from_chars(text.begin(), text.end(), value);
  return read.ec == std::errc() && read.ptr == text.end();
}
bool is_zero(std::string_view text) {
  return text.find_first_of("123456789") == std::string_view::npos;
}

std::optional<bool> word_value(std::string_view text) {
  for (const std::string_view yes : {"true", "yes", "t"})
    if (equal_ignoring_case(text, yes)) return true;
  for (const std::string_view no : {"false", "no", "f"})
    if (equal_ignoring_case(text, no)) return false;
  return std::nullopt;
}

bool is_identifier(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '/';
  });
}

using Version = std::array<int, 3>;
constexpr int kOldestVersion = 6;

// Missing parts of "8.9" are those of `otherwise`.
std::optional<Version> read_version(std::string_view text, const Version& otherwise) {
  if (text.starts_with('v') || text.starts_with('V')) text.remove_prefix(1);
  Version version = otherwise;
  std::size_t parts = 0;
  while (parts < version.size()) {
    const auto read = std::from_chars(text.begin(), text.end(), version.at(parts));
    if (read.ec != std::errc()) return std::nullopt;
    ++parts;
    text.remove_prefix(static_cast<std::size_t>(read.ptr - text.begin()));
    if (!text.starts_with('.')) break;
    text.remove_prefix(1);
  }
  if (!text.empty() || parts < 2 || version[0] < kOldestVersion) return std::nullopt;
  return version;
}

Result<Truth> compare_version(std::string_view text, std::string_view whole,
                              std::string_view pool_version) {
  bool negated = false, less = false, greater = false, equal = false;
  if (text.starts_with('!')) negated = true, text.remove_prefix(1);
  if (text.starts_with('<'))
    less = true, text.remove_prefix(1);
  else if (text.starts_with('>'))
    greater = true, text.remove_prefix(1);
  while (text.starts_with('=')) equal = true, text.remove_prefix(1);
  const auto ours = read_version(pool_version, {0, 0, 0});
  const auto theirs = ours ? read_version(trim(text), *ours) : std::nullopt;
  if (!theirs || !(less || greater || equal))
    return no_condition(whole, "it is no comparison with a version");
  const bool holds =
      (less && *ours < *theirs) || (greater && *ours > *theirs) || (equal && *ours == *theirs);
  return truth(holds != negated);
}

Result<Truth> is_defined(std::string_view name, std::string_view whole, Macros& macros) {
  if (name.empty()) return Truth::no;
  if (first_word(name).size() < name.size()) {
    if (equal_ignoring_case(first_word(name), "use")) return Truth::no;  // also of `use STRICT`
    return no_condition(whole, "`defined` takes one name");
  }
  if (is_number(name) || equal_ignoring_case(name, "true") || equal_ignoring_case(name, "false"))
    return Truth::yes;
  if (!is_identifier(name)) return no_condition(whole, "`defined` takes the name of a macro");
  const auto value = macros.find(name);
  if (!value) return truth(word_value(name).has_value());
  return truth(!value->empty());
}

}  // namespace

Result<Truth> evaluate_condition(std::string_view text, Macros& macros,
                                 std::string_view pool_version) {
  CAIRN_TRY(const std::string expanded, macros.expand(text));
  const bool had_macros = text.find('$') != std::string_view::npos;
  std::string_view condition = trim(expanded);
  const bool inverted = condition.starts_with('!');
  if (inverted) condition = trim(condition.substr(1));
  if (condition.empty()) {
    if (had_macros) return truth(inverted);  // a macro that stands for nothing is false
    return no_condition(text, "it is empty");
  }
  if (const auto value = word_value(condition)) return truth(*value != inverted);
  if (is_number(condition)) return truth(is_zero(condition) == inverted);
  const std::string_view word = first_word(condition);
  const std::string_view rest = trim(condition.substr(word.size()));
  if (equal_ignoring_case(word, "defined")) {
    CAIRN_TRY(const Truth value, is_defined(rest, text, macros));
    return truth((value == Truth::yes) != inverted);
  }
  if (starts_with_ignoring_case(condition, "version")) {
    CAIRN_TRY(const Truth value, compare_version(trim(condition.substr(7)), text, pool_version));
    return truth((value == Truth::yes) != inverted);
  }
  if (condition.find_first_of("&|<>=!+*()?") != std::string_view::npos)
    return no_condition(text, "HTCondor's `if` knows no comparisons and no && or ||");
  if (is_identifier(condition))
    return no_condition(
        text, cat("it is a name; write `if defined ", condition, "` or `if $(", condition, ")`"));
  return no_condition(text, "it is none of what HTCondor's `if` knows");
}

bool IfStack::enabled() const {
  return std::all_of(levels_.begin(), levels_.end(),
                     [](const Level& level) { return level.active; });
}

Status IfStack::begin(std::string_view condition, int number, Macros& macros,
                      std::string_view version) {
  if (levels_.size() >= kDepthMax)
    return Error{Errc::invalid, cat("more than ", kDepthMax, " nested ifs"), 0, ""};
  Truth value = Truth::no;
  if (enabled()) {
    CAIRN_TRY(value, evaluate_condition(condition, macros, version));
  }
  const bool holds = value == Truth::yes;
  levels_.push_back({.line = number, .active = holds, .taken = holds});
  return {};
}

Status IfStack::otherwise(std::string_view condition, bool is_elif, Macros& macros,
                          std::string_view version) {
  const std::string_view word = is_elif ? "elif" : "else";
  if (levels_.empty()) return Error{Errc::invalid, cat(word, " without an if"), 0, ""};
  if (levels_.back().in_else)
    return Error{Errc::invalid,
                 cat(word, " after the else of the if in line ", levels_.back().line), 0,
                 "end it with endif first"};
  Level level = levels_.back();
  levels_.pop_back();
  level.active = !level.taken;
  if (is_elif && level.active && enabled()) {
    auto value = evaluate_condition(condition, macros, version);
    if (!value) return std::move(value).error();
    level.active = *value == Truth::yes;
  }
  level.taken = level.taken || level.active;
  level.in_else = !is_elif;
  levels_.push_back(level);
  return {};
}

Result<Truth> IfStack::take(std::string_view line, int number, Macros& macros,
                            std::string_view pool_version) {
  const std::string_view word = first_word(line);
  const std::string_view rest = trim(line.substr(word.size()));
  Status done;
  if (equal_ignoring_case(word, "if")) {
    done = begin(rest, number, macros, pool_version);
  } else if (equal_ignoring_case(word, "elif") || equal_ignoring_case(word, "else")) {
    done = otherwise(rest, equal_ignoring_case(word, "elif"), macros, pool_version);
  } else if (equal_ignoring_case(word, "endif")) {
    if (levels_.empty())
      done = Error{Errc::invalid, "endif without an if", 0, ""};
    else
      levels_.pop_back();
  } else {
    return Truth::no;
  }
  if (!done) return std::move(done).error();
  return Truth::yes;
}

}  // namespace cairn
