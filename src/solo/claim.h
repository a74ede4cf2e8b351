// One runner per job, on however many machines that share its folder.
//
// Three things keep a second one out: a POSIX lock on JOBFOLDER/lock, which a file server takes
// back from a machine that is gone; the file JOBFOLDER/runner, which says who the last one was, so
// that the scheduler can be asked where there are no locks; and before everything a runner stores
// it looks whether that file still names it: one that was given up for dead, and was not, stops.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "cairn/result.h"
#include "os/filesystem.h"
#include "os/lock.h"

namespace cairn {

// Who runs a job, or ran it last.
struct Runner {
  std::string host;
  pid_t pid = 0;
  std::uint64_t start_time = 0;  // of the process, as /proc/PID/stat has it
  std::string allocation;        // the scheduler's number of it; empty: none
  std::int64_t restarts = 0;     // how often the scheduler has started that allocation again
  // Why it ended: empty while it runs, or if it was killed.
  std::string ending;
  std::string detail;
  friend bool operator==(const Runner&, const Runner&) = default;
};

// Endings.
inline constexpr std::string_view kEndedSettled =
    "settled";  // the job is completed, held or removed
inline constexpr std::string_view kEndedRequeued =
    "requeued";  // the scheduler was asked to, and will
inline constexpr std::string_view kEndedUnheard = "unheard";  // it was asked to, and did not hear
inline constexpr std::string_view kEndedAsked = "asked";      // somebody asked us to end
inline constexpr std::string_view kEndedFailed = "failed";    // see `detail`

std::string encode(const Runner& runner);
Result<Runner> decode_runner(std::string_view text);  // errors: corrupt

Runner runner_of(pid_t pid, std::string allocation, std::int64_t restarts);  // on this machine
Runner this_runner(std::string allocation, std::int64_t restarts);           // this process

// The job's last runner, as far as is known.  Nothing: it has had none.
Result<std::optional<Runner>> last_runner(FileSystem& files, const Path& job_folder);

// Whether `other` may still be running although its machine is not this one: what the scheduler
// says of its allocation.
using StillRuns = std::function<bool(const Runner& other)>;

class Claim {
 public:
  // Waits up to `patience` for a lock that another machine holds: if that one is dead, the file
  // server lets it go after a while.
  // Errors: locked, with who runs the job; io.
  static Result<Claim> take(FileSystem& files, const Path& job_folder, Runner me,
                            const StillRuns& still_runs, std::chrono::milliseconds patience);
  Claim(Claim&&) = default;

  // Errors: locked, if the job has another runner now; io.
  Status check() const;
  // The last word, and the lock goes.
  Status end(std::string_view ending, const std::string& detail);

 private:
  Claim(FileSystem& files, Path job_folder, Runner me, std::optional<FolderLock> lock);

  FileSystem& files_;
  Path job_folder_;
  Runner me_;
  std::optional<FolderLock> lock_;  // none: the file system has no locks
};

}  // namespace cairn
