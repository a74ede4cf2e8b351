// Evaluating ClassAd expressions.  Pure: the time and all chance come with the scope.
//
// No text can make it run away: depth, steps and the bytes of strings are bounded, and what
// goes beyond is `error`.  An attribute that needs itself is `error` too.
#pragma once

#include <cstdint>
#include <vector>

#include "classad/expression.h"
#include "classad/value.h"

namespace cairn::classad {

// Unscoped names are looked up in `my`, then in `target`.  Both may be missing, and must
// outlive the call.
struct Scope {
  const Ad* my = nullptr;
  const Ad* target = nullptr;
  std::int64_t now_seconds = 0;   // time()
  std::uint64_t random_seed = 0;  // random(): the same seed gives the same numbers
};

Value evaluate(const Expression& expression, const Scope& scope);
// Of an attribute of scope.my; undefined if it has none of that name.
Value evaluate(std::string_view attribute, const Scope& scope);

// The elements of a list, evaluated.  Empty for what is no list.
std::vector<Value> elements(const Value& list, const Scope& scope);

// Whether `name` is one of the functions known here; case does not matter.
bool is_function(std::string_view name);
std::vector<std::string_view> function_names();  // sorted

}  // namespace cairn::classad
