// Lists, and strings that are lists.
#include <algorithm>
#include <cstdlib>

#include "classad/functions.h"

namespace cairn::classad {

// Words between any of `delimiters`, trimmed, empty ones left out.
std::vector<std::string> split_words(std::string_view text, std::string_view delimiters) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(delimiters), text.size());
    if (const std::string_view word = trim(text.substr(0, end)); !word.empty())
      words.emplace_back(word);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

Value list_of(std::vector<Value> values) {
  ListValue list;
  list.items.reserve(values.size());
  for (Value& value : values)
    list.items.push_back(Expression::literal(std::move(value)).shared_root());
  return Value::list(std::make_shared<const ListValue>(std::move(list)));
}

namespace {

Value counted(std::size_t n) { return Value::integer(static_cast<std::int64_t>(n)); }

bool is_blank(char c) { return c == ' ' || c == '\t'; }

// split(): blanks that separate count as one, each other delimiter for itself.
std::vector<Value> split_parts(std::string_view text, std::string_view delimiters) {
  std::vector<Value> parts;
  const auto skip_blanks = [&] {
    while (!text.empty() && is_blank(text[0])) text.remove_prefix(1);
  };
  text.remove_prefix(std::min(text.find_first_not_of(cat(delimiters, " \t")), text.size()));
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(delimiters), text.size());
    parts.push_back(Value::string(std::string(trim(text.substr(0, end)))));
    text.remove_prefix(std::min(end + 1, text.size()));
    skip_blanks();
  }
  return parts;
}

Value split(const Call& call) {
  const Value text = call.value(0);
  const Value delimiters = call.count() > 1 ? call.value(1) : Value::string(", \t");
  if (!text.as_string() || !delimiters.as_string()) return Value::error();
  if (!call.evaluator.pay(text.as_string()->size())) return Value::error();
  return list_of(split_parts(*text.as_string(), *delimiters.as_string()));
}

// "name@place" in two; where there is no @ the whole text is the `lone`-th part.
template <std::size_t lone>
Value split_at(const Call& call) {
  const Value text = call.value(0);
  if (!text.as_string()) return Value::error();
  const std::string& whole = *text.as_string();
  const std::size_t at = whole.find('@');
  std::vector<Value> parts(2, Value::string(""));
  if (at == std::string::npos) {
    parts[lone] = text;
  } else {
    parts[0] = Value::string(whole.substr(0, at));
    parts[1] = Value::string(whole.substr(at + 1));
  }
  return list_of(std::move(parts));
}

template <Op op>
Value member(const Call& call) {
  Value wanted = call.value(0), list = call.value(1);
  if (list.is_undefined()) return list;
  if (op == Op::equal && (wanted.is_undefined() || wanted.is_error())) return wanted;
  if (!list.as_list() || wanted.as_list() || wanted.as_ad()) return Value::error();
  for (const Value& item : call.evaluator.elements(*list.as_list()))
    if (apply_binary(op, wanted, item).holds()) return Value::boolean(true);
  return Value::boolean(false);
}

std::optional<Op> comparison_named(std::string_view name) {
  for (const Op op :
       {Op::less, Op::less_equal, Op::equal, Op::not_equal, Op::greater, Op::greater_equal})
    if (symbol(op) == name) return op;
  if (equal_ignoring_case(name, "is")) return Op::same;
  if (equal_ignoring_case(name, "isnt")) return Op::not_same;
  return std::nullopt;
}

// anyCompare("<", {1, 2}, 3), allCompare(...)
template <bool any>
Value compare_items(const Call& call) {
  const Value operation = call.value(0), list = call.value(1), with = call.value(2);
  if (!operation.as_string()) return unusable(operation);
  const auto op = comparison_named(*operation.as_string());
  if (!op) return Value::error();
  if (!list.as_list()) return unusable(list);
  for (const Value& item : call.evaluator.elements(*list.as_list())) {
    Value compared = apply_binary(*op, item, with);
    if (compared.is_error()) return compared;
    if (compared.is_undefined()) return Value::boolean(false);
    if (compared.holds() == any) return Value::boolean(any);
  }
  return Value::boolean(!any);
}

enum class Fold { sum, average, smallest, largest };

Value folded(Fold fold, const std::vector<Value>& values) {
  if (values.empty())
    return fold == Fold::sum || fold == Fold::average ? Value::integer(0) : Value::undefined();
  Value result = values[0];
  for (std::size_t i = 1; i < values.size(); ++i) {
    const Value& value = values[i];
    if (fold == Fold::sum || fold == Fold::average) {
      result = apply_binary(Op::add, result, value);
    } else {
      const Op op = fold == Fold::smallest ? Op::less : Op::greater;
      const bool real = result.as_real() || value.as_real();
      if (apply_binary(op, value, result).holds()) result = value;
      result = real ? Value::real(*result.to_real()) : Value::integer(*result.to_integer());
    }
  }
  return result;
}

