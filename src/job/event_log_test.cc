#include "job/event_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <time.h>

#include <cstdlib>

#include "support/golden.h"
#include "support/source_folder.h"

namespace cairn {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string sample(std::string_view name) {
  return testing::read_text(testing::source_folder() + "/src/job/testdata/" + std::string(name));
}

// The addresses in the samples differ only in their last part.
std::string address(std::string_view sock) {
  return "127.0.0.1:9618?addrs=127.0.0.1-9618+[--1]-9618&alias=pool.test&noUDP&sock=" +
         std::string(sock);
}

constexpr auto kInputStarted = TransferStep::input_started;
constexpr auto kInputFinished = TransferStep::input_finished;
constexpr auto kOutputStarted = TransferStep::output_started;
constexpr auto kOutputFinished = TransferStep::output_finished;

class EventLog : public ::testing::Test {
 protected:
  EventLog() {
    setenv("TZ", "UTC", 1);
    tzset();
  }
};

// Writes one job's log; `at` moves on to a second of 2026-11-22, the samples' day.
class Script {
 public:
  explicit Script(int cluster) { head_.id = {cluster, 0}; }
  Script& at(int hour, int minute, int second) {
    head_.time_seconds = 1795305600 + hour * 3600 + minute * 60 + second;
    return *this;
  }
  Script& add(const std::string& event) {
    text_ += event;
    return *this;
  }
  Script& transfer(TransferStep step, std::string_view sock = {}) {
    text_ += transfer_event(head_, step, sock.empty() ? "" : address(sock));
    return *this;
  }
  Script& checkpoint() { return transfer(kOutputStarted).transfer(kOutputFinished); }
  Script& execute(std::string_view sock, std::string_view slot, std::string_view folder,
                  int disk_kb) {
    text_ += execute_event(head_,
                           {.host = address(sock),
                            .slot_name = std::string(slot),
                            .scratch_folder = "/pool/local/execute/" + std::string(folder),
                            .granted = {.disk_allocated_kb = disk_kb, .memory_allocated_mb = 128}});
    return *this;
  }
  Script& image(int image_kb, int resident_kb) {
    text_ += image_size_event(head_, image_kb, 5, resident_kb);
    return *this;
  }
  const EventHead& head() const { return head_; }
  const std::string& text() const { return text_; }

