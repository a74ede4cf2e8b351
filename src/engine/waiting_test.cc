#include "engine/waiting.h"

#include <gtest/gtest.h>

namespace cairn {
namespace {

WaitingJob job(int cluster, int proc, int priority = 0, int cpus = 1, std::int64_t memory_mb = 1) {
  return {.id = {cluster, proc},
          .priority = priority,
          .cpus = cpus,
          .memory_mb = memory_mb,
          .disk_kb = 0};
}

constexpr Resources kMachine{4, 1000, 1000};

TEST(Waiting, StartsTheHighestPriorityFirstAndThenTheOldest) {
  Waiting waiting;
  for (const WaitingJob& each : {job(3, 0), job(2, 1), job(2, 0), job(9, 0, 5), job(1, 0, -1)})
    waiting.add(each);
  std::vector<JobId> order;
  while (const auto next = waiting.take(kMachine)) order.push_back(next->id);
  EXPECT_EQ(order, (std::vector<JobId>{{9, 0}, {2, 0}, {2, 1}, {3, 0}, {1, 0}}));
}

TEST(Waiting, OneThatNeedsMoreThanThereIsHoldsUpNobody) {
  Waiting waiting;
  waiting.add(job(1, 0, 9, 8));
  waiting.add(job(2, 0, 0, 2));
  waiting.add(job(3, 0, 0, 1, 2000));
  EXPECT_EQ(waiting.count_that_fit(kMachine), 1);
  EXPECT_EQ(waiting.take(kMachine)->id, (JobId{2, 0}));
  EXPECT_FALSE(waiting.take(kMachine));
  EXPECT_EQ(waiting.count(), 2);
}

TEST(Waiting, KeepsEachJobOnce) {
  Waiting waiting;
  waiting.add(job(1, 0));
  waiting.add(job(1, 0));
  EXPECT_EQ(waiting.count(), 1);
  EXPECT_TRUE(waiting.take(kMachine));
  EXPECT_FALSE(waiting.take(kMachine));
  EXPECT_EQ(waiting.count(), 0);
}

TEST(Resources, HoldOnlyWhatFitsInEveryRespect) {
  EXPECT_TRUE(kMachine.holds(kMachine));
  EXPECT_FALSE(kMachine.holds({5, 0, 0}));
  EXPECT_FALSE(kMachine.holds({0, 1001, 0}));
  EXPECT_FALSE(kMachine.holds({0, 0, 1001}));
  Resources rest = kMachine;
  rest -= {1, 10, 100};
  EXPECT_EQ(rest, (Resources{3, 990, 900}));
  rest += {1, 10, 100};
  EXPECT_EQ(rest, kMachine);
}

}  // namespace
}  // namespace cairn
