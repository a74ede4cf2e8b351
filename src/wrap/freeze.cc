#include "wrap/freeze.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "os/process.h"

namespace cairn::wrap {
namespace {

namespace stdfs = std::filesystem;

constexpr useconds_t kYield = 100;

bool stands_still(pid_t pid) {
  const std::string stat = read_proc(pid, "stat");
  const auto name_end = stat.rfind(')');
  if (name_end == stat.npos || name_end + 2 >= stat.size()) return true;  // it has ended
  const char state = stat[name_end + 2];
  return state == 'T' || state == 't' || state == 'Z' || state == 'X';
}

// The flags of an open descriptor, as /proc tells them.
int flags_of(pid_t pid, const std::string& descriptor) {
  const std::string info = read_proc(pid, "fdinfo/" + descriptor);
  const auto at = info.find("flags:");
  if (at == info.npos) return O_RDONLY;
  return static_cast<int>(std::strtol(info.c_str() + at + 6, nullptr, 8));
}

}  // namespace

Frozen::Frozen() {
  // A process may have been born while the others were being stopped.
  for (;;) {
    bool news = false;
    for (const pid_t pid : descendants()) {
      if (std::find(processes_.begin(), processes_.end(), pid) != processes_.end()) continue;
      ::kill(pid, SIGSTOP);
      processes_.push_back(pid);
      news = true;
    }
    if (!news) break;
  }
  // A stop takes effect when a thread leaves the kernel: soon, but not at once.
  for (const pid_t pid : processes_)
    while (!stands_still(pid)) ::usleep(kYield);
}

Frozen::~Frozen() {
  for (const pid_t pid : processes_) ::kill(pid, SIGCONT);
}

std::optional<std::string> open_for_writing(const std::vector<pid_t>& processes,
                                            const FileSet& files) {
  std::set<std::uint64_t> inodes;
  for (const auto& [name, mark] : files)
    if (mark.kind == FileMark::Kind::file) inodes.insert(mark.inode);
  for (const pid_t pid : processes) {
    const Path folder = cat("/proc/", pid, "/fd");
    std::error_code gone;
    for (const auto& entry : stdfs::directory_iterator(folder, gone)) {
      struct stat info {};
      if (::stat(entry.path().c_str(), &info) != 0 || !S_ISREG(info.st_mode) ||
          !inodes.contains(info.st_ino))
        continue;
      if ((flags_of(pid, entry.path().filename()) & O_ACCMODE) == O_RDONLY) continue;
      for (const auto& [name, mark] : files)
        if (mark.inode == info.st_ino && mark.kind == FileMark::Kind::file) return name;
    }
  }
  return {};
}

}  // namespace cairn::wrap
