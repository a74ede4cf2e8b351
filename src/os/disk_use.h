// What a folder has on the disk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <set>
#include <utility>
#include <vector>

#include "os/filesystem.h"

namespace cairn {

// The sizes of all files below a folder, as HTCondor counts them; one with several names in there
// counts once.  Links are not followed; what cannot be read counts as nothing.  It may have a
// million files, and is counted in steps.
class DiskUse {
 public:
  explicit DiskUse(const Path& folder) : folders_{folder} {}

  // Looks at no more than so many names.  True: that was all.
  bool step(std::size_t names);
  std::int64_t kb() const { return (bytes_ + 1023) / 1024; }  // so far

 private:
  void count(const Path& name);

  std::vector<Path> folders_;  // not yet looked into
  std::filesystem::directory_iterator at_;
  std::int64_t bytes_ = 0;
  std::set<std::pair<std::uint64_t, std::uint64_t>> seen_;  // device and inode
};

}  // namespace cairn
