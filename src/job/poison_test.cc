#include "job/poison.h"

#include <gtest/gtest.h>

namespace cairn {
namespace {

using std::chrono::milliseconds;
using Advice = PoisonWatch::Advice;

constexpr milliseconds kAtOnce{3};

class PoisonTest : public ::testing::Test {
 protected:
  // What the next start is to do after so many deaths.
  Advice after_deaths(std::optional<std::int64_t> from, int deaths, milliseconds lived = kAtOnce) {
    Advice last;
    for (int i = 0; i < deaths; ++i) {
      watch_.started(from);
      watch_.died(lived);
      last = watch_.advice();
    }
    return last;
  }
  PoisonWatch watch_;
};

TEST_F(PoisonTest, TwoDeathsRightAfterARestorePutTheCheckpointAside) {
  EXPECT_EQ(after_deaths(7, 1), Advice{});
  EXPECT_EQ(after_deaths(7, 1), Advice{.put_aside = 7});
  watch_.started(6);
  EXPECT_EQ(watch_.advice(), Advice{}) << "it was followed";
}

TEST_F(PoisonTest, ALongLifeOrABeginningWithoutACheckpointIsNotHeldAgainstIt) {
  EXPECT_EQ(after_deaths(7, 5, PoisonWatch::kSoon), Advice{});
  EXPECT_EQ(after_deaths(std::nullopt, 5), Advice{});
}

TEST_F(PoisonTest, DeathsOfDifferentCheckpointsAreNotAddedUp) {
  EXPECT_EQ(after_deaths(7, 1), Advice{});
  EXPECT_EQ(after_deaths(8, 1), Advice{});
  EXPECT_EQ(after_deaths(7, 1), Advice{});
}

TEST_F(PoisonTest, ACheckpointMadeInBetweenBeginsTheCountAnew) {
  after_deaths(7, 1);
  watch_.started(7);
  watch_.made_checkpoint();
  EXPECT_EQ(after_deaths(7, 1), Advice{});
}

TEST_F(PoisonTest, IfTheOneBeforeKillsTooTheSuspectIsUsedAgainAndStaysInUse) {
  after_deaths(7, 2);
  EXPECT_EQ(after_deaths(6, 2), Advice{.recall = true});
  EXPECT_EQ(after_deaths(7, 10), Advice{});
  EXPECT_EQ(after_deaths(6, 10), Advice{});
  EXPECT_FALSE(watch_.hopeless());
}

TEST_F(PoisonTest, TheOnlyCheckpointStaysInUse) {
  EXPECT_EQ(after_deaths(0, 2), Advice{.put_aside = 0});
  EXPECT_EQ(after_deaths(0, 10), Advice{}) << "there was none before it";
}

// From each rollback a new checkpoint comes that kills the program again.
TEST_F(PoisonTest, ARollbackAfterTheOtherHasAnEnd) {
  std::int64_t newest = 7;
  int rollbacks = 0;
  for (; !watch_.hopeless() && rollbacks < 100; ++rollbacks) {
    after_deaths(newest, 2);
    watch_.started(6);
    watch_.made_checkpoint();
    ++newest;
  }
  EXPECT_EQ(rollbacks, PoisonWatch::kRollbacksMax + 1);
}

TEST_F(PoisonTest, ProgressFromANewerCheckpointClearsAll) {
  for (std::int64_t newest = 7; newest < 100; newest += 2) {
    after_deaths(newest, 2);
    watch_.started(newest - 1);
    watch_.made_checkpoint();
    watch_.started(newest + 1);
    watch_.made_checkpoint();
    ASSERT_FALSE(watch_.hopeless()) << newest;
  }
}

}  // namespace
}  // namespace cairn
