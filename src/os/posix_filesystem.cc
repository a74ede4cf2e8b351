#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/text.h"
#include "base/try.h"
#include "os/descriptor.h"
#include "os/filesystem.h"
#include "os/standard_streams.h"

namespace cairn {
namespace {

Status check(int result, const char* what, const Path& path) {
  if (result == -1) return system_error(what, path, errno);
  return {};
}

class PosixFile final : public File {
 public:
  PosixFile(Descriptor fd, Path path) : fd_(std::move(fd)), path_(std::move(path)) {}

  Status append(Bytes bytes) override {
    while (!bytes.empty()) {
      const auto written =
          retry_interrupted([&] { return ::write(fd_.get(), bytes.data(), bytes.size()); });
      if (written == -1) return system_error("write", path_, errno);
      bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return {};
  }

  Result<std::uint64_t> append_all_of(File& source) override {
    auto* const other = dynamic_cast<PosixFile*>(&source);
    CAIRN_TRY(const std::uint64_t before, size());
    if (other == nullptr) return File::append_all_of(source);
    CAIRN_TRY(const std::uint64_t copied, copy_in_kernel(other->fd_.get(), before));
    if (copied > 0) return copied;
    return File::append_all_of(source);  // the kernel cannot, or there is nothing
  }

  Result<std::size_t> read_at(std::uint64_t offset, MutableBytes into) override {
    std::size_t done = 0;
    while (done < into.size()) {
      const auto got = retry_interrupted([&] {
        return ::pread(fd_.get(), into.data() + done, into.size() - done,
                       static_cast<off_t>(offset + done));
      });
      if (got == -1) return system_error("read", path_, errno);
      if (got == 0) break;
      done += static_cast<std::size_t>(got);
    }
    return done;
  }

  Result<std::uint64_t> size() override {
    struct stat status {};
    if (::fstat(fd_.get(), &status) == -1) return system_error("stat", path_, errno);
    return static_cast<std::uint64_t>(status.st_size);
  }

  Status sync() override {
    return check(retry_interrupted([&] { return ::fsync(fd_.get()); }), "sync", path_);
  }

  Status close() override {
    // Not repeated after EINTR: Linux has closed the descriptor already.
    const int result = ::close(fd_.release());
    if (result == -1 && errno == EINTR) return {};
    return check(result, "close", path_);
  }

  int descriptor() const { return fd_.get(); }

 private:
  // 0: the kernel cannot, and nothing was done.
  Result<std::uint64_t> copy_in_kernel(int source, std::uint64_t before) {
    // Neither way takes a descriptor that appends.
    const int flags = ::fcntl(fd_.get(), F_GETFL);
    if (flags == -1 || ::fcntl(fd_.get(), F_SETFL, flags & ~O_APPEND) == -1) return 0;
    auto copied = clone_or_copy(source, before);
    ::fcntl(fd_.get(), F_SETFL, flags);
    return copied;
  }

  Result<std::uint64_t> clone_or_copy(int source, std::uint64_t before) {
    if (before == 0 && ::ioctl(fd_.get(), FICLONE, source) == 0) return size();
    constexpr std::size_t kPieceBytes = std::size_t{1} << 30;
    loff_t from = 0;
    auto to = static_cast<loff_t>(before);
    for (;;) {
      const auto got = retry_interrupted(
          [&] { return ::copy_file_range(source, &from, fd_.get(), &to, kPieceBytes, 0); });
      if (got == 0) return static_cast<std::uint64_t>(from);
      if (got > 0) continue;
      // Where it never works it says so at once; later it is an error like that of write().
      if (from == 0 && errno != ENOSPC && errno != EDQUOT && errno != EIO) return 0;
      return system_error("write", path_, errno);
    }
  }

  Descriptor fd_;
  Path path_;
};

Result<std::unique_ptr<File>> open_file(const Path& path, int flags, unsigned mode) {
  Descriptor fd(above_standard_streams(
      retry_interrupted([&] { return ::open(path.c_str(), flags | O_CLOEXEC, mode); })));
  if (!fd) return system_error((flags & O_CREAT) != 0 ? "create" : "open", path, errno);
  return make_file(std::move(fd), path);
}

FileInfo::Kind kind_of(mode_t mode) {
  if (S_ISREG(mode)) return FileInfo::Kind::file;
  if (S_ISDIR(mode)) return FileInfo::Kind::folder;
  if (S_ISLNK(mode)) return FileInfo::Kind::symlink;
  return FileInfo::Kind::other;
}

Errc code_of(int sys_errno) {
  switch (sys_errno) {
    case ENOENT:
    case ENOTDIR:
      return Errc::not_found;
    case ENOSPC:
    case EDQUOT:
      return Errc::no_space;
    default:
      return Errc::io;
  }
}

const char* hint_for(int sys_errno) {
  switch (sys_errno) {
    case ENOSPC:
    case EDQUOT:
      return "free some space or raise the quota; what was committed before is intact";
    case EACCES:
    case EPERM:
      return "check its owner and permissions, and those of the folders above";
    case EROFS:
      return "choose a folder on a file system that is mounted writable";
    case EMFILE:
      return "too many files are open: raise the limit (ulimit -n)";
    case EIO:
      return "the disk reports a fault: look at the system log (dmesg)";
    default:
      return "";
  }
}

}  // namespace

Result<std::uint64_t> File::append_all_of(File& source) {
  constexpr std::uint64_t kBufferBytes = std::uint64_t{256} << 10;
  CAIRN_TRY(const std::uint64_t expected, source.size());
  std::vector<std::byte> buffer(std::clamp<std::uint64_t>(expected + 1, 1, kBufferBytes));
  for (std::uint64_t offset = 0;;) {
    CAIRN_TRY(const std::size_t got, source.read_at(offset, buffer));
    if (got == 0) return offset;
    CAIRN_CHECK(append(Bytes(buffer).first(got)));
    offset += got;
    if (got < buffer.size()) return offset;
  }
}

std::unique_ptr<File> make_file(Descriptor fd, Path path) {
  return std::make_unique<PosixFile>(std::move(fd), std::move(path));
}

Error system_error(const char* what, const Path& path, int sys_errno) {
  return {code_of(sys_errno), cat(what, " ", path.native(), ": ", std::strerror(sys_errno)),
          sys_errno, hint_for(sys_errno)};
}

Path folder_of(const Path& path) {
  const Path parent = path.parent_path();
  return parent.empty() ? Path(".") : parent;
}

Result<std::unique_ptr<File>> PosixFileSystem::create(const Path& path, unsigned mode) {
  return open_file(path, O_RDWR | O_CREAT | O_TRUNC | O_APPEND, mode);
}

Result<std::unique_ptr<File>> PosixFileSystem::open(const Path& path) {
  // Without O_NONBLOCK, a pipe would be waited for until somebody writes.
  CAIRN_TRY(auto file, open_file(path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0));
  struct stat status {};
  // open(2) would take a folder, and only reading it would fail.
  if (::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode))
    return system_error("open", path, EISDIR);
  if (S_ISFIFO(status.st_mode))
    return Error{Errc::io, cat("open ", path.native(), ": it is a pipe, not a file"), ESPIPE, ""};
  return file;
}

Result<FileInfo> PosixFileSystem::info(const Path& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) == -1) return system_error("stat", path, errno);
  return FileInfo{kind_of(status.st_mode), static_cast<std::uint64_t>(status.st_size),
                  status.st_mode & 07777U,
                  std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec};
}

