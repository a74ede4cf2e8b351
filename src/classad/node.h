// The tree of an expression.  For this folder alone.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "classad/expression.h"
#include "classad/value.h"

namespace cairn::classad {

enum class Op : std::uint8_t {
  none,
  logical_or,
  logical_and,
  bit_or,
  bit_xor,
  bit_and,
  equal,
  not_equal,
  same,
  not_same,
  less,
  less_equal,
  greater,
  greater_equal,
  shift_left,
  shift_right,
  shift_right_logical,
  add,
  subtract,
  multiply,
  divide,
  modulo,
  plus,
  minus,
  logical_not,
  bit_not,
};

enum class NodeKind : std::uint8_t {
  literal,      // value
  attribute,    // name, .name (absolute), or children[0].name
  unary,        // op children[0]
  binary,       // children[0] op children[1]
  conditional,  // children[0] ? children[1] : children[2], or ?: with two
  subscript,    // children[0][children[1]]
  call,         // name(children)
  list,         // {children}
  ad,           // [nested]
  parentheses,  // (children[0])
};

struct Function;

struct Node {
  NodeKind kind = NodeKind::literal;
  Op op = Op::none;
  bool absolute = false;
  std::uint32_t height = 1;
  Value value = {};
  std::string name = {};
  const Function* function = nullptr;  // of a call; nullptr: no such function
  std::vector<NodePtr> children = {};
  Ad nested = {};
};

// How tightly a binary operator binds: 1 (||) to 10 (*).
int binding(Op op);
std::string_view symbol(Op op);
void unparse(const Node& node, std::string& text);
// As functions make text of a value: reals with all digits (1.500000000000000E+00), in
// lists backslashes doubled, times bare.
std::string text_in_functions(const Value& value);

}  // namespace cairn::classad
