#include "queue/queue.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <string>
#include <vector>

#include "queue/reader.h"
#include "support/golden.h"
#include "support/source_folder.h"
#include "support/temp_folder.h"

namespace cairn {
namespace {

using testing::TempFolder;

JobAd ad_of(int cluster, const std::string& arguments) {
  JobAd ad;
  ad.set_integer("ClusterId", cluster);
  ad.set_string("Cmd", "/bin/true");
  ad.set_string("Arguments", arguments);
  return ad;
}

class QueueTest : public ::testing::Test {
 protected:
  Queue open() { return Queue::open(folder_.path() / "queue.sqlite").value(); }

  static Queue::MakeAds two_jobs() {
    return [](int cluster) -> Result<std::vector<JobAd>> {
      return std::vector{ad_of(cluster, "a"), ad_of(cluster, "b")};
    };
  }

  // As somebody does who has looked.
  static int submit(Queue& queue, const std::string& key) {
    const std::optional<int> newest = queue.find_cluster(key).value();
    return queue.submit(key, newest, 1000, two_jobs()).value().value();
  }

  TempFolder folder_;
};

TEST_F(QueueTest, GivesEachClusterANewNumberAndFindsTheNewestByKey) {
  Queue queue = open();
  const int first = submit(queue, "sweep.sub");
  const int other = submit(queue, "other.sub");
  const int second = submit(queue, "sweep.sub");
  EXPECT_LT(first, other);
  EXPECT_LT(other, second);
  EXPECT_EQ(queue.find_cluster("sweep.sub").value(), second);
  EXPECT_EQ(queue.find_cluster("absent.sub").value(), std::nullopt);
  EXPECT_EQ(queue.jobs(first).value().size(), 2U);
}

// Processes, since SQLite's locks are those of a process.
TEST_F(QueueTest, ManyMayOpenANewDatabaseAtOnceAndCloseIt) {
  for (int round = 0; round < 30; ++round) {
    const TempFolder fresh;
    std::array<int, 2> gate{};
    ASSERT_EQ(::pipe(gate.data()), 0);
    for (int i = 0; i < 8; ++i) {
      if (::fork() != 0) continue;
      ::close(gate[1]);
      char byte = 0;
      while (::read(gate[0], &byte, 1) > 0) {
      }
      ::_exit(Queue::open(fresh.path() / "queue.sqlite") ? 0 : 1);
    }
    ::close(gate[0]);
    ::close(gate[1]);  // all at once
    int status = 0;
    while (::wait(&status) > 0) EXPECT_EQ(status, 0) << "in round " << round;
  }
}

TEST_F(QueueTest, NeverGivesARemovedClustersNumberAgain) {
  Queue queue = open();
  const int first = submit(queue, "sweep.sub");
  queue.remove_cluster(first).value();
  EXPECT_TRUE(queue.jobs(first).value().empty());
  EXPECT_TRUE(queue.events({first, 0}).value().empty());
  EXPECT_GT(submit(queue, "sweep.sub"), first);
}

TEST_F(QueueTest, LetsOneOfTwoSubmitWhoHaveSeenTheSame) {
  Queue queue = open();
  Queue other = open();
  const std::optional<int> seen = queue.find_cluster("sweep.sub").value();
  const int first = queue.submit("sweep.sub", seen, 1000, two_jobs()).value().value();
  EXPECT_EQ(other.submit("sweep.sub", seen, 1000, two_jobs()).value(), std::nullopt);
  EXPECT_EQ(other.find_cluster("sweep.sub").value(), first);
  EXPECT_GT(submit(other, "sweep.sub"), first);
}

TEST_F(QueueTest, RefusesAQueueOfANewerCairnAndChangesNothing) {
  { open(); }
  const auto file = folder_.path() / "queue.sqlite";
  SQLite::Database(file, SQLite::OPEN_READWRITE).exec("PRAGMA user_version = 999");
  const auto opened = Queue::open(file);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Errc::unsupported);
  EXPECT_NE(opened.error().message.find("newer"), std::string::npos);
}

TEST_F(QueueTest, NamesADamagedFile) {
  const auto file = folder_.path() / "queue.sqlite";
  std::ofstream(file) << std::string(8192, 'x');
  const auto opened = Queue::open(file);
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().message.find("queue.sqlite"), std::string::npos);
}

