// What `cairn queue` and `cairn history` show: one row per batch, or one per job, and totals.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "listing/job_view.h"
#include "listing/selection.h"

namespace cairn::listing {

// A batch's clusters count together.
struct BatchRow {
  std::string owner, name;
  std::vector<int> clusters;
  std::int64_t submitted_ms = 0;  // of the oldest
  std::map<JobState, std::int64_t> counts;
  JobId first, last;  // of the jobs that are not over; of all, where every one is
  // Of the jobs that run, where somebody has looked at them.
  std::optional<std::int64_t> checkpoint_ms;  // the newest of all
  std::optional<double> progress;             // of the whole batch
  Goodput goodput;

  std::int64_t done() const;
  std::int64_t running() const;  // has a sandbox
  std::int64_t idle() const;
  std::int64_t held() const;
  std::int64_t total() const;  // removed ones are not counted
};

// By age.  Clusters with a batch name count together, if they have one; clusters without an
// unfinished job are left out unless `all`.
//   active   the jobs that run; empty, if there are too many to look at
//   staying  clusters with completed jobs that are to stay in the queue
std::vector<BatchRow> batches_of(const QueueOutline& outline, const std::vector<JobView>& active,
                                 bool all, const std::set<int>& staying = {});

std::string batch_table(const std::vector<BatchRow>& batches, std::int64_t now_ms,
                        std::size_t width);
std::string job_table(const std::vector<JobView>& jobs, std::size_t width);
// Newest first, as they come.
std::string history_table(const std::vector<JobView>& jobs, std::size_t width);

// "Total: 5 jobs; 1 completed, 0 removed, 2 idle, 1 running, 1 held\n"
std::string totals_line(const std::map<JobState, std::int64_t>& counts);

// One JSON object each, with a newline at its end (docs/cli.md has the keys).
std::string batches_json(const std::vector<BatchRow>& batches,
                         const std::map<JobState, std::int64_t>& totals);
std::string jobs_json(const std::vector<JobView>& jobs,
                      const std::map<JobState, std::int64_t>& totals);

}  // namespace cairn::listing
