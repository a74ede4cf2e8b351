#include "job/policy.h"

#include <gtest/gtest.h>

namespace cairn {
namespace {

constexpr std::int64_t kNow = 1'795'340'000;

classad::Ad job(const std::string& lines) { return classad::Ad::parse(lines).value(); }

PolicyVerdict at_exit(const std::string& lines) {
  const classad::Ad ad = job(lines);
  return exit_policy({.job = ad, .now_seconds = kNow});
}
PolicyVerdict now_and_then(const std::string& lines, const JobClocks& clocks = {},
                           bool held = false) {
  const classad::Ad ad = job(lines);
  return periodic_policy({.job = ad, .now_seconds = kNow}, clocks, held);
}

// The sentences are those of a real 23.9.6.
TEST(ExitPolicy, HoldGoesBeforeRemove) {
  const PolicyVerdict verdict =
      at_exit("ExitCode = 3\nOnExitHold = ExitCode == 3\nOnExitRemove = false\n");
  EXPECT_EQ(verdict.action, PolicyAction::hold);
  EXPECT_EQ(verdict.reason,
            "The job attribute OnExitHold expression 'ExitCode == 3' evaluated to TRUE");
  EXPECT_EQ(verdict.code, 3);
  EXPECT_EQ(verdict.subcode, 0);
}

TEST(ExitPolicy, HoldSaysItsOwnReason) {
  const PolicyVerdict verdict = at_exit(
      "ExitCode = 3\nOnExitHold = ExitCode =!= 0\nOnExitHoldSubCode = 42\n"
      "OnExitHoldReason = strcat(\"bad exit \", ExitCode)\n");
  EXPECT_EQ(verdict.reason, "bad exit 3");
  EXPECT_EQ(verdict.subcode, 42);
}

TEST(ExitPolicy, RetriesUntilThereAreMoreExitsThanAllowed) {
  const std::string lines =
      "JobMaxRetries = 2\nExitCode = 4\n"
      "OnExitRemove = NumJobCompletions > JobMaxRetries || ExitCode =?= 0\nNumJobCompletions = ";
  const PolicyVerdict verdict = at_exit(lines + "2\n");
  EXPECT_EQ(verdict.action, PolicyAction::requeue);
  EXPECT_EQ(verdict.reason,
            "The job attribute OnExitRemove expression 'NumJobCompletions > JobMaxRetries || "
            "ExitCode =?= 0' evaluated to FALSE");
  EXPECT_EQ(at_exit(lines + "3\n").action, PolicyAction::none);
}

TEST(ExitPolicy, WhatIsNeitherTrueNorFalseDecidesNothing) {
  for (const char* unclear : {"NoSuchThing > 3", "error", "\"a\""}) {
    EXPECT_EQ(at_exit(std::string("OnExitRemove = ") + unclear + "\n").action, PolicyAction::none);
    EXPECT_EQ(at_exit(std::string("OnExitHold = ") + unclear + "\n").action, PolicyAction::none);
  }
  EXPECT_EQ(at_exit("").action, PolicyAction::none);
}

TEST(PeriodicPolicy, OrderIsVacateHoldReleaseRemove) {
  const std::string all =
      "PeriodicVacate = true\nPeriodicHold = true\nPeriodicRelease = true\nPeriodicRemove = true\n";
  const JobClocks running = {.activation_begin_seconds = kNow - 10,
                             .execution_begin_seconds = kNow - 5};
  EXPECT_EQ(now_and_then(all, running).action, PolicyAction::vacate);
  EXPECT_EQ(now_and_then(all).action, PolicyAction::hold);
  EXPECT_EQ(now_and_then(all, {}, true).action, PolicyAction::release);
  EXPECT_EQ(now_and_then("PeriodicRemove = true\n").action, PolicyAction::remove);
}

TEST(PeriodicPolicy, SaysWhichExpressionWasTrue) {
  const PolicyVerdict verdict = now_and_then(
      "JobStatus = 2\nEnteredCurrentStatus = 1795330000\n"
      "PeriodicHold = JobStatus == 2&&time()-EnteredCurrentStatus>2\nPeriodicHoldSubCode = 7\n");
  EXPECT_EQ(verdict.reason,
            "The job attribute PeriodicHold expression 'JobStatus == 2 && time() - "
            "EnteredCurrentStatus > 2' evaluated to TRUE");
  EXPECT_EQ(verdict.subcode, 7);
}

TEST(PeriodicPolicy, NeverReleasesWhatAUserHeld) {
  EXPECT_EQ(now_and_then("PeriodicRelease = true\nHoldReasonCode = 1\n", {}, true).action,
            PolicyAction::none);
  EXPECT_EQ(now_and_then("PeriodicRelease = true\nHoldReasonCode = 36\n", {}, true).action,
            PolicyAction::release);
  EXPECT_EQ(now_and_then("PeriodicRelease = true\n").action, PolicyAction::none);
}

TEST(PeriodicPolicy, DurationsCountFromTheirOwnBeginnings) {
  const std::string lines = "AllowedJobDuration = 100\nAllowedExecuteDuration = 3\n";
  EXPECT_EQ(now_and_then(
                lines, {.activation_begin_seconds = kNow - 50, .execution_begin_seconds = kNow - 3})
                .action,
            PolicyAction::none);
  const PolicyVerdict execute = now_and_then(
      lines, {.activation_begin_seconds = kNow - 50, .execution_begin_seconds = kNow - 4});
  EXPECT_EQ(execute.reason, "The job exceeded allowed execute duration of 00:03");
  EXPECT_EQ(execute.code, 47);
  const PolicyVerdict whole = now_and_then(
      lines, {.activation_begin_seconds = kNow - 101, .execution_begin_seconds = kNow - 4});
  EXPECT_EQ(whole.reason, "The job exceeded allowed job duration of 01:40");
  EXPECT_EQ(whole.code, 46);
}

TEST(PeriodicPolicy, OnlyAdsWithAPolicyNeedToBeAsked) {
  JobAd ad;
  ad.set("PeriodicHold", "false");
  EXPECT_FALSE(has_periodic_policy(ad));
  ad.set("AllowedJobDuration", "60");
  EXPECT_TRUE(has_periodic_policy(ad));
}

TEST(Policy, LifeIsLaidOverTheAd) {
  JobAd ad, live;
  ad.set("NumJobStarts", "0");
  ad.set("Broken", "( 1");
  live.set("NumJobStarts", "2");
  const classad::Ad both = to_classad(ad, live);
  EXPECT_EQ(both.lines(), "NumJobStarts = 2\n");
}

}  // namespace
}  // namespace cairn