TEST_F(QueueTest, StoresNothingWhenTheAdsCannotBeMade) {
  Queue queue = open();
  const auto failed =
      queue.submit("bad.sub", std::nullopt, 1000, [](int) -> Result<std::vector<JobAd>> {
        return Error{Errc::invalid, "bad.sub:3: no", 0, {}};
      });
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message, "bad.sub:3: no");
  EXPECT_EQ(queue.find_cluster("bad.sub").value(), std::nullopt);
}

JobRecord full_record(JobRecord job) {
  job.state = JobState::spooling;
  job.activation = 3;
  job.next_checkpoint = 8;
  job.last_checkpoint = 6;
  job.crashes = 1;
  job.evictions = 2;
  job.completions = 4;
  job.exit = ExitStatus{.by_signal = true, .code = 0, .signal = 9};
  job.hold = HoldFacts{36, -1, "a \"reason\"\nof two lines"};
  job.user_ms = 1234;
  job.system_ms = 567;
  job.sent_bytes = std::uint64_t{5} << 40;
  job.received_bytes = 42;
  return job;
}

TEST_F(QueueTest, KeepsEveryFieldOfAJobAndItsEventsOverAReopening) {
  JobRecord job;
  {
    Queue queue = open();
    const int cluster = submit(queue, "sweep.sub");
    job = full_record(queue.jobs(cluster).value().at(1));
    const std::vector<EventRecord> events = {{2000, std::nullopt, "start"},
                                             {2000, Mark::stage_begin, ""}};
    queue.store(job, events).value();
  }
  Queue queue = open();
  EXPECT_EQ(queue.jobs(job.id.cluster).value().at(1), job);
  const auto marks = queue.marks(job.id).value();
  ASSERT_EQ(marks.size(), 2U);
  EXPECT_EQ(marks[0].mark, Mark::queued);
  EXPECT_EQ(marks[1].mark, Mark::stage_begin);
  EXPECT_EQ(marks[1].time_ms, 2000);
  EXPECT_EQ(queue.events(job.id).value().size(), 3U);
}

// The rule on which resuming rests.  The trigger lets the second half of a store fail.
TEST_F(QueueTest, StoresStateAndEventsTogetherOrNotAtAll) {
  Queue queue = open();
  const int cluster = submit(queue, "sweep.sub");
  const JobRecord before = queue.jobs(cluster).value().at(0);
  SQLite::Database(folder_.path() / "queue.sqlite", SQLite::OPEN_READWRITE)
      .exec("CREATE TRIGGER full BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'full'); END");

  const EventRecord event{2000, Mark::stage_begin, "start"};
  const Status stored = queue.store(full_record(before), {&event, 1});
  ASSERT_FALSE(stored);
  EXPECT_NE(stored.error().message.find("full"), std::string::npos);
  EXPECT_NE(stored.error().message.find("queue.sqlite"), std::string::npos);
  EXPECT_EQ(queue.jobs(cluster).value().at(0), before);
}

TEST_F(QueueTest, GoesOnWhenThereIsRoomAgain) {
  Queue queue = open();
  JobRecord job = queue.jobs(submit(queue, "a")).value().front();
  const EventRecord event{2000, Mark::stage_begin, "start"};
  queue.store(job, {&event, 1}).value();
  // What a limit on the size of files does, a full disk does.
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  const auto handler = ::signal(SIGXFSZ, SIG_IGN);
  const rlimit full{4096, before.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &full);
  const JobRecord unchanged = job;
  job.state = JobState::completed;
  for (int tries = 0; tries < 3; ++tries) {
    const Status stored = queue.store(job, {&event, 1});
    ASSERT_FALSE(stored);
    EXPECT_EQ(stored.error().code, Errc::no_space) << stored.error().text();
  }
  EXPECT_EQ(queue.job(job.id).value(), unchanged);
  ::setrlimit(RLIMIT_FSIZE, &before);
  queue.store(job, {&event, 1}).value();
  EXPECT_EQ(open().job(job.id).value(), job);
  EXPECT_EQ(queue.marks(job.id).value().size(), 3U);
  ::signal(SIGXFSZ, handler);
}

