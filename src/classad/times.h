// Absolute and relative times as text.  For this folder alone.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "classad/value.h"

namespace cairn::classad {

std::string absolute_time_text(AbsoluteTime time);  // 2026-11-28T09:00:00+01:00
std::string relative_time_text(RelativeTime time);  // 1+03:46:40.5, days first
std::optional<AbsoluteTime> parse_absolute_time(std::string_view text);
std::optional<RelativeTime> parse_relative_time(std::string_view text);
std::int32_t local_offset_seconds(std::int64_t time_seconds);

}  // namespace cairn::classad
