#include "submit/macro.h"

#include <algorithm>
#include <vector>

#include "base/text.h"
#include "base/try.h"
#include "submit/functions.h"

namespace cairn {
namespace {

// Generous for people, small enough that a file of a few lines cannot keep us busy:
// a = $(b)$(b), b = $(c)$(c), … doubles with every line.
constexpr std::size_t kDepthMax = 64;
constexpr std::size_t kExpansionsMax = 10'000;
constexpr std::size_t kTextBytesMax = std::size_t{1} << 20;
constexpr std::size_t kMovedBytesMax = std::size_t{1} << 28;

bool is_dollar(const Reference& reference, std::string_view text) {
  return reference.kind == ReferenceKind::macro &&
         equal_ignoring_case(reference.whole_body(text), "DOLLAR");
}

void put_dollars(std::string& text) {
  std::size_t at = 0;
  while (const auto reference = next_reference(text, at)) {
    if (is_dollar(*reference, text)) {
      text.replace(reference->start, reference->end - reference->start, "$");
      at = reference->start;
    } else {
      at = reference->end;
    }
  }
}

Error too_large() {
  return {Errc::invalid, "a value is longer than 1 MiB once its macros are expanded", 0,
          "is it a macro that contains itself many times?"};
}

}  // namespace

bool is_macro_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.';
  });
}

struct Macros::Progress {
  // The macros whose text is being read, outermost first, and how much text follows theirs.
  struct Open {
    std::string name;
    std::size_t bytes_after = 0;
  };
  std::vector<Open> open;
  std::size_t expansions = 0, moved_bytes = 0, depth = 0;
};

Status Macros::assign(std::string_view name, std::string_view raw, int line, int file) {
  std::string value(raw);
  if (raw.find('$') != std::string_view::npos) {
    CAIRN_TRY(value, expand_own(name, raw));
  }
  if (starts_with_ignoring_case(name, "SUBMIT.")) has_prefixed_ = true;
  assigned_.insert_or_assign(std::string(name),
                             Macro{.raw = std::move(value), .line = line, .file = file});
  return {};
}

// What refers to the name itself, in $(…) and $F…(…), is replaced by the value so far.
Result<std::string> Macros::expand_own(std::string_view name, std::string_view raw) {
  std::string value(raw);
  Progress progress;
  std::size_t at = 0;
  while (const auto reference = next_reference(value, at)) {
    const bool own =
        (reference->kind == ReferenceKind::macro || reference->kind == ReferenceKind::file_part) &&
        equal_ignoring_case(reference->name(value), name);
    if (!own) {
      // Only the dollar is behind us: a default may hold the name, $(x:$(own)).
      at = reference->body;
      continue;
    }
    std::string so_far;
    if (reference->kind == ReferenceKind::macro) {
      so_far = find(name).value_or("");
      if (so_far.empty()) so_far = reference->fallback(value).value_or("");
    } else {
      CAIRN_TRY(so_far, value_of(*reference, value, progress));
    }
    value.replace(reference->start, reference->end - reference->start, so_far);
    // The value so far holds no reference to itself any more.
    at = reference->start + so_far.size();
    progress.moved_bytes += value.size();
    if (value.size() > kTextBytesMax || progress.moved_bytes > kMovedBytesMax) return too_large();
  }
  return value;
}

void Macros::assign_literal(std::string_view name, std::string_view text) {
  assigned_.insert_or_assign(std::string(name), Macro{.raw = std::string(text), .literal = true});
}

void Macros::set_live(std::string_view name, std::string_view value) {
  const auto found = assigned_.find(name);
  if (found == assigned_.end()) {
    assigned_.emplace(name, Macro{.raw = std::string(value), .literal = true, .live = true});
    return;
  }
  found->second.raw.assign(value);
  found->second.literal = found->second.live = true;
}

void Macros::set_default(std::string_view name, std::string value, bool varies) {
  const auto found = defaults_.find(name);
  if (found == defaults_.end())
    defaults_.emplace(name, Default{std::move(value), varies});
  else
    found->second = {std::move(value), varies};
}

