#include "job/request.h"

#include "classad/evaluate.h"
#include "job/policy.h"

namespace cairn {
namespace {

std::optional<std::int64_t> evaluated(const JobAd& ad, std::string_view attribute,
                                      std::int64_t now_seconds) {
  const auto text = ad.get(attribute);
  if (!text) return std::nullopt;
  if (const auto number = parse_integer(*text)) return number;
  const classad::Ad whole = to_classad(ad);
  const classad::Value value =
      classad::evaluate(attribute, {.my = &whole, .now_seconds = now_seconds});
  return value.is_number() ? value.to_integer() : std::nullopt;
}

}  // namespace

std::optional<std::int64_t> requested_memory_mb(const JobAd& ad, std::int64_t now_seconds) {
  const auto text = ad.get("RequestMemory");
  if (!text || *text == kMemoryNotSaid) return std::nullopt;
  return evaluated(ad, "RequestMemory", now_seconds);
}

std::int64_t requested(const JobAd& ad, std::string_view attribute, std::int64_t now_seconds) {
  return evaluated(ad, attribute, now_seconds).value_or(0);
}

}  // namespace cairn
