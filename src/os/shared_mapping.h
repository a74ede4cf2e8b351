// Files that a process has mapped shared and writable: such memory changes them without a call.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace cairn {

struct SharedMapping {
  std::uint64_t begin = 0, end = 0, inode = 0;
  std::string path;  // also of a file that has lost its name
};
std::vector<SharedMapping> shared_mappings(pid_t process);

// Paths of /proc, without what the kernel adds to those of files that have lost their name.
std::string without_deleted(std::string path);

}  // namespace cairn
