// Trees and values as HTCondor 23 writes them into job ads.
#include <array>

#include "base/text.h"
#include "classad/lists.h"
#include "classad/literal.h"
#include "classad/node.h"
#include "classad/times.h"

namespace cairn::classad {
namespace {

struct OpWords {
  std::string_view symbol;
  int binding;
};
constexpr std::array<OpWords, 26> kOps = {{
    {"", 0},   {"||", 1},  {"&&", 2},  {"|", 3}, {"^", 4},  {"&", 5},  {"==", 6},
    {"!=", 6}, {"=?=", 6}, {"=!=", 6}, {"<", 7}, {"<=", 7}, {">", 7},  {">=", 7},
    {"<<", 8}, {">>", 8},  {">>>", 8}, {"+", 9}, {"-", 9},  {"*", 10}, {"/", 10},
    {"%", 10}, {"+", 0},   {"-", 0},   {"!", 0}, {"~", 0},
}};

void write_name(std::string_view name, std::string& text) {
  if (is_attribute_name(name)) {
    text += name;
    return;
  }
  text += '\'';
  for (const char letter : name) {
    if (letter == '\'') text += '\\';
    text += letter;
  }
  text += '\'';
}

void write_sequence(const std::vector<NodePtr>& nodes, std::string& text) {
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (i > 0) text += ',';
    unparse(*nodes[i], text);
  }
}

void write_value(const Value& value, std::string& text) {
  switch (value.kind()) {
    case Value::Kind::undefined:
      text += "undefined";
      return;
    case Value::Kind::error:
      text += "error";
      return;
    case Value::Kind::boolean:
      text += *value.as_boolean() ? "true" : "false";
      return;
    case Value::Kind::integer:
      text += std::to_string(*value.as_integer());
      return;
    case Value::Kind::real:
      text += real_text(*value.as_real());
      return;
    case Value::Kind::string:
      text += quote_string(*value.as_string());
      return;
    case Value::Kind::absolute_time:
      text += cat("absTime(\"", absolute_time_text(*value.as_absolute_time()), "\")");
      return;
    case Value::Kind::relative_time:
      text += cat("relTime(\"", relative_time_text(*value.as_relative_time()), "\")");
      return;
    case Value::Kind::list:
      text += "{ ";
      write_sequence(value.as_list()->items, text);
      text += " }";
      return;
    case Value::Kind::ad:
      text += value.as_ad()->ad.text();
      return;
  }
}

}  // namespace

int binding(Op op) { return kOps.at(static_cast<std::size_t>(op)).binding; }
std::string_view symbol(Op op) { return kOps.at(static_cast<std::size_t>(op)).symbol; }

void unparse(const Node& node, std::string& text) {
  switch (node.kind) {
    case NodeKind::literal:
      write_value(node.value, text);
      return;
    case NodeKind::attribute:
      if (!node.children.empty()) unparse(*node.children[0], text);
      if (!node.children.empty() || node.absolute) text += '.';
      write_name(node.name, text);
      return;
    case NodeKind::unary:
      text += cat(" ", symbol(node.op));
      unparse(*node.children[0], text);
      return;
    case NodeKind::binary:
      unparse(*node.children[0], text);
      text += cat(" ", symbol(node.op), " ");
      unparse(*node.children[1], text);
      return;
    case NodeKind::conditional:
      unparse(*node.children[0], text);
      text += node.children.size() == 2 ? " ?: " : " ? ";
      unparse(*node.children[1], text);
      if (node.children.size() == 2) return;
      text += " : ";
      unparse(*node.children[2], text);
      return;
    case NodeKind::subscript:
      unparse(*node.children[0], text);
      text += '[';
      unparse(*node.children[1], text);
      text += ']';
      return;
    case NodeKind::call:
      text += cat(node.name, "(");
      write_sequence(node.children, text);
      text += ')';
      return;
    case NodeKind::list:
      text += "{ ";
      write_sequence(node.children, text);
      text += " }";
      return;
    case NodeKind::ad:
      text += node.nested.text();
      return;
    case NodeKind::parentheses:
      text += '(';
      unparse(*node.children[0], text);
      text += ')';
      return;
  }
}

std::string Expression::text() const {
  std::string text;
  unparse(*root_, text);
  return text;
}

std::string Value::text() const {
  std::string text;
  write_value(*this, text);
  return text;
}

std::string Value::plain_text() const { return as_string() ? *as_string() : text(); }

}  // namespace cairn::classad
