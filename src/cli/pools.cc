#include "cli/pools.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "base/try.h"
#include "cli/submit_slurm.h"
#include "cli/verb.h"
#include "pool/follow.h"
#include "pool/htcondor.h"

namespace cairn::cli {
namespace {

constexpr std::array<std::string_view, 2> kPools = {"htcondor", "slurm"};

bool is_over(const JobRecord& job) {
  return job.state == JobState::completed || job.state == JobState::removed;
}

Status look_at(const ClusterRecord& cluster, Queue& queue) {
  PosixFileSystem files;
  CAIRN_TRY(std::vector<JobRecord> jobs, queue.jobs(cluster.cluster));
  CAIRN_TRY(const auto pool, open_pool(cluster.runner, files));
  Status followed;
  if (!std::all_of(jobs.begin(), jobs.end(), is_over)) {
    followed = follow(*pool, queue, {cluster.pool_id, std::move(jobs)});
    CAIRN_TRY(jobs, queue.jobs(cluster.cluster));
  }
  if (followed && std::all_of(jobs.begin(), jobs.end(), is_over))
    followed = pool->forget({cluster.pool_id, std::move(jobs)});
  if (!followed)
    complain(fmt::format("cluster {} is shown as it was last seen: {}", cluster.cluster,
                         followed.error().text()));
  return {};
}

}  // namespace

std::vector<std::string> pool_names() { return {kPools.begin(), kPools.end()}; }

bool is_pool(std::string_view runner) {
  return std::find(kPools.begin(), kPools.end(), runner) != kPools.end();
}

Result<std::unique_ptr<Pool>> open_pool(const std::string& name, FileSystem& files) {
  if (name == "htcondor") return std::unique_ptr<Pool>(std::make_unique<HTCondorPool>(files));
  if (name == "slurm") return open_slurm(files);
  return Error{Errc::misuse, fmt::format("no pool is called {}", name), 0,
               fmt::format("known: {}", fmt::join(kPools, ", "))};
}

Status look_at_pools(const Path& queue_file) {
  if (!std::filesystem::exists(queue_file)) return {};
  CAIRN_TRY(Queue queue, Queue::open(queue_file));
  CAIRN_TRY(const std::vector<ClusterRecord> clusters, queue.clusters());
  for (const ClusterRecord& cluster : clusters)
    if (is_pool(cluster.runner)) CAIRN_CHECK(look_at(cluster, queue));
  return {};
}

Status ask_pool(const ClusterRecord& cluster, PoolVerb verb, std::span<const JobId> jobs,
                const std::string& reason) {
  PosixFileSystem files;
  CAIRN_TRY(const auto pool, open_pool(cluster.runner, files));
  std::vector<PoolJob> there;
  there.reserve(jobs.size());
  for (const JobId& job : jobs) there.push_back({cluster.pool_id, job.proc});
  switch (verb) {
    case PoolVerb::hold:
      return pool->hold(there, reason);
    case PoolVerb::release:
      return pool->release(there, reason);
    case PoolVerb::vacate:
      return pool->vacate(there, Departure::soft);
    case PoolVerb::vacate_fast:
      return pool->vacate(there, Departure::fast);
    case PoolVerb::remove:
      return pool->remove(there, reason);
  }
  return {};
}

// The pool names the folder as it likes.
Status fetch_from_pool(const ClusterRecord& cluster, JobId job, const Path& target) {
  PosixFileSystem files;
  CAIRN_TRY(const auto pool, open_pool(cluster.runner, files));
  const Path folder = std::filesystem::absolute(target).parent_path();
  CAIRN_TRY(const Path copy, pool->fetch({cluster.pool_id, job.proc}, folder));
  return files.rename(copy, target);
}

}  // namespace cairn::cli
