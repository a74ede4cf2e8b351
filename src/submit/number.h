// Values of the submit language that are numbers, truth or text: literals, or ClassAd
// expressions that name no attribute.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cairn {

std::optional<std::int64_t> evaluate_integer(std::string_view text);
std::optional<double> evaluate_real(std::string_view text);
std::optional<bool> evaluate_bool(std::string_view text);  // also yes, no, t, f

struct EvaluatedText {
  std::string text;
  bool is_string = false;  // else it is a value as ClassAds write it
};
// Nothing: it is no expression.
std::optional<EvaluatedText> evaluate_text(std::string_view text);

// "64M", "1.5 GB", "100" in units of `unit` bytes, rounded up; plain numbers are of that unit.
// K, M, G and T, each with or without B; nothing for all else (KiB).
std::optional<std::int64_t> parse_size(std::string_view text, std::int64_t unit);

}  // namespace cairn
