// pow, quantize, random.
#include <cmath>

#include "classad/functions.h"

namespace cairn::classad {
namespace {

Value power(const Call& call) {
  const Value base = call.value(0), exponent = call.value(1);
  const Value real_base = convert_to_real(base), real_exponent = convert_to_real(exponent);
  if (!real_base.as_real() || !real_exponent.as_real()) return Value::error();
  const double result = std::pow(*real_base.as_real(), *real_exponent.as_real());
  const bool whole = base.as_integer() && exponent.as_integer() && *exponent.as_integer() >= 0;
  return whole && std::abs(result) < 0x1p63 ? Value::integer(static_cast<std::int64_t>(result))
                                            : Value::real(result);
}

std::int64_t whole_multiple(std::int64_t number, std::int64_t step) {
  if (step == 0) return number;
  const auto over = static_cast<std::int64_t>(static_cast<std::uint64_t>(number) +
                                              static_cast<std::uint64_t>(step) - 1U);
  if (step == -1) return number;
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(over / step) *
                                   static_cast<std::uint64_t>(step));
}

// The smallest multiple of `step` that is at least `number`.
Value multiple(const Value& number, const Value& step) {
  if (number.as_integer() && step.as_integer())
    return Value::integer(whole_multiple(*number.as_integer(), *step.as_integer()));
  const Value real = convert_to_real(number), by = convert_to_real(step);
  if (!real.as_real() || !by.as_real()) return Value::error();
  if (*by.as_real() == 0) return number;
  return Value::real(std::ceil(*real.as_real() / *by.as_real()) * *by.as_real());
}

// quantize(n, step), quantize(n, {sizes}): the first size that holds n, else a multiple of the
// last.
Value quantize(const Call& call) {
  const Value number = call.value(0), steps = call.value(1);
  const ListValue* list = steps.as_list();
  if (!list) return multiple(number, steps);
  const Value real = convert_to_real(number);
  if (!real.as_real()) return Value::error();
  Value last;
  for (const Value& size : call.evaluator.elements(*list)) {
    if (!size.is_number()) return Value::error();
    if (*size.to_real() >= *real.as_real()) return size;
    last = size;
  }
  return last.is_undefined() ? number : multiple(number, last);
}

// random(), random(n): below 1, or below n and of its kind.
Value random(const Call& call) {
  const double fraction = static_cast<double>(call.evaluator.next_random() >> 11U) * 0x1p-53;
  if (call.count() == 0) return Value::real(fraction);
  const Value limit = call.value(0);
  if (const auto* whole = limit.as_integer()) {
    if (*whole <= 0) return Value::error();
    return Value::integer(static_cast<std::int64_t>(call.evaluator.next_random() %
                                                    static_cast<std::uint64_t>(*whole)));
  }
  if (const auto* real = limit.as_real()) return Value::real(fraction * *real);
  return unusable(limit);
}

}  // namespace

void add_number_functions(Functions& functions) {
  functions.insert(functions.end(), {
                                        {"pow", 2, 2, power},
                                        {"quantize", 2, 2, quantize},
                                        {"random", 0, 1, random},
                                    });
}

}  // namespace cairn::classad
