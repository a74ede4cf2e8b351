// What operators do with values.  Truth: a real HTCondor 23.9.6, see testdata/evaluate.txt.
//
// Integers wrap around, as HTCondor's do in fact; here without undefined behaviour.
#include <algorithm>
#include <cmath>
#include <limits>

#include "classad/functions.h"

namespace cairn::classad {
namespace {

using Kind = Value::Kind;

std::int64_t wrapped(std::uint64_t bits) { return static_cast<std::int64_t>(bits); }
std::uint64_t bits(std::int64_t number) { return static_cast<std::uint64_t>(number); }

// Booleans count as integers 0 and 1.
std::optional<std::int64_t> as_whole(const Value& value) {
  if (const auto* integer = value.as_integer()) return *integer;
  if (const auto* boolean = value.as_boolean()) return *boolean ? 1 : 0;
  return std::nullopt;
}
std::optional<double> as_number(const Value& value) {
  if (const auto* real = value.as_real()) return *real;
  if (const auto whole = as_whole(value)) return static_cast<double>(*whole);
  return std::nullopt;
}

template <class T>
int three_way(T left, T right) {
  return left < right ? -1 : (left > right ? 1 : 0);
}

Value compared(Op op, int order) {
  switch (op) {
    case Op::equal:
      return Value::boolean(order == 0);
    case Op::not_equal:
      return Value::boolean(order != 0);
    case Op::less:
      return Value::boolean(order < 0);
    case Op::less_equal:
      return Value::boolean(order <= 0);
    case Op::greater:
      return Value::boolean(order > 0);
    default:
      return Value::boolean(order >= 0);
  }
}

int order_ignoring_case(std::string_view left, std::string_view right) {
  const LessIgnoringCase less;
  return less(left, right) ? -1 : (less(right, left) ? 1 : 0);
}

Value compare(Op op, const Value& left, const Value& right) {
  if (left.as_string() && right.as_string())
    return compared(op, order_ignoring_case(*left.as_string(), *right.as_string()));
  if (left.as_absolute_time() && right.as_absolute_time())
    return compared(op,
                    three_way(left.as_absolute_time()->seconds, right.as_absolute_time()->seconds));
  if (left.as_relative_time() && right.as_relative_time())
    return compared(op,
                    three_way(left.as_relative_time()->seconds, right.as_relative_time()->seconds));
  const auto left_whole = as_whole(left), right_whole = as_whole(right);
  if (left_whole && right_whole) return compared(op, three_way(*left_whole, *right_whole));
  const auto left_number = as_number(left), right_number = as_number(right);
  if (!left_number || !right_number) return Value::error();
  if (std::isnan(*left_number) || std::isnan(*right_number))
    return Value::boolean(op == Op::not_equal);
  return compared(op, three_way(*left_number, *right_number));
}

Value whole_arithmetic(Op op, std::int64_t left, std::int64_t right) {
  switch (op) {
    case Op::add:
      return Value::integer(wrapped(bits(left) + bits(right)));
    case Op::subtract:
      return Value::integer(wrapped(bits(left) - bits(right)));
    case Op::multiply:
      return Value::integer(wrapped(bits(left) * bits(right)));
    case Op::divide:
      if (right == 0) return Value::error();
      return Value::integer(right == -1 ? wrapped(-bits(left)) : left / right);
    default:
      if (right == 0) return Value::error();
      return Value::integer(right == -1 ? 0 : left % right);
  }
}

Value real_arithmetic(Op op, double left, double right) {
  switch (op) {
    case Op::add:
      return Value::real(left + right);
    case Op::subtract:
      return Value::real(left - right);
    case Op::multiply:
      return Value::real(left * right);
    case Op::divide:
      return right == 0 ? Value::error() : Value::real(left / right);
    default:
      return Value::error();
  }
}

Value absolute_time(const AbsoluteTime& from, double seconds) {
  if (!(std::abs(seconds) < 1e15)) return Value::error();
  return Value::time(
      AbsoluteTime{from.seconds + static_cast<std::int64_t>(seconds), from.offset_seconds});
}

Value time_arithmetic(Op op, const Value& left, const Value& right) {
  const auto* left_time = left.as_absolute_time();
  const auto* right_time = right.as_absolute_time();
  const auto* left_span = left.as_relative_time();
  const auto* right_span = right.as_relative_time();
  if (left_time && right_time)
    return op == Op::subtract ? Value::time(RelativeTime{static_cast<double>(
                                    wrapped(bits(left_time->seconds) - bits(right_time->seconds)))})
                              : Value::error();
  if (left_time && right_span && op == Op::add)
    return absolute_time(*left_time, right_span->seconds);
  if (left_time && right_span && op == Op::subtract)
    return absolute_time(*left_time, -right_span->seconds);
  if (left_span && right_time && op == Op::add)
    return absolute_time(*right_time, left_span->seconds);
  if (left_time || right_time) return Value::error();
  if (left_span && right_span) {
    if (op == Op::add) return Value::time(RelativeTime{left_span->seconds + right_span->seconds});
    if (op == Op::subtract)
      return Value::time(RelativeTime{left_span->seconds - right_span->seconds});
    return Value::error();
  }
  const auto number = as_number(left_span ? right : left);
  if (!number) return Value::error();
  const double span = left_span ? left_span->seconds : right_span->seconds;
  if (op == Op::multiply) return Value::time(RelativeTime{span * *number});
  if (op == Op::divide && left_span && *number != 0)
    return Value::time(RelativeTime{span / *number});
  return Value::error();
}

Value arithmetic(Op op, const Value& left, const Value& right) {
  const auto is_time = [](const Value& value) {
    return value.as_absolute_time() || value.as_relative_time();
  };
  if (is_time(left) || is_time(right)) return time_arithmetic(op, left, right);
  const auto left_whole = as_whole(left), right_whole = as_whole(right);
  if (left_whole && right_whole) return whole_arithmetic(op, *left_whole, *right_whole);
  const auto left_number = as_number(left), right_number = as_number(right);
  if (!left_number || !right_number) return Value::error();
  return real_arithmetic(op, *left_number, *right_number);
}

// Shifts count modulo 64.
Value bitwise(Op op, const Value& left, const Value& right) {
  const auto* a = left.as_integer();
  const auto* b = right.as_integer();
  if (!a || !b) return Value::error();
  const std::uint64_t count = bits(*b) & 63U;
  switch (op) {
    case Op::bit_or:
      return Value::integer(*a | *b);
    case Op::bit_and:
      return Value::integer(*a & *b);
    case Op::bit_xor:
      return Value::integer(*a ^ *b);
    case Op::shift_left:
      return Value::integer(wrapped(bits(*a) << count));
    case Op::shift_right:
      return Value::integer(*a >> count);
    default:
      return Value::integer(wrapped(bits(*a) >> count));
  }
}

enum class Truth { no, yes, undefined, error };
Truth truth_of(const Value& value) {
  if (const auto truth = value.truth()) return *truth ? Truth::yes : Truth::no;
  return value.is_undefined() ? Truth::undefined : Truth::error;
}
Value value_of(Truth truth) {
  if (truth == Truth::undefined) return Value::undefined();
  if (truth == Truth::error) return Value::error();
  return Value::boolean(truth == Truth::yes);
}

// `deciding` is what settles it whatever the other side says: yes for ||, no for &&.
Value logical(Truth deciding, const Value& left_value, const Value& right_value) {
  const Truth left = truth_of(left_value);
  const Truth right = truth_of(right_value);
  if (left == deciding || left == Truth::error) return value_of(left);
  if (left != Truth::undefined) return value_of(right);
  return value_of(right == deciding || right == Truth::error ? right : Truth::undefined);
}

}  // namespace

Value apply_unary(Op op, const Value& operand) {
  if (operand.is_error() || operand.is_undefined()) return operand;
  switch (op) {
    case Op::plus:
      return operand.is_number() || operand.as_relative_time() ? operand : Value::error();
    case Op::minus:
      if (const auto* real = operand.as_real()) return Value::real(-*real);
      if (const auto* whole = operand.as_integer()) return Value::integer(wrapped(-bits(*whole)));
      if (const auto* span = operand.as_relative_time())
        return Value::time(RelativeTime{-span->seconds});
      return Value::error();
    case Op::logical_not:
      if (const auto truth = operand.truth()) return Value::boolean(!*truth);
      return Value::error();
    default:
      if (const auto* integer = operand.as_integer()) return Value::integer(~*integer);
      return Value::error();
  }
}

Value apply_binary(Op op, const Value& left, const Value& right) {
  switch (op) {
    case Op::same:
    case Op::not_same:
      if ((left.as_list() && right.as_list()) || (left.as_ad() && right.as_ad()))
        return Value::error();
      return Value::boolean(identical(left, right) == (op == Op::same));
    case Op::logical_or:
      return logical(Truth::yes, left, right);
    case Op::logical_and:
      return logical(Truth::no, left, right);
    default:
      break;
  }
  if (left.is_error() || right.is_error()) return Value::error();
  if (left.is_undefined() || right.is_undefined()) return Value::undefined();
  switch (binding(op)) {
    case 3:
    case 4:
    case 5:
    case 8:
      return bitwise(op, left, right);
    case 6:
    case 7:
      return compare(op, left, right);
    default:
      return arithmetic(op, left, right);
  }
}

}  // namespace cairn::classad
