// What people ask of jobs: hold, release, vacate, remove.
//
// Jobs whose cluster a process runs are that process's alone (FolderLock of the cluster's
// folder); those of nobody are changed here, by the same table and in the same transactions.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "cairn/result.h"
#include "engine/home.h"
#include "queue/queue.h"

namespace cairn::cli {

enum class Request { hold, release, vacate, vacate_fast, remove };
std::string_view to_text(Request request);  // "hold"

struct Answer {
  JobId id;
  bool makes_sense = false;  // the job is now as it was asked to be, or on its way
  std::string text;          // "is held", "was held already", "is completed, and cannot be held"
};

//   reason  for the logs; empty: "via cairn hold (by user x)"
// One answer for each job, in their order.  Errors: of the queue.
Result<std::vector<Answer>> request(const Home& home, Request what, std::span<const JobId> jobs,
                                    const std::string& reason);

}  // namespace cairn::cli
