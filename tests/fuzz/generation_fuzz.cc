// Any bytes as a generation file: never a crash, never more memory than the input
// accounts for, and whatever verifies can also be read.
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/assert.h"
#include "format/describe.h"
#include "format/generation.h"
#include "format/sample_generations.h"

namespace cairn {
namespace {

// A frame of a few bytes may honestly decode to gigabytes of zeros; not here.
constexpr std::uint64_t kReadBytesMax = std::uint64_t{16} << 20;

bool small(const Manifest& manifest) {
  std::uint64_t bytes = 0;
  for (const Section& section : manifest.sections) {
    if (section.raw_bytes > kReadBytesMax) return false;
    bytes += section.raw_bytes;
  }
  return bytes <= kReadBytesMax;
}

void read_as_file(Bytes input) {
  MemorySource source(input);
  const auto manifest = read_manifest(source);
  if (!manifest || !small(*manifest)) return;
  const bool verified = verify_generation(source).has_value();
  bool readable = true;
  for (const Section& section : manifest->sections) {
    const auto bytes = read_section(source, section);
    readable = readable && bytes.has_value();
    CAIRN_ASSERT(!bytes || bytes->size() == section.raw_bytes, "a section has the size it says");
  }
  CAIRN_ASSERT(verified == readable, "verify_generation() and read_section() agree");
  const auto report = inspect_generation(source);
  CAIRN_ASSERT(report.has_value() && report->verified() == verified, "and so does `cairn show`");
  CAIRN_ASSERT(!describe(*report).empty(), "everything can be described");
}

void read_as_manifest(Bytes input) {
  for (const std::uint64_t pages : {1U, 2U, 3U}) {
    const auto manifest = decode_manifest(input, pages * layout::kAlignment);
    CAIRN_ASSERT(!manifest || std::ranges::equal(encode_manifest(*manifest), input),
                 "a manifest has one encoding only");
  }
}

}  // namespace
}  // namespace cairn

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const cairn::Bytes input = std::as_bytes(std::span(data, size));
  cairn::read_as_file(input);
  cairn::read_as_manifest(input);
  // Chance finds no checksum: with right ones the rules behind them are tried.
  cairn::samples::FileBytes resealed(input.begin(), input.end());
  cairn::samples::reseal(resealed);
  cairn::read_as_file(resealed);
  return 0;
}
