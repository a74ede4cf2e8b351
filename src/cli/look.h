// What the verbs share that look at the queue: which jobs are meant, and one job as people
// see it.
#pragma once

#include <CLI/App.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cairn/result.h"
#include "cli/pools.h"
#include "engine/home.h"
#include "listing/job_view.h"
#include "listing/job_words.h"
#include "listing/selection.h"
#include "queue/reader.h"

namespace cairn::cli {

// Which jobs, as the user wrote it.
struct JobSelection {
  std::vector<std::string> words;
  std::string constraint;
  bool all = false, held = false, idle = false, running = false;

  bool empty() const {
    return words.empty() && constraint.empty() && !all && !held && !idle && !running;
  }
};

// Declares JOB... and the options; `all` is the meaning of --all, for the help.
void declare_selection(CLI::App& app, JobSelection& selection, const std::string& all);

// A home that does not exist yet has no jobs.
class Look {
 public:
  // What pools know is put into the queue first.
  // Errors: those of QueueReader; misuse, if there is no home at all.
  static Result<Look> open();
  // For who looks again and again: asks the pools of these jobs, every few moments at most.
  void look_again(const std::vector<JobRange>& ranges);

  const Home& home() const { return home_; }
  // null: no queue yet.
  QueueReader* reader() { return reader_ ? &*reader_ : nullptr; }
  // Read once, when it is first asked for.
  Result<const listing::QueueOutline*> outline();
  const ClusterRow& cluster(int number);

  // The ranges that the words name; unset, if there are none: all jobs.
  Result<std::optional<std::vector<JobRange>>> ranges(const JobSelection& selection);

  // Each selected job, until `look` says false.
  //   over  also those that are over, where no word, no constraint and no --all asks for them
  Status each(const JobSelection& selection, bool over, bool newest_first,
              const QueueReader::Look& look);

  //   scan  for who looks at many
  Result<listing::JobView> view(const JobRow& row, EventScan* scan = nullptr);

  // Completed jobs that leave_in_queue keeps in the queue.
  Result<const std::set<JobId>*> staying();

 private:
  explicit Look(Home home)
      : home_(std::move(home)), pools_(std::make_unique<PoolLooks>(home_.queue_file())) {}

  Home home_;
  std::optional<QueueReader> reader_;
  std::optional<listing::QueueOutline> outline_;
  std::map<int, ClusterRow> clusters_;
  std::optional<std::set<JobId>> staying_;
  std::unique_ptr<PoolLooks> pools_;
  std::chrono::steady_clock::time_point look_next_{};
};

}  // namespace cairn::cli