TEST_F(QueueTest, WaitsForTheDiskOnceForABatch) {
  Queue queue = open();
  JobRecord job = queue.jobs(submit(queue, "a")).value().front();
  job.state = JobState::removed;
  queue.begin_batch();
  queue.store(job, {}).value();
  EXPECT_EQ(queue.synchronous().value(), 1);
  EXPECT_EQ(open().job(job.id).value().state, JobState::removed);  // a crash would not lose it
  queue.end_batch().value();
  EXPECT_EQ(queue.synchronous().value(), 2);
}

TEST_F(QueueTest, CommitsAreDurableBeforeStoreReturns) {
  Queue queue = open();
  SQLite::Database other(folder_.path() / "queue.sqlite", SQLite::OPEN_READWRITE);
  EXPECT_EQ(other.execAndGet("PRAGMA journal_mode").getString(), "wal");
  EXPECT_EQ(queue.synchronous().value(), 2);  // FULL
}

TEST_F(QueueTest, NamesAFileThatIsNoDatabase) {
  std::ofstream(folder_.path() / "queue.sqlite") << std::string(4096, 'x');
  const auto queue = Queue::open(folder_.path() / "queue.sqlite");
  ASSERT_FALSE(queue);
  EXPECT_NE(queue.error().message.find("queue.sqlite"), std::string::npos);
}

TEST(FirstDifference, NamesAttributeJobAndBothValues) {
  const std::vector<JobRecord> stored = {{.id = {7, 0}, .ad = ad_of(7, "a")}};
  const std::vector<JobAd> same = {ad_of(7, "a")}, other = {ad_of(7, "b")};
  EXPECT_EQ(first_difference(stored, same), std::nullopt);
  EXPECT_EQ(first_difference(stored, other), "Arguments of job 7.0 was \"a\" and is now \"b\"");
}

TEST(FirstDifference, SeesAttributesThatCameOrWent) {
  const std::vector<JobRecord> stored = {{.id = {7, 0}, .ad = ad_of(7, "a")}};
  JobAd more = ad_of(7, "a"), less = ad_of(7, "a");
  more.set_integer("RequestCpus", 2);
  less.erase("Arguments");
  EXPECT_EQ(first_difference(stored, std::vector{more}),
            "RequestCpus of job 7.0 was not there and is now 2");
  EXPECT_EQ(first_difference(stored, std::vector{less}),
            "Arguments of job 7.0 was \"a\" and is now not there");
}

TEST(FirstDifference, LeavesOutWhatEverySubmissionChanges) {
  const std::vector<JobRecord> stored = {{.id = {7, 0}, .ad = ad_of(7, "a")}};
  JobAd later = ad_of(8, "a");
  later.set_integer("QDate", 99);
  later.set_string("GlobalJobId", "host#8.0#99");
  later.set_integer("DiskUsage", 12345);
  EXPECT_EQ(first_difference(stored, std::vector{later}), std::nullopt);
}

TEST_F(QueueTest, KeepsWhoseJobsTheyAre) {
  const ClusterRecord handed{
      .key = "/a/job.sub", .created_ms = 5, .runner = "htcondor", .pool_id = "38", .name = "sweep"};
  const std::vector<JobAd> ads(2);
  Queue queue = open();
  const int cluster = queue.add(handed, ads).value();
  const std::vector<ClusterRecord> all = queue.clusters().value();
  ASSERT_FALSE(all.empty());
  ClusterRecord expected = handed;
  expected.cluster = cluster;
  EXPECT_EQ(all.back(), expected);
  EXPECT_EQ(queue.jobs(cluster).value().size(), 2U);
}

