// What a job asks a machine for.  Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "job/job_ad.h"

namespace cairn {

// RequestMemory of a submit file that does not say it: what the job was seen to need.
inline constexpr std::string_view kMemoryNotSaid =
    "ifthenelse(MemoryUsage =!= undefined,MemoryUsage,(ImageSize + 1023) / 1024)";

// request_memory in megabytes, evaluated: it may follow from what the job's life has shown
// (MemoryUsage, NumJobStarts).  Nothing, where the submit file does not say it.
//   ad  with what the job's life has changed
std::optional<std::int64_t> requested_memory_mb(const JobAd& ad, std::int64_t now_seconds);

// RequestMemory, RequestDisk and their like, evaluated; 0: it is no number.
std::int64_t requested(const JobAd& ad, std::string_view attribute, std::int64_t now_seconds);

}  // namespace cairn
