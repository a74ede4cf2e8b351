#include "job/live_ad.h"

#include <gtest/gtest.h>

#include <set>

#include "support/golden.h"
#include "support/source_folder.h"

namespace cairn {
namespace {

JobAd sample(const std::string& name) {
  return JobAd::parse(testing::read_text(testing::source_folder() + "/src/job/testdata/live_" +
                                         name + ".ad"))
      .value();
}

// What a real pool's ad says, for everything that ours has changed.
void expect_as(const LiveAd& live, const std::string& name) {
  // A later version's; and what says how the pool matched, not how the job lived.
  const std::set<std::string> not_there = {"JobLastCheckpointTime", "BytesSent", "BytesRecvd"};
  const JobAd real = sample(name);
  for (const auto& [attribute, expression] : live.changes().attributes()) {
    if (not_there.contains(attribute)) continue;
    EXPECT_EQ(real.get(attribute).value_or("(none)"), expression) << attribute << " of " << name;
  }
}

JobAd submitted_ad() {
  JobAd ad;
  for (const char* zero : {"NumJobStarts", "NumJobCompletions", "CommittedTime",
                           "CommittedSlotTime", "CumulativeSlotTime"})
    ad.set_integer(zero, 0);
  for (const char* zero : {"RemoteWallClockTime", "RemoteUserCpu", "RemoteSysCpu"})
    ad.set(zero, "0.0");
  ad.set_integer("RequestCpus", 1);
  return ad;
}

constexpr std::int64_t kBegin = 1795329300;

void checkpoint(LiveAd& live, std::int64_t number, std::int64_t exit_time) {
  live.exited(exit_time, {.code = 77}, 0, 0);
  live.sending(exit_time);
  live.sent(exit_time, 0);
  live.checkpointed(number, exit_time, 4);
  live.executing(exit_time, true);
}

// The life of samples/sample.log: two checkpoints, a vacate, two more, the end.
TEST(LiveAd, LifeOfASelfCheckpointingJobIsAsOnARealPool) {
  const JobAd ad = submitted_ad();
  LiveAd live(ad, {});
  live.submitted(kBegin - 2);
  live.activated(kBegin, "slot1_2@pool.test");
  live.entered(CondorStatus::running, kBegin);
  live.inputs_received(kBegin, kBegin, 0);
  live.executing(kBegin, false);
  checkpoint(live, 0, kBegin + 4);
  checkpoint(live, 1, kBegin + 8);
  {
    LiveAd early = live;
    JobAd changes = early.take();
    // The dates of an activation's transfers come when it ends, there.
    for (const char* late :
         {"JobCurrentStartTransferInputDate", "JobCurrentFinishTransferInputDate",
          "JobCurrentStartTransferOutputDate", "JobCurrentFinishTransferOutputDate"})
      changes.erase(late);
    expect_as(LiveAd(ad, changes), "running");
  }

  live.exited(kBegin + 10, {.by_signal = true, .signal = 15}, 0, 0);
  live.left(kBegin + 10, false);
  live.vacated(kBegin + 10, "", 0, 0);
  live.entered(CondorStatus::idle, kBegin + 10);
  live.activated(kBegin + 12, "slot1_2@pool.test");
  live.entered(CondorStatus::running, kBegin + 12);
  live.inputs_received(kBegin + 12, kBegin + 12, 0);
  live.executing(kBegin + 12, false);
  checkpoint(live, 2, kBegin + 16);
  checkpoint(live, 3, kBegin + 20);

  live.sending(kBegin + 24);
  live.exited(kBegin + 24, {}, 0, 0);
  live.left(kBegin + 24, true);
  live.completed(kBegin + 24);
  live.entered(CondorStatus::completed, kBegin + 24);
  JobAd changes = live.take();
  changes.set_integer("TransferOutFinished", kBegin + 24);
  expect_as(LiveAd(ad, changes), "history");
}

TEST(LiveAd, JobHeldForItsCheckpointIsAsOnARealPool) {
  constexpr std::int64_t kStart = 1795328159;
  const JobAd ad = submitted_ad();
  LiveAd live(ad, {});
  live.submitted(kStart - 1);
  live.activated(kStart, "slot1_1@pool.test");
  live.entered(CondorStatus::running, kStart);
  live.inputs_received(kStart, kStart, 0);
  live.executing(kStart, false);
  live.exited(kStart, {.code = 77}, 0, 0);
  live.sending(kStart);
  live.sent(kStart, 0);
  live.checkpointed(0, kStart, 0);
  live.exited(kStart + 1, {.code = 77}, 0, 0);
  live.sending(kStart + 1);
  const std::string why = "Error from slot1_1@pool.test: Starter failed to upload checkpoint";
  live.left(kStart + 1, false);
  live.vacated(kStart + 1, why, 36, -1);
  live.held(36, -1, why);
  live.entered(CondorStatus::held, kStart + 1);
  expect_as(live, "held");
}

TEST(LiveAd, HoldsAreCountedByReasonAndRememberedAfterARelease) {
  const JobAd ad;
  LiveAd live(ad, {});
  live.held(1, 0, "by me (by user htc)");
  live.released("go on (by user htc)");
  live.held(36, -1, "no file");
  live.held(1, 0, "again");
  EXPECT_EQ(live.changes().get("NumHolds"), "3");
  EXPECT_EQ(live.changes().get("NumHoldsByReason"), "[ UserRequest = 2; FailedToCheckpoint = 1 ]");
  EXPECT_EQ(live.changes().get_string("LastHoldReason"), "by me (by user htc)");
  EXPECT_EQ(live.changes().get_integer("LastHoldReasonCode"), 1);
}

TEST(LiveAd, StatusIsEnteredOnlyWhenItChanges) {
  const JobAd ad;
  LiveAd live(ad, {});
  live.submitted(100);
  live.entered(CondorStatus::running, 200);
  live.entered(CondorStatus::running, 300);
  EXPECT_EQ(live.changes().get_integer("EnteredCurrentStatus"), 200);
  EXPECT_EQ(live.changes().get_integer("LastJobStatus"), 1);
}

TEST(LiveAd, RetriedExitsCountAsCompletions) {
  const JobAd ad = submitted_ad();
  LiveAd live(ad, {});
  live.activated(10, "slot1");
  live.left(13, false);
  live.requeued("why");
  EXPECT_EQ(live.changes().get_integer("NumJobCompletions"), 1);
  EXPECT_EQ(live.changes().get("RemoteWallClockTime"), "3.0");
  EXPECT_EQ(live.changes().get("CommittedTime"), std::nullopt);
}

}  // namespace
}  // namespace cairn
