// A section as one zstd frame that records its content size.  Both directions
// work in pieces: neither the frame nor, for verifying, the content is in memory whole.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "cairn/result.h"

struct ZSTD_inBuffer_s;

namespace cairn {

// Hands the frame to `sink` piece by piece.  The same bytes, level and version of
// zstd give the same frame.
//   level  1 to 19
// Errors: those of the sink.
Status compress_zstd(Bytes content, int level, const std::function<Status(Bytes)>& sink);

class ZstdDecoder {
 public:
  //   content_bytes  what the frame must decode to, at least 1
  //   into           content_bytes long to keep the content; shorter, it is written
  //                  over and over, and only the decoding is checked
  ZstdDecoder(std::uint64_t content_bytes, MutableBytes into);
  ZstdDecoder(const ZstdDecoder&) = delete;
  ZstdDecoder& operator=(const ZstdDecoder&) = delete;
  ~ZstdDecoder();

  // The next piece of the frame; the first has its whole header, at least 18 bytes
  // where the frame is that long.  After a fault it does nothing.
  void feed(Bytes piece);

  // Once all is fed: why this is not one frame of exactly content_bytes, if so.
  std::optional<std::string> fault() const;

 private:
  struct Context;
  void check_start(Bytes piece);
  bool decode_some(ZSTD_inBuffer_s& in);  // false: it got nowhere

  std::unique_ptr<Context> context_;
  MutableBytes into_;
  std::uint64_t content_bytes_;
  std::uint64_t decoded_bytes_ = 0;
  bool started_ = false;
  bool complete_ = false;
  std::string fault_;  // empty: none so far
};

}  // namespace cairn
