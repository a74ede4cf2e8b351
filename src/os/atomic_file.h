// Publishes a file in one step.  Nobody sees it before commit(); once commit()
// has returned it survives a power cut.  Destroyed without a commit, it leaves
// nothing (or, after a crash, `target`.tmp, which every reader ignores).
#pragma once

#include "os/filesystem.h"

namespace cairn {

class AtomicFile {
 public:
  //   mode  of the published file, less the umask
  static Result<AtomicFile> begin(FileSystem& files, Path target, unsigned mode = 0666);
  AtomicFile(AtomicFile&& other) noexcept = default;
  AtomicFile& operator=(AtomicFile&&) = delete;
  ~AtomicFile();

  Status append(Bytes bytes);

  // Sync, close, rename, sync_directory: in that order.  After an error the old
  // target, if any, is still there, except that a failed sync_directory leaves
  // open whether the new name survives a power cut.
  Status commit();

  // The name that AtomicFile writes to before the commit.
  static Path temporary_for(const Path& target) { return Path(target) += ".tmp"; }

 private:
  AtomicFile(FileSystem& files, Path target, std::unique_ptr<File> file);

  FileSystem* files_;
  Path target_;
  std::unique_ptr<File> file_;  // null once committed or moved from
};

// The whole sequence for a file whose bytes are at hand.
Status write_file_atomically(FileSystem& files, const Path& target, Bytes bytes,
                             unsigned mode = 0666);

}  // namespace cairn
