// The functions of the language, and what they are given.  For this folder alone.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "classad/evaluate.h"
#include "classad/lists.h"
#include "classad/node.h"

namespace cairn::classad {

// One evaluation: its scope, and what it has used of what it may use.
class Evaluator {
 public:
  explicit Evaluator(const Scope& scope) : scope_(scope), chance_(scope.random_seed) {}

  Value run(const Node& node);
  Value evaluate(const Node& node, const Place& place);
  // Of `name` as it is seen from `place`.
  Value look_up(std::string_view name, const Place& place);
  // Of ad.name; undefined if it has none.
  Value member(const AdValue& ad, std::string_view name);
  std::vector<Value> elements(const ListValue& list);

  // A string, paid for; error when the budget is used up.
  Value string(std::string text);
  bool pay(std::uint64_t steps);
  // The whole evaluation is an error, whatever is done with this part's value.
  Value fail();
  std::uint64_t next_random();
  const Scope& scope() const { return scope_; }

 private:
  Value evaluate_attribute(const Node& node, const Place& place);
  Value evaluate_selection(const Node& node, const Place& place);
  Value evaluate_binary(const Node& node, const Place& place);
  Value evaluate_conditional(const Node& node, const Place& place);
  Value evaluate_subscript(const Node& node, const Place& place);
  Value evaluate_call(const Node& node, const Place& place);
  Value enter(const Expression& expression, const Place& place);
  const Ad* side(bool flipped) const { return flipped ? scope_.target : scope_.my; }

  const Scope& scope_;
  std::uint64_t chance_;
  std::uint64_t steps_left_ = 2'000'000;
  std::uint32_t depth_ = 0;
  bool failed_ = false;
  std::vector<const Node*> entered_;  // attributes under evaluation, to see cycles
};

struct Call {
  Evaluator& evaluator;
  const std::vector<NodePtr>& arguments;
  const Place& place;

  std::size_t count() const { return arguments.size(); }
  Value value(std::size_t index) const { return evaluator.evaluate(*arguments[index], place); }
};

struct Function {
  std::string_view name;
  std::size_t arguments_min, arguments_max;
  Value (*body)(const Call& call);
};
inline constexpr std::size_t kAnyNumber = 1000;

// nullptr: there is none of that name.
const Function* find_function(std::string_view name);

Value apply_unary(Op op, const Value& operand);
Value apply_binary(Op op, const Value& left, const Value& right);

// What a function gives for an argument of the wrong kind: undefined stays undefined.
Value unusable(const Value& value);

// Numbers, booleans, strings that begin with a number, times.
Value convert_to_real(const Value& value);
std::vector<std::string> split_words(std::string_view text, std::string_view delimiters);
Value list_of(std::vector<Value> values);

// What the files functions_*.cc contribute.
using Functions = std::vector<Function>;
void add_type_functions(Functions& functions);
void add_number_functions(Functions& functions);
void add_string_functions(Functions& functions);
void add_list_functions(Functions& functions);
void add_string_list_functions(Functions& functions);
void add_regex_functions(Functions& functions);
void add_time_functions(Functions& functions);
void add_condor_functions(Functions& functions);

}  // namespace cairn::classad
