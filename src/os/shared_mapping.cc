#include "os/shared_mapping.h"

#include <algorithm>
#include <cstdio>
#include <string_view>

#include "os/process.h"

namespace cairn {

std::string without_deleted(std::string path) {
  constexpr std::string_view kDeleted = " (deleted)";
  if (path.ends_with(kDeleted)) path.resize(path.size() - kDeleted.size());
  return path;
}

std::vector<SharedMapping> shared_mappings(pid_t process) {
  std::vector<SharedMapping> found;
  const std::string maps = read_proc(process, "maps");
  // 7f0000000000-7f0000001000 rw-s 00000000 08:01 1234    /path
  for (std::size_t at = 0; at < maps.size();) {
    const std::size_t end = std::min(maps.find('\n', at), maps.size());
    const std::string line = maps.substr(at, end - at);
    at = end + 1;
    SharedMapping mapping;
    char writable = '-', shared = '-';
    // NOLINTNEXTLINE(cert-err34-c): the kernel wrote it
    if (std::sscanf(line.c_str(), "%lx-%lx %*c%c%*c%c %*s %*s %lu", &mapping.begin, &mapping.end,
                    &writable, &shared, &mapping.inode) != 5 ||
        writable != 'w' || shared != 's' || line.find('/') == std::string::npos)
      continue;
    mapping.path = without_deleted(line.substr(line.find('/')));
    found.push_back(std::move(mapping));
  }
  return found;
}

}  // namespace cairn
