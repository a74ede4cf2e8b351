// Jobs that are in a pool, for the verbs: whom to ask, and what it knows.
//
// One process at a time looks at the pools, hands jobs over or asks something of them (a lock in
// HOME/pool): no look sees half of what another does.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cairn/result.h"
#include "os/filesystem.h"
#include "os/lock.h"
#include "pool/pool.h"
#include "queue/queue.h"
#include "queue/reader.h"

namespace cairn::cli {

std::vector<std::string> pool_names();
// Does a pool run the jobs of such a cluster, not Cairn itself?
bool is_pool(std::string_view runner);
// Errors: misuse, for a name that no pool has.
Result<std::unique_ptr<Pool>> open_pool(const std::string& name, FileSystem& files);

// To be the one who deals with the pools.
//   home      its folder
//   patience  how long another may still be at it; errors: locked, if it takes longer
Result<FolderLock> take_turn(const Path& home, std::chrono::milliseconds patience);

// Puts into the queue what the pools know of jobs that are not over.  A pool that cannot be asked
// is named on stderr, once; what was known before then stands.
class PoolLooks {
 public:
  //   queue_file  there need not be one yet
  explicit PoolLooks(Path queue_file) : queue_file_(std::move(queue_file)) {}

  //   only      these clusters; nothing: all
  //   patience  for another who deals with the pools; after that there is no look
  Status look(const std::optional<std::set<int>>& only, std::chrono::milliseconds patience);

 private:
  Status look_at(const std::string& name, const std::vector<ClusterRow>& clusters);
  Result<std::set<int>> unfinished() const;
  void say(const std::string& name, const Error& trouble);

  Path queue_file_;
  PosixFileSystem files_;
  std::map<std::string, std::unique_ptr<Pool>> pools_;
  std::optional<QueueReader> reader_;
  std::optional<Queue> queue_;
  std::set<std::string> said_;
};

// What a user may ask of a job that is in a pool.
enum class PoolVerb { hold, release, vacate, vacate_fast, remove };
//   jobs  of this cluster
Status ask_pool(const Path& home, const ClusterRecord& cluster, PoolVerb verb,
                std::span<const JobId> jobs, const std::string& reason);

// The files of a job's newest checkpoint, as the folder `target`, which must not exist.
Status fetch_from_pool(const ClusterRecord& cluster, JobId job, const Path& target);

}  // namespace cairn::cli
