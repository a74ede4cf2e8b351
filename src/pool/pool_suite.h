// What every Pool must do, as one suite.  World gives: pool(), jobs(n) (ads to hand over),
// start(job), checkpoint(job), finish(job, code): what then happens in the pool.
#pragma once

#include <gtest/gtest.h>

#include "pool/pool.h"
#include "support/temp_folder.h"

namespace cairn::testing {

template <class World>
class PoolSuite : public ::testing::Test {
 protected:
  // Hands over `procs` jobs; what the queue then knows of them.
  PoolCluster hand_over(int procs) {
    const std::vector<JobAd> ads = world_.jobs(procs);
    PoolCluster cluster;
    cluster.pool_id = world_.pool().submit({.submit_file = "job.sub", .jobs = ads}).value().pool_id;
    for (int proc = 0; proc < procs; ++proc)
      cluster.jobs.push_back({.id = {7, proc}, .ad = ads[static_cast<std::size_t>(proc)]});
    return cluster;
  }
  PoolUpdate look(const PoolCluster& cluster, int proc = 0) {
    PoolNews news = world_.pool().poll({&cluster, 1}).value();
    for (PoolUpdate& update : news.updates)
      if (update.job.id.proc == proc) return std::move(update);
    return {};
  }
  static std::vector<PoolJob> job(const PoolCluster& cluster, int proc = 0) {
    return {{cluster.pool_id, proc}};
  }

  World world_;
  TempFolder folder_;
};

TYPED_TEST_SUITE_P(PoolSuite);

TYPED_TEST_P(PoolSuite, SaysItsVersion) {
  EXPECT_FALSE(this->world_.pool().check().value().empty());
}

TYPED_TEST_P(PoolSuite, FollowsAJobFromIdleToItsEnd) {
  const PoolCluster cluster = this->hand_over(1);
  const PoolJob job = this->job(cluster).front();
  EXPECT_EQ(this->look(cluster).job.state, JobState::idle);
  EXPECT_EQ(this->look(cluster).job.id, (JobId{7, 0}));
  this->world_.start(job);
  EXPECT_EQ(this->look(cluster).job.state, JobState::running);
  EXPECT_EQ(this->look(cluster).job.activation, 1);
  this->world_.checkpoint(job);
  EXPECT_EQ(this->look(cluster).job.last_checkpoint, 0);
  this->world_.finish(job, 3);
  const JobRecord end = this->look(cluster).job;
  EXPECT_EQ(end.state, JobState::completed);
  EXPECT_EQ(end.exit.value().code, 3);
  EXPECT_EQ(end.last_checkpoint, 0);
}

TYPED_TEST_P(PoolSuite, ALongerStoryBeginsWithTheShorterOne) {
  const PoolCluster cluster = this->hand_over(1);
  const PoolJob job = this->job(cluster).front();
  const auto texts = [&] {
    std::vector<std::pair<std::int64_t, std::string>> found;
    for (const EventRecord& event : this->look(cluster).events)
      found.emplace_back(event.time_ms, event.text);
    return found;
  };
  auto before = texts();
  const auto grows = [&] {
    const auto now = texts();
    ASSERT_GT(now.size(), before.size());
    EXPECT_TRUE(std::equal(before.begin(), before.end(), now.begin()));
    before = now;
  };
  this->world_.start(job);
  grows();
  this->world_.checkpoint(job);
  grows();
  this->world_.finish(job, 0);
  grows();
}

TYPED_TEST_P(PoolSuite, TellsEachJobOfAClusterApart) {
  const PoolCluster cluster = this->hand_over(3);
  this->world_.start(this->job(cluster, 1).front());
  EXPECT_EQ(this->look(cluster, 0).job.state, JobState::idle);
  EXPECT_EQ(this->look(cluster, 1).job.state, JobState::running);
  EXPECT_EQ(this->look(cluster, 2).job.state, JobState::idle);
  const PoolCluster other = this->hand_over(1);
  EXPECT_NE(other.pool_id, cluster.pool_id);
  EXPECT_EQ(this->look(other).job.state, JobState::idle);
}

TYPED_TEST_P(PoolSuite, HoldsReleasesVacatesAndRemoves) {
  const PoolCluster cluster = this->hand_over(1);
  const auto jobs = this->job(cluster);
  Pool& pool = this->world_.pool();
  this->world_.start(jobs.front());
  pool.vacate(jobs, Departure::soft).value();
  EXPECT_EQ(this->look(cluster).job.state, JobState::idle);
  this->world_.start(jobs.front());
  EXPECT_EQ(this->look(cluster).job.activation, 2);
  pool.hold(jobs, "a look at it").value();
  const JobRecord held = this->look(cluster).job;
  EXPECT_EQ(held.state, JobState::held);
  EXPECT_EQ(held.hold.value().code, 1);
  EXPECT_NE(held.hold.value().reason.find("a look at it"), std::string::npos);
  pool.release(jobs, "seen").value();
  EXPECT_EQ(this->look(cluster).job.state, JobState::idle);
  EXPECT_FALSE(this->look(cluster).job.hold);
  pool.remove(jobs, "not needed").value();
  EXPECT_EQ(this->look(cluster).job.state, JobState::removed);
}

TYPED_TEST_P(PoolSuite, RefusesWhatItDoesNotKnow) {
  const PoolCluster cluster = this->hand_over(1);
  EXPECT_FALSE(this->world_.pool().hold(this->job(cluster, 5), "x"));
}

TYPED_TEST_P(PoolSuite, FetchesACheckpointOnceThereIsOne) {
  const PoolCluster cluster = this->hand_over(1);
  const PoolJob job = this->job(cluster).front();
  this->world_.start(job);
  const auto none = this->world_.pool().fetch(job, this->folder_.path());
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, Errc::not_found);
  this->world_.checkpoint(job);
  EXPECT_TRUE(
      std::filesystem::is_directory(this->world_.pool().fetch(job, this->folder_.path()).value()));
}

REGISTER_TYPED_TEST_SUITE_P(PoolSuite, SaysItsVersion, FollowsAJobFromIdleToItsEnd,
                            ALongerStoryBeginsWithTheShorterOne, TellsEachJobOfAClusterApart,
                            HoldsReleasesVacatesAndRemoves, RefusesWhatItDoesNotKnow,
                            FetchesACheckpointOnceThereIsOne);

}  // namespace cairn::testing
