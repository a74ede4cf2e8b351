// Where everything lies in a generation file.  All numbers are little-endian.
// Header and footer keep this shape in every format version to come, so that any
// reader can tell "newer" from "damaged"; only what lies between may change.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"

namespace cairn::layout {

inline constexpr std::uint32_t kFormatVersion = 1;

// Sections and the manifest begin at multiples of this: the page and block size
// that mmap and direct I/O want.
inline constexpr std::uint64_t kAlignment = 4096;

struct Field {
  std::size_t offset;
  std::size_t bytes;
  constexpr std::size_t end() const { return offset + bytes; }
  MutableBytes in(MutableBytes record) const { return record.subspan(offset, bytes); }
  Bytes in(Bytes record) const { return record.subspan(offset, bytes); }
};

namespace header {
// The first byte is no text, and CR LF shows a copy that changed line ends (as in PNG).
inline constexpr std::string_view kMagicText =
    "\x89"
    "CAIRN\r\n";
inline constexpr Field kMagic{0, 8};
inline constexpr Field kGeneration{8, 8};
inline constexpr Field kVersion{16, 4};
inline constexpr Field kZero{20, 28};
inline constexpr Field kChecksum{48, 16};  // XXH3-128 of the fields before it
inline constexpr std::size_t kBytes = 64;

static_assert(kMagic.bytes == kMagicText.size());
static_assert(kGeneration.offset == kMagic.end() && kVersion.offset == kGeneration.end());
static_assert(kZero.offset == kVersion.end() && kChecksum.offset == kZero.end());
static_assert(kChecksum.end() == kBytes && kBytes <= kAlignment);
}  // namespace header

namespace footer {
inline constexpr std::string_view kMagicText = "cend";
inline constexpr std::string_view kEndMagicText = "CAIRNEND";
inline constexpr Field kMagic{0, 4};
inline constexpr Field kVersion{4, 4};
inline constexpr Field kManifestOffset{8, 8};
inline constexpr Field kManifestBytes{16, 8};
inline constexpr Field kManifestChecksum{24, 16};
inline constexpr Field kFileBytes{40, 8};
inline constexpr Field kChecksum{48, 8};  // the first 8 bytes of the XXH3-128 of the fields before
inline constexpr Field kEndMagic{56, 8};
inline constexpr std::size_t kBytes = 64;

static_assert(kMagic.bytes == kMagicText.size() && kEndMagic.bytes == kEndMagicText.size());
static_assert(kVersion.offset == kMagic.end() && kManifestOffset.offset == kVersion.end());
static_assert(kManifestBytes.offset == kManifestOffset.end());
static_assert(kManifestChecksum.offset == kManifestBytes.end());
static_assert(kFileBytes.offset == kManifestChecksum.end());
static_assert(kChecksum.offset == kFileBytes.end() && kEndMagic.offset == kChecksum.end());
static_assert(kEndMagic.end() == kBytes);
}  // namespace footer

// Where the manifest's counts and lists begin; see encode_manifest().
namespace manifest {
inline constexpr Field kGeneration{0, 8};
inline constexpr Field kBaseGeneration{8, 8};
inline constexpr std::size_t kListsOffset = 16;
static_assert(kBaseGeneration.offset == kGeneration.end());
static_assert(kListsOffset == kBaseGeneration.end());
}  // namespace manifest

// The least multiple of kAlignment that is at least `offset`.
constexpr std::uint64_t align_up(std::uint64_t offset) {
  return (offset + kAlignment - 1) / kAlignment * kAlignment;
}
static_assert(align_up(0) == 0 && align_up(1) == 4096 && align_up(4096) == 4096);

}  // namespace cairn::layout
