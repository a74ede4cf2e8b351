// pow, quantize, random.
#include <cmath>

#include "classad/functions.h"

namespace cairn::classad {
namespace {

Value power(const Call& call) {
  const Value base = call.value(0), exponent = call.value(1);
  const auto* whole_base = base.as_integer();
  const auto* whole_exponent = exponent.as_integer();
  if (!base.is_number()) return unusable(base);
  if (!exponent.is_number()) return unusable(exponent);
  const double result = std::pow(*base.to_real(), *exponent.to_real());
  if (whole_base && whole_exponent && *whole_exponent >= 0 && std::abs(result) < 0x1p63)
    return Value::integer(static_cast<std::int64_t>(result));
  return Value::real(result);
}

// The smallest multiple of `step` that is at least `number`.
Value multiple(const Value& number, const Value& step) {
  if (number.as_integer() && step.as_integer()) {
    const std::int64_t base = *step.as_integer(), value = *number.as_integer();
    if (base == 0) return number;
    const std::int64_t size = base < 0 ? 0 - static_cast<std::int64_t>(base) : base;
    if (size < 0) return Value::error();
    const std::int64_t over = value % size;
    if (over == 0) return number;
    if (over < 0) return Value::integer(value - over);
    if (value > INT64_MAX - size) return Value::error();
    return Value::integer(value - over + size);
  }
  const double base = *step.to_real(), value = *number.to_real();
  if (base == 0) return number;
  const double result = std::ceil(value / base) * base;
  if (step.as_integer() && std::abs(result) < 0x1p63)
    return Value::integer(static_cast<std::int64_t>(result));
  return Value::real(result);
}

// quantize(n, step), quantize(n, {sizes}): the first size that holds n, else a multiple of the
// last.
Value quantize(const Call& call) {
  const Value number = call.value(0), steps = call.value(1);
  if (!number.is_number()) return unusable(number);
  if (const ListValue* list = steps.as_list()) {
    Value last;
    for (const Value& size : call.evaluator.elements(*list)) {
      if (!size.is_number()) return Value::error();
      if (*size.to_real() >= *number.to_real()) return size;
      last = size;
    }
    return last.is_undefined() ? number : multiple(number, last);
  }
  return steps.is_number() ? multiple(number, steps) : unusable(steps);
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
