// What HTCondor itself adds: versions, environments, expressions about expressions.
#include <algorithm>
#include <map>
#include <utility>

#include "classad/functions.h"
#include "classad/regex.h"

namespace cairn::classad {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// Runs of digits are compared as numbers, where neither begins with 0.  The result is a
// difference, as HTCondor's is.
int compare_versions(std::string_view left, std::string_view right) {
  std::size_t at = 0;
  while (at < left.size() && at < right.size() && left[at] == right[at]) ++at;
  std::size_t start = at;
  while (start > 0 && is_digit(left[start - 1])) --start;
  const auto digits = [start](std::string_view text) {
    std::size_t end = start;
    while (end < text.size() && is_digit(text[end])) ++end;
    return text.substr(start, end - start);
  };
  const std::string_view a = digits(left), b = digits(right);
  if (!a.empty() && !b.empty() && a.front() != '0' && b.front() != '0' && a.size() != b.size())
    return static_cast<int>(a.size()) - static_cast<int>(b.size());
  const auto letter = [at](std::string_view text) {
    return at < text.size() ? static_cast<unsigned char>(text[at]) : 0;
  };
  const int difference = letter(left) - letter(right);
  const bool fraction = !a.empty() && !b.empty() && (a.front() == '0' || b.front() == '0');
  return fraction ? std::clamp(difference, -1, 1) : difference;
}

// Reads texts and compares them; `order` says what to make of it.
template <class Order>
Value versions(const Call& call, const Order& order) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < call.count(); ++i) {
    Value value = call.value(i);
    if (value.is_undefined() || value.is_error()) return value;
    texts.push_back(text_in_functions(value));
  }
  return order(texts);
}
Value version_compare(const Call& call) {
  return versions(call, [](const std::vector<std::string>& texts) {
    return Value::integer(compare_versions(texts[0], texts[1]));
  });
}
template <Op op>
Value version_is(const Call& call) {
  return versions(call, [](const std::vector<std::string>& texts) {
    return apply_binary(op, Value::integer(compare_versions(texts[0], texts[1])),
                        Value::integer(0));
  });
}
Value version_in_range(const Call& call) {
  if (call.value(0).is_undefined()) return Value::error();
  return versions(call, [](const std::vector<std::string>& texts) {
    return Value::boolean(compare_versions(texts[1], texts[0]) <= 0 &&
                          compare_versions(texts[0], texts[2]) <= 0);
  });
}

Value unchanged(const Call& call) { return call.value(0); }
// What would ask the machine: nothing is known here.
Value unknown(const Call&) { return Value::undefined(); }

// unparse(attribute): the text of its expression.
Value unparsed(const Call& call) {
  const Node& node = *call.arguments[0];
  if (node.kind != NodeKind::attribute) return Value::error();
  const Ad* ad = call.evaluator.scope().my;
  const Expression* found = ad && node.children.empty() ? ad->find(node.name) : nullptr;
  return found ? call.evaluator.string(found->text()) : Value::string("");
}

// eval("text") and eval(expression).
Value evaluated(const Call& call) {
  Value value = call.value(0);
  if (value.is_undefined()) return Value::error();
  if (!value.as_string()) return value;
  if (!call.evaluator.pay(value.as_string()->size())) return Value::error();
  const auto expression = Expression::parse(*value.as_string());
  if (!expression) return Value::error();
  return call.evaluator.evaluate(expression->root(), call.place);
}

Value evaluate_in(const Call& call, const AdValue& ad) {
  auto frame = std::make_shared<const Frame>(Frame{ad.ad, call.place.frame});
  return call.evaluator.evaluate(*call.arguments[0], {std::move(frame), call.place.flipped});
}

Value eval_in_each_context(const Call& call) {
  const Value list = call.value(1);
  if (!list.as_list()) return unusable(list);
  std::vector<Value> values;
  for (const Value& context : call.evaluator.elements(*list.as_list()))
    values.push_back(context.as_ad() ? evaluate_in(call, *context.as_ad()) : Value::error());
  return list_of(std::move(values));
}

Value count_matches(const Call& call) {
  const Value list = call.value(1);
  if (list.is_undefined()) return Value::integer(0);
  if (!list.as_list()) return Value::error();
  std::int64_t count = 0;
  for (const Value& context : call.evaluator.elements(*list.as_list()))
    if (context.as_ad() && evaluate_in(call, *context.as_ad()).holds()) ++count;
  return Value::integer(count);
}

// The names in an attribute's expression that its ad does not have, "a,b"; with a second
// argument whether a name that matches it is among them.
Value unresolved(const Call& call) {
  const Node& node = *call.arguments[0];
  if (node.kind != NodeKind::attribute) return Value::error();
  const Ad* my = call.evaluator.scope().my;
  const Expression* found = my ? my->find(node.name) : nullptr;
  if (!found) return Value::undefined();
  std::vector<std::string> names;
  for (const Reference& reference : found->references())
    if (reference.scope == RefScope::target || !my->find(reference.name))
      names.push_back(reference.name);
  if (call.count() == 1) return call.evaluator.string(join(names, ","));
  const Value pattern = call.value(1);
  if (!pattern.as_string()) return Value::error();
  const auto regex = Regex::compile(*pattern.as_string(), {.ignore_case = true});
  if (!regex) return Value::error();
  return Value::boolean(std::any_of(names.begin(), names.end(), [&regex](const std::string& name) {
    return regex->match(name).found;
  }));
}

