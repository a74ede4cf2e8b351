#include "job/exit_class.h"

namespace cairn {
namespace {

bool is_success(const ExitStatus& exit) { return !exit.by_signal && exit.code == 0; }

// OnExitRemove as max_retries makes it: NumJobCompletions > JobMaxRetries || ExitCode =?= 0,
// evaluated after this exit is counted.  A job without max_retries leaves at its first exit.
bool leaves_the_queue(const ExitStatus& exit, const JobSpec& job, int completions_before) {
  return !job.max_retries || is_success(exit) || completions_before + 1 > *job.max_retries;
}

JobEvent classify_while_vacating(const ExitStatus& exit, bool checkpoint, Contract contract) {
  // HTCondor requeues whatever happens during a soft kill, and saves nothing.
  if (contract == Contract::htcondor) return JobEvent::evicted;
  if (checkpoint) return JobEvent::checkpoint_exit;
  return is_success(exit) ? JobEvent::final_exit : JobEvent::evicted;
}

}  // namespace

bool is_checkpoint_exit(const ExitStatus& exit, const JobSpec& job, Contract contract) {
  if (!job.want_checkpoint_transfer) return false;
  // HTCondor compares raw wait statuses: a core dump is another one, and so is any
  // code over 255, which no program can exit with.
  if (job.checkpoint_exit_signal)
    return exit.by_signal && exit.signal == *job.checkpoint_exit_signal && !exit.core_dumped;
  if (job.checkpoint_exit_code) return !exit.by_signal && exit.code == *job.checkpoint_exit_code;
  // With neither, HTCondor's wanted status is 0, and such a job can never finish.
  return contract == Contract::htcondor && is_success(exit);
}

JobEvent classify_exit(const ExitStatus& exit, const JobSpec& job, const ExitContext& context) {
  const bool checkpoint = is_checkpoint_exit(exit, job, context.contract);
  if (context.vacating) return classify_while_vacating(exit, checkpoint, context.contract);
  if (checkpoint) return JobEvent::checkpoint_exit;
  if (exit.by_signal && context.contract == Contract::cairn)
    return context.crashes < kCrashesMax ? JobEvent::crashed : JobEvent::hopeless;
  return leaves_the_queue(exit, job, context.completions) ? JobEvent::final_exit
                                                          : JobEvent::crashed;
}

}  // namespace cairn
