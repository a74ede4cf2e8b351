// The persistent queue: jobs, their states, and what happened to them.
//
// A new state and the events that led to it are one transaction, durable when
// store() returns: a crash leaves both or neither.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cairn/result.h"
#include "job/exit_class.h"
#include "job/goodput.h"
#include "job/job_ad.h"
#include "job/job_spec.h"
#include "job/transition.h"

namespace cairn {

struct HoldFacts {
  int code = 0;  // HTCondor's
  int subcode = 0;
  std::string reason;
  friend bool operator==(const HoldFacts&, const HoldFacts&) = default;
};

// What somebody wants of a job that runs: it is asked to leave, and when it has left, this is done.
enum class Wish : std::uint8_t { none, hold, remove };

// One job as the queue knows it.
struct JobRecord {
  JobId id;
  JobAd ad;
  JobState state = JobState::idle;
  int activation = 0;                // number of the newest sandbox
  std::int64_t next_checkpoint = 0;  // HTCondor counts from 0
  std::optional<std::int64_t> last_checkpoint{};
  int crashes = 0;      // since the last spooled checkpoint
  int evictions = 0;    // likewise
  int completions = 0;  // ordinary exits that were retried
  std::optional<ExitStatus> exit{};
  std::optional<HoldFacts> hold{};
  std::int64_t user_ms = 0, system_ms = 0;  // CPU time of all executions
  std::uint64_t sent_bytes = 0, received_bytes = 0;
  // Attributes that the job's life changed: `ad` overlaid by them is the ad as people see it.
  JobAd live{};
  Wish wish = Wish::none;
  std::string wish_reason{};
  friend bool operator==(const JobRecord&, const JobRecord&) = default;
};

struct EventRecord {
  std::int64_t time_ms = 0;  // since 1970
  std::optional<Mark> mark;
  std::string text;
};

// What a shadow writes to.
class JobStore {
 public:
  virtual ~JobStore() = default;
  // The job's new state with the events that led to it: both or neither.  Durable where the
  // effect that follows could not be undone, see is_durable(): a power cut may take the newest
  // of the others.
  virtual Status store(const JobRecord& job, std::span<const EventRecord> events) = 0;
};

// What jobs have in common that were submitted together.
struct ClusterRecord {
  int cluster = 0;
  std::string key;  // the submit file, or folder and command
  std::int64_t created_ms = 0;
  std::string runner = "run";  // a foreground `cairn run`; "engine"; or the name of a pool
  std::string pool_id{};       // its number in that pool
  std::string name{};          // for people; empty: none
  friend bool operator==(const ClusterRecord&, const ClusterRecord&) = default;
};

// Must the change to this state survive a power cut?  A job whose `running` is lost is idle again
// or goes on from an older state of its life, which costs no more than the power cut itself: the
// spool, not the queue, says what it restarts from.  But
//   completed, removed  the spool goes next
//   held                somebody may have been told, and what it started is gone
//   idle                somebody may have been told that it was released
bool is_durable(JobState state);

// What an idle job waits for.  Small: there may be hundreds of thousands.
struct WaitingJob {
  JobId id;
  int priority = 0;  // JobPrio: higher ones first
  int cpus = 1;
  std::int64_t memory_mb = 0, disk_kb = 0;
  // What its cluster's ad says of requirements is true of it, too: it says none of that itself.
  bool alike = false;
};
// As the job's ad asks.
WaitingJob waiting_job(JobId id, const JobAd& ad);

// Many jobs, by what they have in common.
struct NewJobs {
  JobAd ad;
  // By proc: the lines `Name = expression` in which its ad differs; ProcId is among them.
  std::vector<std::string> changes;
};

// Errors of every call: io, naming the database file.
class Queue final : public JobStore {
 public:
  // Makes the database if there is none.  Several processes may have it open.
  static Result<Queue> open(const std::filesystem::path& file);
  Queue(Queue&&) noexcept;
  Queue& operator=(Queue&&) noexcept;
  ~Queue() override;

