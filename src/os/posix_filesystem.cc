#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/text.h"
#include "base/try.h"
#include "os/filesystem.h"

namespace cairn {
namespace {

// Repeats a call that a signal interrupted.
template <class Call>
auto retry(Call call) {
  auto result = call();
  while (result == -1 && errno == EINTR) result = call();
  return result;
}

Status check(int result, const char* what, const Path& path) {
  if (result == -1) return system_error(what, path, errno);
  return {};
}

class PosixFile final : public File {
 public:
  PosixFile(int fd, Path path) : fd_(fd), path_(std::move(path)) {}
  PosixFile(const PosixFile&) = delete;
  PosixFile& operator=(const PosixFile&) = delete;
  ~PosixFile() override {
    if (fd_ != -1) ::close(fd_);
  }

  Status append(Bytes bytes) override {
    while (!bytes.empty()) {
      const auto written = retry([&] { return ::write(fd_, bytes.data(), bytes.size()); });
      if (written == -1) return system_error("write", path_, errno);
      bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return {};
  }

  Result<std::size_t> read_at(std::uint64_t offset, MutableBytes into) override {
    std::size_t done = 0;
    while (done < into.size()) {
      const auto got = retry([&] {
        return ::pread(fd_, into.data() + done, into.size() - done,
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
    if (::fstat(fd_, &status) == -1) return system_error("stat", path_, errno);
    return static_cast<std::uint64_t>(status.st_size);
  }

  Status sync() override { return check(retry([&] { return ::fsync(fd_); }), "sync", path_); }

  Status close() override {
    // Not repeated after EINTR: Linux has closed the descriptor already.
    const int result = ::close(std::exchange(fd_, -1));
    if (result == -1 && errno == EINTR) return {};
    return check(result, "close", path_);
  }

 private:
  int fd_;
  Path path_;
};

Result<std::unique_ptr<File>> open_file(const Path& path, int flags, unsigned mode) {
  const int fd = retry([&] { return ::open(path.c_str(), flags | O_CLOEXEC, mode); });
  if (fd == -1) return system_error((flags & O_CREAT) != 0 ? "create" : "open", path, errno);
  return std::unique_ptr<File>(std::make_unique<PosixFile>(fd, path));
}

FileInfo::Kind kind_of(mode_t mode) {
  if (S_ISREG(mode)) return FileInfo::Kind::file;
  if (S_ISDIR(mode)) return FileInfo::Kind::folder;
  if (S_ISLNK(mode)) return FileInfo::Kind::symlink;
  return FileInfo::Kind::other;
}

}  // namespace

Error system_error(const char* what, const Path& path, int sys_errno) {
  Error error{Errc::io, cat(what, " ", path.native(), ": ", std::strerror(sys_errno)), sys_errno, {}};
  if (sys_errno == ENOENT || sys_errno == ENOTDIR) error.code = Errc::not_found;
  if (sys_errno == ENOSPC || sys_errno == EDQUOT) {
    error.code = Errc::no_space;
    error.hint = "free some space or raise the quota; what was committed before is intact";
  }
  return error;
}

Result<std::unique_ptr<File>> PosixFileSystem::create(const Path& path, unsigned mode) {
  return open_file(path, O_RDWR | O_CREAT | O_TRUNC | O_APPEND, mode);
}

Result<std::unique_ptr<File>> PosixFileSystem::open(const Path& path) {
  return open_file(path, O_RDONLY, 0);
}

Result<FileInfo> PosixFileSystem::info(const Path& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) == -1) return system_error("stat", path, errno);
  return FileInfo{kind_of(status.st_mode), static_cast<std::uint64_t>(status.st_size),
                  status.st_mode & 07777U};
}

Status PosixFileSystem::truncate(const Path& path, std::uint64_t bytes) {
  return check(retry([&] { return ::truncate(path.c_str(), static_cast<off_t>(bytes)); }),
               "truncate", path);
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

Status PosixFileSystem::rename(const Path& from, const Path& to) {
  return check(::rename(from.c_str(), to.c_str()), "rename", from);
}

Status PosixFileSystem::remove(const Path& path) {
  if (::unlink(path.c_str()) == 0) return {};
  if (errno != EISDIR && errno != EPERM) return system_error("remove", path, errno);
  return check(::rmdir(path.c_str()), "remove", path);
}

Status PosixFileSystem::sync_directory(const Path& folder) {
  CAIRN_TRY(auto file, open_file(folder, O_RDONLY | O_DIRECTORY, 0));
  return file->sync();
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
