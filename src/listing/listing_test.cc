// Every form in which a fixed queue is shown.  Goldens: src/listing/testdata (--rewrite).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>

#include "listing/job_words.h"
#include "listing/queue_table.h"
#include "support/golden.h"

namespace cairn::listing {
namespace {

using ::testing::HasSubstr;

constexpr std::int64_t kSubmitted = 1'795'320'000'000;  // 2026-11-22 04:00:00 UTC
constexpr std::int64_t kNow = kSubmitted + 3'600'000;

EventRow event(std::int64_t after_ms, std::optional<Mark> mark, std::string text) {
  return {0, 1, {kSubmitted + after_ms, mark, std::move(text)}};
}

struct Sample {
  JobRow row;
  std::vector<EventRow> events;
  Glimpse glimpse;
};

Sample job(int cluster, int proc, JobState state) {
  Sample sample;
  sample.row.record.id = {cluster, proc};
  sample.row.record.state = state;
  sample.row.ad =
      "Args = \"0 20000\"\nCmd = \"/home/x/sweep\"\nIwd = \"/home/x\"\nOwner = \"x\"\n"
      "RequestCpus = 1\n";
  sample.events.push_back(event(0, Mark::queued, "submitted"));
  return sample;
}

Sample running() {
  Sample sample = job(12, 0, JobState::running);
  sample.row.record.activation = 2;
  sample.row.record.last_checkpoint = 7;
  sample.row.live = "RemoteHost = \"slot1@node\"\n";
  sample.glimpse.progress = 0.43;
  for (const auto& [after_ms, mark] :
       {std::pair(10'000, Mark::stage_begin), std::pair(11'000, Mark::execute_begin),
        std::pair(1'800'000, Mark::execute_end), std::pair(1'800'000, Mark::spool_begin),
        std::pair(1'802'000, Mark::spool_end), std::pair(1'802'100, Mark::execute_begin),
        std::pair(1'900'000, Mark::evicted), std::pair(1'900'000, Mark::queued),
        std::pair(2'000'000, Mark::stage_begin), std::pair(2'001'000, Mark::execute_begin),
        std::pair(3'500'000, Mark::execute_end), std::pair(3'500'000, Mark::spool_begin),
        std::pair(3'501'000, Mark::spool_end), std::pair(3'501'100, Mark::execute_begin)})
    sample.events.push_back(event(after_ms, mark, ""));
  return sample;
}

Sample held() {
  Sample sample = job(12, 2, JobState::held);
  sample.row.record.activation = 1;
  sample.row.record.hold = HoldFacts{12, 2, "Transfer output files failure: result is missing"};
  sample.events.push_back(event(10'000, Mark::stage_begin, ""));
  sample.events.push_back(event(11'000, Mark::execute_begin, ""));
  sample.events.push_back(event(20'000, Mark::evicted, "hold: result is missing"));
  return sample;
}

Sample completed(int proc, ExitStatus exit) {
  Sample sample = job(12, proc, JobState::completed);
  sample.row.record.activation = 1;
  sample.row.record.exit = exit;
  sample.events.push_back(event(10'000, Mark::stage_begin, ""));
  sample.events.push_back(event(11'000, Mark::execute_begin, ""));
  sample.events.push_back(event(1'811'000, Mark::execute_end, ""));
  sample.events.push_back(event(1'811'500, Mark::done, "completed"));
  return sample;
}

ClusterRow cluster(int number, std::string key, std::string runner) {
  ClusterRow row;
  row.cluster = number;
  row.key = std::move(key);
  row.created_ms = kSubmitted;
  row.runner = std::move(runner);
  row.owner = "x";
  return row;
}
ClusterRow sweep() { return cluster(12, "/home/x/sweep.sub", "engine"); }
ClusterRow far() {
  ClusterRow row = cluster(13, "/home/x/far.sub", "htcondor");
  row.name = "far away";
  row.pool_id = "123";
  return row;
}

JobView view(const Sample& sample) {
  return view_of(sample.row, sample.row.record.id.cluster == 12 ? sweep() : far(), sample.events,
                 sample.glimpse, kNow);
}

std::vector<JobView> all_views() {
  return {view(running()),
          view(job(12, 1, JobState::idle)),
          view(held()),
          view(completed(3, {false, 0, 0})),
          view(completed(4, {false, 3, 0})),
          view(completed(5, {true, 0, 9})),
          view(job(13, 0, JobState::running))};
}

class Listing : public ::testing::Test {
 protected:
  void SetUp() override {
    ::setenv("TZ", "UTC", 1);
    ::tzset();
  }
};

QueueOutline outline() {
  QueueOutline all;
  all.clusters = {cluster(11, "/home/x/old.sub", "run"), sweep(), far()};
  all.counts = {{11, JobState::completed, 5, 0, 4}, {12, JobState::running, 1, 0, 0},
                {12, JobState::idle, 1, 1, 1},      {12, JobState::held, 1, 2, 2},
                {12, JobState::completed, 3, 3, 5}, {13, JobState::running, 1, 0, 0}};
  return all;
}

std::map<JobState, std::int64_t> totals() {
  std::map<JobState, std::int64_t> sum;
  for (const StateCount& each : outline().counts) sum[each.state] += each.jobs;
  return sum;
}

TEST_F(Listing, ShowsBatches) {
  const auto batches = batches_of(outline(), {view(running())}, false);
  ASSERT_EQ(batches.size(), 2U);  // the finished one is left out
  testing::expect_golden("src/listing/testdata/batches.txt",
                         batch_table(batches, kNow, 0) + "\n" + totals_line(totals()));
  testing::expect_golden("src/listing/testdata/batches.json", batches_json(batches, totals()));
  EXPECT_EQ(batches_of(outline(), {}, true).size(), 3U);
  EXPECT_EQ(batches_of(outline(), {}, false, {11}).size(), 3U) << "leave_in_queue";
}

TEST_F(Listing, PutsTheClustersOfOneBatchIntoOneRow) {
  QueueOutline all = outline();
  all.clusters[1].name = all.clusters[2].name = "both";
  const auto batches = batches_of(all, {}, false);
  ASSERT_EQ(batches.size(), 1U);
  EXPECT_EQ(batches[0].total(), 7);
  EXPECT_THAT(batch_table(batches, kNow, 0), HasSubstr("12.0...13.0"));
}

TEST_F(Listing, ShowsJobs) {
  testing::expect_golden("src/listing/testdata/jobs.txt", job_table(all_views(), 0));
  testing::expect_golden("src/listing/testdata/jobs-80.txt", job_table(all_views(), 80));
  testing::expect_golden("src/listing/testdata/jobs.json", jobs_json(all_views(), totals()));
  testing::expect_golden("src/listing/testdata/history.txt", history_table(all_views(), 0));
}

Surroundings around(const JobView& job) {
  Surroundings around;
  around.runner = job.id.cluster == 12 ? sweep().runner : far().runner;
  around.engine_runs = true;
  around.wanted = {.cpus = 1, .memory_mb = 100, .disk_kb = 1000};
  around.machine = {.cpus = 2, .memory_mb = 4000, .disk_kb = 1'000'000};
  around.submit_file = "/home/x/sweep.sub";
  around.log = "/home/x/sweep.log";
  if (job.checkpoint) around.checkpoints = {{7, 4096, kNow - 99'000}, {6, 4000, kNow - 1'700'000}};
  if (job.checkpoint) around.job_folder = "/home/x/.local/state/cairn/12.0";
  if (job.checkpoint) around.sandbox = around.job_folder + "/sandbox-0002";
  return around;
}

TEST_F(Listing, SaysAllAboutAJobInWords) {
  std::string text;
  std::vector<std::pair<JobView, Surroundings>> all;
  for (const JobView& job : all_views()) {
    text += status_text(job, around(job)) + "\n";
    all.emplace_back(job, around(job));
  }
  testing::expect_golden("src/listing/testdata/status.txt", text);
  testing::expect_golden("src/listing/testdata/status.json", status_json(all));
}

TEST_F(Listing, SaysWhyAJobWaits) {
  const JobView idle = view(job(12, 1, JobState::idle));
  Surroundings facts = around(idle);
  EXPECT_EQ(why_waiting(idle, facts), "it waits for a slot with what it asks for");
  facts.slots = facts.slots_used = 2;
  EXPECT_EQ(why_waiting(idle, facts), "all 2 slots are taken");
  facts.engine_runs = false;
  EXPECT_EQ(why_waiting(idle, facts), "the engine does not run");
  facts.wanted.memory_mb = 5000;
  EXPECT_EQ(why_waiting(idle, facts),
            "it can never run here: it asks for request_memory = 5000 MB, and this machine has "
            "4000 MB");
  EXPECT_EQ(why_waiting(view(running()), facts), "");
}

TEST_F(Listing, AdvisesForEveryHold) {
  for (const int code : {1, 3, 6, 7, 12, 13, 21, 26, 34, 46, 47})
    EXPECT_FALSE(advice_for_hold(code, view(held())).empty()) << code;
}

TEST(Words, AreOneWordEach) {
  using namespace std::chrono_literals;
  EXPECT_EQ(age_word(99s), "99s");
  EXPECT_EQ(age_word(100s), "1m");
  EXPECT_EQ(age_word(100min), "1h");
  EXPECT_EQ(age_word(48h), "2d");
  EXPECT_EQ(age_word(-5s), "0s");
  EXPECT_EQ(clock_word(25h + 2min + 3s), "1+01:02:03");
}

}  // namespace
}  // namespace cairn::listing
