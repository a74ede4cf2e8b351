// Regular expressions over strings and lists.
#include "classad/functions.h"
#include "classad/regex.h"

namespace cairn::classad {
namespace {

constexpr std::uint64_t kRegexSteps = 200;  // what one match counts among the evaluator's steps

struct Pattern {
  std::optional<Regex> regex;
  RegexOptions options;
  Value failed = {};  // where there is no regex
};

Pattern pattern_of(const Value& pattern, const Value& options) {
  Pattern made;
  for (const Value* value : {&pattern, &options})
    if (!value->as_string()) {
      made.failed = unusable(*value);
      if (made.failed.is_error()) return made;
    }
  if (!pattern.as_string() || !options.as_string()) return made;
  made.options = parse_regex_options(*options.as_string());
  made.regex = Regex::compile(*pattern.as_string(), made.options);
  if (!made.regex) made.failed = Value::error();
  return made;
}

// Among arguments that should be texts error wins over undefined, and that over other kinds.
std::optional<Value> fault_of(std::initializer_list<const Value*> values) {
  for (const Value* value : values)
    if (value->is_error()) return *value;
  for (const Value* value : values)
    if (value->is_undefined()) return *value;
  for (const Value* value : values)
    if (!value->as_string()) return Value::error();
  return std::nullopt;
}

Value option_argument(const Call& call, std::size_t index) {
  return call.count() > index ? call.value(index) : Value::string("");
}

bool pay_for_match(const Call& call, std::string_view text) {
  return call.evaluator.pay(kRegexSteps + text.size() / 8);
}

Value matches_text(const Call& call, const Pattern& pattern, const std::string& text) {
  if (!pay_for_match(call, text)) return Value::error();
  const Regex::Match match = pattern.regex->match(text);
  return match.failed ? Value::error() : Value::boolean(match.found);
}

// regexp(pattern, text[, options])
Value matches(const Call& call) {
  const Value pattern_value = call.value(0), text = call.value(1),
              options = option_argument(call, 2);
  if (const auto fault = fault_of({&pattern_value, &text, &options})) return *fault;
  const Pattern pattern = pattern_of(pattern_value, options);
  if (!pattern.regex) return pattern.failed;
  return matches_text(call, pattern, *text.as_string());
}

// \0 to \9 are the groups.  False: there is none of that number.
bool append_substitute(std::string& result, const std::string& substitute, std::string_view text,
                       const Regex::Spans& spans) {
  for (std::size_t i = 0; i < substitute.size(); ++i) {
    const char c = substitute[i];
    const bool group = c == '\\' && i + 1 < substitute.size() && substitute[i + 1] >= '0' &&
                       substitute[i + 1] <= '9';
    if (!group) {
      result += c;
      continue;
    }
    const auto number = static_cast<std::size_t>(substitute[++i] - '0');
    if (number >= spans.size() || spans[number].first == std::string::npos) return false;
    result += text.substr(spans[number].first, spans[number].second - spans[number].first);
  }
  return true;
}

enum class Around { dropped, kept };

// regexps gives the substitute alone, replace puts it where the match was.
Value substituted(const Call& call, Around around, bool every) {
  const Value pattern_value = call.value(0), text_value = call.value(1), substitute = call.value(2);
  const Value options = option_argument(call, 3);
  if (const auto fault = fault_of({&pattern_value, &text_value, &substitute, &options}))
    return *fault;
  const Pattern pattern = pattern_of(pattern_value, options);
  if (!pattern.regex) return pattern.failed;
  const std::string& text = *text_value.as_string();
  every = every || pattern.options.global;
  std::string result;
  std::size_t kept_to = 0, at = 0;
  bool found = false;
  while (at <= text.size()) {
    if (!pay_for_match(call, text)) return Value::error();
    const Regex::Match match = pattern.regex->match(text, at);
    if (match.failed) return Value::error();
    if (!match.found) break;
    found = true;
    const auto [begin, end] = match.spans[0];
    if (begin == std::string::npos || end < at || (every && begin == end)) return Value::error();
    if (around == Around::kept) result.append(text, kept_to, begin - kept_to);
    if (!append_substitute(result, *substitute.as_string(), text, match.spans) ||
        !call.evaluator.pay(result.size() / 64))
      return Value::error();
    kept_to = at = end;
    if (!every) break;
  }
  if (around == Around::kept) result.append(text, kept_to);
  if (!found && around == Around::dropped) return Value::string("");
  return call.evaluator.string(std::move(result));
}
Value regexps(const Call& call) { return substituted(call, Around::dropped, false); }
Value replace(const Call& call) { return substituted(call, Around::kept, false); }
Value replace_all(const Call& call) { return substituted(call, Around::kept, true); }

// regexpMember(pattern, {texts}[, options])
Value list_member_matches(const Call& call) {
  const Value pattern_value = call.value(0), list = call.value(1),
              options = option_argument(call, 2);
  if (pattern_value.is_error() || options.is_error()) return Value::error();
  const Pattern pattern = pattern_of(pattern_value, options);
  if (!list.as_list()) return unusable(list);
  if (!pattern.regex) return pattern.failed;
  Value result = Value::boolean(false);
  for (const Value& item : call.evaluator.elements(*list.as_list())) {
    if (item.is_undefined()) {
      result = item;
      continue;
    }
    if (!item.as_string()) return Value::error();
    Value matched = matches_text(call, pattern, *item.as_string());
    if (matched.is_error() || matched.holds()) return matched;
  }
  return result;
}

// stringList_regexpMember(pattern, "a,b"[, delimiters[, options]])
Value string_list_member_matches(const Call& call) {
  const Value pattern_value = call.value(0), list = call.value(1);
  const Value delimiters = call.count() > 2 ? call.value(2) : Value::string(", ");
  const Pattern pattern = pattern_of(pattern_value, option_argument(call, 3));
  if (!list.as_string() || !delimiters.as_string() || !pattern.regex) return Value::error();
  const auto words = split_words(*list.as_string(), *delimiters.as_string());
  for (const std::string& word : words) {
    Value matched = matches_text(call, pattern, word);
    if (matched.is_error() || matched.holds()) return matched;
  }
  return words.empty() ? Value::undefined() : Value::boolean(false);
}

}  // namespace

void add_regex_functions(Functions& functions) {
  functions.insert(functions.end(),
                   {
                       {"regexp", 2, 3, matches},
                       {"regexps", 3, 4, regexps},
                       {"replace", 3, 4, replace},
                       {"replaceAll", 3, 4, replace_all},
                       {"regexpMember", 2, 3, list_member_matches},
                       {"stringList_regexpMember", 2, 4, string_list_member_matches},
                   });
}

}  // namespace cairn::classad
