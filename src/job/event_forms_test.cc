#include "job/event_forms.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "fuzz/replay.h"
#include "support/golden.h"
#include "support/source_folder.h"

extern "C" int fuzz_event_log(const std::uint8_t* data, std::size_t size);

namespace cairn {
namespace {

std::string sample(const std::string& ending) {
  return testing::read_text(testing::source_folder() + "/src/job/testdata/forms." + ending);
}

// Without what the other forms say elsewhere or not at all: the table and what follows it,
// and parts of a second.
std::string essence(const LoggedEvent& event) {
  std::string text = std::to_string(event.number) + " " + to_text(event.id) + " " +
                     event.time.substr(0, 19) + " " + event.headline + "\n";
  for (const std::string& line : event.body) {
    if (line.starts_with("Partitionable Resources")) break;
    text += line + "\n";
  }
  return text;
}

std::vector<std::string> sorted_essences(const std::vector<LoggedEvent>& events) {
  std::vector<std::string> all;
  for (const LoggedEvent& event : events) all.push_back(essence(event));
  std::sort(all.begin(), all.end());
  return all;
}

// One pool, one set of jobs, two logs of them.
TEST(EventForms, JsonOfARealPoolSaysWhatItsTextSays) {
  const auto json = parse_any_event_log(sample("json")).value();
  const auto text = parse_any_event_log(sample("log")).value();
  EXPECT_GT(text.size(), 40U);
  EXPECT_EQ(sorted_essences(json), sorted_essences(text));
}

TEST(EventForms, XmlOfARealPoolIsRead) {
  const auto events = parse_any_event_log(sample("xml")).value();
  std::vector<std::string> holds;
  for (const LoggedEvent& event : events)
    if (event.number == 12) holds = event.body;
  EXPECT_EQ(holds, (std::vector<std::string>{"by me (by user htc)", "Code 1 Subcode 0"}));
  EXPECT_EQ(events.front().headline.substr(0, 42), "Job submitted from host: <127.0.0.1:9618?a");
  EXPECT_EQ(events.back().number, 5);
  EXPECT_EQ(events.back().id, (JobId{23, 0}));
}

std::vector<std::string> text_events() {
  std::vector<std::string> events;
  std::string log = sample("log");
  for (std::size_t end = 0; (end = log.find("...\n")) != std::string::npos;) {
    events.push_back(log.substr(0, end + 4));
    log.erase(0, end + 4);
  }
  return events;
}

TEST(EventForms, EventsReadAsTheyWereWritten) {
  for (const std::string& text : text_events()) {
    const auto before = parse_event_log(text).value();
    for (const EventForm form : {EventForm::json, EventForm::xml}) {
      const auto after = parse_any_event_log(in_form(text, form));
      ASSERT_TRUE(after) << after.error().text() << "\n" << in_form(text, form);
      EXPECT_EQ(sorted_essences(*after), sorted_essences(before));
    }
  }
}

// What we write is what the pool wrote, where its text says it all.
TEST(EventForms, WritesJsonAsARealPool) {
  std::string pool = sample("json");
  for (std::size_t at = 0; (at = pool.find("\"EventTime\": \"", at)) != std::string::npos;)
    pool.erase(at += 33, 4);  // .123
  std::size_t compared = 0;
  for (const std::string& text : text_events()) {
    const int number = parse_event_log(text).value().front().number;
    if (number != 0 && number != 1 && number != 6 && number != 9 && number != 12 && number != 40)
      continue;
    EXPECT_NE(pool.find(in_form(text, EventForm::json)), std::string::npos)
        << in_form(text, EventForm::json);
    ++compared;
  }
  EXPECT_GT(compared, 30U);
}

TEST(EventForms, TornLogGivesItsWholeEvents) {
  for (const char* ending : {"json", "xml"}) {
    const std::string log = sample(ending);
    const std::size_t all = parse_any_event_log(log).value().size();
    for (std::size_t size = 0; size < log.size(); size += 61) {
      const auto events = parse_any_event_log(log.substr(0, size));
      ASSERT_TRUE(events) << ending << " cut at " << size << ": " << events.error().text();
      EXPECT_LT(events->size(), all);
    }
  }
}

TEST(EventForms, WhatIsNoLogIsRefused) {
  EXPECT_FALSE(parse_any_event_log("{\"a\": 1}\n"));
  EXPECT_FALSE(parse_any_event_log("<html></html>\n<c></c>\n"));
  EXPECT_FALSE(parse_any_event_log("hello\n"));
}

TEST(EventForms, CorpusKeepsItsPromises) { testing::replay_corpus("event_log", fuzz_event_log); }

}  // namespace
}  // namespace cairn
