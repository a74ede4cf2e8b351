#include "submit/macro.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/text.h"
#include "base/try.h"

namespace cairn {
namespace {

// Generous for people, small enough that a file of a few lines cannot keep us busy:
// a = $(b)$(b), b = $(c)$(c), … doubles with every line.
constexpr std::size_t kDepthMax = 32;
constexpr std::size_t kExpansionsMax = 10'000;
constexpr std::size_t kTextBytesMax = std::size_t{1} << 20;

// Only these are functions: $other(x) is ordinary text.
constexpr std::array<std::string_view, 11> kFunctions = {
    "ENV",  "RANDOM_CHOICE", "RANDOM_INTEGER", "CHOICE",   "SUBSTR", "INT",
    "REAL", "STRING",        "EVAL",           "BASENAME", "DIRNAME"};

constexpr std::array<std::string_view, 12> kAutomaticNotYet = {
    "SUBMIT_TIME", "YEAR",        "MONTH",         "DAY",     "ARCH",      "OPSYS",
    "OPSYSVER",    "OPSYSANDVER", "OPSYSMAJORVER", "IsLinux", "IsWindows", "SPOOL"};

bool is_function(std::string_view name) {
  if (std::find(kFunctions.begin(), kFunctions.end(), name) != kFunctions.end()) return true;
  return name.starts_with('F') && name.find_first_not_of("fpduwnxbqa", 1) == std::string_view::npos;
}

Error not_yet(std::string_view what) {
  return {Errc::unsupported, cat(what, " is not supported yet"), 0,
          "write the value itself, or define a macro for it"};
}

// `text` begins with a dollar sign.
Status check_supported(std::string_view text) {
  if (text.starts_with("$$("))
    return not_yet(cat("'", text.substr(0, 40), "', filled in at match time,"));
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
  const std::size_t end = text.find_first_not_of(kLetters, 1);
  if (end == std::string_view::npos || text[end] != '(') return {};
  const std::string_view name = text.substr(1, end - 1);
  if (is_function(name)) return not_yet(cat("the function $", name, "()"));
  return {};
}

// The length of "(…)" at the start of `text`, brackets matched, or npos.
std::size_t bracket_length(std::string_view text) {
  int depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '(') ++depth;
    if (text[i] == ')' && --depth == 0) return i + 1;
  }
  return std::string_view::npos;
}

std::string_view name_of(std::string_view body) {
  return trim(body.substr(0, std::min(body.find(':'), body.size())));
}

std::optional<std::string_view> default_of(std::string_view body) {
  const std::size_t colon = body.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  return body.substr(colon + 1);
}

}  // namespace

bool is_macro_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.';
  });
}

struct Macros::Progress {
  std::vector<std::string> open;  // the macros that are being expanded, outermost first
  std::size_t expansions = 0;
};

void Macros::assign(std::string_view name, std::string_view raw, int line) {
  const auto old = assigned_.find(name);
  std::string value;
  while (true) {
    const std::size_t start = raw.find("$(");
    if (start == std::string_view::npos) break;
    value += raw.substr(0, start);
    const bool plain = start == 0 || raw[start - 1] != '$';  // not $$(name)
    raw.remove_prefix(start);
    std::size_t taken = 2;
    // The name is looked at first: matching brackets again and again would be quadratic.
    const std::string_view own = raw.substr(2, raw.find_first_of(":()", 2) - 2);
    const std::size_t length = plain && equal_ignoring_case(trim(own), name)
                                   ? bracket_length(raw.substr(1))
                                   : std::string_view::npos;
    if (length == std::string_view::npos) {
      value += "$(";
    } else {
      const std::string_view body = raw.substr(2, length - 2);
      const bool has_value = old != assigned_.end() && !old->second.raw.empty();
      value += has_value ? std::string_view(old->second.raw) : default_of(body).value_or("");
      taken = 1 + length;
    }
    raw.remove_prefix(taken);
  }
  value += raw;
  if (value.size() > kTextBytesMax) value.resize(kTextBytesMax + 1);  // expand() will say so
  assigned_.insert_or_assign(std::string(name), Macro{std::move(value), line});
}

void Macros::set_automatic(std::string_view name, std::string value) {
  automatic_.insert_or_assign(std::string(name), std::move(value));
}

std::optional<std::string_view> Macros::find(std::string_view name) const {
  if (const auto found = automatic_.find(name); found != automatic_.end()) return found->second;
  if (const auto found = assigned_.find(name); found != assigned_.end()) return found->second.raw;
  return std::nullopt;
}

Result<std::string> Macros::expand(std::string_view text) {
  std::string result;
  Progress progress;
  CAIRN_CHECK(expand_into(result, text, progress));
  return result;
}

Status Macros::expand_into(std::string& result, std::string_view text, Progress& progress) {
  while (true) {
    const std::size_t dollar = std::min(text.find('$'), text.size());
    result += text.substr(0, dollar);
    text.remove_prefix(dollar);
    if (result.size() > kTextBytesMax)
      return Error{Errc::invalid, "a value is longer than 1 MiB once its macros are expanded", 0,
                   "is it a macro that contains itself many times?"};
    if (text.empty()) return {};
    CAIRN_CHECK(check_supported(text));
    if (!text.starts_with("$(")) {
      result += '$';
      text.remove_prefix(1);
      continue;
    }
    const std::size_t length = bracket_length(text.substr(1));
    if (length == std::string_view::npos)
      return Error{Errc::invalid, cat("'", text.substr(0, 40), "' has no closing bracket"), 0,
                   "write $(name), and $(DOLLAR) for a dollar sign itself"};
    CAIRN_CHECK(expand_reference(result, text.substr(2, length - 2), progress));
    text.remove_prefix(1 + length);
  }
}

Status Macros::expand_reference(std::string& result, std::string_view body, Progress& progress) {
  const std::string name(name_of(body));
  if (!is_macro_name(name))
    return Error{Errc::invalid, cat("'$(", body, ")' names no macro"), 0,
                 "names are letters, digits, _ and .; write $(DOLLAR) for a dollar sign itself"};
  if (equal_ignoring_case(name, "DOLLAR")) {
    result += '$';
    return {};
  }
  const bool circle = std::any_of(progress.open.begin(), progress.open.end(),
                                  [&name](auto& open) { return equal_ignoring_case(open, name); });
  progress.open.push_back(name);
  if (circle)
    return Error{Errc::invalid, cat("macros in a circle: ", join(progress.open, " -> ")), 0,
                 "a macro may refer to its own value so far, but not through another one"};
  if (progress.open.size() > kDepthMax || ++progress.expansions > kExpansionsMax)
    return Error{Errc::invalid, cat("macros too deep or too many at $(", name, ")"), 0,
                 cat("at most ", kDepthMax, " may be nested, and ", kExpansionsMax,
                     " be expanded in one value")};
  used_.insert(name);
  const auto value = find(name);
  if (value && !value->empty()) {
    CAIRN_CHECK(expand_into(result, *value, progress));
  } else if (const auto fallback = default_of(body)) {
    CAIRN_CHECK(expand_into(result, *fallback, progress));
  } else if (!value) {
    for (const std::string_view automatic : kAutomaticNotYet)
      if (equal_ignoring_case(name, automatic)) return not_yet(cat("$(", automatic, ")"));
    missing_.insert(name);
  }
  progress.open.pop_back();
  return {};
}

}  // namespace cairn