TEST_F(QueueTest, JobsThatAreAlikeAreStoredOnceAndReadWhole) {
  Queue queue = open();
  const auto make = [](int cluster) -> Result<NewJobs> {
    NewJobs jobs{ad_of(cluster, "shared"),
                 {"ProcId = 0\n", "ProcId = 1\nArguments = \"own\"\n",
                  "ProcId = 2\nRequestCpus = 3\nJobPrio = -4\n"}};
    jobs.ad.set_integer("RequestMemory", 7);
    return jobs;
  };
  const int cluster = queue.add({.key = "many", .created_ms = 9, .runner = "engine"}, make).value();
  EXPECT_EQ(queue.job({cluster, 0}).value().ad.get_string("Arguments"), "shared");
  EXPECT_EQ(queue.job({cluster, 1}).value().ad.get_string("Arguments"), "own");
  EXPECT_EQ(queue.jobs(cluster).value().at(2).ad.get_integer("ProcId"), 2);
  EXPECT_EQ(queue.marks({cluster, 2}).value().size(), 1U);
  std::vector<WaitingJob> waiting;
  std::vector<std::string> own;
  queue
      .visit_waiting("engine", 0,
                     [&](const WaitingJob& job, std::string_view text) {
                       waiting.push_back(job);
                       own.emplace_back(text);
                     })
      .value();
  ASSERT_EQ(waiting.size(), 3U);
  EXPECT_NE(own[1].find("own"), std::string::npos);
  EXPECT_EQ(own[0].find("shared"), std::string::npos);
  EXPECT_EQ(queue.shared_ad(cluster).value().get_string("Arguments"), "shared");
  EXPECT_TRUE(queue.shared_ad(99).value().attributes().empty());
  EXPECT_EQ(waiting[0].memory_mb, 7);
  EXPECT_EQ(waiting[0].cpus, 1);
  EXPECT_EQ(waiting[2].cpus, 3);
  EXPECT_EQ(waiting[2].priority, -4);
  JobRecord job = queue.job({cluster, 1}).value();
  job.state = JobState::running;
  job.live.set_integer("NumJobStarts", 1);
  job.wish = Wish::hold;
  job.wish_reason = "enough";
  queue.store(job, {}).value();
  EXPECT_EQ(queue.job({cluster, 1}).value(), job) << "storing again keeps the ad whole";
  EXPECT_EQ(queue.active("engine").value(), (std::vector<JobId>{{cluster, 1}}));
  EXPECT_EQ(queue.counts("engine").value().at(JobState::idle), 2);
  EXPECT_TRUE(queue.active("run").value().empty());
  EXPECT_EQ(queue.cluster(cluster).value().runner, "engine");
  EXPECT_EQ(queue.job({cluster, 3}).error().code, Errc::not_found);
}

TEST_F(QueueTest, WaitsForTheDiskWhereTheNextEffectCannotBeUndone) {
  EXPECT_TRUE(is_durable(JobState::completed));
  EXPECT_TRUE(is_durable(JobState::removed));
  EXPECT_TRUE(is_durable(JobState::held));
  EXPECT_FALSE(is_durable(JobState::running));
  Queue queue = open();
  JobRecord job = queue.jobs(submit(queue, "a")).value().front();
  job.state = JobState::running;
  queue.store(job, {}).value();
  EXPECT_EQ(queue.synchronous().value(), 1);
  job.state = JobState::completed;
  queue.store(job, {}).value();
  EXPECT_EQ(queue.synchronous().value(), 2);
}

