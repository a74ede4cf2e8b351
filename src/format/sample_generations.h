// Generation files for tests and fuzzers: good ones, and ways to make bad ones whose
// checksums are right, so that the rules behind the checksums are reached.
#pragma once

#include <algorithm>
#include <bit>
#include <string>
#include <utility>
#include <vector>

#include "base/checksum.h"
#include "format/generation.h"
#include "format/layout.h"

namespace cairn::samples {

using FileBytes = std::vector<std::byte>;

// A sink that collects what a writer appends.
inline AppendSink collect(FileBytes& into) {
  return [&into](Bytes bytes) {
    into.insert(into.end(), bytes.begin(), bytes.end());
    return Status();
  };
}

inline FileBytes f64_bytes(const std::vector<double>& numbers) {
  FileBytes bytes(numbers.size() * 8);
  for (std::size_t i = 0; i < numbers.size(); ++i)
    store_le(MutableBytes(bytes).subspan(8 * i), std::bit_cast<std::uint64_t>(numbers[i]));
  return bytes;
}
inline FileBytes i64_bytes(std::int64_t number) {
  FileBytes bytes(8);
  store_le(MutableBytes(bytes), static_cast<std::uint64_t>(number));
  return bytes;
}

// The three files in testdata/.  value() throws, which fails a test.

inline FileBytes plain() {
  FileBytes file;
  auto writer = GenerationWriter::begin(collect(file), 41, {{"arguments", "0 100000"}}).value();
  writer.add_section({.name = "sum", .type = "f64", .element_bytes = 8}, f64_bytes({0.5})).value();
  writer
      .add_section({.name = "field", .type = "f64", .element_bytes = 8, .shape = {2, 3}},
                   f64_bytes({1, -2, 3.25, 0, 1e300, -0.0}))
      .value();
  static_cast<void>(writer
                        .finish({{"results.csv", 11, checksum(as_bytes("0,0.5\n1,0.5"))}},
                                {{.name = "iteration", .first = 0, .last = 100000, .next = 41000}})
                        .value());
  return file;
}

inline FileBytes compressed() {
  std::vector<double> field(1024);
  for (std::size_t i = 0; i < field.size(); ++i) field[i] = static_cast<double>(i / 64);
  FileBytes file;
  auto writer = GenerationWriter::begin(collect(file), 42,
                                        {{"arguments", "0 10"}, {"grid", "fine \xc2\xb5m"}})
                    .value();
  writer
      .add_section({.name = "field", .type = "f64", .element_bytes = 8, .shape = {32, 32}},
                   f64_bytes(field), 3)
      .value();
  writer.add_section({.name = "log", .type = "string"}, {}, 3).value();
  writer.add_section({.name = "step", .type = "i64", .element_bytes = 8}, i64_bytes(-7), 3).value();
  static_cast<void>(
      writer
          .finish({{"a.csv", 0, checksum({})}, {"b/c.csv", 1, checksum(as_bytes("x"))}},
                  {{"warm up", -5, 5, 5, true}, {"sweep", 0, 10, 3, false}})
          .value());
  return file;
}

inline FileBytes empty() {
  FileBytes file;
  auto writer = GenerationWriter::begin(collect(file), 1).value();
  static_cast<void>(writer.finish().value());
  return file;
}

inline void seal_footer_checksum(FileBytes& file) {
  namespace at = layout::footer;
  const MutableBytes footer = MutableBytes(file).last(at::kBytes);
  const Checksum sum = checksum(footer.first(at::kChecksum.offset));
  std::ranges::copy(Bytes(sum).first(at::kChecksum.bytes), at::kChecksum.in(footer).begin());
}

// Overwrites the last 64 bytes with the footer of a manifest at `manifest_offset`.
inline void seal_footer(FileBytes& file, std::uint64_t manifest_offset) {
  namespace at = layout::footer;
  const MutableBytes footer = MutableBytes(file).last(at::kBytes);
  const std::uint64_t manifest_bytes = file.size() - at::kBytes - manifest_offset;
  const Checksum manifest_sum = checksum(Bytes(file).subspan(manifest_offset, manifest_bytes));
  std::ranges::copy(as_bytes(at::kMagicText), at::kMagic.in(footer).begin());
  store_le(at::kVersion.in(footer), layout::kFormatVersion);
  store_le(at::kManifestOffset.in(footer), manifest_offset);
  store_le(at::kManifestBytes.in(footer), manifest_bytes);
  std::ranges::copy(manifest_sum, at::kManifestChecksum.in(footer).begin());
  store_le(at::kFileBytes.in(footer), std::uint64_t{file.size()});
  std::ranges::copy(as_bytes(at::kEndMagicText), at::kEndMagic.in(footer).begin());
  seal_footer_checksum(file);
}

inline void seal_header(FileBytes& file) {
  namespace at = layout::header;
  const Checksum sum = checksum(Bytes(file).first(at::kChecksum.offset));
  std::ranges::copy(sum, at::kChecksum.in(MutableBytes(file)).begin());
}

// A file around the given bytes of a manifest, right or wrong.
//   sections  what lies from byte 4096 on; is padded
inline FileBytes assemble_around(std::uint64_t generation, Bytes manifest, Bytes sections = {}) {
  FileBytes file;
  static_cast<void>(GenerationWriter::begin(collect(file), generation).value());
  file.insert(file.end(), sections.begin(), sections.end());
  file.resize(layout::align_up(file.size()));
  const std::uint64_t manifest_offset = file.size();
  file.insert(file.end(), manifest.begin(), manifest.end());
  file.resize(file.size() + layout::footer::kBytes);
  seal_footer(file, manifest_offset);
  return file;
}
inline FileBytes assemble(const Manifest& manifest, Bytes sections = {}) {
  return assemble_around(manifest.generation, encode_manifest(manifest), sections);
}

// Makes the checksums of a damaged file right again, as far as its parts can be found.
inline void reseal(FileBytes& file) {
  namespace at = layout::footer;
  if (file.size() < layout::kAlignment + at::kBytes) return;
  seal_header(file);
  const MutableBytes footer = MutableBytes(file).last(at::kBytes);
  const auto offset = load_le<std::uint64_t>(at::kManifestOffset.in(footer));
  if (offset > file.size() - at::kBytes) return;
  const std::size_t manifest_bytes = file.size() - at::kBytes - offset;
  auto manifest = decode_manifest(Bytes(file).subspan(offset, manifest_bytes), offset);
  if (manifest) {
    for (Section& section : manifest->sections)
      section.checksum = checksum(Bytes(file).subspan(section.offset, section.stored_bytes));
    std::ranges::copy(encode_manifest(*manifest),
                      file.begin() + static_cast<std::ptrdiff_t>(offset));
  }
  seal_footer(file, offset);
}

}  // namespace cairn::samples
