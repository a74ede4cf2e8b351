// Asking for kinds, converting between them, choosing.
#include <cmath>
#include <cstdlib>

#include "classad/functions.h"
#include "classad/times.h"

namespace cairn::classad {
namespace {

template <Value::Kind kind>
Value is_kind(const Call& call) {
  return Value::boolean(call.value(0).kind() == kind);
}

Value if_then_else(const Call& call) {
  const Value condition = call.value(0);
  if (const auto truth = condition.truth()) return call.value(*truth ? 1 : 2);
  return unusable(condition);
}

// "12abc" is 12 and "abc" no number: as HTCondor reads it.
std::optional<double> number_in(const std::string& text) {
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  if (end == text.c_str()) return std::nullopt;
  return number;
}

Value whole(double number) {
  if (!(number >= -0x1p63 && number < 0x1p63)) return Value::error();
  return Value::integer(static_cast<std::int64_t>(number));
}

Value convert_to_integer(const Value& value) {
  if (const auto integer = value.to_integer()) return Value::integer(*integer);
  if (const auto* text = value.as_string()) {
    if (const auto integer = parse_integer(*text)) return Value::integer(*integer);
    const auto number = number_in(*text);
    return number ? whole(*number) : Value::error();
  }
  if (const auto* time = value.as_absolute_time()) return Value::integer(time->seconds);
  if (const auto* span = value.as_relative_time()) return whole(span->seconds);
  return unusable(value);
}
Value to_int(const Call& call) { return convert_to_integer(call.value(0)); }

}  // namespace

Value convert_to_real(const Value& value) {
  if (const auto real = value.to_real()) return Value::real(*real);
  if (const auto* text = value.as_string()) {
    const auto number = number_in(*text);
    return number ? Value::real(*number) : Value::error();
  }
  if (const auto* time = value.as_absolute_time())
    return Value::real(static_cast<double>(time->seconds));
  if (const auto* span = value.as_relative_time()) return Value::real(span->seconds);
  return unusable(value);
}
namespace {

Value to_real(const Call& call) { return convert_to_real(call.value(0)); }

Value to_string(const Call& call) {
  Value value = call.value(0);
  if (value.is_undefined() || value.is_error()) return value;
  return call.evaluator.string(text_in_functions(value));
}

Value to_boolean(const Call& call) {
  const Value value = call.value(0);
  if (const auto truth = value.truth()) return Value::boolean(*truth);
  if (const auto* text = value.as_string()) {
    if (equal_ignoring_case(*text, "true")) return Value::boolean(true);
    if (equal_ignoring_case(*text, "false")) return Value::boolean(false);
    return Value::undefined();
  }
  return unusable(value);
}

template <double (*round)(double)>
Value rounded(const Call& call) {
  Value value = call.value(0);
  if (value.as_integer()) return value;
  const Value real = convert_to_real(value);
  return real.as_real() ? whole(round(*real.as_real())) : Value::error();
}
double round_down(double number) { return std::floor(number); }
double round_up(double number) { return std::ceil(number); }
double round_even(double number) { return std::rint(number); }

}  // namespace

void add_type_functions(Functions& functions) {
  using Kind = Value::Kind;
  functions.insert(functions.end(), {
                                        {"isUndefined", 1, 1, is_kind<Kind::undefined>},
                                        {"isError", 1, 1, is_kind<Kind::error>},
                                        {"isString", 1, 1, is_kind<Kind::string>},
                                        {"isInteger", 1, 1, is_kind<Kind::integer>},
                                        {"isReal", 1, 1, is_kind<Kind::real>},
                                        {"isBoolean", 1, 1, is_kind<Kind::boolean>},
                                        {"isList", 1, 1, is_kind<Kind::list>},
                                        {"isClassAd", 1, 1, is_kind<Kind::ad>},
                                        {"isAbsTime", 1, 1, is_kind<Kind::absolute_time>},
                                        {"isRelTime", 1, 1, is_kind<Kind::relative_time>},
                                        {"ifThenElse", 3, 3, if_then_else},
                                        {"int", 1, 1, to_int},
                                        {"real", 1, 1, to_real},
                                        {"string", 1, 1, to_string},
                                        {"bool", 1, 1, to_boolean},
                                        {"floor", 1, 1, rounded<round_down>},
                                        {"ceiling", 1, 1, rounded<round_up>},
                                        {"ceil", 1, 1, rounded<round_up>},
                                        {"round", 1, 1, rounded<round_even>},
                                    });
}

}  // namespace cairn::classad
