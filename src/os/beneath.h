// Files of an untrusted job, named by the job, opened inside its sandbox only.
//
// Whatever the names and whatever the job does meanwhile: no path leads out of the
// folder (not "..", not an absolute name, not a symbolic link), nothing is opened
// but regular files and folders, and what was checked is what is read: first
// opened without any effect (O_PATH), then looked at, then read through that same
// descriptor.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "os/descriptor.h"
#include "os/filesystem.h"

namespace cairn {

// A file or folder to be copied, under the name it gets there.
struct FileItem {
  std::string name;     // '/'-separated, relative, without "." and ".."
  unsigned mode = 0;    // permission bits, 0777
  bool folder = false;  // then `open` is not called
  std::function<Result<std::unique_ptr<File>>()> open;
};

// Copies are cheap and share the open folder.
class Beneath {
 public:
  // How paths are resolved.  The kernel's way needs openat2 (Linux 5.6, and no
  // seccomp filter against it); by hand does the same anywhere.
  enum class Way { best, by_hand };

  static Result<Beneath> open(const Path& folder, Way way = Way::best);

  // Whatever the path leads to, symbolic links followed, opened without any effect
  // (O_PATH: good for fstat and openat, not for reading).
  // Errors, each naming `relative`: not_found, invalid (leads out of the folder), io.
  Result<Descriptor> resolve(const std::string& relative) const;

  // A regular file below the folder, for reading.
  // Errors: as resolve(); invalid also if it is no regular file.
  Result<std::unique_ptr<File>> open_file(const std::string& relative) const;

  // What one entry of transfer_checkpoint_files stands for, by HTCondor's rules
  // (reference/htcondor-contract.md, 1.4): `dir` is the folder with all below it, `dir/`
  // its contents; symbolic links to files are files, sockets and FIFOs are left out.
  // Sorted by name; folders come before what is in them, empty ones too.
  //   preserve_relative_paths  false: `a/b` arrives as `b`; true: as `a/b`, and then
  //                            `dir/` means `dir`
  // Errors, each naming `entry`: not_found, invalid (leads out of the folder; a
  // symbolic link to a folder), io.
  // The items may outlive this object.
  Result<std::vector<FileItem>> walk(const std::string& entry, bool preserve_relative_paths) const;

  // The same for a whole list, each item once.  Errors: also invalid, when two
  // different files or folders would arrive under one name; the message names both.
  Result<std::vector<FileItem>> walk_all(const std::vector<std::string>& entries,
                                         bool preserve_relative_paths) const;

 private:
  struct Root {
    Descriptor fd;
    Path folder;
    bool by_hand;
  };
  explicit Beneath(std::shared_ptr<const Root> root) : root_(std::move(root)) {}

  std::shared_ptr<const Root> root_;  // shared with the items
};

}  // namespace cairn
