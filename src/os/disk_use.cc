#include "os/disk_use.h"

#include <sys/stat.h>

namespace cairn {

namespace stdfs = std::filesystem;

bool DiskUse::step(std::size_t names) {
  // Files come and go: where a folder cannot be read on, the next one is.
  std::error_code gone;
  for (; names > 0; --names) {
    if (at_ == stdfs::directory_iterator()) {
      if (folders_.empty()) return true;
      at_ = stdfs::directory_iterator(folders_.back(), gone);
      folders_.pop_back();
    } else {
      count(at_->path());
      at_.increment(gone);
    }
  }
  return false;
}

void DiskUse::count(const Path& name) {
  struct stat info {};
  if (::lstat(name.c_str(), &info) != 0) return;
  if (S_ISDIR(info.st_mode)) folders_.push_back(name);
  if (!S_ISREG(info.st_mode)) return;
  if (info.st_nlink > 1 && !seen_.emplace(info.st_dev, info.st_ino).second) return;
  bytes_ += info.st_size;
}

}  // namespace cairn
