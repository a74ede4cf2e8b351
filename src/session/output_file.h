// A file that the program appends to.  A checkpoint records how long it is and the
// checksum of that much; a restore cuts it back to there.  Whatever a checkpoint
// records is on the disk before the checkpoint is.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/checksum.h"
#include "format/generation.h"
#include "os/filesystem.h"

namespace cairn {

class OutputFile {
 public:
  using Flush = std::function<Status()>;
  OutputFile(Path path, Flush flush);

  const Path& path() const { return path_; }
  // As a checkpoint names it: relative to the working folder if it lies there, since
  // the next session may run elsewhere.
  const std::string& name() const { return name_; }

  Status flush() { return flush_ ? flush_() : Status(); }

  // Makes what is in the file durable and returns what to record.  Reads only what was
  // added since the last call.
  //   up_to  so many bytes of it, at most what it has; nothing: all
  // Errors: io; corrupt (it has become shorter, or what was there has changed).  Once a sync has
  // failed, always that error: the bytes may be gone although a second sync would succeed.
  Result<FileRecord> settle(FileSystem& files, std::optional<std::uint64_t> up_to = {});

  // Compares the file with what a checkpoint recorded, and remembers what cut_back() needs.
  // Errors: not_found, corrupt (shorter, or other bytes).
  Status compare(FileSystem& files, const FileRecord& record);
  // Cuts the file back to the record that compare() accepted.
  Status cut_back(FileSystem& files);

 private:
  Status add_up_to(File& file, std::uint64_t bytes);
  Status check_tail(File& file) const;

  Path path_;
  std::string name_;
  Flush flush_;
  StreamChecksum checksum_;      // of the first known_bytes_
  std::vector<std::byte> tail_;  // of them, the last few
  std::uint64_t known_bytes_ = 0;
  std::uint64_t found_bytes_ = 0;   // by compare()
  std::uint64_t synced_bytes_ = 0;  // of them, durable
  bool name_is_durable_ = false;
  Status sync_failure_;
};

}  // namespace cairn
