// The queue as those see it who only look: nothing is made or written, no writer waits.
//
// Job ads stay text: of 100 000 jobs most readers want a count, or three attributes each.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cairn/result.h"
#include "job/goodput.h"
#include "job/job_spec.h"
#include "job/transition.h"
#include "queue/queue.h"

namespace cairn {

struct ClusterRow {
  int cluster = 0;
  std::string key;  // the submit file, or folder and command
  std::int64_t created_ms = 0;
  std::string name;     // of the batch; empty: none was given
  std::string runner;   // run, engine, htcondor, slurm; empty: not known
  std::string pool_id;  // its number in a pool
  std::string owner;    // of its first job
};

struct StateCount {
  int cluster = 0;
  JobState state = JobState::idle;
  std::int64_t jobs = 0;
  int first_proc = 0, last_proc = 0;
};

struct JobRow {
  JobRecord record;  // its ads are empty: they are the texts below
  std::string ad;    // as submitted
  std::string live;  // what the job's life changed
};

struct EventRow {
  std::int64_t seq = 0;
  int activation = 0;
  EventRecord event;
};

struct JobRange {
  int cluster = 0;
  int first_proc = 0, last_proc = std::numeric_limits<int>::max();  // both included
  friend bool operator==(const JobRange&, const JobRange&) = default;
};

struct RowFilter {
  std::optional<std::vector<JobRange>> ranges{};  // unset: all jobs
  std::vector<JobState> states{};                 // empty: all
  bool newest_first = false;                      // by id, downwards
};

// Errors of every call: io, corrupt, naming the database file.
class QueueReader {
 public:
  // Nothing, where there is no queue yet.  Errors: also unsupported, for a newer one.
  static Result<std::optional<QueueReader>> open(const std::filesystem::path& file);
  QueueReader(QueueReader&&) noexcept;
  QueueReader& operator=(QueueReader&&) noexcept;
  ~QueueReader();

  Result<std::vector<ClusterRow>> clusters() const;  // by number; their owners are left empty
  Result<std::string> owner(int cluster) const;      // of its first job; empty: not known
  // By state and cluster; without those that count nothing.
  Result<std::vector<StateCount>> counts() const;
  Result<std::vector<StateCount>> counts(const std::vector<JobRange>& ranges) const;

  // Of all jobs in these states, in order; no ad is read.
  Result<std::vector<JobId>> ids(const std::vector<JobState>& states) const;
  // Completed jobs of the engine that leave_in_queue may keep in the queue, to be asked.
  Result<std::vector<JobRange>> may_stay() const;

  // Each job that the filter lets through, by id, until `look` says false.
  using Look = std::function<bool(JobRow&&)>;
  Status visit(const RowFilter& filter, const Look& look) const;
  Result<std::vector<EventRow>> events(JobId id, std::int64_t after_seq = 0) const;
  // Changes whenever somebody else has written.
  Result<std::int64_t> version() const;

 private:
  friend class EventScan;
  struct Database;
  explicit QueueReader(std::unique_ptr<Database> database);
  std::unique_ptr<Database> database_;
};

// The events of one job after the other, for who looks at many: one query, that goes on from job to
// job.  What it sees is the queue as it was when it was first asked; while it lives, it keeps that
// from being cleaned up, so it is not for those that follow.
class EventScan {
 public:
  //   reader  must outlive this
  explicit EventScan(const QueueReader& reader);
  EventScan(EventScan&&) noexcept;
  ~EventScan();
  // Quick for ids that grow.
  Result<std::vector<EventRow>> of(JobId id);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::vector<TimedMark> marks_of(const std::vector<EventRow>& events);

}  // namespace cairn
