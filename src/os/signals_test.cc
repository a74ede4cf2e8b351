#include "os/signals.h"

#include <gtest/gtest.h>

#include <csignal>
#include <optional>

namespace cairn::testing {
namespace {

int marks = 0;
void mark(int) { ++marks; }

TEST(SignalFlag, NotesTheSignalUntilItIsCleared) {
  SignalFlag flag(SIGUSR1);
  EXPECT_FALSE(flag.raised());
  ::raise(SIGUSR1);
  EXPECT_TRUE(flag.raised());
  flag.clear();
  EXPECT_FALSE(flag.raised());
}

TEST(SignalFlag, FlagsOfOneSignalAreIndependent) {
  SignalFlag one(SIGUSR1);
  ::raise(SIGUSR1);
  SignalFlag two(SIGUSR1);
  EXPECT_TRUE(one.raised());
  EXPECT_FALSE(two.raised());
  ::raise(SIGUSR1);
  one.clear();
  EXPECT_FALSE(one.raised());
  EXPECT_TRUE(two.raised());
}

TEST(SignalFlag, TheLastOneRestoresTheOldDisposition) {
  std::signal(SIGUSR1, mark);
  std::optional<SignalFlag> one(std::in_place, SIGUSR1), two(std::in_place, SIGUSR1);
  one.reset();
  ::raise(SIGUSR1);
  EXPECT_EQ(marks, 0);
  EXPECT_TRUE(two->raised());
  two.reset();
  ::raise(SIGUSR1);
  EXPECT_EQ(marks, 1);
  std::signal(SIGUSR1, SIG_DFL);
}

TEST(SignalFlag, LeavesAHandlerThatCameLaterAlone) {
  {
    SignalFlag flag(SIGUSR1);
    std::signal(SIGUSR1, mark);
  }
  struct sigaction now {};
  ::sigaction(SIGUSR1, nullptr, &now);
  EXPECT_EQ(now.sa_handler, mark);
  std::signal(SIGUSR1, SIG_DFL);
}

TEST(SignalFlagDeathTest, RefusesASignalThatCannotBeCaught) {
  EXPECT_DEATH(SignalFlag flag(SIGKILL), "cannot be caught");
}

}  // namespace
}  // namespace cairn::testing
