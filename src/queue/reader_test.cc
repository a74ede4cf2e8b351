#include "queue/reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <SQLiteCpp/SQLiteCpp.h>
#include <algorithm>

#include "support/temp_folder.h"

namespace cairn {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

JobAd ad(const std::string& owner) {
  JobAd ad;
  ad.set_string("Owner", owner);
  ad.set_string("Cmd", "/bin/true");
  return ad;
}

class QueueReaderTest : public ::testing::Test {
 protected:
  std::filesystem::path file() const { return folder_ / "queue.sqlite"; }

  void fill() {
    Queue queue = Queue::open(file()).value();
    for (const int jobs : {3, 1})
      static_cast<void>(queue
                            .submit("/x/" + std::to_string(jobs), std::nullopt, 1000,
                                    [&](int) -> Result<std::vector<JobAd>> {
                                      return std::vector<JobAd>(static_cast<std::size_t>(jobs),
                                                                ad("me"));
                                    })
                            .value());
    JobRecord held{.id = {1, 1}, .ad = ad("me"), .state = JobState::held};
    held.hold = HoldFacts{12, 2, "why"};
    const EventRecord event{2000, Mark::evicted, "held"};
    queue.store(held, {&event, 1}).value();
  }

  std::vector<std::string> visited(const RowFilter& filter) {
    std::vector<std::string> ids;
    reader()
        .visit(filter,
               [&](JobRow&& row) {
                 ids.push_back(to_text(row.record.id));
                 return true;
               })
        .value();
    return ids;
  }

  QueueReader& reader() {
    if (!reader_) reader_ = QueueReader::open(file()).value();
    return *reader_;
  }

  testing::TempFolder folder_;
  std::optional<QueueReader> reader_;
};

TEST_F(QueueReaderTest, MakesNothingWhereThereIsNoQueue) {
  EXPECT_FALSE(QueueReader::open(file()).value().has_value());
  EXPECT_FALSE(std::filesystem::exists(file()));
}

TEST_F(QueueReaderTest, CountsByClusterAndState) {
  fill();
  const auto counts = reader().counts().value();
  ASSERT_EQ(counts.size(), 3U);
  const auto idle = std::find_if(counts.begin(), counts.end(), [](const StateCount& each) {
    return each.cluster == 1 && each.state == JobState::idle;
  });
  ASSERT_NE(idle, counts.end());
  EXPECT_EQ(idle->jobs, 2);
  EXPECT_EQ(idle->first_proc, 0);
  EXPECT_EQ(idle->last_proc, 2);
  EXPECT_EQ(reader().counts({{1, 1, 1}}).value().size(), 1U);
}

TEST_F(QueueReaderTest, VisitsWhatTheFilterLetsThrough) {
  fill();
  EXPECT_THAT(visited({}), ElementsAre("1.0", "1.1", "1.2", "2.0"));
  EXPECT_THAT(visited({.newest_first = true}), ElementsAre("2.0", "1.2", "1.1", "1.0"));
  EXPECT_THAT(visited({.states = {JobState::held}}), ElementsAre("1.1"));
  EXPECT_THAT(visited({.ranges = {{{.cluster = 2}, {1, 0, 0}}}}), ElementsAre("2.0", "1.0"));
  EXPECT_THAT(visited({.ranges = {std::vector<JobRange>()}}), ElementsAre());
}

TEST_F(QueueReaderTest, GivesTheIdsOfStates) {
  fill();
  EXPECT_THAT(reader().ids({JobState::held}).value(), ElementsAre(JobId{1, 1}));
  EXPECT_THAT(reader().ids({JobState::idle, JobState::held}).value(),
              ElementsAre(JobId{1, 0}, JobId{1, 1}, JobId{1, 2}, JobId{2, 0}));
}

TEST_F(QueueReaderTest, GivesTheRowAndItsAdAsText) {
  fill();
  reader()
      .visit({.ranges = {{{1, 1, 1}}}},
             [&](JobRow&& row) {
               EXPECT_EQ(row.record.hold, (HoldFacts{12, 2, "why"}));
               EXPECT_EQ(row.ad, ad("me").text());
               return true;
             })
      .value();
  EXPECT_EQ(reader().owner(1).value(), "me");
  EXPECT_EQ(reader().owner(9).value(), "");
}

TEST_F(QueueReaderTest, GivesEventsBehindOne) {
  fill();
  const auto events = reader().events({1, 1}).value();
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[1].event.text, "held");
  EXPECT_EQ(reader().events({1, 1}, events[0].seq).value().size(), 1U);
  EXPECT_EQ(marks_of(events).size(), 2U);
}

TEST_F(QueueReaderTest, AScanGivesTheSameEventsInWhateverOrderItIsAsked) {
  fill();
  Queue queue = Queue::open(file()).value();
  const JobRecord busy = queue.job({1, 2}).value();
  for (int event = 0; event < 200; ++event) {
    const EventRecord more{3000 + event, std::nullopt, "event " + std::to_string(event)};
    queue.store(busy, {&more, 1}).value();
  }
  EventScan scan(reader());
  const auto told = [](const std::vector<EventRow>& events) {
    std::vector<std::pair<std::int64_t, std::string>> all;
    for (const EventRow& event : events) all.emplace_back(event.seq, event.event.text);
    return all;
  };
  for (const JobId id : {JobId{1, 0}, JobId{1, 1}, JobId{2, 0}, JobId{1, 1}, JobId{1, 2},
                         JobId{1, 2}, JobId{9, 0}, JobId{2, 0}, JobId{1, 0}})
    EXPECT_EQ(told(scan.of(id).value()), told(reader().events(id).value())) << to_text(id);
}

TEST_F(QueueReaderTest, KnowsWhichCompletedJobsMayStay) {
  {
    Queue queue = Queue::open(file()).value();
    const auto add = [&queue](const std::string& runner, const std::string& stays) {
      const int cluster = queue
                              .add({.key = "k", .created_ms = 1, .runner = runner},
                                   [&](int) -> Result<NewJobs> {
                                     NewJobs jobs;
                                     jobs.ad.set("LeaveJobInQueue", stays);
                                     jobs.changes = {"ProcId = 0\n", "ProcId = 1\n"};
                                     return jobs;
                                   })
                              .value();
      JobRecord done = queue.job({cluster, 1}).value();
      done.state = JobState::completed;
      queue.store(done, {}).value();
    };
    add("engine", "false");
    add("engine", "JobStatus == 4");
    add("run", "true");
  }
  EXPECT_THAT(reader().may_stay().value(), ElementsAre(JobRange{2, 1, 1}));
}

TEST_F(QueueReaderTest, NoticesWhenSomebodyWrites) {
  fill();
  const auto before = reader().version().value();
  EXPECT_EQ(reader().version().value(), before);
  Queue::open(file()).value().remove_cluster(2).value();
  EXPECT_NE(reader().version().value(), before);
}

TEST_F(QueueReaderTest, RefusesWhatIsNoQueueOrANewerOne) {
  folder_.write("queue.sqlite", std::string(8192, 'x'));
  EXPECT_THAT(QueueReader::open(file()).error().text(), HasSubstr("cairn queue --rebuild"));
  std::filesystem::remove(file());
  fill();
  SQLite::Database(file(), SQLite::OPEN_READWRITE).exec("PRAGMA user_version = 99");
  EXPECT_THAT(QueueReader::open(file()).error().text(), HasSubstr("newer Cairn"));
}

}  // namespace
}  // namespace cairn
