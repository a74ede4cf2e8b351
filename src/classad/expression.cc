#include "classad/expression.h"

#include <algorithm>

#include "base/try.h"
#include "classad/literal.h"
#include "classad/node.h"

namespace cairn::classad {
namespace {

void visit(const Node& node, const auto& see) {
  see(node);
  for (const NodePtr& child : node.children) visit(*child, see);
  for (const auto& [name, inner] : node.nested.attributes()) visit(inner.root(), see);
}

// The scope that MY and TARGET name, when they stand alone.
std::optional<RefScope> scope_named(const Node& node) {
  if (node.kind != NodeKind::attribute || !node.children.empty()) return std::nullopt;
  if (equal_ignoring_case(node.name, "MY")) return RefScope::my;
  if (equal_ignoring_case(node.name, "TARGET")) return RefScope::target;
  return std::nullopt;
}

// The parts that `op` joins on top of `root`.
std::vector<Expression> joined_by(const NodePtr& root, Op op) {
  std::vector<Expression> parts;
  std::vector<NodePtr> open{root};
  while (!open.empty()) {
    const NodePtr node = open.back();
    open.pop_back();
    if (node->kind == NodeKind::parentheses)
      open.push_back(node->children[0]);
    else if (node->kind == NodeKind::binary && node->op == op)
      open.insert(open.end(), {node->children[1], node->children[0]});
    else
      parts.emplace_back(node);
  }
  return parts;
}

class ReferenceFinder {
 public:
  std::vector<Reference> found;

  void visit(const Node& node) {
    if (node.kind == NodeKind::attribute) {
      if (node.children.empty()) {
        if (!is_local(node.name) && !scope_named(node)) add(RefScope::none, node.name);
      } else if (const auto scope = scope_named(*node.children[0])) {
        add(*scope, node.name);
        return;
      }
    }
    for (const NodePtr& child : node.children) visit(*child);
    if (node.kind != NodeKind::ad) return;
    nested_.push_back(&node.nested);
    for (const auto& [name, inner] : node.nested.attributes()) visit(inner.root());
    nested_.pop_back();
  }

 private:
  bool is_local(std::string_view name) const {
    return std::any_of(nested_.begin(), nested_.end(),
                       [name](const Ad* ad) { return ad->find(name) != nullptr; });
  }
  void add(RefScope scope, const std::string& name) {
    Reference reference{scope, name};
    if (std::find(found.begin(), found.end(), reference) == found.end())
      found.push_back(std::move(reference));
  }
  std::vector<const Ad*> nested_;
};

}  // namespace

Expression::Expression() {
  static const NodePtr undefined = std::make_shared<const Node>();
  root_ = undefined;
}

Expression Expression::literal(Value value) {
  Node node;
  node.value = std::move(value);
  return Expression(std::make_shared<const Node>(std::move(node)));
}

const Value* Expression::as_literal() const {
  return root_->kind == NodeKind::literal ? &root_->value : nullptr;
}

std::vector<Reference> Expression::references() const {
  ReferenceFinder finder;
  finder.visit(*root_);
  return std::move(finder.found);
}

std::optional<Reference> Expression::as_reference() const {
  const Node* node = root_.get();
  while (node->kind == NodeKind::parentheses) node = node->children[0].get();
  if (node->kind != NodeKind::attribute || node->absolute) return std::nullopt;
  if (node->children.empty()) return Reference{RefScope::none, node->name};
  const auto scope = scope_named(*node->children[0]);
  return scope ? std::optional<Reference>({*scope, node->name}) : std::nullopt;
}

std::vector<Expression> Expression::conjuncts() const { return joined_by(root_, Op::logical_and); }
std::vector<Expression> Expression::disjuncts() const { return joined_by(root_, Op::logical_or); }

std::vector<Comparison> Expression::comparisons() const {
  std::vector<Comparison> found;
  visit(*root_, [&found](const Node& node) {
    if (node.kind == NodeKind::binary && node.op >= Op::equal && node.op <= Op::greater_equal)
      found.push_back(
          {Expression(node.children[0]), symbol(node.op), Expression(node.children[1])});
  });
  return found;
}

std::vector<std::string> Expression::calls() const {
  std::vector<std::string> names;
  visit(*root_, [&names](const Node& node) {
    if (node.kind != NodeKind::call) return;
    const auto same = [&node](const std::string& name) {
      return equal_ignoring_case(name, node.name);
    };
    if (std::none_of(names.begin(), names.end(), same)) names.push_back(node.name);
  });
  return names;
}

bool operator==(const Expression& left, const Expression& right) {
  return left.shared_root() == right.shared_root() || left.text() == right.text();
}

namespace {
const std::shared_ptr<Ad::Attributes>& no_attributes() {
  static const auto none = std::make_shared<Ad::Attributes>();
  return none;
}
}  // namespace

Ad::Ad() : attributes_(no_attributes()) {}

Ad::Attributes& Ad::own() {
  if (attributes_.use_count() != 1) attributes_ = std::make_shared<Attributes>(*attributes_);
  return *attributes_;
}

void Ad::set(std::string_view name, Expression expression) {
  own().insert_or_assign(std::string(name), std::move(expression));
}

void Ad::erase(std::string_view name) {
  if (find(name)) {
    Attributes& attributes = own();
    attributes.erase(attributes.find(name));
  }
}

const Expression* Ad::find(std::string_view name) const {
  const auto found = attributes_->find(name);
  return found == attributes_->end() ? nullptr : &found->second;
}

Result<Ad> Ad::parse(std::string_view text) {
  Ad ad;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.starts_with('#')) continue;
    const auto bad = [number](std::string_view what) {
      return Error{Errc::invalid, cat("ad, line ", number, ": ", what), 0,
                   "each line is `Name = expression`"};
    };
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) return bad("there is no =");
    const std::string_view name = trim(line.substr(0, equals));
    if (!is_attribute_name(name)) return bad(cat("'", name, "' is no attribute name"));
    auto expression = Expression::parse(line.substr(equals + 1));
    if (!expression) {
      Error error = bad(cat(name, ": ", expression.error().message));
      if (!expression.error().hint.empty()) error.hint = expression.error().hint;
      return error;
    }
    ad.set(name, *std::move(expression));
  }
  return ad;
}

std::string Ad::lines() const {
  std::string text;
  for (const auto& [name, expression] : *attributes_)
    text += cat(name, " = ", expression.text(), "\n");
  return text;
}

}  // namespace cairn::classad
