#include "base/units.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "base/text.h"

namespace cairn {
namespace {

struct Unit {
  std::string_view name;
  double milliseconds;
};
constexpr std::array<Unit, 6> kUnits{
    {{"ms", 1}, {"s", 1e3}, {"m", 60e3}, {"min", 60e3}, {"h", 3600e3}, {"d", 86400e3}}};

std::string print(const char* format, double value) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), format, value);
  return text.data();
}

}  // namespace

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
  const Error error{Errc::invalid, cat("\"", text, "\" is not a duration"), 0,
                    "write a number and a unit: 250ms, 3s, 10m, 1.5h or 2d"};
  const std::string trimmed(trim(text));
  char* end = nullptr;
  const double number = std::strtod(trimmed.c_str(), &end);
  if (end == trimmed.c_str() || !std::isfinite(number) || number < 0) return error;
  const std::string_view unit = trim(end);
  double scale = unit.empty() ? 1e3 : 0;
  for (const Unit& known : kUnits)
    if (unit == known.name) scale = known.milliseconds;
  if (scale == 0 || number * scale > 1e15) return error;
  return std::chrono::milliseconds(std::llround(number * scale));
}

std::string format_duration(std::chrono::milliseconds duration) {
  const auto ms = duration.count();
  if (ms < 1000) return cat(ms, " ms");
  if (ms < 60'000) return print("%.1f s", static_cast<double>(ms) / 1e3);
  const auto seconds = ms / 1000;
  std::array<char, 64> text{};
  if (seconds < 3600)
    std::snprintf(text.data(), text.size(), "%lld min %02lld s",
                  static_cast<long long>(seconds / 60), static_cast<long long>(seconds % 60));
  else
    std::snprintf(text.data(), text.size(), "%lld h %02lld min",
                  static_cast<long long>(seconds / 3600),
                  static_cast<long long>(seconds / 60 % 60));
  return text.data();
}

std::string format_size(std::uint64_t bytes) {
  if (bytes < 1024) return cat(bytes, " B");
  constexpr std::array<const char*, 5> kFormats{"%.1f KiB", "%.1f MiB", "%.1f GiB", "%.1f TiB",
                                                "%.1f PiB"};
  double value = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < kFormats.size()) {
    value /= 1024;
    ++unit;
  }
  return print(kFormats[unit], value);
}

}  // namespace cairn
