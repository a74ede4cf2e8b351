#include "submit/templates.h"

#include "base/text.h"

namespace cairn {
namespace {

constexpr std::string_view kLenient =
    "SubmitWarnEmptyMatches = false\nSubmitFailEmptyMatches = false\n"
    "SubmitWarnDuplicateMatches = false\nSubmitFailEmptyFields = false\n"
    "SubmitWarnEmptyFields = false\n";
constexpr std::string_view kStrict =
    "SubmitWarnEmptyMatches = true\nSubmitFailEmptyMatches = true\n"
    "SubmitWarnDuplicateMatches = true\nSubmitFailEmptyFields = false\n"
    "SubmitWarnEmptyFields = true\n";
constexpr std::string_view kHarsh =
    "SubmitWarnEmptyMatches = true\nSubmitFailEmptyMatches = true\n"
    "SubmitWarnDuplicateMatches = true\nSubmitFailEmptyFields = true\n"
    "SubmitWarnEmptyFields = true\n";

}  // namespace

bool is_template_category(std::string_view category) {
  return equal_ignoring_case(category, "STRICT") || equal_ignoring_case(category, "TEMPLATE");
}

std::optional<std::string_view> template_text(std::string_view category, std::string_view name) {
  if (!equal_ignoring_case(category, "STRICT")) return std::nullopt;
  if (equal_ignoring_case(name, "false")) return kLenient;
  if (equal_ignoring_case(name, "true")) return kStrict;
  if (equal_ignoring_case(name, "harsh")) return kHarsh;
  return std::nullopt;
}

}  // namespace cairn
