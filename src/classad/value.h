// What a ClassAd expression evaluates to.
//
// `undefined` (an attribute is missing) and `error` (the operation has no meaning) are
// values like others: they go through operators by HTCondor's rules, not by exceptions.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace cairn::classad {

struct ListValue;
struct AdValue;

struct AbsoluteTime {
  std::int64_t seconds = 0;         // since 1970, UTC
  std::int32_t offset_seconds = 0;  // of the zone it is written in, east of Greenwich
};
struct RelativeTime {
  double seconds = 0;
};

class Value {
 public:
  enum class Kind : std::uint8_t {
    undefined,
    error,
    boolean,
    integer,
    real,
    string,
    absolute_time,
    relative_time,
    list,
    ad
  };
  using List = std::shared_ptr<const ListValue>;
  using Nested = std::shared_ptr<const AdValue>;

  Value() = default;  // undefined
  static Value undefined() { return {}; }
  static Value error() { return Value(Data(std::in_place_index<1>)); }
  static Value boolean(bool value) { return Value(Data(std::in_place_index<2>, value)); }
  static Value integer(std::int64_t value) { return Value(Data(std::in_place_index<3>, value)); }
  static Value real(double value) { return Value(Data(std::in_place_index<4>, value)); }
  static Value string(std::string value) {
    return Value(
        Data(std::in_place_index<5>, std::make_shared<const std::string>(std::move(value))));
  }
  static Value time(AbsoluteTime value) { return Value(Data(std::in_place_index<6>, value)); }
  static Value time(RelativeTime value) { return Value(Data(std::in_place_index<7>, value)); }
  static Value list(List value) { return Value(Data(std::in_place_index<8>, std::move(value))); }
  static Value ad(Nested value) { return Value(Data(std::in_place_index<9>, std::move(value))); }

  Kind kind() const { return static_cast<Kind>(data_.index()); }
  bool is_undefined() const { return kind() == Kind::undefined; }
  bool is_error() const { return kind() == Kind::error; }
  bool is_number() const { return kind() == Kind::integer || kind() == Kind::real; }

  // The value if it is of exactly that kind, else nothing (nullptr).
  const bool* as_boolean() const { return std::get_if<2>(&data_); }
  const std::int64_t* as_integer() const { return std::get_if<3>(&data_); }
  const double* as_real() const { return std::get_if<4>(&data_); }
  const std::string* as_string() const {
    const auto* held = std::get_if<5>(&data_);
    return held ? held->get() : nullptr;
  }
  const AbsoluteTime* as_absolute_time() const { return std::get_if<6>(&data_); }
  const RelativeTime* as_relative_time() const { return std::get_if<7>(&data_); }
  const ListValue* as_list() const {
    const auto* held = std::get_if<8>(&data_);
    return held ? held->get() : nullptr;
  }
  const AdValue* as_ad() const {
    const auto* held = std::get_if<9>(&data_);
    return held ? held->get() : nullptr;
  }

  // What conditions ask: booleans, and numbers that are not 0.  Else nothing.
  std::optional<bool> truth() const;
  // true only for a value that holds: undefined, error and strings do not.  What policies
  // and constraints ask.
  bool holds() const { return truth().value_or(false); }
  // Integers, booleans as 0 and 1, reals cut towards 0 where they fit.
  std::optional<std::int64_t> to_integer() const;
  std::optional<double> to_real() const;

  // ClassAd syntax, as condor_q -af:V prints it.
  std::string text() const;
  // The same, but a string as it is, without quotes: as condor_q -af prints it.
  std::string plain_text() const;

 private:
  using Data =
      std::variant<std::monostate, std::nullptr_t, bool, std::int64_t, double,
                   std::shared_ptr<const std::string>, AbsoluteTime, RelativeTime, List, Nested>;
  explicit Value(Data data) : data_(std::move(data)) {}
  Data data_;
};

// The same kind and the same content, letter case included: the operator =?=.
// Lists and ads are compared by their text.
bool identical(const Value& left, const Value& right);

}  // namespace cairn::classad
