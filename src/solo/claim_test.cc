#include "solo/claim.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "os/atomic_file.h"
#include "os/process.h"
#include "solo/slurm_allocation.h"
#include "support/temp_folder.h"

namespace cairn {
namespace {

using ::testing::HasSubstr;
using testing::TempFolder;

constexpr std::chrono::milliseconds kNoPatience{0};
const StillRuns kGone = [](const Runner&) { return false; };
const StillRuns kThere = [](const Runner&) { return true; };

class ClaimTest : public ::testing::Test {
 protected:
  void left_by(const Runner& runner) {
    write_file_atomically(files_, folder_.path() / "runner", as_bytes(encode(runner))).value();
  }
  Result<Claim> take(const StillRuns& still_runs, const Runner& me = this_runner("18", 0)) {
    return Claim::take(files_, folder_.path(), me, still_runs, kNoPatience);
  }
  PosixFileSystem files_;
  TempFolder folder_;
};

Runner elsewhere(const std::string& allocation) {
  return {"another-host", 4711, 12345, allocation, 0, {}, {}};
}

TEST_F(ClaimTest, IsTakenOnceAndLeftWithALastWord) {
  Claim claim = take(kGone).value();
  EXPECT_EQ(take(kGone).error().code, Errc::locked);
  claim.end(kEndedAsked, "why").value();
  const Runner last = last_runner(files_, folder_.path()).value().value();
  EXPECT_EQ(last.ending, kEndedAsked);
  EXPECT_EQ(last.detail, "why");
  EXPECT_EQ(last.pid, ::getpid());
  EXPECT_TRUE(take(kThere)) << "who said that he has ended, has";
}

// The locks of a file system are gone with its server; the scheduler knows.
TEST_F(ClaimTest, AsksTheSchedulerAboutAnotherMachine) {
  left_by(elsewhere("17"));
  EXPECT_EQ(take(kThere).error().code, Errc::locked);
  EXPECT_TRUE(take(kGone));
}

TEST_F(ClaimTest, TakesOverFromAnEarlierRunOfTheSameAllocation) {
  left_by(elsewhere("18"));
  EXPECT_TRUE(take(kThere)) << "the scheduler has ended it before it started us";
}

TEST_F(ClaimTest, AProcessOfThisMachineIsLookedAt) {
  Runner other = this_runner("18", 0);
  other.pid = ::getppid();
  --other.start_time;
  left_by(other);  // that pid, but another start time: it was used again
  EXPECT_TRUE(take(kThere));
  SpawnOptions sleeper;
  sleeper.program = "/bin/sleep";
  sleeper.arguments = {"sleep", "1000"};
  const pid_t pid = spawn(sleeper).value();
  left_by(runner_of(pid, "18", 0));
  EXPECT_EQ(take(kGone).error().code, Errc::locked);
  ::kill(pid, SIGKILL);
  wait_for(pid).value();
  EXPECT_TRUE(take(kGone));
}

TEST_F(ClaimTest, WhoWasGivenUpForDeadIsRefused) {
  Claim claim = take(kGone).value();
  claim.check().value();
  left_by(elsewhere("19"));
  EXPECT_EQ(claim.check().error().code, Errc::locked);
  EXPECT_EQ(claim.end(kEndedSettled, {}).error().code, Errc::locked);
  EXPECT_EQ(last_runner(files_, folder_.path()).value()->allocation, "19");
}

TEST_F(ClaimTest, WhatCannotBeReadIsAnError) {
  write_file_atomically(files_, folder_.path() / "runner", as_bytes("{")).value();
  EXPECT_EQ(take(kGone).error().code, Errc::corrupt);
}

TEST(SlurmAllocation, NamesATaskByItsArray) {
  const auto environment = [](const char* name) -> const char* {
    const std::string_view wanted = name;
    if (wanted == "SLURM_JOB_ID") return "17";  // of the last task it is the array's own
    if (wanted == "SLURM_ARRAY_JOB_ID") return "17";
    if (wanted == "SLURM_ARRAY_TASK_ID") return "3";
    if (wanted == "SLURM_RESTART_COUNT") return "2";
    if (wanted == "SLURMD_NODENAME") return "n7";
    return nullptr;
  };
  const SlurmAllocation allocation(environment);
  EXPECT_EQ(allocation.number(), "17_3");
  EXPECT_EQ(allocation.restarts(), 2);
  EXPECT_EQ(allocation.slot(), "slot1@n7");
}

TEST(PrivateFolder, IsOneForEachJobAndNobodyElses) {
  PosixFileSystem files;
  const TempFolder base;
  const Path one = private_folder(files, base.path(), "/a/0").value();
  EXPECT_EQ(private_folder(files, base.path(), "/a/0").value(), one);
  EXPECT_NE(private_folder(files, base.path(), "/a/1").value(), one);
  EXPECT_EQ(files.info(one).value().mode, 0700U);
}

TEST(PrivateFolder, RefusesALinkThatSomebodyPutThere) {
  PosixFileSystem files;
  const TempFolder base, elsewhere;
  std::filesystem::create_directory_symlink(elsewhere.path(),
                                            base.path() / ("cairn-" + std::to_string(::getuid())));
  EXPECT_EQ(private_folder(files, base.path(), "/a/0").error().code, Errc::misuse);
}

}  // namespace
}  // namespace cairn
