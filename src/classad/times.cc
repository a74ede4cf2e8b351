#include "classad/times.h"

#include <cmath>
#include <cstdio>
#include <ctime>

#include "base/text.h"

namespace cairn::classad {
namespace {

// Reads `digits` digits, at least one.
std::optional<int> take_digits(std::string_view& text, std::size_t digits) {
  std::size_t n = 0;
  while (n < digits && n < text.size() && text[n] >= '0' && text[n] <= '9') ++n;
  if (n == 0) return std::nullopt;
  const auto number = parse_integer(text.substr(0, n));
  text.remove_prefix(n);
  return static_cast<int>(*number);
}

bool take(std::string_view& text, std::string_view letters) {
  if (text.empty() || letters.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

std::int64_t seconds_of(const std::tm& parts) {
  std::tm copy = parts;
  return timegm(&copy);
}

// +01:00, -0530, Z; nothing else.
std::optional<std::int32_t> take_zone(std::string_view& text) {
  if (take(text, "Zz")) return 0;
  const bool west = text.starts_with('-');
  if (!take(text, "+-")) return std::nullopt;
  const auto hours = take_digits(text, 2);
  take(text, ":");
  const auto minutes = take_digits(text, 2);
  if (!hours) return std::nullopt;
  const std::int32_t offset = *hours * 3600 + minutes.value_or(0) * 60;
  return west ? -offset : offset;
}

}  // namespace

std::int32_t local_offset_seconds(std::int64_t time_seconds) {
  const std::time_t time = time_seconds;
  std::tm parts{};
  localtime_r(&time, &parts);
  return static_cast<std::int32_t>(parts.tm_gmtoff);
}

std::string absolute_time_text(AbsoluteTime time) {
  const std::time_t shifted = time.seconds + time.offset_seconds;
  std::tm parts{};
  gmtime_r(&shifted, &parts);
  char buffer[80];
  const int offset = std::abs(time.offset_seconds);
  std::snprintf(buffer, sizeof buffer, "%04d-%02d-%02dT%02d:%02d:%02d%c%02d:%02d",
                parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min,
                parts.tm_sec, time.offset_seconds > 0 ? '+' : '-', offset / 3600, offset / 60 % 60);
  return buffer;
}

std::string relative_time_text(RelativeTime time) {
  const double total = std::abs(time.seconds);
  if (!(total < 1e15)) return time.seconds < 0 ? "-INF" : "INF";
  const auto whole = static_cast<long long>(total);
  char buffer[80];
  std::string text = time.seconds < 0 ? "-" : "";
  const auto add = [&](const char* format, auto number) {
    std::snprintf(buffer, sizeof buffer, format, number);
    text += buffer;
  };
  if (whole >= 86400) add("%lld+", whole / 86400);
  if (whole >= 3600) add("%02lld:", whole / 3600 % 24);
  if (whole >= 60) add("%02lld:", whole / 60 % 60);
  if (total == static_cast<double>(whole))
    add("%02lld", whole % 60);
  else
    add("%g", static_cast<double>(whole % 60) + (total - static_cast<double>(whole)));
  return text;
}

std::optional<AbsoluteTime> parse_absolute_time(std::string_view text) {
  std::tm parts{};
  text = trim(text);
  const auto year = take_digits(text, 4);
  take(text, "-/");
  const auto month = take_digits(text, 2);
  take(text, "-/");
  const auto day = take_digits(text, 2);
  if (!year || !month || !day || *month < 1 || *month > 12 || *day < 1 || *day > 31)
    return std::nullopt;
  parts.tm_year = *year - 1900;
  parts.tm_mon = *month - 1;
  parts.tm_mday = *day;
  take(text, "T ");
  if (const auto hour = take_digits(text, 2)) {
    parts.tm_hour = *hour;
    take(text, ":");
    parts.tm_min = take_digits(text, 2).value_or(0);
    take(text, ":");
    parts.tm_sec = take_digits(text, 2).value_or(0);
  }
  const std::int64_t as_utc = seconds_of(parts);
  if (text.empty()) {
    const std::int32_t offset = local_offset_seconds(as_utc);
    return AbsoluteTime{as_utc - offset, offset};
  }
  const auto offset = take_zone(text);
  if (!offset || !text.empty()) return std::nullopt;
  return AbsoluteTime{as_utc - *offset, *offset};
}

// [-]days+hh:mm:ss.fff, hh:mm:ss, mm:ss, ss.
std::optional<RelativeTime> parse_relative_time(std::string_view text) {
  text = trim(text);
  const bool negative = take(text, "-");
  double days = 0, total = 0;
  if (const std::size_t plus = text.find('+'); plus != std::string_view::npos) {
    const auto number = parse_integer(text.substr(0, plus));
    if (!number) return std::nullopt;
    days = static_cast<double>(*number);
    text.remove_prefix(plus + 1);
  }
  for (int part = 0; part < 3; ++part) {
    const auto number = take_digits(text, 9);
    if (!number) return std::nullopt;
    total = total * 60 + *number;
    if (!take(text, ":")) break;
  }
  if (text.starts_with('.')) {
    double scale = 0.1;
    text.remove_prefix(1);
    for (; !text.empty() && text[0] >= '0' && text[0] <= '9'; text.remove_prefix(1)) {
      total += scale * (text[0] - '0');
      scale /= 10;
    }
  }
  if (!text.empty()) return std::nullopt;
  total += days * 86400;
  return RelativeTime{negative ? -total : total};
}

}  // namespace cairn::classad