TEST_F(QueueTest, ClusterOfAPoolWithoutNumbersHasOursThere) {
  Queue queue = open();
  std::vector<JobAd> ads(2);
  const auto make = [&](int number) -> Result<std::vector<JobAd>> {
    for (JobAd& ad : ads) ad.set_integer("ClusterId", number);
    return ads;
  };
  const int cluster = queue.add({.key = "/a/job.sub", .runner = "slurm"}, make).value();
  EXPECT_EQ(queue.clusters().value().back().pool_id, std::to_string(cluster));
  EXPECT_EQ(queue.jobs(cluster).value().at(1).ad.get_integer("ClusterId"), cluster);
  EXPECT_FALSE(queue.find_cluster("/a/job.sub").value())
      << "cairn run must not take it for its own";
  const auto refused =
      queue.add({.key = "/a/b.sub", .runner = "slurm"}, [](int) -> Result<std::vector<JobAd>> {
        return Error{Errc::invalid, "no", 0, {}};
      });
  EXPECT_EQ(refused.error().code, Errc::invalid);
  EXPECT_EQ(queue.clusters().value().back().cluster, cluster);
}

// A file that version 1 wrote.
std::filesystem::path old_queue(const testing::TempFolder& folder) {
  auto file = folder / "queue.sqlite";
  SQLite::Database(file, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE)
      .exec(testing::read_text(testing::source_folder() + "/src/queue/testdata/v1.sql"));
  return file;
}

TEST(QueueUpgrade, AnOlderQueueKeepsItsClustersAndJobs) {
  const testing::TempFolder folder;
  const auto file = old_queue(folder);
  for (int opened = 0; opened < 2; ++opened) {
    const Queue queue = Queue::open(file).value();
    const auto clusters = queue.clusters().value();
    ASSERT_EQ(clusters.size(), 2U);
    EXPECT_EQ(clusters.front(),
              (ClusterRecord{
                  .cluster = 1, .key = "/home/u/old.sub", .created_ms = 7000, .runner = "run"}));
    EXPECT_EQ(queue.find_cluster("/home/u/sweep.sub").value(), 2);
    const JobRecord running = queue.job({2, 0}).value();
    JobRecord expected{.id = {2, 0},
                       .ad = JobAd::parse("Arguments = \"0\"\nClusterId = 2\nProcId = 0\n").value(),
                       .state = JobState::running,
                       .activation = 3,
                       .next_checkpoint = 5,
                       .last_checkpoint = 4,
                       .crashes = 1,
                       .evictions = 2};
    expected.exit = ExitStatus{.by_signal = true, .code = 0, .signal = 9};
    expected.user_ms = 90;
    expected.system_ms = 10;
    expected.sent_bytes = 100;
    expected.received_bytes = 200;
    EXPECT_EQ(running, expected);
    EXPECT_EQ(queue.job({2, 1}).value().hold, (HoldFacts{13, 2, "no such file"}));
    EXPECT_EQ(queue.job({1, 0}).value().exit, (ExitStatus{.by_signal = false, .code = 3}));
    EXPECT_EQ(queue.events({2, 0}).value().size(), 2U);
  }
}

TEST(QueueUpgrade, AnOlderQueueGoesOn) {
  const testing::TempFolder folder;
  const auto file = old_queue(folder);
  Queue queue = Queue::open(file).value();
  JobRecord job = queue.job({2, 1}).value();
  job.state = JobState::idle;
  job.hold.reset();
  job.live.set_integer("NumHolds", 1);
  const EventRecord released{9000, Mark::queued, "release: by hand"};
  queue.store(job, {&released, 1}).value();
  EXPECT_EQ(Queue::open(file).value().job({2, 1}).value(), job);
  const auto make = [](int) -> Result<std::vector<JobAd>> { return std::vector<JobAd>(1); };
  EXPECT_EQ(queue.submit("/home/u/old.sub", 1, 9000, make).value(), 3)
      << "a number was given twice";
}

TEST(QueueUpgrade, AnOlderQueueIsShownAsItIs) {
  const testing::TempFolder folder;
  const auto reader = QueueReader::open(old_queue(folder)).value();
  ASSERT_TRUE(reader);
  std::vector<std::string> seen;
  reader
      ->visit(
          {},
          [&](JobRow&& row) {
            seen.push_back(to_text(row.record.id) + " " + std::string(to_text(row.record.state)));
            return true;
          })
      .value();
  EXPECT_EQ(seen, (std::vector<std::string>{"1.0 completed", "2.0 running", "2.1 held"}));
}

}  // namespace
}  // namespace cairn
