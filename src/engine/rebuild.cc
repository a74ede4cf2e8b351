#include "engine/rebuild.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>

#include "base/text.h"
#include "base/try.h"
#include "engine/spool.h"
#include "os/lock.h"
#include "os/process.h"
#include "queue/cluster_file.h"
#include "queue/queue.h"

namespace cairn {
namespace {

constexpr int kHoldInternal = 6;  // cannot be started
constexpr std::array kSuffixes = {"", "-wal", "-shm"};

class Rebuilder {
 public:
  Rebuilder(const Home& home, std::int64_t now_ms)
      : home_(home), now_ms_(now_ms), clusters_(home.clusters_folder()) {}

  Result<Rebuilt> rebuild();

 private:
  Status lock_all();
  Status find_folders();
  Status set_aside();
  Status restore(Queue& queue, int cluster);
  Result<JobRecord> job_in_folder(JobId id);
  void hold_without_ad(JobRecord& job);
  void note(JobId id, std::string_view text) {
    result_.notes.push_back(fmt::format("job {} {}", to_text(id), text));
  }

  const Home& home_;
  std::int64_t now_ms_;
  PosixFileSystem files_;
  ClusterFiles clusters_;
  std::vector<FolderLock> locks_;
  std::map<int, std::set<JobId>> folders_;  // of jobs, by cluster
  Rebuilt result_;
};

// Nobody may be at work.
Status Rebuilder::lock_all() {
  CAIRN_CHECK(files_.make_folder(home_.engine_folder()));
  std::vector<Path> folders = {home_.engine_folder()};
  CAIRN_TRY(const auto names, files_.list(home_.folder()));
  for (const std::string& name : names)
    if (name.starts_with("cluster-")) folders.push_back(home_.folder() / name);
  for (const Path& folder : folders) {
    auto lock = FolderLock::take(folder);
    if (!lock && lock.error().code == Errc::locked)
      return Error{
          Errc::locked,
          cat("the queue of ", home_.folder().native(), " is in use: ", lock.error().message), 0,
          "end it first: cairn engine --stop, or Ctrl-C for a cairn run"};
    if (!lock) return std::move(lock).error();
    locks_.push_back(*std::move(lock));
  }
  return {};
}

Status Rebuilder::find_folders() {
  CAIRN_TRY(const auto names, files_.list(home_.folder()));
  for (const std::string& name : names)
    if (const auto id = Home::job_of(name)) folders_[id->cluster].insert(*id);
  return {};
}

// Under the next free name, with its log beside it, so that SQLite can still look at it.
Status Rebuilder::set_aside() {
  const Path file = home_.queue_file();
  Path kept;
  for (int number = 1;; ++number) {
    kept = Path(file) += fmt::format(".damaged-{}", number);
    const auto taken = [&](const char* suffix) {
      return static_cast<bool>(files_.info(Path(kept) += suffix));
    };
    if (std::none_of(kSuffixes.begin(), kSuffixes.end(), taken)) break;
  }
  for (const char* suffix : kSuffixes) {
    auto moved = files_.rename(Path(file) += suffix, Path(kept) += suffix);
    if (moved)
      result_.kept = kept;
    else if (moved.error().code != Errc::not_found)
      return moved;
  }
  return files_.sync_directory(home_.folder());
}

// What a job's folder says of it.
Result<JobRecord> Rebuilder::job_in_folder(JobId id) {
  JobRecord job;
  job.id = id;
  const Path folder = home_.job_folder(id);
  CAIRN_TRY(const auto names, files_.list(folder));
  constexpr std::string_view kSandbox = "sandbox-";
  for (const std::string& name : names) {
    if (!name.starts_with(kSandbox)) continue;
    const std::string number = name.substr(kSandbox.size(), name.find('.') - kSandbox.size());
    job.activation = std::max(job.activation, static_cast<int>(parse_integer(number).value_or(0)));
  }
  // What a dead engine left must not write beside what comes next.
  if (job.activation > 0) CAIRN_CHECK(kill_marked(home_.mark(id, job.activation)));
  CAIRN_TRY(const auto newest, Spool(files_, folder / "spool").newest());
  for (const Error& damage : newest.skipped) note(id, damage.text());
  job.next_checkpoint = newest.last_number + 1;
  if (newest.checkpoint) job.last_checkpoint = newest.checkpoint->number;
  return job;
}

void Rebuilder::hold_without_ad(JobRecord& job) {
  job.state = JobState::held;
  job.hold = HoldFacts{
      kHoldInternal, 0,
      fmt::format("The job's ad is lost with the queue. Its checkpoints are in {}: cairn fetch {} "
                  "brings them out.",
                  (home_.job_folder(job.id) / "spool").native(), to_text(job.id))};
  note(job.id, cat("is held: ", job.hold->reason));
}

Status Rebuilder::restore(Queue& queue, int cluster) {
  auto file = clusters_.read(cluster);
  const bool lost = !file;
  if (lost) {
    // Its jobs are those that have a folder; enough of an ad to be looked at.
    if (file.error().code != Errc::not_found)
      result_.notes.push_back(fmt::format("cluster {}: {}", cluster, file.error().text()));
    file = ClusterFile{{.cluster = cluster,
                        .key = "lost",
                        .created_ms = now_ms_,
                        .runner = "engine",
                        .name = "lost"},
                       {}};
    file->jobs.ad.set_integer("ClusterId", cluster);
    // So that it can be removed; released, it is held again.
    file->jobs.ad.set_string("Cmd", "/nonexistent/the-ad-is-lost");
    file->jobs.ad.set_string("Iwd", "/");
  }
  std::map<JobId, JobRecord> jobs;
  for (const JobId id : folders_[cluster]) {
    CAIRN_TRY(jobs[id], job_in_folder(id));
    if (!lost) continue;
    jobs[id].ad.set_integer("ProcId", id.proc);
    hold_without_ad(jobs[id]);
  }
  for (int proc = 0; const std::string& changes : file->jobs.changes) {
    JobRecord& job = jobs[{cluster, proc}];
    job.id = {cluster, proc++};
    CAIRN_TRY(job.ad, JobAd::parse(changes));
  }
  for (const auto& [proc, noted] : clusters_.states(cluster)) {
    const auto job = jobs.find({cluster, proc});
    if (lost || job == jobs.end()) continue;
    job->second.state = noted.state;
    job->second.exit = noted.exit;
    job->second.hold = noted.hold;
  }
  std::vector<JobRecord> records;
  for (auto& [id, job] : jobs) {
    ++result_.jobs[job.state];
    records.push_back(std::move(job));
  }
  ++result_.clusters;
  return queue.restore(file->cluster, file->jobs.ad, records, now_ms_);
}

Result<Rebuilt> Rebuilder::rebuild() {
  CAIRN_CHECK(lock_all());
  CAIRN_CHECK(find_folders());
  const Status whole = Queue::check(home_.queue_file());
  if (!whole && whole.error().code != Errc::corrupt && whole.error().code != Errc::not_found)
    return whole.error();
  if (!whole) CAIRN_CHECK(set_aside());

  // Under another name until it is whole.
  const Path file = whole ? home_.queue_file() : Path(home_.queue_file()) += ".new";
  if (!whole)
    for (const char* suffix : kSuffixes) std::ignore = files_.remove(Path(file) += suffix);
  {
    CAIRN_TRY(Queue queue, Queue::open(file));
    std::set<int> wanted;
    CAIRN_TRY(const std::vector<int> with_file, clusters_.list());
    wanted.insert(with_file.begin(), with_file.end());
    for (const auto& [cluster, jobs] : folders_) wanted.insert(cluster);
    CAIRN_TRY(const auto known, queue.clusters());
    for (const ClusterRecord& cluster : known) wanted.erase(cluster.cluster);
    for (const int cluster : wanted) CAIRN_CHECK(restore(queue, cluster));
  }
  if (!whole) {
    CAIRN_CHECK(files_.rename(file, home_.queue_file()));
    CAIRN_CHECK(files_.sync_directory(home_.folder()));
  }
  return std::move(result_);
}

}  // namespace

Result<Rebuilt> rebuild_queue(const Home& home, std::int64_t now_ms) {
  return Rebuilder(home, now_ms).rebuild();
}

}  // namespace cairn
