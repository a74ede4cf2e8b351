// Recursive descent; binary operators by how tightly they bind.
//
// Every way down passes enter(), every node its height: so neither the parser nor what walks
// the tree later can run out of stack.
#include <algorithm>
#include <array>
#include <utility>

#include "base/try.h"
#include "classad/functions.h"
#include "classad/lexer.h"
#include "classad/node.h"

namespace cairn::classad {
namespace {

constexpr int kMaxNesting = 300;  // about a kilobyte of stack each

struct BinaryWord {
  std::string_view text;
  Op op;
};
constexpr std::array<BinaryWord, 23> kBinaryWords = {{
    {"||", Op::logical_or}, {"&&", Op::logical_and}, {"|", Op::bit_or},
    {"^", Op::bit_xor},     {"&", Op::bit_and},      {"==", Op::equal},
    {"!=", Op::not_equal},  {"=?=", Op::same},       {"=!=", Op::not_same},
    {"is", Op::same},       {"isnt", Op::not_same},  {"<", Op::less},
    {"<=", Op::less_equal}, {">", Op::greater},      {">=", Op::greater_equal},
    {"<<", Op::shift_left}, {">>", Op::shift_right}, {">>>", Op::shift_right_logical},
    {"+", Op::add},         {"-", Op::subtract},     {"*", Op::multiply},
    {"/", Op::divide},      {"%", Op::modulo},
}};

class Parser {
 public:
  explicit Parser(std::string_view text) : lexer_(text) {}

  Result<NodePtr> whole() {
    CAIRN_CHECK(advance());
    CAIRN_TRY(NodePtr node, expression());
    if (token_.word != Word::end)
      return lexer_.error_at(token_.at, cat("the expression ends before '", token_.text, "'"),
                             end_hint());
    return node;
  }

 private:
  Status advance() {
    before_ = std::exchange(token_, {});
    CAIRN_TRY(token_, lexer_.next());
    return {};
  }
  // The mistakes that people make most.
  std::string_view end_hint() const {
    if (at("=")) {
      if (lexer_.rest().starts_with('>')) return "write >=";
      return lexer_.rest().starts_with('<') ? "write <=" : "compare with ==";
    }
    if (at_name("and") || at_name("or")) return "write && for and, || for or";
    if (before_.word == Word::name && equal_ignoring_case(before_.text, "not"))
      return "write ! for not";
    if (before_.word == Word::integer && token_.word == Word::name)
      return "write the number alone, without a unit";
    if (token_.word == Word::name || at("@")) return "a text stands in \"…\"";
    return {};
  }
  std::string_view value_hint() const {
    const bool after_symbol = before_.word == Word::symbol;
    if (after_symbol && at("=") && before_.text == "==") return "compare with ==";
    if (after_symbol && at(">") && before_.text == "<") return "write != for <>";
    return at("/") ? "a text stands in \"…\"" : "";
  }
  bool at(std::string_view symbol) const {
    return token_.word == Word::symbol && token_.text == symbol;
  }
  bool at_name(std::string_view name) const {
    return token_.word == Word::name && equal_ignoring_case(token_.text, name);
  }
  Error wanted(std::string_view what) const {
    return lexer_.error_at(token_.at,
                           token_.word == Word::end
                               ? cat("the text ends where ", what, " should follow")
                               : cat(what, " should stand here, not '", token_.text, "'"),
                           value_hint());
  }
  Status expect(std::string_view symbol) {
    if (!at(symbol)) return wanted(cat("'", symbol, "'"));
    return advance();
  }
  Result<NodePtr> made(Node node) const {
    for (const NodePtr& child : node.children)
      node.height = std::max(node.height, child->height + 1);
    for (const auto& [name, inner] : node.nested.attributes())
      node.height = std::max(node.height, inner.root().height + 1);
    if (node.height > kMaxHeight) return lexer_.error_at(token_.at, "nested too deeply");
    return std::make_shared<const Node>(std::move(node));
  }

  struct Depth {
    int& depth;
    explicit Depth(int& counted) : depth(counted) { ++depth; }
    ~Depth() { --depth; }
    Depth(const Depth&) = delete;
    Depth& operator=(const Depth&) = delete;
  };

  Result<NodePtr> expression() {
    const Depth depth(depth_);
    if (depth_ > kMaxNesting) return lexer_.error_at(token_.at, "nested too deeply");
    CAIRN_TRY(NodePtr condition, binary(1));
    if (at("?:")) {
      CAIRN_CHECK(advance());
      CAIRN_TRY(NodePtr otherwise, expression());
      return made({.kind = NodeKind::conditional,
                   .children = {std::move(condition), std::move(otherwise)}});
    }
    if (!at("?")) return condition;
    CAIRN_CHECK(advance());
    CAIRN_TRY(NodePtr then, expression());
    CAIRN_CHECK(expect(":"));
    CAIRN_TRY(NodePtr otherwise, expression());
    return made({.kind = NodeKind::conditional,
                 .children = {std::move(condition), std::move(then), std::move(otherwise)}});
  }

  Op binary_word() const {
    if (token_.word == Word::name && !at_name("is") && !at_name("isnt")) return Op::none;
    if (token_.word != Word::name && token_.word != Word::symbol) return Op::none;
    for (const BinaryWord& word : kBinaryWords)
      if (equal_ignoring_case(word.text, token_.text)) return word.op;
    return Op::none;
  }

