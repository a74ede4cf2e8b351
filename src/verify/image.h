// What folders contain, kept by content: the same file in a thousand images is stored once.
//
// Times are no part of what an image is: two that differ in them alone are equal.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "cairn/result.h"
#include "os/filesystem.h"

namespace cairn::verify {

struct ImageEntry {
  enum class Kind { file, folder, link, fifo };
  Kind kind = Kind::file;
  unsigned mode = 0644;     // permission bits
  std::uint64_t bytes = 0;  // of a file
  std::string content;      // a file's name in the store; a link's target
  // When a file was changed, nanoseconds since 1970; 0: not known.  No part of what it is.
  std::int64_t changed_ns = 0;
  friend bool operator==(const ImageEntry& one, const ImageEntry& other) {
    return one.kind == other.kind && one.mode == other.mode && one.bytes == other.bytes &&
           one.content == other.content;
  }
};

// By relative name, '/'-separated; a folder is there before what is in it.
struct Image {
  std::map<std::string, ImageEntry> entries;
  friend bool operator==(const Image&, const Image&) = default;
  const ImageEntry* find(const std::string& name) const;
  std::uint64_t bytes() const;  // of all files
};

// A short name for an image: equal images have equal keys, others do not (128 bits).
std::string key_of(const Image& image);

// What is at or below `name`; names in the result start below it ("" is the whole image).  Of
// what is no folder: its entry alone, with the name "".
Image part_of(const Image& image, const std::string& name);
// `image` with `part` put at `name`, which is replaced as a whole.  Folders above it that are
// missing are made.
Image with_part(Image image, const std::string& name, const Image& part);
// `over` on top of `image`, as the engine puts a checkpoint on top of the inputs: what has one of
// its top-level names is replaced as a whole.
Image overlaid(Image image, const Image& over);

// A folder of contents.  Several threads may use one store.
class ImageStore {
 public:
  explicit ImageStore(Path folder);  // is made; its parent must exist

  // Remembers what a folder's files contained when their size, inode and times were as they are,
  // so that a second capture reads only what has changed.  For one folder, one thread.
  class Memory {
   public:
    void forget(const std::string& name);  // it was written to

   private:
    friend class ImageStore;
    struct Seen {
      std::uint64_t inode = 0, bytes = 0;
      std::int64_t changed_ns = 0;
      std::string content;
    };
    std::map<std::string, Seen> seen_;
  };

  // The folder as it is; what vanishes meanwhile is left out.  Sockets and devices are left out.
  // A link is not followed; of a file with several names each is a file of its own.
  // Errors: not_found (`folder`), io (also what may not be read), no_space.
  Result<Image> capture(const Path& folder, Memory* memory = nullptr);

  // Makes `folder` (and its parents) hold exactly the image: what is there goes first.  Every file
  // is a copy of its own.  Modes are those of the image, whatever the umask.
  // Errors: io, no_space.
  //   times  kept: files look as old as they were; fresh: as after a transfer
  enum class Times { fresh, kept };
  Status lay_out(const Image& image, const Path& folder, Times times = Times::fresh);

  // A file that no folder holds.
  Result<ImageEntry> add(Bytes content, unsigned mode = 0644);
  // The whole content of a file entry.
  Result<std::string> read(const ImageEntry& entry) const;
  // Where it lies, for programs that compare; never to be written to.
  Path path_of(const ImageEntry& entry) const;

 private:
  class Walk;
  Path folder_;
};

}  // namespace cairn::verify
