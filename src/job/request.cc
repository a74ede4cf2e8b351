#include "job/request.h"

#include "classad/evaluate.h"
#include "job/policy.h"

namespace cairn {

std::optional<std::int64_t> requested_memory_mb(const JobAd& ad, std::int64_t now_seconds) {
  const auto text = ad.get("RequestMemory");
  if (!text || *text == kMemoryNotSaid) return std::nullopt;
  if (const auto number = parse_integer(*text)) return number;
  const classad::Ad whole = to_classad(ad);
  const classad::Value value =
      classad::evaluate("RequestMemory", {.my = &whole, .now_seconds = now_seconds});
  return value.is_number() ? value.to_integer() : std::nullopt;
}

}  // namespace cairn
