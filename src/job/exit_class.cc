#include "job/exit_class.h"

#include <sys/wait.h>

namespace cairn {
namespace {

bool is_success(const ExitStatus& exit) { return !exit.by_signal && exit.code == 0; }

// OnExitRemove as max_retries makes it: NumJobCompletions > JobMaxRetries || ExitCode =?= 0,
// evaluated after this exit is counted.  A job without max_retries leaves at its first exit.
bool leaves_the_queue(const ExitStatus& exit, const JobSpec& job, int completions_before) {
  return !job.max_retries || is_success(exit) || completions_before + 1 > *job.max_retries;
}

// HTCondor requeues whatever happens during a soft kill, a checkpoint exit and exit 0 too.
JobEvent classify_while_vacating(const ExitStatus& exit, const JobSpec& job, bool checkpoint,
                                 const ExitContext& context) {
  if (context.contract == Contract::cairn && checkpoint) return JobEvent::checkpoint_exit;
  if (context.contract == Contract::cairn && is_success(exit)) return JobEvent::final_exit;
  const bool saves = job.when == TransferOutput::on_exit_or_evict && job.transfer_files;
  return saves && !context.killed ? JobEvent::evict_exit : JobEvent::evicted;
}

}  // namespace

ExitStatus exit_status(int wait_status) {
  if (WIFSIGNALED(wait_status))
    return {.by_signal = true,
            .code = 0,
            .signal = WTERMSIG(wait_status),
            .core_dumped = WCOREDUMP(wait_status) != 0};
  return {.by_signal = false, .code = WEXITSTATUS(wait_status), .signal = 0, .core_dumped = false};
}

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
  if (context.vacating) return classify_while_vacating(exit, job, checkpoint, context);
  if (checkpoint) return JobEvent::checkpoint_exit;
  if (exit.by_signal && context.contract == Contract::cairn)
    return context.crashes < kCrashesMax ? JobEvent::crashed : JobEvent::hopeless;
  return leaves_the_queue(exit, job, context.completions) ? JobEvent::final_exit
                                                          : JobEvent::crashed;
}

}  // namespace cairn
