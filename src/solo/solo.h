// One job without a queue, a database or an engine around it: what runs inside an allocation of a
// batch system.  The life of the job is the engine's own (Shadow, Starter, Spool); what is stored
// goes to a journal on the shared file system.
//
//   JOB/job.ad            the job; never changes
//   JOB/journal/          its life (solo/journal.h)
//   JOB/runner, JOB/lock  who runs it (solo/claim.h)
//   JOB/12.0/spool/       its checkpoints; goes when it is completed
//   SANDBOXES/            on the machine's own disk, this job's alone
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "cairn/result.h"
#include "engine/shadow.h"
#include "os/filesystem.h"
#include "solo/claim.h"

namespace cairn {

// What gave us the machine, and takes it away.
class Allocation {
 public:
  virtual ~Allocation() = default;
  virtual std::string number() const = 0;     // empty: none
  virtual std::int64_t restarts() const = 0;  // how often it was started again
  virtual std::string slot() const = 0;       // "slot1@node7"
  // Asks to be started again, here or elsewhere; it may then be ended at any time.
  virtual Status requeue() = 0;
  virtual bool still_runs(const Runner& other) = 0;
};

struct SoloOptions {
  Path job_folder;      // JOB, shared
  Path sandbox_folder;  // SANDBOXES, see private_folder()
  ShadowOptions shadow;
  std::chrono::milliseconds warned_for{
      std::chrono::minutes(2)};  // SIGUSR1: that long before the end
  std::chrono::milliseconds asked_for{
      std::chrono::seconds(20)};  // SIGTERM: SIGKILL comes later than this
  std::chrono::milliseconds lock_patience{std::chrono::minutes(3)};
  std::chrono::milliseconds policy_interval{std::chrono::seconds(60)};  // of periodic expressions
  Path starter_program = "/proc/self/exe";
  std::vector<std::string> starter_arguments = {"cairn-starter"};
};

// Exit statuses, besides those of the job itself (128 and its number for a signal).
inline constexpr int kSoloHeld = 75;  // or removed, by its policy
inline constexpr int kSoloRequeued = 0;
inline constexpr int kSoloAsked = 76;
inline constexpr int kSoloFailed = 74;

// Runs the job to its end, or until it is asked to leave:
//   SIGUSR1  the time is nearly over: the job may save its state, then requeue() is asked for
//   SIGTERM  the same without requeue(): whoever sends it knows what comes next
// Must be called in a process with one thread.  Says what happens on stderr.
// Returns the exit status of the process.
int run_solo(const SoloOptions& options, Allocation& allocation);

// A folder for one job's sandboxes on the machine's own disk: BASE/cairn-UID/HASH, which nobody
// else can have put there.  Another job folder has another one.  Errors: io, misuse.
Result<Path> private_folder(FileSystem& files, const Path& base, const Path& job_folder);

}  // namespace cairn
