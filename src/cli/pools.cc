#include "cli/pools.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <thread>

#include "base/try.h"
#include "cli/submit_slurm.h"
#include "cli/verb.h"
#include "listing/selection.h"
#include "pool/follow.h"
#include "pool/htcondor.h"

namespace cairn::cli {
namespace {

constexpr std::array<std::string_view, 2> kPools = {"htcondor", "slurm"};
constexpr auto kBetweenTries = std::chrono::milliseconds(20);
constexpr auto kPatience = std::chrono::minutes(3);  // longer than any command may take

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

Result<FolderLock> take_turn(const Path& home, std::chrono::milliseconds patience) {
  PosixFileSystem files;
  const Path folder = home / "pool";
  CAIRN_CHECK(files.make_folder(folder));
  const auto deadline = std::chrono::steady_clock::now() + patience;
  for (;;) {
    auto lock = FolderLock::take(folder);
    if (lock || lock.error().code != Errc::locked || std::chrono::steady_clock::now() >= deadline)
      return lock;
    std::this_thread::sleep_for(kBetweenTries);
  }
}

Status PoolLooks::look(const std::optional<std::set<int>>& only,
                       std::chrono::milliseconds patience) {
  if (!reader_) {
    CAIRN_TRY(reader_, QueueReader::open(queue_file_));
  }
  if (!reader_) return {};
  CAIRN_TRY(const std::vector<ClusterRow> clusters, reader_->clusters());
  std::map<std::string, std::vector<ClusterRow>> by_pool;
  for (const ClusterRow& cluster : clusters)
    if (is_pool(cluster.runner) && (!only || only->contains(cluster.cluster)))
      by_pool[cluster.runner].push_back(cluster);
  if (by_pool.empty()) return {};
  auto turn = take_turn(folder_of(queue_file_), patience);
  if (!turn && turn.error().code == Errc::locked) return {};  // what he finds is in the queue, too
  if (!turn) return std::move(turn).error();
  for (const auto& [name, those] : by_pool) CAIRN_CHECK(look_at(name, those));
  return {};
}

// Clusters of which not every job is over.
Result<std::set<int>> PoolLooks::unfinished() const {
  CAIRN_TRY(const std::vector<StateCount> counts, reader_->counts());
  std::set<int> found;
  for (const StateCount& each : counts)
    if (!listing::is_over(each.state)) found.insert(each.cluster);
  return found;
}

Status PoolLooks::look_at(const std::string& name, const std::vector<ClusterRow>& clusters) {
  if (!pools_[name]) {
    CAIRN_TRY(pools_[name], open_pool(name, files_));
  }
  Pool& pool = *pools_[name];
  CAIRN_TRY(const std::set<int> before, unfinished());
  std::vector<PoolCluster> followed;
  for (const ClusterRow& cluster : clusters) {
    if (!before.contains(cluster.cluster)) continue;
    if (!queue_) {
      CAIRN_TRY(queue_, Queue::open(queue_file_));
    }
    CAIRN_TRY(std::vector<JobRecord> jobs, queue_->jobs(cluster.cluster));
    followed.push_back({cluster.pool_id, std::move(jobs)});
  }
  if (!followed.empty()) {
    auto trouble = follow(pool, *queue_, followed);
    if (!trouble) return std::move(trouble).error();
    if (*trouble) say(name, **trouble);
  }
  CAIRN_TRY(const std::set<int> now, unfinished());
  for (const ClusterRow& cluster : clusters)
    if (!now.contains(cluster.cluster))
      if (auto forgotten = pool.forget(cluster.pool_id); !forgotten) say(name, forgotten.error());
  return {};
}

void PoolLooks::say(const std::string& name, const Error& trouble) {
  if (said_.insert(trouble.text()).second)
    complain(fmt::format("jobs in {} are shown as they were last seen: {}", name, trouble.text()));
}

Status ask_pool(const Path& home, const ClusterRecord& cluster, PoolVerb verb,
                std::span<const JobId> jobs, const std::string& reason) {
  PosixFileSystem files;
  CAIRN_TRY(const auto pool, open_pool(cluster.runner, files));
  CAIRN_TRY(const FolderLock turn, take_turn(home, kPatience));
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
