#include "format/zstd_frame.h"

#include <zstd.h>

#include <algorithm>
#include <new>
#include <vector>

#include "base/assert.h"
#include "base/text.h"
#include "base/try.h"

namespace cairn {
namespace {

struct FreeCompressor {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
};

void must(std::size_t zstd_result) {
  CAIRN_ASSERT(!ZSTD_isError(zstd_result), ZSTD_getErrorName(zstd_result));
}

}  // namespace

Status compress_zstd(Bytes content, int level, const std::function<Status(Bytes)>& sink) {
  const std::unique_ptr<ZSTD_CCtx, FreeCompressor> context(ZSTD_createCCtx());
  if (!context) throw std::bad_alloc();
  must(ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, level));
  must(ZSTD_CCtx_setPledgedSrcSize(context.get(), content.size()));
  std::vector<std::byte> piece(ZSTD_CStreamOutSize());
  ZSTD_inBuffer in{content.data(), content.size(), 0};
  for (std::size_t left = 1; left != 0;) {
    ZSTD_outBuffer out{piece.data(), piece.size(), 0};
    left = ZSTD_compressStream2(context.get(), &out, &in, ZSTD_e_end);
    if (ZSTD_isError(left))
      throw std::bad_alloc();  // the only cause with parameters that are right
    CAIRN_CHECK(sink(Bytes(piece).first(out.pos)));
  }
  return {};
}

struct ZstdDecoder::Context {
  ZSTD_DCtx* zstd = ZSTD_createDCtx();
  Context() {
    if (!zstd) throw std::bad_alloc();
  }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context() { ZSTD_freeDCtx(zstd); }
};

ZstdDecoder::ZstdDecoder(std::uint64_t content_bytes, MutableBytes into)
    : context_(std::make_unique<Context>()), into_(into), content_bytes_(content_bytes) {
  CAIRN_ASSERT(content_bytes > 0 && !into.empty(), "a zstd section has content");
}
ZstdDecoder::~ZstdDecoder() = default;

void ZstdDecoder::check_start(Bytes piece) {
  started_ = true;
  // Also refuses skippable frames, whose content size is 0.
  if (ZSTD_getFrameContentSize(piece.data(), piece.size()) != content_bytes_)
    fault_ = cat("is no zstd frame of ", content_bytes_, " bytes");
}

void ZstdDecoder::feed(Bytes piece) {
  if (!started_) check_start(piece);
  ZSTD_inBuffer in{piece.data(), piece.size(), 0};
  while (fault_.empty() && !(complete_ && in.pos == in.size)) {
    if (complete_) {
      fault_ = "goes on behind its zstd frame";
    } else if (!decode_some(in)) {
      if (in.pos < in.size) fault_ = cat("decodes to more than ", content_bytes_, " bytes");
      return;  // else it wants the next piece
    }
  }
}

bool ZstdDecoder::decode_some(ZSTD_inBuffer_s& in) {
  const auto place = static_cast<std::size_t>(decoded_bytes_ % into_.size());
  const auto room = std::min<std::uint64_t>(into_.size() - place, content_bytes_ - decoded_bytes_);
  ZSTD_outBuffer out{into_.data() + place, static_cast<std::size_t>(room), 0};
  const std::size_t consumed_before = in.pos;
  const std::size_t result = ZSTD_decompressStream(context_->zstd, &out, &in);
  if (ZSTD_isError(result)) {
    fault_ = cat("does not decode: ", ZSTD_getErrorName(result));
    return true;
  }
  decoded_bytes_ += out.pos;
  complete_ = result == 0;
  return complete_ || out.pos > 0 || in.pos != consumed_before;
}

std::optional<std::string> ZstdDecoder::fault() const {
  if (!fault_.empty()) return fault_;
  if (!complete_ || decoded_bytes_ != content_bytes_) return "ends in the middle of its zstd frame";
  return std::nullopt;
}

}  // namespace cairn
