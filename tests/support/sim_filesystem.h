// A disk in memory that forgets what was never synced, and fails when told to.
//
// It promises what filesystem.h promises and nothing more.  Since its last sync
//   - a file's appended bytes may be there, not there, there in part, or be zeros or
//     garbage of the right length; a truncation may or may not have happened;
//   - each created, renamed or removed name may or may not have happened, in any
//     combination (no order is assumed); only a rename is atomic: old or new, and an
//     inode that was renamed is under one of its names.
// A name and its inode are two things: a renamed file stays open, and a second handle
// of a file syncs the first one's bytes, as one name of a linked file does for all.  Modes are
// durable at once.  There are no symbolic links.
// Paths have one root: "/a/./b" is "a/b".
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include "os/filesystem.h"

namespace cairn::testing {

class SimFileSystem final : public FileSystem {
 public:
  SimFileSystem();  // an empty disk
  // A copy of the disk as it is, unsynced changes included, with the power on, no
  // faults and no open files.
  SimFileSystem(const SimFileSystem& other);
  SimFileSystem& operator=(const SimFileSystem& other);
  ~SimFileSystem() override;

  // Calls so far, of the FileSystem and its Files, reads included.  In all that
  // follows, operations are counted from the moment of the call.
  std::size_t operations() const;

  // The power goes off after so many more operations: each later one fails.
  void crash_after(std::size_t operations);
  bool power_is_off() const;  // an operation has failed for that

  // Operation n from now (0 is the next) fails with `sys_errno`.  An append has then
  // written half of its bytes; every other operation has done nothing.
  void fail_operation(std::size_t n, int sys_errno);
  bool fault_happened() const;
  void no_more_faults();
  // Does a failed sync drop the unsynced bytes, so that the next sync succeeds
  // without them (as Linux does)?  Default: true.
  void failed_sync_drops_bytes(bool drops);

  // For canaries: these syncs say that all is well and do nothing.
  void lie_about_file_sync();
  void lie_about_folder_sync();

  // Everything so far becomes durable, as after a clean shutdown.
  void settle();

  // Every state that the disk may be in if the power is cut now.  At most
  // kMaxCrashStates: beyond that the two extremes (nothing and all of the unsynced
  // changes) and a sample drawn with CAIRN_SEED (default 1).
  static constexpr std::size_t kMaxCrashStates = 4096;
  void for_each_crash_state(const std::function<void(SimFileSystem& disk)>& visit) const;
  std::vector<SimFileSystem> crash_states() const;

  // Damage: flips the lowest bit of one byte.
  void flip(const Path& path, std::uint64_t offset);

  // All names with their contents (shortened), one a line: for messages and comparisons.
  std::string describe() const;

  // As a program opens its output: for appending, made if missing.
  Result<std::unique_ptr<File>> append_to(const Path& path);

  Result<std::unique_ptr<File>> create(const Path& path, unsigned mode = 0666) override;
  Result<std::unique_ptr<File>> open(const Path& path) override;
  Result<FileInfo> info(const Path& path) override;
  Status truncate(const Path& path, std::uint64_t bytes) override;
  Status set_mode(const Path& path, unsigned mode) override;
  Result<std::vector<std::string>> list(const Path& folder) override;
  Status make_folder(const Path& folder) override;
  Status link(File& file, const Path& to) override;
  Status rename(const Path& from, const Path& to) override;
  Status remove(const Path& path) override;
  Status sync_directory(const Path& folder) override;

 private:
  struct Disk;
  class OpenFile;
  explicit SimFileSystem(std::shared_ptr<Disk> disk);

  std::shared_ptr<Disk> disk_;  // shared with the open files only
};

// Cuts the power after 0, 1, 2, … operations of `work`, until it runs to its end, and
// shows every state that the disk may then be in.
//   start  each run works on a copy of it
//   work   Promise(SimFileSystem&): what is tested; returns what it was promised,
//          such as the last commit that was acknowledged
//   check  void(SimFileSystem& disk, const Promise&): the oracle; or bool: false ends
//          the search, as a canary wants once it is caught
// Returns the number of states shown.
template <class Work, class Check>
std::size_t for_each_crash(const SimFileSystem& start, Work work, Check check) {
  std::size_t states = 0;
  bool goes_on = true;
  for (std::size_t stop = 0;; ++stop) {
    SimFileSystem live = start;
    live.crash_after(stop);
    const auto promise = work(live);
    live.for_each_crash_state([&](SimFileSystem& disk) {
      if (!goes_on) return;
      ++states;
      if constexpr (std::is_same_v<decltype(check(disk, promise)), bool>)
        goes_on = check(disk, promise);
      else
        check(disk, promise);
    });
    if (!goes_on || !live.power_is_off()) return states;
  }
}

// Lets operation 0, 1, 2, … of `work` fail with `sys_errno`, until it runs to its end.
//   check  void(SimFileSystem& live, const Outcome&): the disk right after it
// Returns the number of runs that failed an operation.
template <class Work, class Check>
std::size_t for_each_failure(const SimFileSystem& start, int sys_errno, Work work, Check check) {
  for (std::size_t n = 0;; ++n) {
    SimFileSystem live = start;
    live.fail_operation(n, sys_errno);
    const auto outcome = work(live);
    live.no_more_faults();
    check(live, outcome);
    if (!live.fault_happened()) return n;
  }
}

}  // namespace cairn::testing
