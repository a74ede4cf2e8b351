// time(), and times as values and as text.
#include <array>
#include <cmath>
#include <cstdio>
#include <ctime>

#include "classad/functions.h"
#include "classad/times.h"

namespace cairn::classad {
namespace {

// Within some 30000 years, so that a calendar has it.
bool is_plausible(std::int64_t seconds) {
  return seconds > -1'000'000'000'000 && seconds < 1'000'000'000'000;
}

Value now(const Call& call) { return Value::integer(call.evaluator.scope().now_seconds); }

Value absolute_time(const Call& call) {
  const std::int64_t current = call.evaluator.scope().now_seconds;
  if (call.count() == 0) return Value::time(AbsoluteTime{current, local_offset_seconds(current)});
  Value value = call.value(0);
  if (value.as_absolute_time()) return value;
  if (const auto* text = value.as_string()) {
    const auto time = parse_absolute_time(*text);
    return time ? Value::time(*time) : Value::error();
  }
  if (!value.is_number()) return unusable(value);
  const auto seconds = value.to_integer();
  if (!seconds || !is_plausible(*seconds)) return Value::error();
  std::int64_t offset = local_offset_seconds(*seconds);
  if (call.count() > 1) {
    const Value given = call.value(1);
    if (!given.as_integer() || *given.as_integer() < -86400 || *given.as_integer() > 86400)
      return unusable(given);
    offset = *given.as_integer();
  }
  return Value::time(AbsoluteTime{*seconds, static_cast<std::int32_t>(offset)});
}

Value relative_time(const Call& call) {
  Value value = call.value(0);
  if (value.as_relative_time()) return value;
  if (const auto* text = value.as_string()) {
    const auto span = parse_relative_time(*text);
    return span ? Value::time(*span) : Value::error();
  }
  if (!value.is_number()) return unusable(value);
  return Value::time(RelativeTime{*value.to_real()});
}

// interval(seconds): 1+02:03:04, 2:03:04, 3:04
Value interval(const Call& call) {
  const auto seconds = convert_to_real(call.value(0)).to_integer();
  if (!seconds) return Value::error();
  const auto total = static_cast<long long>(*seconds);
  char text[80];
  if (total >= 86400)
    std::snprintf(text, sizeof text, "%lld+%02lld:%02lld:%02lld", total / 86400, total / 3600 % 24,
                  total / 60 % 60, total % 60);
  else if (total >= 3600)
    std::snprintf(text, sizeof text, "%lld:%02lld:%02lld", total / 3600, total / 60 % 60,
                  total % 60);
  else if (total >= 60)
    std::snprintf(text, sizeof text, "%lld:%02lld", total / 60, total % 60);
  else
    std::snprintf(text, sizeof text, "%lld", total);
  return call.evaluator.string(text);
}

std::optional<std::int64_t> seconds_of(const Value& value) {
  if (const auto* time = value.as_absolute_time()) return time->seconds;
  const auto seconds = value.is_number() ? value.to_integer() : std::nullopt;
  return seconds && is_plausible(*seconds) ? seconds : std::nullopt;
}

// formatTime([time[, format]])
Value format_time(const Call& call) {
  const Value when =
      call.count() > 0 ? call.value(0) : Value::integer(call.evaluator.scope().now_seconds);
  const Value format = call.count() > 1 ? call.value(1) : Value::string("%c");
  const auto seconds = seconds_of(when);
  if (!seconds || !format.as_string()) return Value::error();
  const std::time_t time = *seconds;
  std::tm parts{};
  localtime_r(&time, &parts);
  std::array<char, 1024> text{};
  std::string wanted = *format.as_string();
  // One letter more, since an empty result and one that is too long look the same.
  const std::size_t length =
      std::strftime(text.data(), text.size(), wanted.append(".").c_str(), &parts);
  if (length == 0) return Value::error();
  return call.evaluator.string(std::string(text.data(), length - 1));
}

// splitTime(time) -> [ Type = "AbsoluteTime"; Year = 2026; ... ]
Value split_time(const Call& call) {
  const Value value = call.value(0);
  Ad ad;
  const auto whole = [&ad](std::string_view name, std::int64_t number) {
    ad.set(name, Value::integer(number));
  };
  if (const auto* span = value.as_relative_time()) {
    if (!(std::abs(span->seconds) < 1e15)) return Value::error();
    const auto total = static_cast<std::int64_t>(std::abs(span->seconds));
    const std::int64_t sign = span->seconds < 0 ? -1 : 1;
    ad.set("Type", Value::string("RelativeTime"));
    whole("Days", sign * (total / 86400));
    whole("Hours", sign * (total / 3600 % 24));
    whole("Minutes", sign * (total / 60 % 60));
    ad.set("Seconds",
           Value::real(static_cast<double>(sign) * (std::fmod(std::abs(span->seconds), 60.0))));
  } else {
    const auto seconds = seconds_of(value);
    if (!seconds) return unusable(value);
    const auto* absolute = value.as_absolute_time();
    const std::int64_t offset =
        absolute ? absolute->offset_seconds : local_offset_seconds(*seconds);
    const std::time_t shifted = *seconds + offset;
    std::tm parts{};
    gmtime_r(&shifted, &parts);
    ad.set("Type", Value::string("AbsoluteTime"));
    whole("Year", parts.tm_year + 1900);
    whole("Month", parts.tm_mon + 1);
    whole("Day", parts.tm_mday);
    whole("Hours", parts.tm_hour);
    whole("Minutes", parts.tm_min);
    whole("Seconds", parts.tm_sec);
    whole("Offset", offset);
  }
  return Value::ad(std::make_shared<const AdValue>(AdValue{std::move(ad), {}}));
}

enum class Part {
  year,
  month,
  day_of_year,
  day_of_month,
  day_of_week,
  days,
  hours,
  minutes,
  seconds
};

template <Part part>
Value part_of(const Call& call) {
  const Value value = call.value(0);
  if (const auto* span = value.as_relative_time()) {
    const auto total = Value::real(span->seconds).to_integer();
    if (!total) return Value::error();
    switch (part) {
      case Part::days:
        return Value::integer(*total / 86400);
      case Part::hours:
        return Value::integer(*total / 3600 % 24);
      case Part::minutes:
        return Value::integer(*total / 60 % 60);
      case Part::seconds:
        return Value::integer(*total % 60);
      default:
        return Value::error();
    }
  }
  const auto* absolute = value.as_absolute_time();
  if (!absolute) return Value::error();
  const std::time_t shifted = absolute->seconds + absolute->offset_seconds;
  std::tm parts{};
  gmtime_r(&shifted, &parts);
  switch (part) {
    case Part::year:
      return Value::integer(parts.tm_year + 1900);
    case Part::month:
      return Value::integer(parts.tm_mon + 1);
    case Part::day_of_year:
      return Value::integer(parts.tm_yday);
    case Part::day_of_month:
      return Value::integer(parts.tm_mday);
    case Part::day_of_week:
      return Value::integer(parts.tm_wday);
    case Part::hours:
      return Value::integer(parts.tm_hour);
    case Part::minutes:
      return Value::integer(parts.tm_min);
    case Part::seconds:
      return Value::integer(parts.tm_sec);
    default:
      return Value::error();
  }
}

Value time_zone_offset(const Call& call) {
  return Value::time(
      RelativeTime{static_cast<double>(local_offset_seconds(call.evaluator.scope().now_seconds))});
}

Value day_time(const Call& call) {
  const std::int64_t now_seconds = call.evaluator.scope().now_seconds;
  const std::int64_t local = now_seconds + local_offset_seconds(now_seconds);
  return Value::time(RelativeTime{static_cast<double>(((local % 86400) + 86400) % 86400)});
}

}  // namespace

void add_time_functions(Functions& functions) {
  functions.insert(functions.end(), {
                                        {"time", 0, 0, now},
                                        {"currentTime", 0, 0, now},
                                        {"absTime", 0, 2, absolute_time},
                                        {"relTime", 1, 1, relative_time},
                                        {"interval", 1, 1, interval},
                                        {"formatTime", 0, 2, format_time},
                                        {"splitTime", 1, 1, split_time},
                                        {"timeZoneOffset", 0, 0, time_zone_offset},
                                        {"dayTime", 0, 0, day_time},
                                        {"getYear", 1, 1, part_of<Part::year>},
                                        {"getMonth", 1, 1, part_of<Part::month>},
                                        {"getDayOfYear", 1, 1, part_of<Part::day_of_year>},
                                        {"getDayOfMonth", 1, 1, part_of<Part::day_of_month>},
                                        {"getDayOfWeek", 1, 1, part_of<Part::day_of_week>},
                                        {"getDays", 1, 1, part_of<Part::days>},
                                        {"getHours", 1, 1, part_of<Part::hours>},
                                        {"getMinutes", 1, 1, part_of<Part::minutes>},
                                        {"getSeconds", 1, 1, part_of<Part::seconds>},
                                    });
}

}  // namespace cairn::classad
