#include "job/exit_class.h"

#include <gtest/gtest.h>

namespace cairn {
namespace {

ExitStatus exit_with(int code) { return {.code = code}; }
ExitStatus death_by(int signal) { return {.by_signal = true, .signal = signal}; }

JobSpec checkpointing_job() {
  JobSpec job;
  job.want_checkpoint_transfer = true;
  job.checkpoint_exit_code = 77;
  return job;
}

constexpr ExitContext kCairn{};
constexpr ExitContext kHTCondor{.contract = Contract::htcondor};
constexpr ExitContext kCairnVacating{.vacating = true};
constexpr ExitContext kHTCondorVacating{.contract = Contract::htcondor, .vacating = true};

TEST(ExitClass, TakesThePromisedCodeForACheckpointAndNoOther) {
  const JobSpec job = checkpointing_job();
  for (const auto& context : {kCairn, kHTCondor}) {
    EXPECT_EQ(classify_exit(exit_with(77), job, context), JobEvent::checkpoint_exit);
    EXPECT_EQ(classify_exit(exit_with(0), job, context), JobEvent::final_exit);
    EXPECT_EQ(classify_exit(exit_with(85), job, context), JobEvent::final_exit);
  }
}

TEST(ExitClass, DoesNotLookAtTheCodeUnlessTransferIsWanted) {  // VP:1045
  JobSpec job = checkpointing_job();
  job.want_checkpoint_transfer = false;
  EXPECT_EQ(classify_exit(exit_with(77), job, kCairn), JobEvent::final_exit);
  EXPECT_EQ(classify_exit(exit_with(77), job, kHTCondor), JobEvent::final_exit);
}

TEST(ExitClass, NeverMatchesACodeOver255) {
  JobSpec job = checkpointing_job();
  job.checkpoint_exit_code = 256 + 77;
  EXPECT_EQ(classify_exit(exit_with(77), job, kHTCondor), JobEvent::final_exit);
}

TEST(ExitClass, ExitZeroIsACheckpointOnlyForHTCondorWithoutACode) {  // such a job never ends
  JobSpec job;
  job.want_checkpoint_transfer = true;
  EXPECT_EQ(classify_exit(exit_with(0), job, kHTCondor), JobEvent::checkpoint_exit);
  EXPECT_EQ(classify_exit(exit_with(0), job, kCairn), JobEvent::final_exit);
}

TEST(ExitClass, TakesThePromisedSignalForACheckpointButNotItsCoreDump) {
  JobSpec job = checkpointing_job();
  job.checkpoint_exit_signal = 12;
  for (const auto& context : {kCairn, kHTCondor}) {
    EXPECT_EQ(classify_exit(death_by(12), job, context), JobEvent::checkpoint_exit);
    EXPECT_NE(classify_exit(exit_with(77), job, context), JobEvent::checkpoint_exit);
    const ExitStatus with_core{.by_signal = true, .signal = 12, .core_dumped = true};
    EXPECT_NE(classify_exit(with_core, job, context), JobEvent::checkpoint_exit);
  }
}

TEST(ExitClass, SavesAVacatedJobsCheckpointOnlyInCairn) {  // VP:754
  const JobSpec job = checkpointing_job();
  EXPECT_EQ(classify_exit(exit_with(77), job, kCairnVacating), JobEvent::checkpoint_exit);
  EXPECT_EQ(classify_exit(exit_with(77), job, kHTCondorVacating), JobEvent::evicted);
}

TEST(ExitClass, RequeuesWhateverElseAVacatedJobDoes) {
  const JobSpec job = checkpointing_job();
  for (const ExitStatus& exit : {exit_with(1), exit_with(143), death_by(15), death_by(9)}) {
    EXPECT_EQ(classify_exit(exit, job, kCairnVacating), JobEvent::evicted);
    EXPECT_EQ(classify_exit(exit, job, kHTCondorVacating), JobEvent::evicted);
  }
  EXPECT_EQ(classify_exit(exit_with(0), job, kCairnVacating), JobEvent::final_exit);
  EXPECT_EQ(classify_exit(exit_with(0), job, kHTCondorVacating), JobEvent::evicted);
}

TEST(ExitClass, SavesTheOutputsOfAVacatedJobIfTheyAreWantedAndItLeftByItself) {  // JIC:617
  JobSpec job = checkpointing_job();
  job.when = TransferOutput::on_exit_or_evict;
  for (const ExitStatus& exit : {exit_with(1), death_by(15)}) {
    EXPECT_EQ(classify_exit(exit, job, kCairnVacating), JobEvent::evict_exit);
    EXPECT_EQ(classify_exit(exit, job, kHTCondorVacating), JobEvent::evict_exit);
  }
  EXPECT_EQ(classify_exit(exit_with(77), job, kCairnVacating), JobEvent::checkpoint_exit);
  EXPECT_EQ(classify_exit(exit_with(77), job, kHTCondorVacating), JobEvent::evict_exit);
  EXPECT_EQ(classify_exit(death_by(9), job, {.vacating = true, .killed = true}), JobEvent::evicted);
  job.transfer_files = false;
  EXPECT_EQ(classify_exit(exit_with(1), job, kCairnVacating), JobEvent::evicted);
}

TEST(ExitClass, GoesOnAfterTwentyCrashesAndIsHopelessAtTheNext) {
  const JobSpec job = checkpointing_job();
  int crashes = 0;
  while (classify_exit(death_by(9), job, {.crashes = crashes}) == JobEvent::crashed) ++crashes;
  EXPECT_EQ(crashes, 20);
  EXPECT_EQ(classify_exit(death_by(9), job, {.crashes = crashes}), JobEvent::hopeless);
}

TEST(ExitClass, IsOverAtACrashOnAPoolWithoutRetries) {
  EXPECT_EQ(classify_exit(death_by(9), checkpointing_job(), kHTCondor), JobEvent::final_exit);
}

TEST(ExitClass, RetriesAsOftenAsMaxRetriesSays) {
  JobSpec job = checkpointing_job();
  job.max_retries = 3;
  for (const Contract contract : {Contract::cairn, Contract::htcondor}) {
    int completions = 0;  // NumJobCompletions > JobMaxRetries ends it: 4 runs in all
    while (classify_exit(exit_with(1), job, {.contract = contract, .completions = completions}) ==
           JobEvent::crashed)
      ++completions;
    EXPECT_EQ(completions, 3);
    EXPECT_EQ(classify_exit(exit_with(0), job, {.contract = contract}), JobEvent::final_exit);
  }
  EXPECT_EQ(classify_exit(death_by(9), job, kHTCondor), JobEvent::crashed);
}

TEST(ExitClass, CompletesWithAnyCodeWithoutRetries) {
  EXPECT_EQ(classify_exit(exit_with(1), JobSpec{}, kCairn), JobEvent::final_exit);
}

}  // namespace
}  // namespace cairn