const Macro* Macros::assigned_macro(std::string_view name) const {
  if (has_prefixed_)
    if (const auto found = assigned_.find(cat("SUBMIT.", name)); found != assigned_.end())
      return &found->second;
  const auto found = assigned_.find(name);
  return found == assigned_.end() ? nullptr : &found->second;
}

std::optional<std::string_view> Macros::find(std::string_view name) {
  if (const Macro* const macro = assigned_macro(name)) {
    macro->used = true;
    if (macro->live) varied_ = true;
    return macro->raw;
  }
  if (const auto found = defaults_.find(name); found != defaults_.end()) {
    if (found->second.varies) varied_ = true;
    return found->second.value;
  }
  return std::nullopt;
}

Result<std::string> Macros::expand(std::string_view text) {
  if (text.find('$') == std::string_view::npos) return std::string(text);
  Progress progress;
  return expand_text(std::string(text), progress, false);
}

Result<std::string> Macros::expand_text(std::string text, Progress& progress, bool keep_dollar) {
  std::string result;
  std::string rest = std::move(text);
  const std::size_t open_before = progress.open.size();
  std::size_t from = 0;
  while (const auto reference = next_reference(rest, from)) {
    if (is_dollar(*reference, rest)) {
      from = reference->end;
      continue;
    }
    CAIRN_CHECK(check_circle(*reference, rest, progress));
    CAIRN_TRY(const std::string value, value_of(*reference, rest, progress));
    // A default that names its own macro, $(y:$(y:z)), is no circle.
    if (reference->kind == ReferenceKind::macro &&
        !find(reference->name(rest)).value_or(std::string_view()).empty())
      progress.open.push_back({std::string(reference->name(rest)), rest.size() - reference->end});
    progress.moved_bytes += rest.size();
    result.append(rest, 0, reference->start);
    rest.replace(0, reference->end, value);
    from = 0;
    if (result.size() + rest.size() > kTextBytesMax || progress.moved_bytes > kMovedBytesMax)
      return too_large();
  }
  progress.open.resize(open_before);
  result += rest;
  if (!keep_dollar) put_dollars(result);
  return result;
}

Status Macros::check_circle(const Reference& reference, const std::string& rest,
                            Progress& progress) {
  auto& open = progress.open;
  while (!open.empty() && open.back().bytes_after >= rest.size() - reference.start) open.pop_back();
  const std::string_view name = reference.name(rest);
  if (open.size() >= kDepthMax || progress.depth >= kDepthMax ||
      ++progress.expansions > kExpansionsMax)
    return Error{Errc::invalid, cat("macros too deep or too many at $(", name, ")"), 0,
                 cat("at most ", kDepthMax, " may be nested, and ", kExpansionsMax,
                     " be expanded in one value")};
  if (reference.kind != ReferenceKind::macro) return {};
  for (const auto& outer : open)
    if (equal_ignoring_case(outer.name, name)) {
      std::string circle;
      for (const auto& step : open) circle += step.name + " -> ";
      return Error{Errc::invalid, cat("macros in a circle: ", circle, name), 0,
                   "a macro may refer to its own value so far, but not through another one"};
    }
  return {};
}

Result<std::string> Macros::value_of(const Reference& reference, const std::string& text,
                                     Progress& progress) {
  if (reference.kind != ReferenceKind::macro) {
    ++progress.depth;
    const auto outer = std::exchange(progress.open, {});
    const MacroFunctions functions(*this, [this, &progress](std::string argument) {
      return expand_text(std::move(argument), progress, true);
    });
    auto value = functions.call(reference, text);
    progress.open = outer;
    --progress.depth;
    return value;
  }
  const std::string_view name = reference.name(text);
  const auto value = find(name);
  if (value && !value->empty()) return std::string(*value);
  if (const auto fallback = reference.fallback(text)) return std::string(*fallback);
  if (!value && !name.empty())
    note_missing(cat("$(", name, ") is not defined and stands for nothing"));
  return std::string();
}

void Macros::note_missing(std::string sentence) {
  if (missing_.insert(sentence).second) new_missing_.push_back(std::move(sentence));
}

void Macros::forget_missing() {
  for (const std::string& sentence : take_missing()) missing_.erase(sentence);
}

}  // namespace cairn
