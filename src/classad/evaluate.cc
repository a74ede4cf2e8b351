#include "classad/evaluate.h"

#include <algorithm>

#include "classad/functions.h"

namespace cairn::classad {
namespace {

constexpr std::uint32_t kMaxDepth = 2000;

}  // namespace

bool Evaluator::pay(std::uint64_t steps) {
  if (steps_left_ < steps) {
    steps_left_ = 0;
    fail();
    return false;
  }
  steps_left_ -= steps;
  return true;
}

Value Evaluator::fail() {
  failed_ = true;
  return Value::error();
}

Value Evaluator::run(const Node& node) {
  Value value = evaluate(node, {});
  return failed_ ? Value::error() : value;
}

Value Evaluator::string(std::string text) {
  return pay(text.size() / 8) ? Value::string(std::move(text)) : Value::error();
}

// splitmix64: enough for backing off at random, and the same everywhere.
std::uint64_t Evaluator::next_random() {
  chance_ += 0x9E3779B97F4A7C15U;
  std::uint64_t z = chance_;
  z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
  z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
  return z ^ (z >> 31U);
}

Value Evaluator::evaluate(const Node& node, const Place& place) {
  if (node.kind == NodeKind::literal) return node.value;
  if (!pay(1) || depth_ == kMaxDepth) return fail();
  ++depth_;
  Value value;
  switch (node.kind) {
    case NodeKind::literal:
      break;
    case NodeKind::attribute:
      value = evaluate_attribute(node, place);
      break;
    case NodeKind::unary:
      value = apply_unary(node.op, evaluate(*node.children[0], place));
      break;
    case NodeKind::binary:
      value = evaluate_binary(node, place);
      break;
    case NodeKind::conditional:
      value = evaluate_conditional(node, place);
      break;
    case NodeKind::subscript:
      value = evaluate_subscript(node, place);
      break;
    case NodeKind::call:
      value = evaluate_call(node, place);
      break;
    case NodeKind::list:
      value = Value::list(std::make_shared<const ListValue>(ListValue{node.children, place}));
      break;
    case NodeKind::ad:
      value = Value::ad(std::make_shared<const AdValue>(AdValue{node.nested, place}));
      break;
    case NodeKind::parentheses:
      value = evaluate(*node.children[0], place);
      break;
  }
  --depth_;
  return value;
}

// An attribute's expression, where it stands; error if it is being evaluated already.
Value Evaluator::enter(const Expression& expression, const Place& place) {
  const Node& root = expression.root();
  if (root.kind == NodeKind::literal) return root.value;
  if (std::find(entered_.begin(), entered_.end(), &root) != entered_.end()) return fail();
  entered_.push_back(&root);
  Value value = evaluate(root, place);
  entered_.pop_back();
  return value;
}

Value Evaluator::look_up(std::string_view name, const Place& place) {
  for (auto frame = place.frame; frame; frame = frame->outer)
    if (const Expression* found = frame->ad.find(name))
      return enter(*found, {frame, place.flipped});
  for (const bool flipped : {place.flipped, !place.flipped})
    if (const Ad* ad = side(flipped))
      if (const Expression* found = ad->find(name)) return enter(*found, {nullptr, flipped});
  return Value::undefined();
}

Value Evaluator::member(const AdValue& ad, std::string_view name) {
  const Expression* found = ad.ad.find(name);
  if (!found) return Value::undefined();
  auto frame = std::make_shared<const Frame>(Frame{ad.ad, ad.place.frame});
  return enter(*found, {std::move(frame), ad.place.flipped});
}

std::vector<Value> Evaluator::elements(const ListValue& list) {
  std::vector<Value> values;
  values.reserve(list.items.size());
  for (const NodePtr& item : list.items) values.push_back(evaluate(*item, list.place));
  return values;
}

Value Evaluator::evaluate_attribute(const Node& node, const Place& place) {
  if (!node.children.empty()) return evaluate_selection(node, place);
  if (node.absolute) return look_up(node.name, {nullptr, place.flipped});
  Value value = look_up(node.name, place);
  if (!value.is_undefined()) return value;
  // The scopes as values: MY, TARGET, PARENT.
  const auto whole = [this](bool flipped) {
    const Ad* ad = side(flipped);
    if (!ad) return Value::undefined();
    return Value::ad(std::make_shared<const AdValue>(AdValue{*ad, {nullptr, flipped}}));
  };
  if (equal_ignoring_case(node.name, "CurrentTime")) return Value::integer(scope_.now_seconds);
  if (equal_ignoring_case(node.name, "MY")) return whole(place.flipped);
  if (equal_ignoring_case(node.name, "TARGET")) return whole(!place.flipped);
  if (equal_ignoring_case(node.name, "PARENT")) {
    if (!place.frame) return Value::undefined();
    const auto& outer = place.frame->outer;
    if (!outer) return whole(place.flipped);
    return Value::ad(
        std::make_shared<const AdValue>(AdValue{outer->ad, {outer->outer, place.flipped}}));
  }
  return value;
}

Value Evaluator::evaluate_selection(const Node& node, const Place& place) {
  const Node& scope = *node.children[0];
  if (scope.kind == NodeKind::attribute && scope.children.empty()) {
    const bool my = equal_ignoring_case(scope.name, "MY");
    if (my || equal_ignoring_case(scope.name, "TARGET")) {
      const bool flipped = my == place.flipped;
      const Ad* ad = side(flipped);
      const Expression* found = ad ? ad->find(node.name) : nullptr;
      return found ? enter(*found, {nullptr, flipped}) : Value::undefined();
    }
  }
  Value from = evaluate(scope, place);
  if (from.is_undefined()) return from;
  if (const AdValue* ad = from.as_ad()) return member(*ad, node.name);
  if (const ListValue* list = from.as_list()) {
    ListValue selected;
    for (const Value& item : elements(*list)) {
      const AdValue* ad = item.as_ad();
      const Value value =
          ad ? member(*ad, node.name) : (item.is_undefined() ? Value::undefined() : Value::error());
      selected.items.push_back(Expression::literal(value).shared_root());
    }
    return Value::list(std::make_shared<const ListValue>(std::move(selected)));
  }
  return Value::error();
}

Value Evaluator::evaluate_binary(const Node& node, const Place& place) {
  const Value left = evaluate(*node.children[0], place);
  // The rest need not be looked at: HTCondor does not, and it may be what has no meaning.
  if (node.op == Op::logical_or && left.truth() == true) return Value::boolean(true);
  if (node.op == Op::logical_and && left.truth() == false) return Value::boolean(false);
  return apply_binary(node.op, left, evaluate(*node.children[1], place));
}

Value Evaluator::evaluate_conditional(const Node& node, const Place& place) {
  Value condition = evaluate(*node.children[0], place);
  if (node.children.size() == 2)
    return condition.is_undefined() ? evaluate(*node.children[1], place) : condition;
  if (const auto truth = condition.truth()) return evaluate(*node.children[*truth ? 1 : 2], place);
  return condition.is_undefined() ? condition : Value::error();
}

Value Evaluator::evaluate_subscript(const Node& node, const Place& place) {
  const Value from = evaluate(*node.children[0], place);
  const Value index = evaluate(*node.children[1], place);
  if (from.is_error() || index.is_error()) return Value::error();
  if (from.is_undefined() || index.is_undefined()) return Value::undefined();
  if (const ListValue* list = from.as_list()) {
    const std::int64_t* at = index.as_integer();
    if (!at || *at < 0 || static_cast<std::uint64_t>(*at) >= list->items.size())
      return Value::error();
    return evaluate(*list->items[static_cast<std::size_t>(*at)], list->place);
  }
  if (const AdValue* ad = from.as_ad())
    if (const std::string* name = index.as_string()) return member(*ad, *name);
  return Value::error();
}

Value Evaluator::evaluate_call(const Node& node, const Place& place) {
  const Function* function = node.function;
  const std::size_t count = node.children.size();
  if (!function || count < function->arguments_min || count > function->arguments_max)
    return Value::error();
  return function->body({*this, node.children, place});
}

Value evaluate(const Expression& expression, const Scope& scope) {
  return Evaluator(scope).run(expression.root());
}

Value evaluate(std::string_view attribute, const Scope& scope) {
  const Expression* found = scope.my ? scope.my->find(attribute) : nullptr;
  return found ? evaluate(*found, scope) : Value::undefined();
}

std::vector<Value> elements(const Value& list, const Scope& scope) {
  if (!list.as_list()) return {};
  return Evaluator(scope).elements(*list.as_list());
}

}  // namespace cairn::classad