 private:
  EventHead head_;
  std::string text_;
};

ResourceUsage sample_usage() {
  ResourceUsage usage;
  usage.cpus_used = 0;
  usage.granted.disk_requested_kb = 102400;
  usage.granted.disk_allocated_kb = 103424;
  usage.memory_used_mb = 5;
  usage.granted.memory_requested_mb = 100;
  usage.granted.memory_allocated_mb = 128;
  return usage;
}

TEST_F(EventLog, IsARealPoolsToTheByteForACheckpointedAndVacatedJob) {
  Script log(38);
  log.at(6, 34, 58).add(submit_event(log.head(), address("schedd_39_5448")));
  log.at(6, 35, 0).transfer(kInputStarted, "slot1_2_783_71b9_15");
  log.execute("startd_39_5448", "slot1_2@pool.test", "dir_2548", 103424).transfer(kInputFinished);
  log.at(6, 35, 2).image(1, 4656).at(6, 35, 4).checkpoint();
  log.at(6, 35, 5).image(1, 4692).at(6, 35, 8).checkpoint();
  ResourceUsage usage = sample_usage();
  usage.cpus_used = 0.002452825995778685;
  usage.disk_used_kb = 15;
  usage.execute_seconds = 2;
  usage.slot_busy_seconds = 10;
  EvictFacts evicted;
  evicted.run = {.sent = 177, .received = 775};
  evicted.resources = usage;
  log.at(6, 35, 10).add(evict_event(log.head(), evicted));
  log.at(6, 35, 12).transfer(kInputStarted, "slot1_2_783_71b9_16");
  log.execute("startd_39_5448", "slot1_2@pool.test", "dir_2585", 103424).transfer(kInputFinished);
  log.at(6, 35, 16).checkpoint().at(6, 35, 20).checkpoint().at(6, 35, 24).checkpoint();
  TerminateFacts done;
  done.run_bytes = {.sent = 696, .received = 893};
  done.total_bytes = {.sent = 873, .received = 1668};
  done.resources = sample_usage();
  done.resources.disk_used_kb = 17;
  done.resources.execute_seconds = 4;
  done.resources.slot_busy_seconds = 12;
  log.add(terminate_event(log.head(), done));
  EXPECT_EQ(log.text(), sample("sample.log"));
}

TEST_F(EventLog, IsARealPoolsToTheByteForAHeldJob) {
  Script log(9);
  log.at(6, 15, 58).add(submit_event(log.head(), address("schedd_40_03e0")));
  log.at(6, 15, 59).transfer(kInputStarted, "slot1_1_100_357d_49").transfer(kInputFinished);
  log.execute("startd_40_03e0", "slot1_1@pool.test", "dir_1989", 52224)
      .image(1000, 4656)
      .checkpoint();
  log.at(6, 16, 0).image(1000, 4676).transfer(kOutputStarted);
  log.add(error_event(log.head(), "starter on slot1_1@pool.test",
                      "Starter failed to upload checkpoint", 36, -1));
  const std::string reason = "Error from slot1_1@pool.test: Starter failed to upload checkpoint";
  ResourceUsage usage = sample_usage();
  usage.cpus_used.reset();
  usage.disk_used_kb = 882;
  usage.granted.disk_requested_kb = 51200;
  usage.granted.disk_allocated_kb = 52224;
  usage.granted.memory_requested_mb = 64;
  usage.execute_seconds = 1;
  usage.slot_busy_seconds = 1;
  EvictFacts evicted;
  evicted.run = {.sent = 1365, .received = 893552};
  evicted.reason = reason;
  evicted.resources = usage;
  log.add(evict_event(log.head(), evicted));
  log.add(hold_event(log.head(), reason, 36, -1));
  EXPECT_EQ(log.text(), sample("sample.held.log"));
}

TEST_F(EventLog, IsARealPoolsToTheByteForACrashedAndRequeuedJob) {
  Script log(30);
  log.at(6, 29, 29).add(submit_event(log.head(), address("schedd_39_5448")));
  log.transfer(kInputStarted, "slot1_1_783_71b9_2").transfer(kInputFinished);
  log.at(6, 29, 30).execute("startd_39_5448", "slot1_1@pool.test", "dir_1156", 52224);
  log.at(6, 29, 31).image(1000, 4640).at(6, 29, 32).checkpoint();
  log.at(6, 29, 33).image(1000, 4672).at(6, 29, 34).checkpoint();
  log.at(6, 29, 35).image(1000, 4680).checkpoint();
  EvictFacts evicted;
  evicted.requeued_exit = ExitStatus{.by_signal = true, .signal = 9};
  evicted.run = {.sent = 3748, .received = 893552};
  evicted.reason =
      "The job attribute OnExitRemove expression 'ExitBySignal =?= false' evaluated to FALSE";
  log.add(evict_event(log.head(), evicted));
  log.at(6, 29, 36).transfer(kInputStarted, "slot1_1_783_71b9_3").transfer(kInputFinished);
  log.at(6, 29, 37).execute("startd_39_5448", "slot1_1@pool.test", "dir_1191", 52224);
  log.at(6, 29, 39).checkpoint().at(6, 29, 40).image(1000, 4752).at(6, 29, 41).checkpoint();
  log.at(6, 29, 42).image(1000, 4760).at(6, 29, 43).checkpoint().at(6, 29, 45).checkpoint();
  TerminateFacts done;
  done.run_bytes = {.sent = 6301, .received = 894802};
  done.total_bytes = {.sent = 10049, .received = 1788354};
  done.resources = sample_usage();
  done.resources.disk_used_kb = 891;
  done.resources.granted.disk_requested_kb = 51200;
  done.resources.granted.disk_allocated_kb = 52224;
  done.resources.granted.memory_requested_mb = 64;
  done.resources.execute_seconds = 2;
  done.resources.slot_busy_seconds = 9;
  log.add(terminate_event(log.head(), done));
  EXPECT_EQ(log.text(), sample("kjob2.log"));
}

TEST_F(EventLog, SaysBySignalAsARealPoolDoes) {
  Script log(20);
  TerminateFacts done;
  done.exit = {.by_signal = true, .signal = 12};
  done.run_bytes = done.total_bytes = {.sent = 221, .received = 893552};
  done.resources = sample_usage();
  done.resources.disk_used_kb = 887;
  done.resources.granted.disk_requested_kb = 51200;
  done.resources.granted.disk_allocated_kb = 52224;
  done.resources.granted.memory_requested_mb = 64;
  done.resources.execute_seconds = 0;
  done.resources.slot_busy_seconds = 1;
  log.at(6, 26, 1).add(terminate_event(log.head(), done));
  const std::string real = sample("sigb.log");
  EXPECT_EQ(real.substr(real.find("005 (020")), log.text());
}

TEST_F(EventLog, WritesTheNewerFormWhereAnEvictionHasACode) {  // contract §3.2
  EvictFacts evicted;
  evicted.remote = {.user_seconds = 5290, .system_seconds = 12};
  evicted.run = {.sent = 4194304, .received = 1048576};
  evicted.code = std::pair{1022, 0};
  evicted.reason = "Job vacated by schedd";
  Script log(77);
  log.at(12, 31, 40).add(evict_event(log.head(), evicted));
  EXPECT_EQ(log.text(),
            "004 (077.000.000) 2026-11-22 12:31:40 Job was evicted. Code 1022 Subcode 0\n"
            "\t(0) CPU times\n"
            "\t\tUsr 0 01:28:10, Sys 0 00:00:12  -  Run Remote Usage\n"
            "\t\tUsr 0 00:00:00, Sys 0 00:00:00  -  Run Local Usage\n"
            "\t4194304  -  Run Bytes Sent By Job\n"
            "\t1048576  -  Run Bytes Received By Job\n"
            "\tReason: Job vacated by schedd\n"
            "...\n");
}

TEST_F(EventLog, PrintsLocalTime) {
  setenv("TZ", "UTC-9", 1);  // nine hours east
  tzset();
  EXPECT_THAT(
      abort_event({.id = {1, 0}, .time_seconds = 1795305600}, "by the user"),
      ::testing::StartsWith("009 (001.000.000) 2026-11-22 09:00:00 Job was aborted.\n\tby"));
}

TEST_F(EventLog, ATextFromOutsideCannotEndItsEvent) {
  const EventHead head{.id = {1, 0}, .time_seconds = 0};
  const std::string evil = "gone\n...\n005 (001.000.000) 2026-11-22 00:00:00 Job terminated.";
  for (const std::string& event :
       {hold_event(head, evil, 1, 0), abort_event(head, evil), release_event(head, evil),
        error_event(head, evil, evil, 1, 2)}) {
    const auto events = parse_event_log(event).value();
    ASSERT_EQ(events.size(), 1U) << event;
    EXPECT_NE(events[0].number, 5);
  }
}

TEST_F(EventLog, ReadsWhatItWrites) {
  const auto events = parse_event_log(sample("sample.held.log")).value();
  std::vector<int> numbers;
  for (const LoggedEvent& event : events) numbers.push_back(event.number);
  EXPECT_THAT(numbers, ElementsAre(0, 40, 40, 1, 6, 40, 40, 6, 40, 21, 4, 12));
  EXPECT_EQ(events.back().id, (JobId{9, 0}));
  EXPECT_EQ(events.back().time, "2026-11-22 06:16:00");
  EXPECT_EQ(events.back().headline, "Job was held.");
  EXPECT_THAT(events.back().body,
              ElementsAre("Error from slot1_1@pool.test: Starter failed to upload checkpoint",
                          "Code 36 Subcode -1"));
}

TEST_F(EventLog, ReadsTheLegacyDate) {
  const auto events = parse_event_log("000 (12.3.0) 11/22 06:16:00 Job submitted\n...\n").value();
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].id, (JobId{12, 3}));
}

