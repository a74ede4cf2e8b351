// One owner per checkpoint folder.  The lock is a POSIX record lock on
// `folder/lock`, so it goes with its process however that ends, and it works
// over NFS.  The file's one line, "pid 123 on host foo", is only for the message.
//
// POSIX locks have two traps: they do not hold against the own process, and
// closing *any* descriptor of the file drops them.  So lock.cc keeps a list of
// the folders that this process owns and never opens their lock file twice.
// A forked child does not inherit the lock, and its copy of a FolderLock releases nothing.
#pragma once

#include <sys/types.h>

#include <string>

#include "os/descriptor.h"
#include "os/filesystem.h"

namespace cairn {

class FolderLock {
 public:
  // The lock file's name in the folder; not part of a checkpoint.
  static constexpr const char* kFileName = "lock";

  // Takes the lock or fails at once.  What a dead process left is taken over.
  //   folder  exists
  // Errors: locked ("state.ckpt is locked by pid 123 on host foo"), unsupported
  // (the file system has no locks), io.
  static Result<FolderLock> take(const Path& folder);

  FolderLock(FolderLock&& other) noexcept = default;
  FolderLock& operator=(FolderLock&& other) noexcept;
  ~FolderLock() { release(); }  // removes the file; threads may take and release freely

 private:
  FolderLock(Path file, Descriptor fd, dev_t device, ino_t inode);
  void release();

  Path file_;
  Descriptor fd_;  // none once moved from
  dev_t device_;   // of the folder: its key in the process's list
  ino_t inode_;
  pid_t owner_;
};

// Of an error of FolderLock::take(): "by pid 123 on host foo", for a sentence of one's own.
std::string locked_by_whom(const Error& error);

// Waits until no other descriptor of this kind is open on the folder, in whatever process; then
// it is ours until it is closed or the process ends.  Not for network file systems.
Result<Descriptor> lock_folder(const Path& folder);

}  // namespace cairn