  Result<NodePtr> binary(int tightest) {
    CAIRN_TRY(NodePtr left, unary());
    for (;;) {
      const Op op = binary_word();
      if (op == Op::none || binding(op) < tightest) return left;
      CAIRN_CHECK(advance());
      CAIRN_TRY(NodePtr right, binary(binding(op) + 1));
      CAIRN_TRY(left, made({.kind = NodeKind::binary,
                            .op = op,
                            .children = {std::move(left), std::move(right)}}));
    }
  }

  Result<NodePtr> unary() {
    const Depth depth(depth_);
    if (depth_ > kMaxNesting) return lexer_.error_at(token_.at, "nested too deeply");
    if (at("-") && lexer_.minus_begins_number()) {
      CAIRN_TRY(token_, lexer_.negative_number());
      return postfix();
    }
    Op op = Op::none;
    if (at("-")) op = Op::minus;
    if (at("+")) op = Op::plus;
    if (at("!")) op = Op::logical_not;
    if (at("~")) op = Op::bit_not;
    if (op == Op::none) return postfix();
    CAIRN_CHECK(advance());
    CAIRN_TRY(NodePtr operand, unary());
    return made({.kind = NodeKind::unary, .op = op, .children = {std::move(operand)}});
  }

  Result<NodePtr> postfix() {
    CAIRN_TRY(NodePtr node, primary());
    for (;;) {
      if (at(".")) {
        CAIRN_CHECK(advance());
        CAIRN_TRY(std::string name, attribute_name());
        CAIRN_TRY(node, made({.kind = NodeKind::attribute,
                              .name = std::move(name),
                              .children = {std::move(node)}}));
      } else if (at("[")) {
        CAIRN_CHECK(advance());
        CAIRN_TRY(NodePtr index, expression());
        CAIRN_CHECK(expect("]"));
        CAIRN_TRY(node, made({.kind = NodeKind::subscript,
                              .children = {std::move(node), std::move(index)}}));
      } else {
        return node;
      }
    }
  }

  Result<std::string> attribute_name() {
    if (token_.word != Word::name && token_.word != Word::quoted_name)
      return wanted("an attribute's name");
    std::string name =
        token_.word == Word::name ? std::string(token_.text) : std::move(token_.content);
    CAIRN_CHECK(advance());
    return name;
  }

  Result<NodePtr> literal(Value value) {
    CAIRN_CHECK(advance());
    return made({.kind = NodeKind::literal, .value = std::move(value)});
  }

  Result<NodePtr> primary() {
    switch (token_.word) {
      case Word::integer:
        return literal(Value::integer(token_.integer));
      case Word::real:
        return literal(Value::real(token_.real));
      case Word::string:
        return literal(Value::string(std::move(token_.content)));
      case Word::quoted_name:
        return attribute(false);
      case Word::name:
        return name();
      case Word::end:
        return wanted("a value");
      case Word::symbol:
        break;
    }
    if (at("(")) {
      CAIRN_CHECK(advance());
      CAIRN_TRY(NodePtr inner, expression());
      CAIRN_CHECK(expect(")"));
      return made({.kind = NodeKind::parentheses, .children = {std::move(inner)}});
    }
    if (at(".")) {
      CAIRN_CHECK(advance());
      return attribute(true);
    }
    if (at("{")) {
      CAIRN_TRY(auto items, sequence("}"));
      return made({.kind = NodeKind::list, .children = std::move(items)});
    }
    if (at("[")) return nested_ad();
    return wanted("a value");
  }

  Result<NodePtr> attribute(bool absolute) {
    CAIRN_TRY(std::string name, attribute_name());
    return made({.kind = NodeKind::attribute, .absolute = absolute, .name = std::move(name)});
  }

  Result<NodePtr> name() {
    if (at_name("true")) return literal(Value::boolean(true));
    if (at_name("false")) return literal(Value::boolean(false));
    if (at_name("undefined")) return literal(Value::undefined());
    if (at_name("error")) return literal(Value::error());
    if (at_name("is") || at_name("isnt")) return wanted("a value");
    std::string name(token_.text);
    CAIRN_CHECK(advance());
    if (!at("(")) return made({.kind = NodeKind::attribute, .name = std::move(name)});
    CAIRN_TRY(auto arguments, sequence(")"));
    const Function* function = find_function(name);
    return made({.kind = NodeKind::call,
                 .name = std::move(name),
                 .function = function,
                 .children = std::move(arguments)});
  }

  // From the opening bracket over the closing one.
  Result<std::vector<NodePtr>> sequence(std::string_view end) {
    std::vector<NodePtr> items;
    CAIRN_CHECK(advance());
    if (!at(end)) {
      for (;;) {
        CAIRN_TRY(NodePtr item, expression());
        items.push_back(std::move(item));
        if (!at(",")) break;
        CAIRN_CHECK(advance());
      }
    }
    CAIRN_CHECK(expect(end));
    return items;
  }

  Result<NodePtr> nested_ad() {
    Ad ad;
    CAIRN_CHECK(advance());
    while (!at("]")) {
      if (at(";")) {
        CAIRN_CHECK(advance());
        continue;
      }
      CAIRN_TRY(std::string name, attribute_name());
      CAIRN_CHECK(expect("="));
      CAIRN_TRY(NodePtr value, expression());
      ad.set(name, Expression(std::move(value)));
      if (!at("]") && !at(";")) return wanted("';' or ']'");
    }
    CAIRN_CHECK(advance());
    return made({.kind = NodeKind::ad, .nested = std::move(ad)});
  }

  Lexer lexer_;
  Token token_, before_;
  int depth_ = 0;
};

}  // namespace

Result<Expression> Expression::parse(std::string_view text) {
  CAIRN_TRY(NodePtr root, Parser(text).whole());
  return Expression(std::move(root));
}

}  // namespace cairn::classad
