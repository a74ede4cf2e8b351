// XXH3-128: detects damage; it is no defence against somebody who forges.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "base/bytes.h"

namespace cairn {

// The canonical (big-endian) bytes of an XXH3-128, as `xxh128sum` prints them.
using Checksum = std::array<std::byte, 16>;

Checksum checksum(Bytes bytes);
std::string to_hex(Bytes bytes);

// The checksum of a stream of bytes.  value() may be asked at any time; more may
// be added after it.  Copyable, so that a prefix can be kept.
class StreamChecksum {
 public:
  StreamChecksum();
  StreamChecksum(const StreamChecksum& other);
  StreamChecksum& operator=(const StreamChecksum& other);
  StreamChecksum(StreamChecksum&&) noexcept;
  StreamChecksum& operator=(StreamChecksum&&) noexcept;
  ~StreamChecksum();

  void add(Bytes bytes);
  Checksum value() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace cairn
