// `use CATEGORY : name`: pieces of submit language that HTCondor brings along.
#pragma once

#include <optional>
#include <string_view>

namespace cairn {

bool is_template_category(std::string_view category);
// Its lines, to be read where the `use` stands; nothing: there is no such one.
std::optional<std::string_view> template_text(std::string_view category, std::string_view name);

}  // namespace cairn
