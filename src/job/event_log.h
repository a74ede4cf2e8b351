// The job event log in HTCondor's text format: values in, text out, and back.
// Goldens: src/job/testdata/*.log, from a real pool.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cairn/result.h"
#include "job/exit_class.h"
#include "job/job_spec.h"

namespace cairn {

// CPU seconds of the job's processes.
struct CpuUsage {
  std::int64_t user_seconds = 0;
  std::int64_t system_seconds = 0;
};

// What a job asked for, and what its slot has.
struct Granted {
  std::int64_t cpus_requested = 1, cpus_allocated = 1;
  std::int64_t disk_requested_kb = 0, disk_allocated_kb = 0;
  std::int64_t memory_requested_mb = 0, memory_allocated_mb = 0;
};

// The rows of the table at the end of 004 and 005.
struct ResourceUsage {
  Granted granted;
  std::optional<double> cpus_used;
  std::int64_t disk_used_kb = 0;
  std::int64_t memory_used_mb = 0;
  std::int64_t execute_seconds = 0;    // TimeExecute: the last execution
  std::int64_t slot_busy_seconds = 0;  // TimeSlotBusy: the whole activation
};

struct TransferBytes {
  std::uint64_t sent = 0;      // by the job
  std::uint64_t received = 0;  // by the job
};

// Each function gives one whole event, "...\n" included.
struct EventHead {
  JobId id;
  std::int64_t time_seconds = 0;  // since 1970
  bool utc = false;               // as UTC, with a Z; else local time
  std::optional<int> milliseconds = {};
};
std::string submit_event(const EventHead& head, std::string_view host);  // 000
struct ExecuteFacts {
  std::string host, slot_name, scratch_folder;
  Granted granted = {};
};
std::string execute_event(const EventHead& head, const ExecuteFacts& facts);  // 001
struct EvictFacts {
  std::optional<ExitStatus> requeued_exit;  // "(0) Job terminated and was requeued" and how
  CpuUsage remote;
  TransferBytes run;
  std::string reason;                       // empty: none
  std::optional<std::pair<int, int>> code;  // "Code N Subcode M", where N is not 0
  std::optional<ResourceUsage> resources;
};
std::string evict_event(const EventHead& head, const EvictFacts& facts);  // 004
struct TerminateFacts {
  ExitStatus exit;
  CpuUsage run, total;
  TransferBytes run_bytes, total_bytes;
  ResourceUsage resources;
};
std::string terminate_event(const EventHead& head, const TerminateFacts& facts);  // 005
std::string image_size_event(const EventHead& head, std::int64_t image_kb, std::int64_t memory_mb,
                             std::int64_t resident_kb);                   // 006
std::string abort_event(const EventHead& head, std::string_view reason);  // 009
std::string hold_event(const EventHead& head, std::string_view reason, int code,
                       int subcode);                                        // 012
std::string release_event(const EventHead& head, std::string_view reason);  // 013
std::string error_event(const EventHead& head, std::string_view from, std::string_view text,
                        int code, int subcode);  // 021
enum class TransferStep { input_started, input_finished, output_started, output_finished };
//   host  only for input_started
std::string transfer_event(const EventHead& head, TransferStep step,
                           std::string_view host = {});  // 040

// One event as a reader sees it: enough to follow a job.
struct LoggedEvent {
  int number = 0;
  JobId id;
  std::string time;               // as printed: ISO or legacy
  std::string headline;           // the rest of the first line
  std::vector<std::string> body;  // further lines, without the leading tab
};
// Whole events only; a torn one at the end is left out.
// Errors: invalid, with the line.
Result<std::vector<LoggedEvent>> parse_event_log(std::string_view text);

}  // namespace cairn
