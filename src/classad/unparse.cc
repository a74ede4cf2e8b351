// Trees and values as HTCondor 23 writes them into job ads.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>

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

bool is_word_of_the_language(std::string_view name) {
  constexpr std::array<std::string_view, 7> kWords = {"true", "false", "undefined", "error",
                                                      "is",   "isnt",  "parent"};
  return std::any_of(kWords.begin(), kWords.end(),
                     [name](std::string_view word) { return equal_ignoring_case(word, name); });
}

void write_name(std::string_view name, std::string& text) {
  if (is_attribute_name(name) && !is_word_of_the_language(name)) {
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

std::string real_in_full(double number) {
  if (!std::isfinite(number)) return real_text(number);
  char text[40];
  std::snprintf(text, sizeof text, "%.15E", number);
  return text;
}

std::string quote_with_escapes(std::string_view content) {
  std::string text = "\"";
  for (const char letter : content) {
    if (letter == '"' || letter == '\\') text += '\\';
    text += letter;
  }
  return text += '"';
}

// HTCondor has two ways of writing: that of job ads, and the language's own.
class Writer {
 public:
  enum class Style : std::uint8_t { job_ad, own };
  Writer(std::string& text, Style style) : text_(text), style_(style) {}

  void value(const Value& value) {
    const bool own = style_ == Style::own;
    switch (value.kind()) {
      case Value::Kind::undefined:
        text_ += "undefined";
        return;
      case Value::Kind::error:
        text_ += "error";
        return;
      case Value::Kind::boolean:
        text_ += *value.as_boolean() ? "true" : "false";
        return;
      case Value::Kind::integer:
        text_ += std::to_string(*value.as_integer());
        return;
      case Value::Kind::real:
        text_ += own ? real_in_full(*value.as_real()) : real_text(*value.as_real());
        return;
      case Value::Kind::string:
        text_ += own ? quote_with_escapes(*value.as_string()) : quote_string(*value.as_string());
        return;
      case Value::Kind::absolute_time:
        text_ += cat("absTime(\"", absolute_time_text(*value.as_absolute_time()), "\")");
        return;
      case Value::Kind::relative_time:
        text_ += cat("relTime(\"", relative_time_text(*value.as_relative_time()), "\")");
        return;
      case Value::Kind::list:
        text_ += "{ ";
        sequence(value.as_list()->items);
        text_ += " }";
        return;
      case Value::Kind::ad:
        ad(value.as_ad()->ad);
        return;
    }
  }

  void node(const Node& node) {
    switch (node.kind) {
      case NodeKind::literal:
        value(node.value);
        return;
      case NodeKind::attribute:
        if (!node.children.empty()) this->node(*node.children[0]);
        if (!node.children.empty() || node.absolute) text_ += '.';
        write_name(node.name, text_);
        return;
      case NodeKind::unary:
        text_ += cat(" ", symbol(node.op));
        this->node(*node.children[0]);
        return;
      case NodeKind::binary:
        this->node(*node.children[0]);
        text_ += cat(" ", symbol(node.op), " ");
        this->node(*node.children[1]);
        return;
      case NodeKind::conditional:
        this->node(*node.children[0]);
        text_ += node.children.size() == 2 ? " ?: " : " ? ";
        this->node(*node.children[1]);
        if (node.children.size() == 2) return;
        text_ += " : ";
        this->node(*node.children[2]);
        return;
      case NodeKind::subscript:
        this->node(*node.children[0]);
        text_ += '[';
        this->node(*node.children[1]);
        text_ += ']';
        return;
      case NodeKind::call:
        text_ += cat(node.name, "(");
        sequence(node.children);
        text_ += ')';
        return;
      case NodeKind::list:
        text_ += "{ ";
        sequence(node.children);
        text_ += " }";
        return;
      case NodeKind::ad:
        ad(node.nested);
        return;
      case NodeKind::parentheses:
        text_ += '(';
        this->node(*node.children[0]);
        text_ += ')';
        return;
    }
  }

  // Shorter names first, as HTCondor has it.
  void ad(const Ad& ad) {
    std::vector<const Ad::Attributes::value_type*> sorted;
    for (const auto& attribute : ad.attributes()) sorted.push_back(&attribute);
    std::stable_sort(sorted.begin(), sorted.end(), [](const auto* left, const auto* right) {
      return left->first.size() < right->first.size();
    });
    text_ += "[ ";
    for (std::size_t i = 0; i < sorted.size(); ++i) {
      if (i > 0) text_ += "; ";
      write_name(sorted[i]->first, text_);
      text_ += " = ";
      node(sorted[i]->second.root());
    }
    text_ += " ]";
  }

 private:
  void sequence(const std::vector<NodePtr>& nodes) {
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      if (i > 0) text_ += ',';
      node(*nodes[i]);
    }
  }

  std::string& text_;
  Style style_;
};

}  // namespace

int binding(Op op) { return kOps.at(static_cast<std::size_t>(op)).binding; }
std::string_view symbol(Op op) { return kOps.at(static_cast<std::size_t>(op)).symbol; }

void unparse(const Node& node, std::string& text) {
  Writer(text, Writer::Style::job_ad).node(node);
}

std::string text_in_functions(const Value& value) {
  if (const auto* text = value.as_string()) return *text;
  if (const auto* time = value.as_absolute_time()) return absolute_time_text(*time);
  if (const auto* span = value.as_relative_time()) return relative_time_text(*span);
  std::string text;
  Writer(text, Writer::Style::own).value(value);
  return text;
}

std::string Expression::text() const {
  std::string text;
  unparse(*root_, text);
  return text;
}

std::string Ad::text() const {
  std::string text;
  Writer(text, Writer::Style::job_ad).ad(*this);
  return text;
}

std::string Value::text() const {
  std::string text;
  Writer(text, Writer::Style::job_ad).value(*this);
  return text;
}

std::string Value::plain_text() const { return as_string() ? *as_string() : text(); }

}  // namespace cairn::classad
