// The generation files of a checkpoint folder.  Nothing is trusted but what verifies
// itself: which generation counts is decided by reading them, newest first.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "format/generation.h"
#include "os/filesystem.h"

namespace cairn {

// A generation that verified, in memory.
struct Generation {
  Manifest manifest;
  std::vector<std::vector<std::byte>> sections;  // decoded, as manifest.sections
};

class GenerationFolder {
 public:
  // Makes the folder if it is missing, durably.
  static Status make(FileSystem& files, const Path& folder);

  // Removes what a crash left half written, and looks what is there.
  static Result<GenerationFolder> open(FileSystem& files, Path folder);

  const Path& path() const { return folder_; }
  Path file_of(std::uint64_t generation) const {
    return folder_ / generation_file_name(generation);
  }
  const std::set<std::uint64_t>& present() const { return present_; }
  // The newest known to be good; nothing if none is.
  std::optional<std::uint64_t> newest_good() const;

  // The newest generation that verifies; nothing if the folder has no generations.
  //   skipped  gets the newer ones' errors, newest first
  // Errors: corrupt (there are some, and none verifies); unsupported (a newer Cairn wrote
  // it: falling back would lose its work); io.
  Result<std::optional<Generation>> read_newest(std::vector<Error>& skipped);
  // One of them, to be read piece by piece.
  Result<std::unique_ptr<ByteSource>> source(std::uint64_t generation) const;
  // Whoever has read and verified it says so: it counts for retain().
  void accept(std::uint64_t generation) { good_.insert(generation); }
  // It verifies, and yet nobody can go on from it.
  void distrust(std::uint64_t generation) { good_.erase(generation); }
  // The manifests of the whole generations older than this one, newest first.
  std::vector<Manifest> older_than(std::uint64_t generation);

  // Writes a generation whose parts `fill` adds and finishes.  Once it has returned a
  // number, that generation survives a power cut.
  using Fill = std::function<Status(GenerationWriter&)>;
  Result<std::uint64_t> commit(std::uint64_t generation, GenerationWriter::Identity identity,
                               const Fill& fill);
  // The number of the next generation: above all that are there, damaged ones included.
  // Errors: corrupt (there is none above).
  Result<std::uint64_t> next() const;

  // Removes what is older than the `keep`-th newest good one.  A file that cannot be
  // removed is tried again the next time: it does no harm.
  void retain(int keep);

 private:
  GenerationFolder(FileSystem& files, Path folder) : files_(&files), folder_(std::move(folder)) {}
  Result<Generation> read(std::uint64_t generation);
  Status publish(std::uint64_t generation, GenerationWriter::Identity identity, const Fill& fill);

  FileSystem* files_;
  Path folder_;
  std::set<std::uint64_t> present_;  // damaged ones, too: their numbers are used up
  std::set<std::uint64_t> good_;     // restored or committed by this session
};

}  // namespace cairn