TEST_F(EventLog, EveryPrefixGivesTheWholeEventsInIt) {
  const std::string text = sample("sample.log");
  const std::size_t all = parse_event_log(text).value().size();
  std::size_t before = 0;
  for (std::size_t length = 0; length <= text.size(); ++length) {
    const auto events = parse_event_log(std::string_view(text).substr(0, length));
    ASSERT_TRUE(events) << length << ": " << events.error().text();
    ASSERT_LE(before, events->size()) << length;
    ASSERT_LE(events->size(), before + 1) << length;
    before = events->size();
  }
  EXPECT_EQ(before, all);
}

TEST_F(EventLog, LeavesATornEventInTheMiddleOut) {  // a writer was killed, the next one went on
  const auto events = parse_event_log(
      "001 (001.000.000) 2026-11-22 06:16:00 Job executing on host: <a>\n\tSlotName: x\n"
      "012 (001.000.000) 2026-11-22 06:17:00 Job was held.\n\tx\n...\n");
  ASSERT_TRUE(events);
  ASSERT_EQ(events->size(), 1U);
  EXPECT_EQ(events->front().number, 12);
}

TEST_F(EventLog, NamesTheLineWhereNoEventBegins) {
  const auto events = parse_event_log("...\nhello\n");
  ASSERT_FALSE(events);
  EXPECT_THAT(events.error().message, HasSubstr("line 2"));
}

}  // namespace
}  // namespace cairn
