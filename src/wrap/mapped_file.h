// A file in memory without a copy of it.
#pragma once

#include <cstddef>

#include "base/bytes.h"
#include "os/filesystem.h"

namespace cairn::wrap {

class MappedFile {
 public:
  // For reading.  The file must not become shorter meanwhile.  Errors: not_found, io.
  static Result<MappedFile> open(const Path& path);
  // A new file of so many bytes, all of them there: writing to it cannot fail for lack of space.
  // Errors: no_space, io.
  static Result<MappedFile> create(const Path& path, std::uint64_t bytes, unsigned mode);

  MappedFile(MappedFile&& other) noexcept : data_(other.data_), bytes_(other.bytes_) {
    other.data_ = nullptr;
  }
  MappedFile& operator=(MappedFile&&) = delete;
  ~MappedFile();

  Bytes bytes() const { return {static_cast<const std::byte*>(data_), bytes_}; }
  MutableBytes mutable_bytes() const { return {static_cast<std::byte*>(data_), bytes_}; }

 private:
  MappedFile(void* data, std::size_t bytes) : data_(data), bytes_(bytes) {}
  void* data_;
  std::size_t bytes_;
};

}  // namespace cairn::wrap
