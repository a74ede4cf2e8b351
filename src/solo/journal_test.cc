#include "solo/journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/sim_filesystem.h"

namespace cairn {
namespace {

using testing::SimFileSystem;

JobRecord record(int step) {
  JobRecord job;
  job.id = {.cluster = 12, .proc = 3};
  job.state = step % 2 == 0 ? JobState::running : JobState::spooling;
  job.activation = step;
  return job;
}

std::vector<EventRecord> events(int step) {
  return {{1000 + step, Mark::execute_begin, {}}, {1000 + step, std::nullopt, "step \xFF"}};
}

SimFileSystem empty_disk() {
  SimFileSystem disk;
  disk.make_folder("job").value();
  disk.settle();
  return disk;
}

JobRecord full_record() {
  JobRecord job = record(4);
  job.next_checkpoint = 9;
  job.last_checkpoint = 8;
  job.crashes = 1;
  job.evictions = 2;
  job.completions = 3;
  job.exit = ExitStatus{true, 0, 11, true};
  job.hold = HoldFacts{36, -1, "a \"reason\"\nof two lines, \xFF"};
  job.user_ms = 5;
  job.system_ms = 6;
  job.sent_bytes = std::uint64_t{1} << 40;
  job.received_bytes = 7;
  job.live.set_integer("NumJobStarts", 4);
  job.wish = Wish::hold;
  job.wish_reason = "by request";
  return job;
}

TEST(Journal, DecodesWhatItEncodes) {
  const JournalEntry entry{7, full_record(), events(4), 5};
  const ReadEntries read = decode_entries(encode_entry(entry));
  ASSERT_EQ(read.entries.size(), 1U);
  EXPECT_EQ(read.entries[0].record, entry.record);
  EXPECT_EQ(read.entries[0].sequence, 7U);
  EXPECT_EQ(read.entries[0].after, 5U);
  EXPECT_EQ(encode_entry(read.entries[0]), encode_entry(entry));
  EXPECT_FALSE(read.damaged);
}

TEST(Journal, EveryPrefixIsTheEntriesThatAreWhole) {
  const std::string first = encode_entry({1, record(1), events(1), 0});
  const std::string both = first + encode_entry({2, record(2), events(2), 0});
  for (std::size_t length = 0; length <= both.size(); ++length) {
    const ReadEntries read = decode_entries(std::string_view(both).substr(0, length));
    const std::size_t whole = length == both.size() ? 2 : length >= first.size() ? 1 : 0;
    EXPECT_EQ(read.entries.size(), whole) << length;
    EXPECT_FALSE(read.damaged) << "a torn end is no damage";
  }
}

TEST(Journal, AFlippedBitIsNoticedAndCostsThatEntryOnly) {
  const std::string first = encode_entry({1, record(1), events(1), 0});
  const std::string both = first + encode_entry({2, record(2), events(2), 0});
  for (std::size_t at = 0; at < first.size(); ++at) {
    std::string damaged = both;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    const ReadEntries read = decode_entries(damaged);
    ASSERT_EQ(read.entries.size(), 1U) << at;
    EXPECT_EQ(read.entries[0].sequence, 2U);
    EXPECT_TRUE(read.damaged);
  }
}

// ---- crashes

constexpr int kSteps = 3;

// Two runners, one after the other.  Returns the last step that was acknowledged.
int store_some(SimFileSystem& disk) {
  int acknowledged = 0;
  for (const int begin : {1, kSteps + 1}) {
    const auto found = read_journal(disk, "job/journal");
    if (!found) return acknowledged;
    Journal journal(disk, "job/journal", *found);
    for (int step = begin; step < begin + kSteps; ++step)
      if (journal.store(record(step), events(step))) acknowledged = step;
  }
  return acknowledged;
}

// What is wrong with the journal on this disk; empty: nothing.
std::string complaint(SimFileSystem& disk, int acknowledged) {
  const auto found = read_journal(disk, "job/journal");
  if (!found) return "unreadable: " + found.error().text();
  const int step = found->record ? found->record->activation : 0;
  if (step < acknowledged)
    return "step " + std::to_string(step) + " is older than what was promised";
  if (step > 2 * kSteps || (step > 0 && *found->record != record(step))) return "a mixture";
  std::uint64_t sequence = 0;
  for (const JournalEntry& entry : found->entries)
    if (entry.sequence <= std::exchange(sequence, entry.sequence)) return "twice the same entry";
  if (!found->damaged.empty()) return "damage where there is none";
  return {};
}

std::string first_complaint(const SimFileSystem& start) {
  std::string first;
  for_each_crash(start, store_some, [&](SimFileSystem& disk, int acknowledged) -> bool {
    first = complaint(disk, acknowledged);
    return first.empty();
  });
  return first;
}

TEST(JournalCrash, NeverLosesAnAcknowledgedState) { EXPECT_EQ(first_complaint(empty_disk()), ""); }

TEST(JournalCrash, CanaryWithoutFileSyncIsCaught) {
  SimFileSystem disk = empty_disk();
  disk.lie_about_file_sync();
  EXPECT_NE(first_complaint(disk), "");
}

TEST(JournalCrash, CanaryWithoutFolderSyncIsCaught) {
  SimFileSystem disk = empty_disk();
  disk.lie_about_folder_sync();
  EXPECT_NE(first_complaint(disk), "");
}

TEST(JournalFailure, AStateThatCouldNotBeStoredCanBeStoredAgain) {
  for (const int sys_errno : {EIO, ENOSPC}) {
    const std::size_t failed =
        for_each_failure(empty_disk(), sys_errno, store_some, [](SimFileSystem& disk, int done) {
          EXPECT_EQ(complaint(disk, done), "") << disk.describe();
        });
    EXPECT_GT(failed, 10U);
  }
}

}  // namespace
}  // namespace cairn
