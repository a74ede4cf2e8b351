// Logs in testdata are of a real pool (HTCondor 23.9.6).
#include "pool/follow_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fuzz/replay.h"
#include "job/event_forms.h"
#include "job/event_log.h"
#include "job/goodput.h"
#include "support/golden.h"
#include "support/source_folder.h"

extern "C" int fuzz_follow_log(const std::uint8_t* data, std::size_t size);

namespace cairn {
namespace {

TEST(FollowLog, CorpusReplays) { testing::replay_corpus("follow_log", fuzz_follow_log); }

using ::testing::Contains;
using ::testing::HasSubstr;

std::int64_t utc(std::tm date) { return ::timegm(&date); }

std::string sample(const std::string& name) {
  return testing::read_text(testing::source_folder() + "/src/pool/testdata/" + name);
}

PoolUpdate follow(const std::string& log, int cluster) {
  const std::vector<JobRecord> jobs = {{.id = {7, 0}, .ad = {}}};
  auto told = follow_log(log, cluster, jobs, utc).value();
  EXPECT_EQ(told.size(), 1U);
  return told.empty() ? PoolUpdate{} : std::move(told.front());
}

Goodput goodput(const PoolUpdate& update) {
  std::vector<TimedMark> marks;
  for (const EventRecord& event : update.events)
    if (event.mark) marks.push_back({event.time_ms, *event.mark});
  return account(marks);
}

TEST(FollowLog, ReadsAJobWithCheckpointsAndAnEviction) {
  const PoolUpdate update = follow(sample("sample.log"), 38);
  EXPECT_EQ(update.job.id, (JobId{7, 0}));
  EXPECT_EQ(update.job.state, JobState::completed);
  EXPECT_EQ(update.job.activation, 2);
  EXPECT_EQ(update.job.last_checkpoint, 3);  // CheckpointNumber of its ad
  EXPECT_EQ(update.job.exit, ExitStatus{});
  EXPECT_EQ(update.job.sent_bytes, 873U);
  EXPECT_EQ(update.job.received_bytes, 1668U);
  EXPECT_EQ(goodput(update).wall(), std::chrono::seconds(26));
  EXPECT_EQ(goodput(update).lost, std::chrono::seconds(2));
}

TEST(FollowLog, IsTheSameStoryInEveryForm) {
  const std::string log = sample("sample.log");
  const PoolUpdate text = follow(log, 38);
  for (const EventForm form : {EventForm::json, EventForm::xml}) {
    std::string other;
    constexpr std::string_view kEnd = "...\n";
    for (std::size_t at = 0, end = 0; (end = log.find(kEnd, at)) != log.npos;
         at = end + kEnd.size())
      other += in_form(log.substr(at, end + kEnd.size() - at), form);
    const PoolUpdate told = follow(other, 38);
    EXPECT_EQ(told.job, text.job);
    ASSERT_EQ(told.events.size(), text.events.size());
    for (std::size_t i = 0; i < text.events.size(); ++i) {
      EXPECT_EQ(told.events[i].text, text.events[i].text);
      EXPECT_EQ(told.events[i].mark, text.events[i].mark);
      EXPECT_EQ(told.events[i].time_ms, text.events[i].time_ms);
    }
  }
}

TEST(FollowLog, ReadsAHold) {
  const PoolUpdate update = follow(sample("sample.held.log"), 9);
  EXPECT_EQ(update.job.state, JobState::held);
  EXPECT_EQ(update.job.hold.value().code, 36);
  EXPECT_EQ(update.job.hold.value().subcode, -1);
  EXPECT_EQ(update.job.hold.value().reason,
            "Error from slot1_1@pool.test: Starter failed to upload checkpoint");
}

TEST(FollowLog, CountsAnActivationWhoseLastOneEndedWithoutAWord) {
  EXPECT_EQ(follow(sample("kill_shadow.log"), 25).job.activation, 2);
}

TEST(FollowLog, KnowsALostExecuteMachine) {
  std::vector<std::string> texts;
  for (const EventRecord& event : follow(sample("kill_starter.log"), 24).events)
    texts.push_back(event.text);
  EXPECT_THAT(texts, Contains(HasSubstr("out of reach")));
  EXPECT_THAT(texts, Contains("the execute machine was lost"));
}

TEST(FollowLog, CountsARetry) {
  const PoolUpdate update = follow(sample("kjob2.log"), 30);
  EXPECT_GE(update.job.completions, 1);
}

// Whatever the pool has written when somebody looks: no error, and never another story.
TEST(FollowLog, EveryPrefixOfALogTellsTheBeginningOfItsStory) {
  for (const auto& [name, cluster] : std::vector<std::pair<std::string, int>>{
           {"sample.log", 38}, {"sample.held.log", 9}, {"kill_shadow.log", 25}}) {
    const std::string log = sample(name);
    const PoolUpdate whole = follow(log, cluster);
    const std::vector<JobRecord> jobs = {{.id = {7, 0}, .ad = {}}};
    for (std::size_t length = 0; length < log.size(); ++length) {
      const auto told = follow_log(log.substr(0, length), cluster, jobs, utc);
      ASSERT_TRUE(told) << name << " cut at " << length << ": " << told.error().message;
      if (told->empty()) continue;
      const auto& events = told->front().events;
      ASSERT_LE(events.size(), whole.events.size());
      for (std::size_t i = 0; i < events.size(); ++i) {
        ASSERT_EQ(events[i].text, whole.events[i].text) << name << " cut at " << length;
        ASSERT_EQ(events[i].mark, whole.events[i].mark);
        ASSERT_EQ(events[i].time_ms, whole.events[i].time_ms);
      }
    }
  }
}

TEST(FollowLog, LeavesOtherClustersOfASharedLogAlone) {
  const std::string both =
      sample("sample.log") + sample("sample.held.log") + sample("kill_shadow.log");
  EXPECT_EQ(follow(both, 9).job.state, JobState::held);
  EXPECT_EQ(follow(both, 38).job.state, JobState::completed);
  const std::vector<JobRecord> jobs = {{.id = {7, 0}, .ad = {}}};
  EXPECT_TRUE(follow_log(both, 77, jobs, utc).value().empty());
}

TEST(FollowLog, ReadsEveryFormOfDate) {
  const std::int64_t at = 1795329298;  // 2026-11-22 06:34:58 UTC
  for (const char* text : {"2026-11-22 06:34:58", "2026-11-22 06:34:58Z", "2026-11-22 06:34:58.123",
                           "11/22 06:34:58", "2026-11-22T06:34:58"})
    EXPECT_EQ(parse_log_time(text, 2026, utc), at) << text;
}

TEST(FollowLog, TimesNeverGoBack) {
  const EventHead late{{3, 0}, 2000}, early{{3, 0}, 1000};
  ::setenv("TZ", "UTC", 1);
  ::tzset();
  const PoolUpdate update =
      follow(submit_event(late, "h") + release_event(early, "r") + hold_event(early, "r", 1, 0), 3);
  for (std::size_t i = 1; i < update.events.size(); ++i)
    EXPECT_GE(update.events[i].time_ms, update.events[i - 1].time_ms);
}

}  // namespace
}  // namespace cairn
