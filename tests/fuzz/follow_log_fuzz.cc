// Any text as a pool's event log: never a crash, and what was told of a shorter log stays told.
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <string_view>
#include <vector>

#include "base/assert.h"
#include "pool/follow_log.h"

namespace cairn {
namespace {

std::int64_t utc(std::tm date) { return ::timegm(&date); }

std::vector<EventRecord> story(std::string_view log) {
  const std::vector<JobRecord> jobs = {{.id = {7, 0}, .ad = {}}};
  const auto told = follow_log(log, 1, jobs, utc);
  if (!told || told->empty()) return {};
  const PoolUpdate& update = told->front();
  CAIRN_ASSERT((update.job.state == JobState::held) == update.job.hold.has_value(),
               "a held job says why, and no other does");
  for (std::size_t i = 1; i < update.events.size(); ++i)
    CAIRN_ASSERT(update.events[i].time_ms >= update.events[i - 1].time_ms, "time goes on");
  return update.events;
}

}  // namespace
}  // namespace cairn

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view log(reinterpret_cast<const char*>(data), size);
  const auto whole = cairn::story(log);
  const auto half = cairn::story(log.substr(0, size / 2));
  // A log that is no log tells nothing at all.
  if (whole.empty()) return 0;
  CAIRN_ASSERT(half.size() <= whole.size(), "a story only grows");
  for (std::size_t i = 0; i < half.size(); ++i)
    CAIRN_ASSERT(half[i].text == whole[i].text && half[i].mark == whole[i].mark,
                 "what was told stays told");
  return 0;
}
