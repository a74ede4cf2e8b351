#include "os/lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

#include "base/text.h"
#include "base/try.h"
#include "os/standard_streams.h"

namespace cairn {
namespace {

// The folders that this process owns, by device and inode.  The one exception to
// "no singletons": a POSIX lock belongs to the process, and so must its list.
// After a fork the entries are the parent's, which their pid tells.
class OwnedFolders {
 public:
  bool add(dev_t device, ino_t inode) {
    const std::lock_guard guard(mutex_);
    const auto [entry, added] = owners_.try_emplace({device, inode}, ::getpid());
    const bool taken = !added && entry->second == ::getpid();
    entry->second = ::getpid();
    return !taken;
  }
  void remove(dev_t device, ino_t inode) {
    const std::lock_guard guard(mutex_);
    owners_.erase({device, inode});
  }

 private:
  std::mutex mutex_;
  std::map<std::pair<dev_t, ino_t>, pid_t> owners_;
};

OwnedFolders& owned_folders() {
  // Never destroyed: a lock in a global object may be released after this.
  static auto& folders = *new OwnedFolders;
  return folders;
}

std::string host_name() {
  char name[256] = {};
  if (::gethostname(name, sizeof name - 1) != 0) return "unknown";
  return name;
}

std::string owner_line(pid_t pid) { return cat("pid ", pid, " on host ", host_name()); }

// What the owner wrote, else what the kernel knows: the owner may not have got so far.
std::string owner_of(int fd) {
  char line[300];
  const ssize_t got = retry_interrupted([&] { return ::pread(fd, line, sizeof line, 0); });
  if (got > 0 && line[got - 1] == '\n') return std::string(line, static_cast<std::size_t>(got - 1));
  struct flock held {};
  held.l_type = F_WRLCK;
  held.l_whence = SEEK_SET;
  if (::fcntl(fd, F_GETLK, &held) == 0 && held.l_type != F_UNLCK && held.l_pid > 0)
    return owner_line(held.l_pid);
  return "another process";
}

constexpr std::string_view kBy = "by ", kLockedBy = " is locked by ";

Error locked_by(const Path& folder, const std::string& owner) {
  return {Errc::locked, cat(folder.native(), kLockedBy, owner), EAGAIN,
          "wait until it has ended, or use another folder"};
}

Error lock_error(const Path& folder, int sys_errno) {
  if (sys_errno != ENOLCK && sys_errno != EOPNOTSUPP && sys_errno != ENOSYS && sys_errno != EINVAL)
    return system_error("lock", folder / FolderLock::kFileName, sys_errno);
  return {Errc::unsupported,
          cat("lock ", folder.native(), ": its file system offers no file locks (",
              std::strerror(sys_errno), ")"),
          sys_errno, "put the folder on a local disk, or have the file system mounted with locks"};
}

// Is the file that was opened still the one under that name?  Its last owner may have
// removed it between our open and our lock.
bool still_named(int fd, const Path& file) {
  struct stat opened {
  }, named{};
  return ::fstat(fd, &opened) == 0 && ::lstat(file.c_str(), &named) == 0 &&
         opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

// One attempt.  No descriptor and no error: the file was replaced meanwhile, try again.
Result<std::optional<Descriptor>> try_lock(const Path& folder, const Path& file) {
  Descriptor fd(above_standard_streams(retry_interrupted(
      [&] { return ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666); })));
  if (!fd) return system_error("open", file, errno);
  struct flock whole {};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  if (retry_interrupted([&] { return ::fcntl(fd.get(), F_SETLK, &whole); }) == -1) {
    if (errno != EAGAIN && errno != EACCES) return lock_error(folder, errno);
    const std::string owner = owner_of(fd.get());
    if (!still_named(fd.get(), file)) return std::optional<Descriptor>();
    return locked_by(folder, owner);
  }
  if (!still_named(fd.get(), file)) return std::optional<Descriptor>();
  return std::optional<Descriptor>(std::move(fd));
}

// The owner's line.  It is for the message only: a full disk is no reason to refuse the lock.
void sign(int fd) {
  const std::string line = owner_line(::getpid()) + "\n";
  if (::ftruncate(fd, 0) == 0) std::ignore = ::pwrite(fd, line.data(), line.size(), 0);
}

Result<Descriptor> lock_file(const Path& folder, const Path& file) {
  for (;;) {
    CAIRN_TRY(auto fd, try_lock(folder, file));
    if (!fd) continue;
    sign(fd->get());
    return *std::move(fd);
  }
}

}  // namespace

Result<FolderLock> FolderLock::take(const Path& folder) {
  struct stat status {};
  if (::stat(folder.c_str(), &status) == -1) return system_error("lock", folder, errno);
  if (!owned_folders().add(status.st_dev, status.st_ino))
    return locked_by(folder, owner_line(::getpid()) + " (this process)");
  const Path file = folder / kFileName;
  auto fd = lock_file(folder, file);
  if (!fd) {
    owned_folders().remove(status.st_dev, status.st_ino);
    return std::move(fd).error();
  }
  return FolderLock(file, *std::move(fd), status.st_dev, status.st_ino);
}

FolderLock::FolderLock(Path file, Descriptor fd, dev_t device, ino_t inode)
    : file_(std::move(file)),
      fd_(std::move(fd)),
      device_(device),
      inode_(inode),
      owner_(::getpid()) {}

FolderLock& FolderLock::operator=(FolderLock&& other) noexcept {
  if (this == &other) return *this;
  release();
  file_ = std::move(other.file_);
  fd_ = std::move(other.fd_);
  device_ = other.device_;
  inode_ = other.inode_;
  owner_ = other.owner_;
  return *this;
}

void FolderLock::release() {
  if (!fd_ || owner_ != ::getpid()) return;
  // Removed while it is still locked: whoever gets the lock after us sees that his
  // file has lost its name.  Only if the name is ours: somebody may have cleared the folder.
  if (still_named(fd_.get(), file_)) ::unlink(file_.c_str());
  fd_.reset();
  owned_folders().remove(device_, inode_);
}

std::string locked_by_whom(const Error& error) {
  return error.message.substr(error.message.rfind(kLockedBy) + kLockedBy.size() - kBy.size());
}

Result<Descriptor> lock_folder(const Path& folder) {
  Descriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return system_error("open", folder, errno);
  if (retry_interrupted([&] { return ::flock(fd.get(), LOCK_EX); }) == -1)
    return system_error("lock", folder, errno);
  return fd;
}

}  // namespace cairn