using Environment = std::map<std::string, std::string>;

// A word in V2 form: blanks and quotes stand in single quotes, '' for one.
std::string v2_word(std::string_view word) {
  if (word.empty()) return "''";
  std::string text;
  for (const char letter : word) {
    const bool special = letter == '\'' || is_space(letter);
    if (!special) {
      text += letter;
      continue;
    }
    if (text.ends_with('\''))
      text.pop_back();
    else
      text += '\'';
    if (letter == '\'') text += '\'';
    text += letter;
    text += '\'';
  }
  return text;
}

// Words in V2 form.  Nothing: a quote is not closed.
std::optional<std::vector<std::string>> v2_words(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  bool in_quotes = false, any = false;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    const bool end = i == text.size();
    if (end || (!in_quotes && is_space(text[i]))) {
      if (end && in_quotes) return std::nullopt;
      if (any) words.push_back(std::exchange(word, {}));
      any = false;
      continue;
    }
    any = true;
    if (text[i] != '\'') {
      word += text[i];
    } else if (in_quotes && i + 1 < text.size() && text[i + 1] == '\'') {
      word += text[++i];
    } else {
      in_quotes = !in_quotes;
    }
  }
  return words;
}

bool add_entries(Environment& environment, const std::vector<std::string>& entries) {
  for (const std::string& entry : entries) {
    const std::size_t equals = entry.find('=');
    if (equals == std::string::npos || equals == 0) return false;
    environment.insert_or_assign(entry.substr(0, equals), entry.substr(equals + 1));
  }
  return true;
}

Value environment_text(const Call& call, const Environment& environment) {
  std::vector<std::string> words;
  for (const auto& [name, value] : environment) words.push_back(v2_word(cat(name, "=", value)));
  return call.evaluator.string(join(words, " "));
}

// envV1ToV2("A=1;B=2 3")
Value env_v1_to_v2(const Call& call) {
  const Value text = call.value(0);
  if (!text.as_string()) return unusable(text);
  Environment environment;
  if (!add_entries(environment, split_list(*text.as_string(), ';'))) return Value::error();
  return environment_text(call, environment);
}

// Later arguments win; undefined ones are passed over.
Value merge_environment(const Call& call) {
  Environment environment;
  for (std::size_t i = 0; i < call.count(); ++i) {
    const Value text = call.value(i);
    if (text.is_undefined()) continue;
    if (!text.as_string() || !call.evaluator.pay(text.as_string()->size())) return Value::error();
    const auto entries = v2_words(*text.as_string());
    if (!entries || !add_entries(environment, *entries)) return Value::error();
  }
  return environment_text(call, environment);
}

Value list_to_args(const Call& call) {
  const Value list = call.value(0);
  if (!list.as_list()) return Value::error();
  std::vector<std::string> words;
  for (const Value& item : call.evaluator.elements(*list.as_list())) {
    if (!item.as_string()) return Value::error();
    words.push_back(v2_word(*item.as_string()));
  }
  return call.evaluator.string(join(words, " "));
}

Value args_to_list(const Call& call) {
  const Value text = call.value(0);
  const auto words = text.as_string() ? v2_words(*text.as_string()) : std::nullopt;
  if (!words || !call.evaluator.pay(text.as_string()->size())) return Value::error();
  std::vector<Value> values;
  for (const std::string& word : *words) values.push_back(Value::string(word));
  return list_of(std::move(values));
}

}  // namespace

void add_condor_functions(Functions& functions) {
  functions.insert(functions.end(), {
                                        {"versioncmp", 2, 2, version_compare},
                                        {"versionGT", 2, 2, version_is<Op::greater>},
                                        {"versionGE", 2, 2, version_is<Op::greater_equal>},
                                        {"versionLT", 2, 2, version_is<Op::less>},
                                        {"versionLE", 2, 2, version_is<Op::less_equal>},
                                        {"versionEQ", 2, 2, version_is<Op::equal>},
                                        {"version_in_range", 3, 3, version_in_range},
                                        {"debug", 1, 1, unchanged},
                                        {"userHome", 1, 2, unknown},
                                        {"userMap", 2, 4, unknown},
                                        {"unparse", 1, 1, unparsed},
                                        {"eval", 1, 1, evaluated},
                                        {"evalInEachContext", 2, 2, eval_in_each_context},
                                        {"countMatches", 2, 2, count_matches},
                                        {"unresolved", 1, 2, unresolved},
                                        {"envV1ToV2", 1, 1, env_v1_to_v2},
                                        {"listToArgs", 1, 1, list_to_args},
                                        {"argsToList", 1, 1, args_to_list},
                                        {"mergeEnvironment", 0, kAnyNumber, merge_environment},
                                    });
}

}  // namespace cairn::classad