  // A new cluster, all jobs idle; `make` gives their ads for its number.
  //   newest_seen  what find_cluster() said; if that is no longer so, there is no new cluster
  //                and the result is empty: of two that submit at once, one does
  // An error of `make` is handed on, and nothing is stored.
  using MakeAds = std::function<Result<std::vector<JobAd>>(int cluster)>;
  Result<std::optional<int>> submit(const std::string& key, std::optional<int> newest_seen,
                                    std::int64_t now_ms, const MakeAds& make);

  // A new cluster that was handed to a pool; `cluster` of the record is not read.
  Result<int> add(const ClusterRecord& cluster, std::span<const JobAd> ads);
  // The same for a cluster whose jobs are many and alike.  An error of `make` is handed on, and
  // nothing is stored.
  using MakeJobs = std::function<Result<NewJobs>(int cluster)>;
  Result<int> add(const ClusterRecord& cluster, const MakeJobs& make);
  // The same for a pool that has no numbers of its own: pool_id becomes the number here, for which
  // `make` gives the ads.  An error of `make` is handed on, and nothing is stored.
  Result<int> add(const ClusterRecord& cluster, const MakeAds& make);
  // All of them, in order.
  Result<std::vector<ClusterRecord>> clusters() const;
  // Errors: not_found.
  Result<ClusterRecord> cluster(int cluster) const;

  // The newest cluster submitted under `key` that a foreground `cairn run` runs.
  Result<std::optional<int>> find_cluster(const std::string& key) const;
  Result<std::vector<JobRecord>> jobs(int cluster) const;
  // Errors: not_found.
  Result<JobRecord> job(JobId id) const;
  // The idle jobs of the clusters that `runner` runs, from cluster `first` on, by cluster.
  //   own  what the job's ad says beside its cluster's, as lines
  using LookAtWaiting = std::function<void(const WaitingJob&, std::string_view own)>;
  Status visit_waiting(const std::string& runner, int first, const LookAtWaiting& look) const;
  // What the ads of a cluster's jobs have in common; empty, where each is kept whole.
  Result<JobAd> shared_ad(int cluster) const;
  // Those of that runner that are neither idle nor held nor over.
  Result<std::vector<JobId>> active(const std::string& runner) const;
  // Those that are idle or held, and whose cluster has periodic expressions or a limit on how
  // long it may take.
  Result<std::vector<JobId>> waiting_with_policies(const std::string& runner) const;
  // Jobs by state, of all clusters of that runner.
  Result<std::map<JobState, std::int64_t>> counts(const std::string& runner) const;
  Status remove_cluster(int cluster);
  // Brings a cluster back whose number this queue does not have.
  //   shared  what the ads of its jobs have in common; the jobs' own lines are their `ad`
  Status restore(const ClusterRecord& cluster, const JobAd& shared, std::span<const JobRecord> jobs,
                 std::int64_t now_ms);
  // Whether all of the file can be read.  Errors: not_found, corrupt, unsupported.
  static Status check(const std::filesystem::path& file);

  // Errors: also no_space; the job is then in the queue as it was.
  Status store(const JobRecord& job, std::span<const EventRecord> events) override;
  // Between these two, store() waits for no disk: what it stores is safe from a crash of this
  // process at once, and from a power cut when end_batch() has returned.
  void begin_batch();
  Status end_batch();

  // All events of a job that carry a mark, in their order.
  Result<std::vector<TimedMark>> marks(JobId id) const;
  Result<std::vector<EventRecord>> events(JobId id) const;

  // SQLite's level, of this connection: 2 (FULL) survives a power cut.
  Result<int> synchronous() const;

 private:
  struct Database;
  explicit Queue(std::unique_ptr<Database> database);
  static Result<Queue> open_once(const std::filesystem::path& file, bool& busy);
  std::unique_ptr<Database> database_;
};

// Which of `stored` and `submitted` differs first, as a clause: "Arguments of job 12.0 was
// \"a\" and is now \"b\"".  Attributes that change from one submission to the next by
// themselves (QDate, GlobalJobId, the cluster's number) do not count.
std::optional<std::string> first_difference(std::span<const JobRecord> stored,
                                            std::span<const JobAd> submitted);

}  // namespace cairn
