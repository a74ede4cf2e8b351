// Jobs that are in a pool, for the verbs: whom to ask, and what it knows.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cairn/result.h"
#include "os/filesystem.h"
#include "pool/pool.h"
#include "queue/queue.h"

namespace cairn::cli {

std::vector<std::string> pool_names();
// Does a pool run the jobs of such a cluster, not Cairn itself?
bool is_pool(std::string_view runner);
// Errors: misuse, for a name that no pool has.
Result<std::unique_ptr<Pool>> open_pool(const std::string& name, FileSystem& files);

// Before a verb looks at the queue: puts into it what the pools know of jobs that are not over.
// A pool that cannot be asked is named on stderr; what was known before is then shown.
//   queue_file  there need not be one yet
Status look_at_pools(const Path& queue_file);

// What a user may ask of a job that is in a pool.
enum class PoolVerb { hold, release, vacate, vacate_fast, remove };
//   jobs  of this cluster
Status ask_pool(const ClusterRecord& cluster, PoolVerb verb, std::span<const JobId> jobs,
                const std::string& reason);

// The files of a job's newest checkpoint, as the folder `target`, which must not exist.
Status fetch_from_pool(const ClusterRecord& cluster, JobId job, const Path& target);

}  // namespace cairn::cli
