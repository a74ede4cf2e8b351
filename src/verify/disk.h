// What a disk may hold after the power was cut: pure, from the calls that were made.
//
// It promises what the journaling file systems of Linux (ext4, XFS, btrfs) do, and nothing more:
//   - names are created, renamed, linked and removed in the order in which that was done: of what
//     is pending a first part has happened, never a later change without an earlier one;
//   - data has no order, neither with names nor with other data: each write to a file since its
//     last sync may be there, not there, there by half, or its length without its bytes (zeros);
//     what a write leaves out beyond the end is zeros if a later one is there; a truncation may or
//     may not have happened.
// A sync of a folder makes the changes of its names durable and thereby all earlier ones; one of a
// file its bytes and its length, but not its name.  A synchronous write (O_SYNC, O_DSYNC) makes its
// own bytes durable and the sizes that its file was given before.  The whole folder counts as one
// file system, with one journal.  What happened before the execution began is durable.  /dev/shm
// is memory, and empty after each power cut.
//
// libcairn itself is proven against less, without an order of names: docs/crash-model.md.  A
// program is not accused of what no journal does.
//
// Bytes that came through mapped memory are in no call: they are taken from the folder as it was
// seen at the boundary, and for durable if their file was ever synced, or if the program never
// opened it.  Modes of new files are not known (0644 and 0755 are taken).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "verify/execution.h"
#include "verify/image.h"

namespace cairn::verify {

namespace disk {
class Model;
}

struct PowerCut {
  int boundary = 0;  // the power went off before this call
  std::string what;  // "the rename of state.tmp to state.dat is on the disk, the 1024 bytes written
                     //  to state.tmp are not: state.dat is empty"
  Image image;       // the machine's folder then
};

// A disk that calls happen to, one after the other: for who asks at many boundaries.
class Disk {
 public:
  explicit Disk(const Image& before);
  Disk(Disk&&) noexcept;
  Disk& operator=(Disk&&) noexcept;
  ~Disk();

  // In the order of their entries.
  void happened(const Event& event);

  // As below, for the power cut that comes now.
  Result<std::vector<PowerCut>> power_cuts(int boundary, std::size_t limit, std::uint64_t seed,
                                           ImageStore& store, const Image* now = nullptr);

 private:
  std::unique_ptr<disk::Model> model_;
};

// The states the folder may be in if the power is cut before the call at `boundary`, each once,
// the likely and the instructive ones first; without the state in which everything was written,
// which is that of a SIGKILL.
//   before  the machine's folder when the execution began
//   events  with record_data; those from `boundary` on are not looked at
//   limit   at most so many
//   seed    for the sample where there are more
//   now     the folder at the boundary, if it is known: for mapped memory
// Errors: of the store.
Result<std::vector<PowerCut>> power_cuts(const Image& before, const std::vector<Event>& events,
                                         int boundary, std::size_t limit, std::uint64_t seed,
                                         ImageStore& store, const Image* now = nullptr);

}  // namespace cairn::verify
