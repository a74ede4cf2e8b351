// What an exit of the job's program means: a pure function.
#pragma once

#include <optional>

#include "job/job_spec.h"
#include "job/transition.h"

namespace cairn {

struct ExitStatus {
  bool by_signal = false;
  int code = 0;    // of exit(), if not by_signal
  int signal = 0;  // if by_signal
  bool core_dumped = false;
  friend bool operator==(const ExitStatus&, const ExitStatus&) = default;
};

// What waitpid() reported.
ExitStatus exit_status(int wait_status);

enum class Contract { cairn, htcondor };

// A job goes on after this many deaths without a new checkpoint in between; the next one holds it.
inline constexpr int kCrashesMax = 20;

struct ExitContext {
  Contract contract = Contract::cairn;
  bool vacating = false;  // we asked it to leave
  bool killed = false;    // and did not wait for it: a fast eviction, or its time was up
  int crashes = 0;        // since the last new checkpoint, without this one
  int completions = 0;    // NumJobCompletions: ordinary exits before this one
};

// Whether this is the exit by which the job promised to say "I have a checkpoint".
bool is_checkpoint_exit(const ExitStatus& exit, const JobSpec& job, Contract contract);

// One of: checkpoint_exit, final_exit, crashed, hopeless, evicted, evict_exit.
//
// clang-format off
//                            Contract::cairn                     Contract::htcondor
//   checkpoint exit          checkpoint_exit                     checkpoint_exit
//   the same, vacating       checkpoint_exit                     evicted *: what it saved is dropped
//   exit 0, vacating         final_exit: it is done              evicted *
//   other exit, vacating     evicted *                           evicted *
//   exit 0                   final_exit                          final_exit
//   exit n                   with max_retries: crashed, until more exits than that; else final_exit
//   death by a signal        crashed, kCrashesMax times,         as exit n
//                            then hopeless
//   * evict_exit, if the job left by itself and its outputs are wanted (ON_EXIT_OR_EVICT)
// clang-format on
JobEvent classify_exit(const ExitStatus& exit, const JobSpec& job, const ExitContext& context);

}  // namespace cairn
