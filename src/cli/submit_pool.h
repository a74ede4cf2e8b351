// Jobs that are handed to a real pool, and what is asked of them there.
#pragma once

#include <CLI/App.hpp>
#include <span>
#include <string>

#include "cairn/result.h"
#include "os/filesystem.h"
#include "pool/pool.h"
#include "queue/queue.h"

namespace cairn::cli {

// As the user wrote it.
struct PoolChoices {
  std::string pool;  // "htcondor"
  std::string file;
  bool lint = true;  // --no-lint: handed over whatever Cairn thinks of it
};

// --pool and what belongs to it; of the file somebody else knows.
void declare_pool_options(CLI::App& app, PoolChoices& choices);

// `cairn submit --pool NAME FILE`.  Returns the exit status of cairn.
int submit_to_pool(const PoolChoices& choices);

// Before a verb looks at the queue: puts into it what the pools know of jobs that are not over.
// A pool that cannot be asked is named on stderr; what was known before is then shown.
Status look_at_pools(Queue& queue);

// What a user may ask of a job that is in a pool.
enum class PoolVerb { hold, release, vacate, vacate_fast, remove };
//   jobs  of this cluster
Status ask_pool(const ClusterRecord& cluster, PoolVerb verb, std::span<const JobId> jobs,
                const std::string& reason);
// The newest checkpoint of a job, into a new folder inside `folder`; gives its path.
Result<Path> fetch_from_pool(const ClusterRecord& cluster, JobId job, const Path& folder);

// Is it a pool that runs the cluster, not Cairn itself?
bool is_in_pool(const ClusterRecord& cluster);

}  // namespace cairn::cli
