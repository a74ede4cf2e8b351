// What the verbs ask of the background engine, and what it answers, over its socket.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cairn/result.h"
#include "job/job_spec.h"

namespace cairn {

enum class RequestVerb {
  status,  // only the status of the engine, which every reply has
  wake,    // there are new jobs in the queue
  hold,
  release,
  vacate,
  vacate_fast,
  remove,
  stop,  // the jobs are asked to leave, then the engine ends
};
std::string_view to_text(RequestVerb verb);  // "vacate_fast"

struct EngineRequest {
  RequestVerb verb = RequestVerb::status;
  std::vector<JobId> jobs;
  std::string reason;  // for the logs
};

struct JobAnswer {
  JobId id;
  bool makes_sense = false;  // the job is now as it was asked to be, or on its way
  std::string text;          // "is held", "is asked to leave", "is completed; …"
};

struct EngineStatus {
  int pid = 0;
  std::int64_t since_ms = 0;  // since 1970
  std::int64_t waiting = 0, running = 0;
  int cpus = 0, cpus_free = 0;
  std::int64_t memory_mb = 0, memory_mb_free = 0;
  std::int64_t disk_kb = 0, disk_kb_free = 0;
  bool kernel_limits_memory = false;  // by cgroup v2; else starters look at what is used
  int slots_max = 0;                  // jobs at a time; 0: as many as there is room for
};

struct EngineReply {
  std::vector<JobAnswer> answers;  // one for each job, in their order
  EngineStatus status;
};

std::string encode(const EngineRequest& request);
std::string encode(const EngineReply& reply);
// Errors: corrupt.
Result<EngineRequest> decode_engine_request(std::string_view bytes);
Result<EngineReply> decode_engine_reply(std::string_view bytes);

}  // namespace cairn