template <Fold fold>
Value fold_list(const Call& call) {
  const Value list = call.value(0);
  if (!list.as_list()) return unusable(list);
  std::vector<Value> values;
  for (const Value& item : call.evaluator.elements(*list.as_list())) {
    if (item.is_undefined()) continue;
    if (!item.truth()) return Value::error();
    values.push_back(item);
  }
  Value result = folded(fold, values);
  if (fold != Fold::average || values.empty()) return result;
  return Value::real(*result.to_real() / static_cast<double>(values.size()));
}

// The list in argument `index`, split; none where it is undefined.
struct Words {
  std::vector<std::string> words;
  bool undefined = false, error = false;
};
Words words_of(const Call& call, std::size_t index, std::size_t delimiters_index) {
  const Value text = call.value(index);
  Value delimiters = Value::string(", ");
  if (call.count() > delimiters_index) {
    Value given = call.value(delimiters_index);
    if (!given.is_undefined()) delimiters = std::move(given);
  }
  if (!delimiters.as_string()) return {.words = {}, .error = true};
  if (!text.as_string())
    return {.words = {}, .undefined = text.is_undefined(), .error = !text.is_undefined()};
  if (!call.evaluator.pay(text.as_string()->size() / 4)) return {.words = {}, .error = true};
  return {.words = split_words(*text.as_string(), *delimiters.as_string())};
}

Value string_list_size(const Call& call) {
  const Words list = words_of(call, 0, 1);
  return list.error || list.undefined ? Value::error() : counted(list.words.size());
}

bool contains(const std::vector<std::string>& words, const std::string& word, bool ignoring_case) {
  return std::any_of(words.begin(), words.end(), [&](const std::string& other) {
    return ignoring_case ? equal_ignoring_case(word, other) : word == other;
  });
}

template <bool ignoring_case>
Value string_list_member(const Call& call) {
  const Value word = call.value(0);
  const Words list = words_of(call, 1, 2);
  if (list.error || (!word.as_string() && !word.is_undefined())) return Value::error();
  return Value::boolean(word.as_string() && contains(list.words, *word.as_string(), ignoring_case));
}

template <bool ignoring_case, bool all>
Value string_lists_share(const Call& call) {
  const Words left = words_of(call, 0, 2), right = words_of(call, 1, 2);
  if (left.error || right.error) return Value::error();
  if (!all && (left.undefined || right.undefined)) return Value::undefined();
  if (!call.evaluator.pay(left.words.size() * right.words.size() / 4)) return Value::error();
  const auto in_right = [&right](const std::string& word) {
    return contains(right.words, word, ignoring_case);
  };
  return Value::boolean(all ? std::all_of(left.words.begin(), left.words.end(), in_right)
                            : std::any_of(left.words.begin(), left.words.end(), in_right));
}

// All integers give an integer, also as the average.
template <Fold fold>
Value fold_string_list(const Call& call) {
  const Words list = words_of(call, 0, 1);
  if (list.error || list.undefined) return Value::error();
  std::vector<Value> numbers;
  bool whole = !list.words.empty();
  for (const std::string& word : list.words) {
    char* end = nullptr;
    const double number = std::strtod(word.c_str(), &end);
    if (end == word.c_str()) return Value::error();
    whole = whole && parse_integer(word);
    numbers.push_back(Value::real(number));
  }
  Value total = folded(fold, numbers);
  const auto real = total.to_real();
  if (!real) return total;
  const double result = fold == Fold::average && !numbers.empty()
                            ? *real / static_cast<double>(numbers.size())
                            : *real;
  const auto cut = Value::real(result).to_integer();
  return whole && cut ? Value::integer(*cut) : Value::real(result);
}

}  // namespace

void add_list_functions(Functions& functions) {
  functions.insert(functions.end(), {
                                        {"split", 1, 2, split},
                                        {"splitUserName", 1, 1, split_at<0>},
                                        {"splitSlotName", 1, 1, split_at<1>},
                                        {"member", 2, 2, member<Op::equal>},
                                        {"identicalMember", 2, 2, member<Op::same>},
                                        {"anyCompare", 3, 3, compare_items<true>},
                                        {"allCompare", 3, 3, compare_items<false>},
                                        {"sum", 1, 1, fold_list<Fold::sum>},
                                        {"avg", 1, 1, fold_list<Fold::average>},
                                        {"min", 1, 1, fold_list<Fold::smallest>},
                                        {"max", 1, 1, fold_list<Fold::largest>},
                                    });
}

void add_string_list_functions(Functions& functions) {
  functions.insert(functions.end(),
                   {
                       {"stringListSize", 1, 2, string_list_size},
                       {"stringListSum", 1, 2, fold_string_list<Fold::sum>},
                       {"stringListAvg", 1, 2, fold_string_list<Fold::average>},
                       {"stringListMin", 1, 2, fold_string_list<Fold::smallest>},
                       {"stringListMax", 1, 2, fold_string_list<Fold::largest>},
                       {"stringListMember", 2, 3, string_list_member<false>},
                       {"stringListIMember", 2, 3, string_list_member<true>},
                       {"stringListsIntersect", 2, 3, string_lists_share<false, false>},
                       {"stringListSubsetMatch", 2, 3, string_lists_share<false, true>},
                       {"stringListISubsetMatch", 2, 3, string_lists_share<true, true>},
                   });
}

}  // namespace cairn::classad
