// The only way Cairn touches files that must survive.  PosixFileSystem is the
// real one; tests/support/sim_filesystem.h forgets what was never synced.
//
// The contract is what POSIX plus a journaling file system give, no more:
//   - written bytes survive a power cut only after File::sync() returned;
//   - a created, renamed or removed name does only after sync_directory() of the
//     folder that it is in (for a rename across folders: of both);
//   - a rename is atomic: old or new, never both names gone, never half of one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "cairn/result.h"

namespace cairn {

class Descriptor;
using Path = std::filesystem::path;

class File {
 public:
  virtual ~File() = default;  // closes; a writer that cares calls close()

  // All of `bytes` or an error; after an error the end of the file is undefined.
  virtual Status append(Bytes bytes) = 0;

  // Appends all of `source`, without a copy in memory and, if this file is empty, without a copy
  // at all, where both are on a file system that can (reflink).  Returns the number of bytes.
  virtual Result<std::uint64_t> append_all_of(File& source);

  // Reads up to into.size() bytes; fewer only at the end of the file.
  virtual Result<std::size_t> read_at(std::uint64_t offset, MutableBytes into) = 0;

  virtual Result<std::uint64_t> size() = 0;

  // After a failed sync the bytes may be gone although a second sync succeeds:
  // abandon the file.
  virtual Status sync() = 0;
  virtual Status close() = 0;
};

struct FileInfo {
  enum class Kind { file, folder, symlink, other };
  Kind kind = Kind::file;
  std::uint64_t bytes = 0;
  unsigned mode = 0;  // permission bits, 07777
  // When its bytes were last changed, to compare with another look at the same file.
  std::int64_t modified_ns = 0;
};

// Errors of every call: io, no_space, and not_found where a name is missing.
class FileSystem {
 public:
  virtual ~FileSystem() = default;

  // A new, empty file open for append() and read_at(); an old one of that name is cut to nothing.
  virtual Result<std::unique_ptr<File>> create(const Path& path, unsigned mode = 0666) = 0;
  // An existing file, open for read_at() and sync(); a pipe is refused, not waited for.
  virtual Result<std::unique_ptr<File>> open(const Path& path) = 0;
  // Does not follow a symbolic link at the end of `path`.
  virtual Result<FileInfo> info(const Path& path) = 0;
  // Cuts an existing file to `bytes`, at most its size.
  virtual Status truncate(const Path& path, std::uint64_t bytes) = 0;
  // Permission bits (07777) exactly, without regard to the umask.
  virtual Status set_mode(const Path& path, unsigned mode) = 0;

  // The names in a folder, sorted, without "." and "..".
  virtual Result<std::vector<std::string>> list(const Path& folder) = 0;
  // Succeeds if it exists already; its parent must exist.
  virtual Status make_folder(const Path& folder) = 0;
  // Gives a file that is open on this file system one more name, `to`, which must be free.
  // Errors: also io where no such name can be (EXDEV, EMLINK, EPERM): it must be copied then.
  virtual Status link(File& file, const Path& to) = 0;
  // `to` is replaced if it is a file, or an empty folder and `from` is a folder.
  virtual Status rename(const Path& from, const Path& to) = 0;
  // A file, a symbolic link or an empty folder.
  virtual Status remove(const Path& path) = 0;
  virtual Status sync_directory(const Path& folder) = 0;
};

// Removes `path` and all below it; a name that does not exist is no error.
Status remove_tree(FileSystem& files, const Path& path);

// The folder that a name stands in: "." for a bare name.  What sync_directory() wants.
Path folder_of(const Path& path);

// The real one.  Has no state: every user may have its own, in any thread.
class PosixFileSystem final : public FileSystem {
 public:
  Result<std::unique_ptr<File>> create(const Path& path, unsigned mode = 0666) override;
  Result<std::unique_ptr<File>> open(const Path& path) override;
  Result<FileInfo> info(const Path& path) override;
  Status truncate(const Path& path, std::uint64_t bytes) override;
  Status set_mode(const Path& path, unsigned mode) override;
  Result<std::vector<std::string>> list(const Path& folder) override;
  Status make_folder(const Path& folder) override;
  Status link(File& file, const Path& to) override;
  Status rename(const Path& from, const Path& to) override;
  Status remove(const Path& path) override;
  Status sync_directory(const Path& folder) override;
};

// A File over a descriptor that was opened by other means; `path` is for messages.
std::unique_ptr<File> make_file(Descriptor fd, Path path);

// Error for the failed system call `what`, e.g. system_error("write", path, errno).
Error system_error(const char* what, const Path& path, int sys_errno);

// The whole file in memory.
Result<std::string> read_file(FileSystem& files, const Path& path);

}  // namespace cairn
