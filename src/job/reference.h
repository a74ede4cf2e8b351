// Where the next macro or function stands in a text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cairn {

enum class ReferenceKind : std::uint8_t {
  macro,
  env,
  random_choice,
  random_integer,
  choice,
  substr,
  integer,
  real,
  string,
  eval,
  basename,
  dirname,
  file_part
};

// aaaa$ENV(NAME:default)bbbb
//     start body colon  end
struct Reference {
  ReferenceKind kind = ReferenceKind::macro;
  std::size_t start = 0, body = 0, end = 0;
  std::optional<std::size_t> colon;
  std::string_view function(std::string_view text) const {
    return text.substr(start + 1, body - start - 2);
  }
  std::string_view whole_body(std::string_view text) const {
    return text.substr(body, end - 1 - body);
  }
  std::string_view name(std::string_view text) const {
    return text.substr(body, (colon ? *colon : end - 1) - body);
  }
  std::optional<std::string_view> fallback(std::string_view text) const {
    if (!colon) return std::nullopt;
    return text.substr(*colon + 1, end - 2 - *colon);
  }
};

// $(name), $(name:default) or $FUNCTION(…) at `from` or later.  A name has letters, digits,
// _ . and /, a default also $ , : \ blanks and (…); what has others is no reference.
std::optional<Reference> next_reference(std::string_view text, std::size_t from);

// $$(name), $$(name:default) or $$([expression]), which are filled in when a machine is known.
struct MatchReference {
  std::size_t start = 0, end = 0;
  std::string_view name, fallback, expression;
  bool has_fallback = false;
};
std::optional<MatchReference> next_match_reference(std::string_view text, std::size_t from);

}  // namespace cairn
