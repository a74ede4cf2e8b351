#include "session/policy.h"

#include <gtest/gtest.h>

#include "session/retention.h"

namespace cairn {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

Policy never() { return {.commit_interval = {}, .leave_interval = {}}; }

TEST(Policy, OfZeroesIsNeverDue) {
  const Elapsed long_ago{1'000'000'000, std::chrono::hours(1'000'000)};
  EXPECT_EQ(due(never(), {long_ago, long_ago}), Due::nothing);
  EXPECT_FALSE(needs_clock(never()));
}

TEST(Policy, IsDueAtTheCountAndNotBefore) {
  Policy policy = never();
  policy.commit_every = 10;
  EXPECT_EQ(due(policy, {.commit = {9}, .leave = {9}}), Due::nothing);
  EXPECT_EQ(due(policy, {.commit = {10}, .leave = {10}}), Due::commit);
}

TEST(Policy, TakesWhicheverOfCountAndTimeIsOverFirst) {
  Policy policy = never();
  policy.commit_every = 10;
  policy.commit_interval = minutes(1);
  EXPECT_EQ(due(policy, {.commit = {10, seconds(1)}, .leave = {}}), Due::commit);
  EXPECT_EQ(due(policy, {.commit = {1, minutes(1)}, .leave = {}}), Due::commit);
  EXPECT_EQ(due(policy, {.commit = {9, seconds(59)}, .leave = {}}), Due::nothing);
}

TEST(Policy, LeavesWhenBothAreDue) {
  Policy policy = never();
  policy.commit_every = 10;
  policy.leave_every = 20;
  EXPECT_EQ(due(policy, {.commit = {10}, .leave = {20}}), Due::leave);
  EXPECT_EQ(due(policy, {.commit = {10}, .leave = {10}}), Due::commit);
}

TEST(Policy, StaysDueWhileMorePasses) {
  Policy policy{.commit_every = 7, .leave_every = 31};
  Due before = Due::nothing;
  for (std::uint64_t n = 0; n < 100; ++n) {
    const Due now = due(policy, {.commit = {n}, .leave = {n}});
    EXPECT_GE(now, before);
    before = now;
  }
}

using Numbers = std::vector<std::uint64_t>;

TEST(Retention, RemovesNothingBeforeEnoughAreKnownToBeGood) {
  EXPECT_EQ(superseded({1, 2, 3, 4}, {4}, 2), Numbers{});
  EXPECT_EQ(superseded({1, 2, 3, 4}, {}, 1), Numbers{});
}

TEST(Retention, RemovesWhatIsOlderThanTheOldestKept) {
  EXPECT_EQ(superseded({1, 2, 3, 4}, {3, 4}, 2), (Numbers{1, 2}));
  EXPECT_EQ(superseded({0, 1}, {0, 1}, 1), Numbers{0});
}

TEST(Retention, NeverCountsADamagedOneAsKept) {  // 3 and 4 are damaged
  EXPECT_EQ(superseded({1, 2, 3, 4, 5}, {2, 5}, 2), Numbers{1});
  EXPECT_EQ(superseded({2, 3, 4, 5, 6}, {2, 5, 6}, 2), (Numbers{2, 3, 4}));
}

}  // namespace
}  // namespace cairn
