// The submit side's checkpoints of one job: spool/000042/ with the files as the job
// named them, and MANIFEST.
//
// A folder without ".tmp" is whole: it got its name after everything in it was
// synced.  Even so nothing is believed but the MANIFEST, whose last line is its own
// checksum: what does not verify is skipped and reported, and the one before is used.
//
// A checkpoint gets there in two steps.  take() brings the job's files to safety from the
// program, which may then go on; make_durable() gives them checksums, syncs and publishes
// them.  Only after that there is a checkpoint.
//
// What libcairn writes is taken by a link, not copied: a committed generation
// (gen-000042.cairn) is read-only and never written to again, so the time it takes does not
// depend on its size.  If a program changes such a file all the same,
//   - before it is durable, its time of change betrays it: the checkpoint is refused;
//   - later, it does not verify any more: it is damaged, as by a bad disk.
// A generation may stand in two checkpoints as one file, so one damage may hit both.  Therefore
// a checkpoint is not lost by a damaged generation if a newer one in the same folder is good:
// the damaged one is left out, and that is said.  The newest of a checkpoint is never one file with
// the newest of the checkpoint before.
//
// Generations verify by their own checksums (XXH3-128 over every byte, several times as fast as
// SHA-256), all other files by the MANIFEST.
#pragma once

#include <cstdint>
#include <map>
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
  // Damaged generations that are there, but not among `files`; each with what is wrong.
  std::map<std::string, Error> left_out{};
};

// A committed generation of libcairn by name and mode: nobody may write to it.
bool is_immutable(const FileItem& item);

// In safe keeping, not yet durable.  A value to be handed to make_durable().
struct TakenCheckpoint {
  struct Piece {
    std::string name;
    unsigned mode = 0;
    bool linked = false;  // the sandbox has the same file
    FileInfo info{};      // of a linked file, when it was taken
    // A small file is in memory until it is made durable: a new name costs the restart most.
    std::optional<std::string> bytes{};
  };
  int number = -1;
  std::vector<Piece> pieces;
  // With modes; relative, a folder sorts before what is in it.
  std::map<Path, unsigned> folders;
  std::uint64_t bytes = 0;
};

class Spool {
 public:
  static constexpr std::uint64_t kMemoryBytes = 1 << 20;

  //   folder  made at the first commit; its parent must exist
  //   keep    the newest so many good checkpoints stay, at least 1
  //   memory_bytes  so much of a checkpoint is kept in memory until it is made durable; larger
  //                 files are copied when they are taken
  //   threads_max  so many may use `files` at once, for checkpoints of many files
  Spool(FileSystem& files, Path folder, int keep = 2, std::uint64_t memory_bytes = kMemoryBytes,
        std::size_t threads_max = 1);

  // Brings the files to safety from whoever may change them: afterwards the items' files may be
  // written to, renamed and removed.  Nothing is durable, and no reader sees it.
  //   number  above every number that is there; the first is 0, as with HTCondor
  // Errors: misuse (the number), invalid (two items of one name, a name that leads
  // out, a file MANIFEST), whatever opening or writing says.
  Result<TakenCheckpoint> take(int number, const std::vector<SpoolItem>& items);

  // Makes what was taken last a checkpoint, whole or not at all, then removes those that are
  // older than the `keep` newest good ones.  May run in another thread, but nothing else of
  // this object meanwhile.
  // Errors: invalid (a linked file was changed), whatever reading or writing says.  The earlier
  // checkpoints are then as before; only if the very last sync failed, the new one may be
  // there too, whole.
  Result<SpooledCheckpoint> make_durable(const TakenCheckpoint& taken);

  // Both in one.
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

  // Puts a checkpoint aside, as one that verifies and still kills the program: it is no longer
  // found, but stays until two newer ones are good.  Only if there is an older good one, else
  // nothing happens.  Returns whether it did.
  enum class SetAside { yes, no };
  Result<SetAside> set_aside(int number);
  // Brings back what was put aside.
  Status recall();

  // Removes all checkpoints and the folder.
  Status drop();

 private:
  // The numbers NNNNNN of all folders named so, with `suffix`; newest first.
  Result<std::vector<int>> numbers(const std::string& suffix = "");
  Result<int> last_number();  // in use, those put aside too; -1: none
  Path checkpoint_folder(int number) const;
  Path aside_folder(int number) const;
  Path unfinished_folder(int number) const { return checkpoint_folder(number) += ".tmp"; }
  Result<SpooledCheckpoint> verify(int number);
  Status make_own_folder();
  Status publish(const Path& temporary, int number);
  Status retire();
  void remove_unfinished();

  FileSystem& files_;
  Path folder_;
  int keep_;
  std::uint64_t memory_bytes_;
  std::size_t threads_max_;
  std::set<int> known_good_;    // verified or committed by this object
  bool folder_synced_ = false;  // its name, in its parent
};

}  // namespace cairn
