#include "os/disk_use.h"

#include <sys/stat.h>

#include <set>
#include <utility>

namespace cairn {

std::int64_t disk_use_kb(const Path& folder) {
  namespace stdfs = std::filesystem;
  constexpr auto kOptions = stdfs::directory_options::skip_permission_denied;
  std::int64_t bytes = 0;
  std::set<std::pair<dev_t, ino_t>> seen;
  std::error_code gone;
  for (stdfs::recursive_directory_iterator entry(folder, kOptions, gone), end;
       !gone && entry != end; entry.increment(gone)) {
    struct stat info {};
    if (::lstat(entry->path().c_str(), &info) != 0 || !S_ISREG(info.st_mode)) continue;
    if (info.st_nlink > 1 && !seen.emplace(info.st_dev, info.st_ino).second) continue;
    bytes += info.st_size;
  }
  return (bytes + 1023) / 1024;
}

}  // namespace cairn
