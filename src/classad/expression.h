// ClassAd expressions and ads: parsing them and writing them.
//
// Both are cheap to copy and never change once others may see them: a tree is shared by
// all who hold it.  Text is as in job ads ("old" ClassAds): in a string a backslash stands
// for itself unless a double quote follows.  Hostile text is refused, not followed: trees
// are at most kMaxHeight high.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "cairn/result.h"
#include "classad/value.h"

namespace cairn::classad {

struct Node;
using NodePtr = std::shared_ptr<const Node>;

inline constexpr std::uint32_t kMaxHeight = 1000;

enum class RefScope : std::uint8_t { none, my, target };
// x, MY.x or TARGET.x in an expression.
struct Reference {
  RefScope scope = RefScope::none;
  std::string name;  // as written
  friend bool operator==(const Reference& left, const Reference& right) {
    return left.scope == right.scope && equal_ignoring_case(left.name, right.name);
  }
};

struct Comparison;

class Expression {
 public:
  Expression();  // undefined
  explicit Expression(NodePtr root) : root_(std::move(root)) {}
  static Expression literal(Value value);

  // The whole text is one expression.
  // Errors: invalid, with the column (from 1).
  static Result<Expression> parse(std::string_view text);

  // As HTCondor writes it back: one blank around operators, parentheses as they were.
  std::string text() const;

  // The literal's value; nothing if it is no literal.
  const Value* as_literal() const;

  // The attributes it refers to that it does not bring along itself, each once, in order of
  // appearance; and the functions it calls.
  std::vector<Reference> references() const;
  std::vector<std::string> calls() const;

  // x, MY.x or TARGET.x, in parentheses or not; nothing: it is more than that.
  std::optional<Reference> as_reference() const;

  // The parts that && or || joins on top, each without parentheses around it; one, if none does.
  std::vector<Expression> conjuncts() const;
  std::vector<Expression> disjuncts() const;

  // Everything in it that == != =?= =!= < <= > or >= compares, from left to right.
  std::vector<Comparison> comparisons() const;

  const Node& root() const { return *root_; }
  const NodePtr& shared_root() const { return root_; }

 private:
  NodePtr root_;
};
// The same text.
bool operator==(const Expression& left, const Expression& right);

struct Comparison {
  Expression left;
  std::string_view op;  // "==", as it is written back
  Expression right;
};

// Names with expressions; names are looked up without regard to case.
class Ad {
 public:
  using Attributes = std::map<std::string, Expression, LessIgnoringCase>;

  Ad();
  // Lines `Name = expression`, as condor_q -long and .job.ad have them.
  // Errors: invalid, with the line.
  static Result<Ad> parse(std::string_view text);

  void set(std::string_view name, Expression expression);
  void set(std::string_view name, Value value) { set(name, Expression::literal(std::move(value))); }
  void erase(std::string_view name);

  const Expression* find(std::string_view name) const;  // nullptr: there is none
  const Attributes& attributes() const { return *attributes_; }

  // "[ a = 1; b = 2 ]", as an expression writes it; and one line per attribute, sorted.
  std::string text() const;
  std::string lines() const;

 private:
  Attributes& own();
  std::shared_ptr<Attributes> attributes_;  // copied when written to while shared
};

}  // namespace cairn::classad
