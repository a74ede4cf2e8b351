#include "job/reference.h"

#include <algorithm>
#include <array>

namespace cairn {
namespace {

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}
bool is_name_letter(char c) { return is_alphanumeric(c) || c == '_' || c == '.' || c == '/'; }
bool is_default_letter(char c) {
  return std::string_view("$ ,\\:").find(c) != std::string_view::npos;
}

struct Function {
  std::string_view name;
  ReferenceKind kind;
};
constexpr std::array kFunctions = {Function{"ENV", ReferenceKind::env},
                                   Function{"RANDOM_CHOICE", ReferenceKind::random_choice},
                                   Function{"RANDOM_INTEGER", ReferenceKind::random_integer},
                                   Function{"CHOICE", ReferenceKind::choice},
                                   Function{"SUBSTR", ReferenceKind::substr},
                                   Function{"INT", ReferenceKind::integer},
                                   Function{"REAL", ReferenceKind::real},
                                   Function{"STRING", ReferenceKind::string},
                                   Function{"EVAL", ReferenceKind::eval},
                                   Function{"BASENAME", ReferenceKind::basename},
                                   Function{"DIRNAME", ReferenceKind::dirname}};

// Only these are functions: $other(x) is ordinary text.
std::optional<ReferenceKind> kind_of(std::string_view function) {
  if (function.empty()) return ReferenceKind::macro;
  if (function.starts_with('F') &&
      function.find_first_not_of("pnxdqabfwuPNXDQABFWU", 1) == std::string_view::npos)
    return ReferenceKind::file_part;
  for (const auto& [name, kind] : kFunctions)
    if (function == name) return kind;
  return std::nullopt;
}

// The rest of `reference`, whose body is known to begin at `body`; nothing if it is none.
std::optional<Reference> read_name_body(std::string_view text, Reference reference) {
  for (std::size_t at = reference.body; at < text.size(); ++at) {
    const char letter = text[at];
    if (letter == ')') {
      reference.end = at + 1;
      return reference;
    }
    if (letter == ':' && !reference.colon) {
      reference.colon = at;
    } else if (reference.colon && letter == '(') {
      const std::size_t close = text.find(')', at);
      if (close == std::string_view::npos) return std::nullopt;
      at = close;
    } else if (!is_name_letter(letter) && !(reference.colon && is_default_letter(letter))) {
      return std::nullopt;
    }
  }
  return std::nullopt;
}

std::optional<Reference> read_body(std::string_view text, const Reference& reference) {
  if (reference.kind == ReferenceKind::macro || reference.kind == ReferenceKind::env)
    return read_name_body(text, reference);
  const std::size_t close = text.find(')', reference.body);
  if (close == std::string_view::npos) return std::nullopt;
  Reference whole = reference;
  whole.end = close + 1;
  return whole;
}

}  // namespace

std::optional<Reference> next_reference(std::string_view text, std::size_t from) {
  while (true) {
    const std::size_t dollar = text.find('$', from);
    if (dollar == std::string_view::npos) return std::nullopt;
    std::size_t at = dollar + 1;
    const bool match_time = at < text.size() && text[at] == '$';
    if (match_time) ++at;
    while (at < text.size() && (is_alphanumeric(text[at]) || text[at] == '_')) ++at;
    from = at;
    if (match_time || at >= text.size() || text[at] != '(') continue;
    const auto kind = kind_of(text.substr(dollar + 1, at - dollar - 1));
    if (!kind) continue;
    from = at + 1;
    if (auto whole = read_body(text, {.kind = *kind, .start = dollar, .body = at + 1, .colon = {}}))
      return whole;
  }
}

std::optional<MatchReference> next_match_reference(std::string_view text, std::size_t from) {
  for (std::size_t start = text.find("$$(", from); start != std::string_view::npos;
       start = text.find("$$(", start + 1)) {
    const std::size_t body = start + 3;
    MatchReference found{.start = start, .name = {}, .fallback = {}, .expression = {}};
    if (body < text.size() && text[body] == '[') {
      const std::size_t close = text.find("])", body);
      if (close == std::string_view::npos) continue;
      found.expression = text.substr(body + 1, close - body - 1);
      found.end = close + 2;
      return found;
    }
    const auto whole = read_name_body(text, {.start = start, .body = body, .colon = {}});
    if (!whole) continue;
    found.name = whole->name(text);
    found.has_fallback = whole->colon.has_value();
    found.fallback = whole->fallback(text).value_or(std::string_view());
    found.end = whole->end;
    return found;
  }
  return std::nullopt;
}

}  // namespace cairn
