#include "wrap/freeze.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <sstream>

#include "base/text.h"
#include "os/process.h"
#include "os/shared_mapping.h"
#include "os/standard_streams.h"

namespace cairn::wrap {
namespace {

namespace stdfs = std::filesystem;

constexpr useconds_t kYield = 100;
constexpr auto kPatience = std::chrono::seconds(2);

// Of a process's folder in /proc; empty when it has ended.
std::vector<std::string> names_in(const Path& folder) {
  std::vector<std::string> names;
  std::error_code gone;
  for (stdfs::directory_iterator entry(folder, gone), end; !gone && entry != end;
       entry.increment(gone))
    names.push_back(entry->path().filename());
  return names;
}

// In vfork() a thread can only be stopped when its child has begun its own program, or has ended;
// and a child that is stopped does neither.  It does nothing else meanwhile.
bool waits_in_vfork(pid_t pid, const std::string& thread) {
  std::istringstream call(read_proc(pid, cat("task/", thread, "/syscall")));
  long number = -1;
  std::string argument;
  if (!(call >> number >> argument)) return false;
#ifdef SYS_vfork
  if (number == SYS_vfork) return true;
#endif
  std::uint64_t flags = std::strtoull(argument.c_str(), nullptr, 16);
  if (number == SYS_clone3) {  // its first argument points to them
    iovec here{&flags, sizeof flags};
    void* const there_at = reinterpret_cast<void*>(flags);  // NOLINT(performance-no-int-to-ptr)
    iovec there{there_at, sizeof flags};
    if (::process_vm_readv(pid, &here, 1, &there, 1, 0) != sizeof flags) return false;
  } else if (number != SYS_clone) {
    return false;
  }
  return (flags & CLONE_VFORK) != 0;
}

bool is_stopped(pid_t pid, const std::string& thread) {
  const std::string stat = read_proc(pid, cat("task/", thread, "/stat"));
  const auto name_end = stat.rfind(')');
  if (name_end == stat.npos || name_end + 2 >= stat.size()) return true;  // it has ended
  const char state = stat[name_end + 2];
  return state == 'T' || state == 't' || state == 'Z' || state == 'X' ||
         (state == 'D' && waits_in_vfork(pid, thread));
}

bool is_stopped(pid_t pid) {
  const auto threads = names_in(cat("/proc/", pid, "/task"));
  return std::all_of(threads.begin(), threads.end(),
                     [&](const std::string& thread) { return is_stopped(pid, thread); });
}

// The flags of an open descriptor, as /proc tells them.
int flags_of(pid_t pid, const std::string& descriptor) {
  const std::string info = read_proc(pid, "fdinfo/" + descriptor);
  const auto at = info.find("flags:");
  if (at == info.npos) return O_RDONLY;
  return static_cast<int>(std::strtol(info.c_str() + at + 6, nullptr, 8));
}

}  // namespace

// Those that were born while the others were being stopped.
bool Frozen::stop_new() {
  bool news = false;
  for (const pid_t pid : descendants()) {
    if (std::find(processes_.begin(), processes_.end(), pid) != processes_.end()) continue;
    ::kill(pid, SIGSTOP);
    processes_.push_back(pid);
    news = true;
  }
  return news;
}

Frozen::Frozen() {
  const auto until = std::chrono::steady_clock::now() + kPatience;
  do {
    while (stop_new()) {
    }
    // A stop takes effect when a thread leaves the kernel: soon, but not at once.
    for (const pid_t pid : processes_)
      while (!is_stopped(pid)) {
        if (std::chrono::steady_clock::now() > until) return;
        ::usleep(kYield);
      }
  } while (stop_new());
  stands_still_ = true;
}

Frozen::~Frozen() {
  for (const pid_t pid : processes_) ::kill(pid, SIGCONT);
}

std::optional<std::string> open_for_writing(const std::vector<pid_t>& processes,
                                            const FileSet& files) {
  std::set<std::uint64_t> inodes;
  for (const auto& [name, mark] : files)
    if (mark.kind == FileMark::Kind::file) inodes.insert(mark.inode);
  const auto name_of = [&](std::uint64_t inode) -> std::optional<std::string> {
    for (const auto& [name, mark] : files)
      if (mark.inode == inode && mark.kind == FileMark::Kind::file) return name;
    return {};
  };
  for (const pid_t pid : processes) {
    const Path folder = cat("/proc/", pid, "/fd");
    for (const std::string& descriptor : names_in(folder)) {
      struct stat info {};
      if (::stat((folder / descriptor).c_str(), &info) != 0 || !S_ISREG(info.st_mode) ||
          !inodes.contains(info.st_ino))
        continue;
      if ((flags_of(pid, descriptor) & O_ACCMODE) == O_RDONLY) continue;
      return name_of(info.st_ino);
    }
    // No descriptor need be open.
    for (const SharedMapping& mapping : shared_mappings(pid))
      if (inodes.contains(mapping.inode)) return name_of(mapping.inode);
  }
  return {};
}

std::optional<std::string> written_outside(const std::vector<pid_t>& processes,
                                           const Path& folder) {
  const auto ours = standard_stream_files();
  for (const pid_t pid : processes) {
    std::error_code gone;
    for (const auto& entry : stdfs::directory_iterator(cat("/proc/", pid, "/fd"), gone)) {
      struct stat info {};
      if (::stat(entry.path().c_str(), &info) != 0 || !S_ISREG(info.st_mode) ||
          info.st_nlink == 0 || ours.contains({info.st_dev, info.st_ino}) ||
          (flags_of(pid, entry.path().filename()) & O_ACCMODE) == O_RDONLY)
        continue;
      std::string name = stdfs::read_symlink(entry.path(), gone);
      if (!name.starts_with(folder.native() + "/")) return name;
    }
  }
  return {};
}

}  // namespace cairn::wrap
