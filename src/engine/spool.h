// The submit side's checkpoints of one job: spool/000042/ with the files as the job
// named them, and MANIFEST.
//
// A folder without ".tmp" is whole: it got its name after everything in it was
// synced.  Even so nothing is believed but the MANIFEST, whose last line is its own
// checksum: what does not verify is skipped and reported, and the one before is used.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "os/beneath.h"
#include "os/filesystem.h"

namespace cairn {

// Where a file of the checkpoint comes from.  Modes are kept, but that the owner may
// always enter and write folders, or the spool could not be removed.
using SpoolItem = FileItem;

struct SpooledCheckpoint {
  int number = -1;
  Path folder;                     // holds the files, and MANIFEST, which is not one of them
  std::uint64_t bytes = 0;         // of all files
  std::vector<std::string> files;  // relative to `folder`, '/'-separated, sorted
};

class Spool {
 public:
  //   folder  made at the first commit; its parent must exist
  //   keep    the newest so many good checkpoints stay, at least 1
  Spool(FileSystem& files, Path folder, int keep = 2);

  // Makes a checkpoint durable, whole or not at all, then removes those that are
  // older than the `keep` newest good ones.
  //   number  above every number that is there; the first is 0, as with HTCondor
  // Errors: misuse (the number), invalid (two items of one name, a name that leads
  // out, a file MANIFEST), whatever opening or writing says.  The earlier
  // checkpoints are then as before; only if the very last sync failed, the new one
  // may be there too, whole.
  Result<SpooledCheckpoint> commit(int number, const std::vector<SpoolItem>& items);

  // The newest checkpoint that verifies, with what was skipped on the way to it, and
  // the highest number there is, good or damaged (-1: none).  Removes what unfinished
  // commits left.  Errors: io, which says nothing about the checkpoints; but a disk
  // that cannot read a file (EIO) makes its checkpoint a damaged one.
  struct Newest {
    std::optional<SpooledCheckpoint> checkpoint;
    std::vector<Error> skipped;
    int last_number = -1;
  };
  Result<Newest> newest();

  // Removes all checkpoints and the folder.
  Status drop();

 private:
  Result<std::vector<int>> numbers();  // of all checkpoints, newest first
  Path checkpoint_folder(int number) const;
  Result<SpooledCheckpoint> verify(int number);
  Status make_own_folder();
  Status publish(const Path& temporary, int number);
  Status retire();
  void remove_unfinished();

  FileSystem& files_;
  Path folder_;
  int keep_;
  std::set<int> known_good_;    // verified or committed by this object
  bool folder_synced_ = false;  // its name, in its parent
};

}  // namespace cairn
