#include "base/checksum.h"

#include <cstring>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace cairn {
namespace {

Checksum canonical(XXH128_hash_t hash) {
  XXH128_canonical_t bytes;
  XXH128_canonicalFromHash(&bytes, hash);
  Checksum result;
  std::memcpy(result.data(), bytes.digest, result.size());
  return result;
}

}  // namespace

Checksum checksum(Bytes bytes) { return canonical(XXH3_128bits(bytes.data(), bytes.size())); }

std::string to_hex(Bytes bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const std::byte byte : bytes) {
    text += kDigits[std::to_integer<unsigned>(byte >> 4)];
    text += kDigits[std::to_integer<unsigned>(byte & std::byte{15})];
  }
  return text;
}

struct StreamChecksum::State {
  XXH3_state_t xxh;
};

StreamChecksum::StreamChecksum() : state_(std::make_unique<State>()) {
  XXH3_128bits_reset(&state_->xxh);
}
StreamChecksum::StreamChecksum(const StreamChecksum& other)
    : state_(std::make_unique<State>(*other.state_)) {}
StreamChecksum& StreamChecksum::operator=(const StreamChecksum& other) {
  if (this != &other) state_ = std::make_unique<State>(*other.state_);
  return *this;
}
StreamChecksum::StreamChecksum(StreamChecksum&&) noexcept = default;
StreamChecksum& StreamChecksum::operator=(StreamChecksum&&) noexcept = default;
StreamChecksum::~StreamChecksum() = default;

void StreamChecksum::add(Bytes bytes) {
  XXH3_128bits_update(&state_->xxh, bytes.data(), bytes.size());
}
Checksum StreamChecksum::value() const { return canonical(XXH3_128bits_digest(&state_->xxh)); }

}  // namespace cairn
