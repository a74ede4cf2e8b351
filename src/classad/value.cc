#include "classad/value.h"

#include <cmath>

namespace cairn::classad {

std::optional<bool> Value::truth() const {
  if (const auto* boolean = as_boolean()) return *boolean;
  if (const auto* integer = as_integer()) return *integer != 0;
  if (const auto* real = as_real()) return *real != 0;
  return std::nullopt;
}

std::optional<std::int64_t> Value::to_integer() const {
  if (const auto* integer = as_integer()) return *integer;
  if (const auto* boolean = as_boolean()) return *boolean ? 1 : 0;
  // 2^63 itself is the first real that does not fit.
  if (const auto* real = as_real(); real && *real >= -0x1p63 && *real < 0x1p63)
    return static_cast<std::int64_t>(*real);
  return std::nullopt;
}

std::optional<double> Value::to_real() const {
  if (const auto* real = as_real()) return *real;
  if (const auto* integer = as_integer()) return static_cast<double>(*integer);
  if (const auto* boolean = as_boolean()) return *boolean ? 1.0 : 0.0;
  return std::nullopt;
}

bool identical(const Value& left, const Value& right) {
  if (left.kind() != right.kind()) return false;
  switch (left.kind()) {
    case Value::Kind::undefined:
    case Value::Kind::error:
      return true;
    case Value::Kind::boolean:
      return *left.as_boolean() == *right.as_boolean();
    case Value::Kind::integer:
      return *left.as_integer() == *right.as_integer();
    case Value::Kind::real:
      return *left.as_real() == *right.as_real();
    case Value::Kind::string:
      return *left.as_string() == *right.as_string();
    case Value::Kind::absolute_time:
      return left.as_absolute_time()->seconds == right.as_absolute_time()->seconds &&
             left.as_absolute_time()->offset_seconds == right.as_absolute_time()->offset_seconds;
    case Value::Kind::relative_time:
      return left.as_relative_time()->seconds == right.as_relative_time()->seconds;
    case Value::Kind::list:
    case Value::Kind::ad:
      return left.text() == right.text();
  }
  return false;
}

}  // namespace cairn::classad
