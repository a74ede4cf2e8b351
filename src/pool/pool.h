// A system that runs jobs on other machines, as Cairn asks it: one interface, whichever it is.
//
// A job that was handed over lives there; Cairn's queue only says what was last heard of it.
// poll() therefore gives a job's whole story anew each time, from what the system itself wrote
// down: nothing is lost when nobody listened, and nothing is told twice.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cairn/result.h"
#include "job/job_ad.h"
#include "queue/queue.h"

namespace cairn {

// What is handed over: a submit file, and what Cairn made of it.
struct PoolOrder {
  std::filesystem::path submit_file;   // absolute; relative names in it start at its folder
  std::vector<JobAd> jobs{};           // one for each proc, where Cairn has read the file
  std::filesystem::path log_folder{};  // for the event log of a file that names none
};

struct PoolReceipt {
  std::string pool_id;                  // the cluster's number, or the array's, in the pool
  std::vector<JobAd> jobs{};            // as the pool has them, where it says so
  std::vector<std::string> warnings{};  // what it said besides
};

// One job, by the pool's numbers.
struct PoolJob {
  std::string pool_id;
  int proc = 0;
};

// A cluster of Cairn's queue that is in a pool.
struct PoolCluster {
  std::string pool_id;
  std::vector<JobRecord> jobs;  // as the queue has them; job.id.proc is the pool's proc, too
};

// The whole story of a job so far.
struct PoolUpdate {
  JobRecord job;
  // From its beginning.  A longer story begins with the shorter one: what the queue does not
  // have yet is the end of it.
  std::vector<EventRecord> events;
};

// What a look at a pool brings.
struct PoolNews {
  std::vector<PoolUpdate> updates;
  // What could not be found out besides, as the pool's tool says it.
  std::optional<Error> trouble{};
};

enum class Departure { soft, fast };  // of a vacate: by signal and with patience, or at once

// Errors of every call: what the pool's own tool said, as one sentence; not_found, where the
// tool is not installed.  Requests say nothing of what becomes of them: poll() does.
class Pool {
 public:
  virtual ~Pool() = default;

  // The pool's name in Cairn's queue and in `--pool NAME`.
  virtual std::string_view name() const = 0;
  // Is it there, and does it answer?  Gives its version, for people.
  virtual Result<std::string> check() = 0;
  virtual Result<PoolReceipt> submit(const PoolOrder& order) = 0;

  // One update for each job that the pool knows something of.  Called again and again, a pool
  // does not ask a system that others need, too, more often than is polite.
  virtual Result<PoolNews> poll(std::span<const PoolCluster> clusters) = 0;

  virtual Status hold(std::span<const PoolJob> jobs, const std::string& reason) = 0;
  virtual Status release(std::span<const PoolJob> jobs, const std::string& reason) = 0;
  virtual Status vacate(std::span<const PoolJob> jobs, Departure how) = 0;
  virtual Status remove(std::span<const PoolJob> jobs, const std::string& reason) = 0;

  // The files of the job's newest checkpoint, copied into a folder that this makes inside
  // `folder`.  Gives its path.  Errors: not_found, if there is no checkpoint.
  virtual Result<std::filesystem::path> fetch(const PoolJob& job,
                                              const std::filesystem::path& folder) = 0;

  // All jobs of the cluster are over, and the queue knows: what was kept for them may go.
  virtual Status forget(const std::string& pool_id) {
    static_cast<void>(pool_id);
    return {};
  }
};

}  // namespace cairn
