// Durations and sizes as people write them.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "cairn/result.h"

namespace cairn {

// "250ms", "3s", "1.5h", "10m", "2d"; a plain number is seconds.
Result<std::chrono::milliseconds> parse_duration(std::string_view text);

// Two significant places at a glance: "380 ms", "4.2 s", "3 min 20 s", "2 h 05 min".
std::string format_duration(std::chrono::milliseconds duration);

// "512 B", "4.0 KiB", "1.5 GiB".
std::string format_size(std::uint64_t bytes);

}  // namespace cairn
