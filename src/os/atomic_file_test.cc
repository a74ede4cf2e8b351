// After a power cut at any moment: the old content or the new one, whole; and the new
// one once commit() has returned.
#include "os/atomic_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "base/try.h"
#include "support/sim_filesystem.h"

namespace cairn::testing {
namespace {

using ::testing::ElementsAre;

const std::string kOld(5000, 'o');
const std::string kNew(9000, 'n');

SimFileSystem disk_with_old_content() {
  SimFileSystem disk;
  disk.make_folder("f").value();
  disk.create("f/a").value()->append(as_bytes(kOld)).value();
  disk.settle();
  return disk;
}

// Shows every crash state of `publish` to the oracle; returns how many broke its rule.
template <class Publish>
std::size_t violations(const SimFileSystem& start, Publish publish) {
  std::size_t broken = 0;
  const std::size_t states = for_each_crash(
      start, [&](SimFileSystem& disk) { return publish(disk).has_value(); },
      [&](SimFileSystem& disk, bool acknowledged) {
        const auto found = read_file(disk, "f/a");
        const bool whole = found && (*found == kNew || (*found == kOld && !acknowledged));
        if (!whole) ++broken;
      });
  EXPECT_GT(states, 10U);
  return broken;
}

Status publish(FileSystem& files) { return write_file_atomically(files, "f/a", as_bytes(kNew)); }

TEST(AtomicFileCrash, LeavesTheOldOrTheNewContentWhole) {
  EXPECT_EQ(violations(disk_with_old_content(), publish), 0U);
}

TEST(AtomicFileCrash, CanaryWithoutFileSyncIsCaught) {
  SimFileSystem disk = disk_with_old_content();
  disk.lie_about_file_sync();
  EXPECT_GT(violations(disk, publish), 0U);
}

TEST(AtomicFileCrash, CanaryWithoutFolderSyncIsCaught) {
  SimFileSystem disk = disk_with_old_content();
  disk.lie_about_folder_sync();
  EXPECT_GT(violations(disk, publish), 0U);
}

TEST(AtomicFileCrash, CanaryThatRenamesBeforeTheSyncIsCaught) {
  const auto careless = [](FileSystem& files) -> Status {
    CAIRN_TRY(auto file, files.create("f/a.tmp"));
    CAIRN_CHECK(file->append(as_bytes(kNew)));
    CAIRN_CHECK(files.rename("f/a.tmp", "f/a"));
    CAIRN_CHECK(file->sync());
    return files.sync_directory("f");
  };
  EXPECT_GT(violations(disk_with_old_content(), careless), 0U);
}

TEST(AtomicFileCrash, CanaryThatWritesInPlaceIsCaught) {
  const auto careless = [](FileSystem& files) -> Status {
    CAIRN_TRY(auto file, files.create("f/a"));
    CAIRN_CHECK(file->append(as_bytes(kNew)));
    return file->sync();
  };
  EXPECT_GT(violations(disk_with_old_content(), careless), 0U);
}

TEST(AtomicFileCrash, CanaryThatSyncsAgainAfterAFailedSyncIsCaught) {
  const auto stubborn = [](FileSystem& files) -> Status {
    CAIRN_TRY(auto file, files.create("f/a.tmp"));
    CAIRN_CHECK(file->append(as_bytes(kNew)));
    if (!file->sync()) CAIRN_CHECK(file->sync());
    CAIRN_CHECK(files.rename("f/a.tmp", "f/a"));
    return files.sync_directory("f");
  };
  std::size_t broken = 0;
  for_each_failure(disk_with_old_content(), EIO, stubborn, [&](SimFileSystem& disk, const Status&) {
    const std::string found = read_file(disk, "f/a").value();
    if (found != kOld && found != kNew) ++broken;
  });
  EXPECT_GT(broken, 0U);
}

// Each operation in turn fails: the error is returned, the old content is intact, and
// nothing is left lying about.
TEST(AtomicFileFailure, KeepsTheOldContentAndLeavesNoTemporary) {
  for (const int sys_errno : {EIO, ENOSPC, EINTR}) {
    const std::size_t failed =
        for_each_failure(disk_with_old_content(), sys_errno, publish,
                         [&](SimFileSystem& disk, const Status& status) {
                           const std::string found = read_file(disk, "f/a").value();
                           // The new content in spite of an error: only the very last sync failed.
                           EXPECT_TRUE(found == kNew || (!status && found == kOld));
                           EXPECT_TRUE(status || status.error().sys_errno == sys_errno);
                           EXPECT_THAT(disk.list("f").value(), ElementsAre("a")) << disk.describe();
                         });
    EXPECT_GE(failed, 6U);
  }
}

TEST(AtomicFileFailure, AFailureIsNeverFollowedByACrashThatLosesTheOldContent) {
  for_each_failure(disk_with_old_content(), EIO, publish,
                   [&](SimFileSystem& disk, const Status& status) {
                     disk.for_each_crash_state([&](SimFileSystem& after) {
                       const auto found = read_file(after, "f/a");
                       ASSERT_TRUE(found) << after.describe();
                       EXPECT_TRUE(*found == kNew || (!status && *found == kOld));
                     });
                   });
}

}  // namespace
}  // namespace cairn::testing
