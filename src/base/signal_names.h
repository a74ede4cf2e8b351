// Signals by their names, as a shell and HTCondor write them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace cairn {

std::optional<int> parse_signal(std::string_view text);  // SIGTERM, term, 15
std::optional<std::string> signal_name(int number);      // "SIGTERM"; nothing: it has none

}  // namespace cairn
