#include "wrap/decision.h"

#include <gtest/gtest.h>

namespace cairn::wrap {
namespace {

constexpr int exited(int code) { return code << 8; }
constexpr int killed(int signal) { return signal; }

TEST(AfterEnd, AnExitThatNobodyAskedForIsTheWrappers) {
  for (const int status : {exited(0), exited(1), exited(77), killed(9)})
    EXPECT_EQ(after_end({.wait_status = status}), Step::finish) << status;
}

// Interrupted programs exit with anything, 0 too.
TEST(AfterEnd, NoExitCodeMeansFinishedOnceItWasAskedToEnd) {
  for (const int status : {exited(0), exited(1), exited(2), exited(20), exited(130), exited(143),
                           exited(255), killed(15)}) {
    EXPECT_EQ(after_end({.asked = Asked::planned, .wait_status = status}), Step::take) << status;
    EXPECT_EQ(after_end({.asked = Asked::vacated, .wait_status = status}), Step::take) << status;
  }
}

TEST(AfterEnd, TheMarkDecides) {
  Ending ending{.has_mark = true, .mark_found = true};
  EXPECT_EQ(after_end(ending), Step::finish);
  ending.asked = Asked::planned;
  ending.was_told = true;
  EXPECT_EQ(after_end(ending), Step::succeed);
  ending = {.has_mark = true};
  EXPECT_EQ(after_end(ending), Step::incomplete);  // 0, without the mark: never a success
  ending.limits_itself = true;
  EXPECT_EQ(after_end(ending), Step::take);
  ending.wait_status = exited(1);
  EXPECT_EQ(after_end(ending), Step::finish);
}

// The file of a mark is there from its first byte on.
TEST(AfterEnd, AMarkOfOneThatWasCutOffIsNotTheEnd) {
  for (const int status : {exited(143), exited(1), killed(15), killed(9)})
    for (const Asked asked : {Asked::planned, Asked::deadline, Asked::vacated})
      EXPECT_EQ(after_end({.asked = asked,
                           .wait_status = status,
                           .has_mark = true,
                           .mark_found = true,
                           .was_told = true}),
                Step::take)
          << status;
  // Killed since it did not end, although nobody had told it to.
  Ending ending{.asked = Asked::vacated, .has_mark = true, .mark_found = true};
  ending.wait_status = killed(9);
  EXPECT_EQ(after_end(ending), Step::take);
  ending.wait_status = exited(6);
  EXPECT_EQ(after_end(ending), Step::finish);
}

TEST(AfterEnd, OnlyAnEarlyFailureAfterARestartBlamesTheCheckpoint) {
  EXPECT_EQ(after_end({.wait_status = exited(1), .resumed = true, .early = true}), Step::go_back);
  EXPECT_EQ(after_end({.wait_status = killed(11), .resumed = true, .early = true}), Step::go_back);
  EXPECT_EQ(after_end({.wait_status = exited(1), .resumed = true}), Step::finish);
  EXPECT_EQ(after_end({.wait_status = exited(1), .early = true}), Step::finish);
  EXPECT_EQ(after_end({.wait_status = exited(0), .resumed = true, .early = true}), Step::finish);
}

TEST(AfterEnd, AStallIsNoCheckpoint) {
  EXPECT_EQ(after_end({.asked = Asked::stalled, .wait_status = killed(9)}), Step::restart);
}

TEST(AfterTake, OnlyGoodStateLeaves) {
  for (const Asked asked : {Asked::no, Asked::planned, Asked::vacated})
    EXPECT_EQ(after_take({.asked = asked}, NewState::good), TakeStep::leave);
  for (const NewState state : {NewState::bad, NewState::none}) {
    EXPECT_EQ(after_take({.asked = Asked::planned}, state), TakeStep::restart);
    EXPECT_EQ(after_take({.asked = Asked::vacated}, state), TakeStep::pass_on);
    EXPECT_EQ(after_take({.asked = Asked::no}, state), TakeStep::incomplete);
    EXPECT_EQ(after_take({.asked = Asked::deadline}, state), TakeStep::incomplete);
    EXPECT_EQ(after_take({.asked = Asked::deadline, .has_checkpoint = true}, state),
              TakeStep::leave);
  }
}

}  // namespace
}  // namespace cairn::wrap
