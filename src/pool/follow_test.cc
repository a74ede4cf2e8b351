#include "pool/follow.h"

#include <gtest/gtest.h>

#include "pool/fake_pool.h"
#include "support/temp_folder.h"

namespace cairn {
namespace {

class FollowTest : public ::testing::Test {
 protected:
  FollowTest() {
    const PoolReceipt receipt = pool_.submit({.submit_file = "job.sub", .jobs = {ad_}}).value();
    const auto make = [&](int) -> Result<std::vector<JobAd>> { return std::vector<JobAd>{ad_}; };
    const int cluster = queue_.submit("key", std::nullopt, 0, make).value().value();
    cluster_ = {receipt.pool_id, queue_.jobs(cluster).value()};
    id_ = cluster_.jobs.front().id;
  }
  JobRecord stored() { return queue_.jobs(id_.cluster).value().front(); }
  std::size_t events() { return queue_.events(id_).value().size(); }
  PoolJob job() const { return {cluster_.pool_id, 0}; }

  testing::TempFolder folder_;
  Queue queue_ = Queue::open(folder_ / "queue.sqlite").value();
  testing::FakePool pool_;
  JobAd ad_;
  PoolCluster cluster_;
  JobId id_;
};

TEST_F(FollowTest, StoresWhatIsNewAndNothingTwice) {
  follow(pool_, queue_, {&cluster_, 1}).value();
  EXPECT_EQ(stored().state, JobState::idle);
  const std::size_t before = events();
  follow(pool_, queue_, {&cluster_, 1}).value();
  EXPECT_EQ(events(), before);
  pool_.start(job());
  pool_.checkpoint(job());
  follow(pool_, queue_, {&cluster_, 1}).value();
  EXPECT_EQ(stored().state, JobState::running);
  EXPECT_EQ(stored().last_checkpoint, 0);
  EXPECT_EQ(events(), before + 2);
}

TEST_F(FollowTest, AStoryThatHasBecomeShorterChangesNothing) {
  pool_.start(job());
  follow(pool_, queue_, {&cluster_, 1}).value();
  pool_.forget(job());
  follow(pool_, queue_, {&cluster_, 1}).value();
  EXPECT_EQ(stored().state, JobState::running);
}

}  // namespace
}  // namespace cairn