Status PosixFileSystem::truncate(const Path& path, std::uint64_t bytes) {
  return check(
      retry_interrupted([&] { return ::truncate(path.c_str(), static_cast<off_t>(bytes)); }),
      "truncate", path);
}

Status PosixFileSystem::set_mode(const Path& path, unsigned mode) {
  return check(::chmod(path.c_str(), mode & 07777U), "change mode of", path);
}

Result<std::vector<std::string>> PosixFileSystem::list(const Path& folder) {
  DIR* const stream = ::opendir(folder.c_str());
  if (stream == nullptr) return system_error("list", folder, errno);
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = ::readdir(stream)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  const int failure = errno;
  ::closedir(stream);
  if (failure != 0) return system_error("list", folder, failure);
  std::sort(names.begin(), names.end());
  return names;
}

Status PosixFileSystem::make_folder(const Path& folder) {
  if (::mkdir(folder.c_str(), 0777) == 0) return {};
  const int failure = errno;
  struct stat status {};
  if (failure == EEXIST && ::stat(folder.c_str(), &status) == 0 && S_ISDIR(status.st_mode))
    return {};
  return system_error("make folder", folder, failure);
}

Status PosixFileSystem::link(File& file, const Path& to) {
  auto* const open = dynamic_cast<PosixFile*>(&file);
  if (open == nullptr) return system_error("link", to, EXDEV);
  // Through /proc: exactly the file that is open, whatever its names are by now.
  const std::string same = cat("/proc/self/fd/", open->descriptor());
  return check(::linkat(AT_FDCWD, same.c_str(), AT_FDCWD, to.c_str(), AT_SYMLINK_FOLLOW), "link",
               to);
}

Status PosixFileSystem::rename(const Path& from, const Path& to) {
  if (::rename(from.c_str(), to.c_str()) == 0) return {};
  return system_error("rename", cat(from.native(), " to ", to.native()), errno);
}

Status PosixFileSystem::remove(const Path& path) {
  if (::unlink(path.c_str()) == 0) return {};
  if (errno != EISDIR && errno != EPERM) return system_error("remove", path, errno);
  return check(::rmdir(path.c_str()), "remove", path);
}

Status PosixFileSystem::sync_directory(const Path& folder) {
  const Descriptor fd(retry_interrupted(
      [&] { return ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
  if (!fd) return system_error("open folder", folder, errno);
  // EINVAL: this file system cannot sync folders (some over the network); there is no other way.
  if (retry_interrupted([&] { return ::fsync(fd.get()); }) == 0 || errno == EINVAL) return {};
  return system_error("sync folder", folder, errno);
}

Status remove_tree(FileSystem& files, const Path& path) {
  const auto info = files.info(path);
  if (!info) return info.error().code == Errc::not_found ? Status() : Status(info.error());
  if (info->kind == FileInfo::Kind::folder) {
    CAIRN_TRY(const auto names, files.list(path));
    for (const std::string& name : names) CAIRN_CHECK(remove_tree(files, path / name));
  }
  return files.remove(path);
}

Result<std::string> read_file(FileSystem& files, const Path& path) {
  CAIRN_TRY(auto file, files.open(path));
  CAIRN_TRY(const std::uint64_t bytes, file->size());
  std::string text(bytes, '\0');
  CAIRN_TRY(const std::size_t got, file->read_at(0, std::as_writable_bytes(std::span(text))));
  text.resize(got);
  return text;
}

}  // namespace cairn
