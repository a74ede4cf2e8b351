// The life of a job, read from the event log that a real HTCondor wrote: a pure function of
// the log's text.
//
// Every event of a job adds to its story and none changes what was told before, so the story
// of a longer log begins with that of a shorter one.
#pragma once

#include <cstdint>
#include <ctime>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "cairn/result.h"
#include "pool/pool.h"

namespace cairn {

// Seconds since 1970 of a date as the log prints it: mktime(3), or timegm(3) for UTC.
using TimeReader = std::function<std::int64_t(std::tm)>;

//   log      of one or several clusters; an event that is torn at its end is left for later
//   cluster  of the pool
//   jobs     as they were submitted, in the order of their procs
// One update for each job that has an event.  Errors: invalid, with the line of the log.
Result<std::vector<PoolUpdate>> follow_log(std::string_view log, int cluster,
                                           std::span<const JobRecord> jobs,
                                           const TimeReader& seconds_of);

// "2026-11-22 06:35:04", "11/22 06:35:04", with or without fractions or a Z.
//   year  of dates that name none
std::int64_t parse_log_time(std::string_view text, int year, const TimeReader& seconds_of);

}  // namespace cairn
