// The disk that the crash tests stand on: does it forget all that it may forget, and
// nothing that it promised to keep?
#include "support/sim_filesystem.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <set>

namespace cairn::testing {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

// Writes without any sync.
std::unique_ptr<File> write(SimFileSystem& disk, const Path& path, const std::string& text) {
  auto file = disk.create(path).value();
  file->append(as_bytes(text)).value();
  return file;
}

void write_durably(SimFileSystem& disk, const Path& path, const std::string& text) {
  write(disk, path, text)->sync().value();
  disk.sync_directory(folder_of(path)).value();
}

// What may be found under `path` after a power cut; "-" stands for nothing.
std::set<std::string> outcomes(const SimFileSystem& disk, const Path& path) {
  std::set<std::string> found;
  for (SimFileSystem& after : disk.crash_states()) {
    auto text = read_file(after, path);
    found.insert(text ? *text : "-");
  }
  return found;
}

// The names in the root, joined, after each power cut.
std::set<std::string> listings(const SimFileSystem& disk) {
  std::set<std::string> found;
  for (SimFileSystem& after : disk.crash_states()) {
    std::string names;
    for (const std::string& name : after.list("/").value()) names += name + " ";
    found.insert(names);
  }
  return found;
}

TEST(SimFileSystem, KeepsWhatWasSyncedWithItsName) {
  SimFileSystem disk;
  write_durably(disk, "a", "text");
  EXPECT_THAT(outcomes(disk, "a"), UnorderedElementsAre("text"));
}

TEST(SimFileSystem, MayLoseTheNameOfASyncedFile) {
  SimFileSystem disk;
  write(disk, "a", "text")->sync().value();
  EXPECT_THAT(outcomes(disk, "a"), UnorderedElementsAre("-", "text"));
}

TEST(SimFileSystem, MayLoseTearOrSpoilUnsyncedBytes) {
  SimFileSystem disk;
  write_durably(disk, "a", "");
  auto file = write(disk, "a", "abcd");
  const std::string zeros(4, '\0');
  EXPECT_THAT(outcomes(disk, "a"), IsSupersetOf({std::string(), std::string("a"), std::string("ab"),
                                                 std::string("abc"), std::string("abcd"), zeros}));
  EXPECT_THAT(outcomes(disk, "a"), Contains("\x9e\x9d\x9c\x9b"));  // garbage
  EXPECT_THAT(outcomes(disk, "a"), Contains(std::string("\0\0cd", 4)));
}

TEST(SimFileSystem, CutsLargeWritesAtBlocks) {
  SimFileSystem disk;
  write_durably(disk, "a", "");
  auto file = write(disk, "a", std::string(10000, 'x'));
  std::set<std::size_t> lengths;
  for (const std::string& text : outcomes(disk, "a")) lengths.insert(text.size());
  EXPECT_THAT(lengths, IsSupersetOf({0U, 1U, 4096U, 8192U, 9999U, 10000U}));
}

TEST(SimFileSystem, NeverLosesSyncedBytesBelowAppendedOnes) {
  SimFileSystem disk;
  write_durably(disk, "a", "safe ");
  auto file = disk.create("b").value();
  file->append(as_bytes("safe ")).value();
  file->sync().value();
  disk.sync_directory("/").value();
  file->append(as_bytes("not yet")).value();
  EXPECT_THAT(outcomes(disk, "b"), Each(HasSubstr("safe ")));
  EXPECT_THAT(outcomes(disk, "b"), Contains("safe not yet"));
}

TEST(SimFileSystem, ATruncationMayOrMayNotHaveHappened) {
  SimFileSystem disk;
  write_durably(disk, "a", "hello world");
  disk.truncate("a", 5).value();
  EXPECT_THAT(outcomes(disk, "a"), UnorderedElementsAre("hello", "hello world"));
  disk.open("a").value()->sync().value();
  EXPECT_THAT(outcomes(disk, "a"), UnorderedElementsAre("hello"));
}

TEST(SimFileSystem, AnOldFileMayShowThroughAfterCreate) {
  SimFileSystem disk;
  write_durably(disk, "a", "old and long");
  auto file = write(disk, "a", "new");
  EXPECT_THAT(outcomes(disk, "a"), IsSupersetOf({"old and long", "", "new", "new and long"}));
}

TEST(SimFileSystem, ARenameIsAtomic) {
  SimFileSystem disk;
  write_durably(disk, "a", "old");
  write_durably(disk, "b", "new");
  disk.rename("b", "a").value();
  EXPECT_THAT(listings(disk), UnorderedElementsAre("a b ", "a "));
  EXPECT_THAT(outcomes(disk, "a"), UnorderedElementsAre("old", "new"));
  disk.sync_directory("/").value();
  EXPECT_THAT(outcomes(disk, "a"), UnorderedElementsAre("new"));
}

TEST(SimFileSystem, ARenameBeforeTheSyncMayExposeAnEmptyFile) {
  SimFileSystem disk;
  write_durably(disk, "a", "old");
  auto file = write(disk, "b", "new");
  disk.rename("b", "a").value();
  disk.sync_directory("/").value();
  EXPECT_THAT(outcomes(disk, "a"), IsSupersetOf({"", "n", "new"}));
  EXPECT_THAT(outcomes(disk, "a"), Not(Contains("old")));
  file->sync().value();  // the renamed file is still the same file
  EXPECT_THAT(outcomes(disk, "a"), UnorderedElementsAre("new"));
}

TEST(SimFileSystem, ARenameAcrossFoldersWantsBothSynced) {
  SimFileSystem disk;
  disk.make_folder("p").value();
  disk.make_folder("q").value();
  write(disk, "p/a", "text")->sync().value();
  disk.settle();
  disk.rename("p/a", "q/a").value();
  EXPECT_THAT(outcomes(disk, "q/a"), UnorderedElementsAre("-", "text"));
  disk.sync_directory("q").value();
  EXPECT_THAT(outcomes(disk, "q/a"), UnorderedElementsAre("-", "text"));
  disk.sync_directory("p").value();
  EXPECT_THAT(outcomes(disk, "q/a"), UnorderedElementsAre("text"));
  EXPECT_THAT(outcomes(disk, "p/a"), UnorderedElementsAre("-"));
}

TEST(SimFileSystem, AssumesNoOrderAmongNames) {
  SimFileSystem disk;
  write(disk, "a", "")->sync().value();
  write(disk, "b", "")->sync().value();
  EXPECT_THAT(listings(disk), UnorderedElementsAre("", "a ", "b ", "a b "));
}

TEST(SimFileSystem, ARemovalMayNotHaveHappened) {
  SimFileSystem disk;
  write_durably(disk, "a", "text");
  disk.remove("a").value();
  EXPECT_THAT(outcomes(disk, "a"), UnorderedElementsAre("-", "text"));
  disk.sync_directory("/").value();
  EXPECT_THAT(outcomes(disk, "a"), UnorderedElementsAre("-"));
}

TEST(SimFileSystem, AFolderWithoutADurableNameTakesItsFilesAlong) {
  SimFileSystem disk;
  disk.make_folder("f").value();
  write_durably(disk, "f/a", "text");
  EXPECT_THAT(outcomes(disk, "f/a"), UnorderedElementsAre("-", "text"));
  disk.sync_directory("/").value();
  EXPECT_THAT(outcomes(disk, "f/a"), UnorderedElementsAre("text"));
}

TEST(SimFileSystem, ASecondHandleSyncsTheFirstOnesBytes) {
  SimFileSystem disk;
  write_durably(disk, "a", "");
  auto file = write(disk, "a", "text");
  disk.open("a").value()->sync().value();
  EXPECT_THAT(outcomes(disk, "a"), UnorderedElementsAre("text"));
}

TEST(SimFileSystem, AfterThePowerCutEveryOperationFailsAndChangesNothing) {
  SimFileSystem disk;
  write_durably(disk, "a", "text");
  auto file = disk.create("b").value();
  disk.crash_after(1);
  file->append(as_bytes("in time")).value();
  EXPECT_FALSE(disk.power_is_off());
  const auto late = file->append(as_bytes("late"));
  EXPECT_TRUE(disk.power_is_off());
  EXPECT_THAT(late.error().message, HasSubstr("the power is off"));
  EXPECT_FALSE(disk.remove("a"));
  EXPECT_FALSE(file->sync());
  EXPECT_THAT(outcomes(disk, "a"), UnorderedElementsAre("text"));
  EXPECT_THAT(outcomes(disk, "b"), Not(Contains(HasSubstr("late"))));
}

TEST(SimFileSystem, FailsTheOperationThatItWasTold) {
  SimFileSystem disk;
  disk.fail_operation(1, ENOSPC);
  auto file = disk.create("a").value();
  const auto failed = file->append(as_bytes("hello!"));
  EXPECT_EQ(failed.error().code, Errc::no_space);
  EXPECT_TRUE(disk.fault_happened());
  EXPECT_EQ(read_file(disk, "a").value(), "hel");  // as a full disk leaves it
  file->append(as_bytes("p")).value();
  EXPECT_EQ(read_file(disk, "a").value(), "help");
}

TEST(SimFileSystem, AFailedSyncDropsBytesAndTheNextOneSucceedsWithoutThem) {
  SimFileSystem disk;
  write_durably(disk, "a", "");
  auto file = write(disk, "a", "text");
  disk.fail_operation(0, EIO);
  EXPECT_FALSE(file->sync());
  file->sync().value();
  EXPECT_THAT(outcomes(disk, "a"), UnorderedElementsAre(std::string(4, '\0')));
}

TEST(SimFileSystem, AFailedSyncMayKeepBytesToo) {
  SimFileSystem disk;
  disk.failed_sync_drops_bytes(false);
  write_durably(disk, "a", "");
  auto file = write(disk, "a", "text");
  disk.fail_operation(0, EIO);
  EXPECT_FALSE(file->sync());
  file->sync().value();
  EXPECT_THAT(outcomes(disk, "a"), UnorderedElementsAre("text"));
}

TEST(SimFileSystem, SamplesWhenThereAreTooManyStates) {
  SimFileSystem disk;
  for (int i = 0; i < 20; ++i) write(disk, std::to_string(i), "x");
  const auto found = listings(disk);
  EXPECT_THAT(disk.crash_states(), SizeIs(::testing::Le(SimFileSystem::kMaxCrashStates)));
  EXPECT_THAT(found, SizeIs(::testing::Gt(1000U)));
  EXPECT_THAT(found, Contains(""));  // nothing happened
  EXPECT_TRUE(std::any_of(found.begin(), found.end(), [](const std::string& names) {
    return std::count(names.begin(), names.end(), ' ') == 20;  // all happened
  }));
}

TEST(SimFileSystem, ACopyIsAnotherDisk) {
  SimFileSystem disk;
  write_durably(disk, "a", "text");
  disk.crash_after(0);
  SimFileSystem copy = disk;
  copy.remove("a").value();
  EXPECT_EQ(copy.operations(), 1U);
  EXPECT_FALSE(disk.list("/"));
  EXPECT_THAT(outcomes(disk, "a"), UnorderedElementsAre("text"));
}

TEST(SimFileSystem, FlipChangesOneBit) {
  SimFileSystem disk;
  write_durably(disk, "a", "text");
  disk.flip("a", 1);
  EXPECT_EQ(read_file(disk, "a").value(), "tdxt");
  EXPECT_THAT(outcomes(disk, "a"), UnorderedElementsAre("tdxt"));
}

}  // namespace
}  // namespace cairn::testing
