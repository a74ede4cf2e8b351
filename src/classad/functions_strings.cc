// Strings.
#include <algorithm>

#include "classad/functions.h"

namespace cairn::classad {
namespace {

// Each argument as text; the first that has none is the result.
template <class Use>
Value with_texts(const Call& call, const Use& use) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < call.count(); ++i) {
    Value value = call.value(i);
    if (value.is_error() || value.is_undefined()) return value;
    texts.push_back(text_in_functions(value));
    if (!call.evaluator.pay(texts.back().size() / 8)) return Value::error();
  }
  return use(texts);
}

Value concatenate(const Call& call) {
  return with_texts(call, [&call](const std::vector<std::string>& texts) {
    return call.evaluator.string(join(texts, ""));
  });
}

// join(between, a, b, ...), join(between, {a, b}), join({a, b}): undefined ones are left out.
Value joined(const Call& call) {
  std::vector<Value> values;
  for (std::size_t i = 0; i < call.count(); ++i) values.push_back(call.value(i));
  std::string between;
  if (values.size() == 1 && values[0].is_undefined()) return values[0];
  if (values.size() > 1 || (values.size() == 1 && !values[0].as_list())) {
    if (values[0].is_error()) return Value::error();
    if (!values[0].is_undefined()) between = text_in_functions(values[0]);
    values.erase(values.begin());
  }
  if (values.size() == 1 && values[0].is_undefined()) return values[0];
  if (values.size() == 1)
    if (const auto* list = values[0].as_list()) values = call.evaluator.elements(*list);
  std::vector<std::string> texts;
  for (const Value& value : values) {
    if (value.is_error()) return value;
    if (!value.is_undefined()) texts.push_back(text_in_functions(value));
  }
  if (!call.evaluator.pay(texts.size() * between.size() / 8)) return Value::error();
  return call.evaluator.string(join(texts, between));
}

// substr(text, offset, length): negative ones count from the end.
Value substring(const Call& call) {
  const Value text = call.value(0), offset = call.value(1);
  const Value length = call.count() == 3 ? call.value(2) : Value::integer(INT32_MAX);
  for (const Value* value : {&text, &offset, &length})
    if (value->is_undefined()) return *value;
  if (!text.as_string() || !offset.as_integer() || !length.as_integer()) return Value::error();
  const auto size = static_cast<std::int64_t>(text.as_string()->size());
  const auto within = [size](std::int64_t at) { return std::clamp<std::int64_t>(at, 0, size); };
  std::int64_t start = *offset.as_integer();
  start = within(start < 0 ? std::max(start, -size) + size : start);
  std::int64_t count = *length.as_integer();
  count = count < 0 ? within(std::max(count, -size) + size - start) : std::min(count, size - start);
  return call.evaluator.string(
      text.as_string()->substr(static_cast<std::size_t>(start), static_cast<std::size_t>(count)));
}

template <bool ignoring_case>
Value compare_strings(const Call& call) {
  // Undefined wins over error, and over what is no text.
  for (std::size_t i = 0; i < call.count(); ++i)
    if (Value value = call.value(i); value.is_undefined()) return value;
  return with_texts(call, [](const std::vector<std::string>& texts) {
    const std::string left = ignoring_case ? lower(texts[0]) : texts[0];
    const std::string right = ignoring_case ? lower(texts[1]) : texts[1];
    return Value::integer(left < right ? -1 : (left > right ? 1 : 0));
  });
}

Value to_upper(const Call& call) {
  return with_texts(call, [&call](std::vector<std::string>& texts) {
    for (char& letter : texts[0])
      if (letter >= 'a' && letter <= 'z') letter = static_cast<char>(letter - 'a' + 'A');
    return call.evaluator.string(std::move(texts[0]));
  });
}

Value to_lower(const Call& call) {
  return with_texts(call, [&call](const std::vector<std::string>& texts) {
    return call.evaluator.string(lower(texts[0]));
  });
}

Value size_of(const Call& call) {
  const Value value = call.value(0);
  const auto counted = [](std::size_t n) { return Value::integer(static_cast<std::int64_t>(n)); };
  if (const auto* text = value.as_string()) return counted(text->size());
  if (const auto* list = value.as_list()) return counted(list->items.size());
  if (const auto* ad = value.as_ad()) return counted(ad->ad.attributes().size());
  return unusable(value);
}

}  // namespace

void add_string_functions(Functions& functions) {
  functions.insert(functions.end(), {
                                        {"strcat", 0, kAnyNumber, concatenate},
                                        {"join", 0, kAnyNumber, joined},
                                        {"substr", 2, 3, substring},
                                        {"strcmp", 2, 2, compare_strings<false>},
                                        {"stricmp", 2, 2, compare_strings<true>},
                                        {"toUpper", 1, 1, to_upper},
                                        {"toLower", 1, 1, to_lower},
                                        {"size", 1, 1, size_of},
                                    });
}

}  // namespace cairn::classad
