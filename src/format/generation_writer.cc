#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/text.h"
#include "base/try.h"
#include "format/generation.h"
#include "format/layout.h"
#include "format/manifest.h"
#include "format/zstd_frame.h"

namespace cairn {
namespace {

using layout::align_up;
using layout::kAlignment;

constexpr std::array<std::byte, kAlignment> kZeros{};

void put_text(layout::Field field, MutableBytes record, std::string_view text) {
  std::ranges::copy(as_bytes(text), field.in(record).begin());
}

std::array<std::byte, kAlignment> encode_header(std::uint64_t generation) {
  namespace at = layout::header;
  std::array<std::byte, kAlignment> page{};
  put_text(at::kMagic, page, at::kMagicText);
  store_le(at::kGeneration.in(MutableBytes(page)), generation);
  store_le(at::kVersion.in(MutableBytes(page)), layout::kFormatVersion);
  const Checksum sum = checksum(Bytes(page).first(at::kChecksum.offset));
  std::ranges::copy(sum, at::kChecksum.in(MutableBytes(page)).begin());
  return page;
}

std::array<std::byte, layout::footer::kBytes> encode_footer(std::uint64_t manifest_offset,
                                                            Bytes manifest) {
  namespace at = layout::footer;
  std::array<std::byte, at::kBytes> bytes{};
  const MutableBytes footer(bytes);
  put_text(at::kMagic, footer, at::kMagicText);
  store_le(at::kVersion.in(footer), layout::kFormatVersion);
  store_le(at::kManifestOffset.in(footer), manifest_offset);
  store_le(at::kManifestBytes.in(footer), std::uint64_t{manifest.size()});
  std::ranges::copy(checksum(manifest), at::kManifestChecksum.in(footer).begin());
  store_le(at::kFileBytes.in(footer),
           std::uint64_t{manifest_offset + manifest.size() + at::kBytes});
  const Checksum sum = checksum(Bytes(bytes).first(at::kChecksum.offset));
  std::ranges::copy(Bytes(sum).first(at::kChecksum.bytes), at::kChecksum.in(footer).begin());
  put_text(at::kEndMagic, footer, at::kEndMagicText);
  return bytes;
}

Error misuse(std::string message) { return Error{Errc::misuse, std::move(message), 0, ""}; }

}  // namespace

Result<GenerationWriter> GenerationWriter::begin(AppendSink sink, std::uint64_t generation,
                                                 Identity identity) {
  GenerationWriter writer(std::move(sink));
  writer.manifest_.generation = generation;
  writer.manifest_.identity = std::move(identity);
  CAIRN_CHECK(writer.append(encode_header(generation)));
  return writer;
}

Status GenerationWriter::append(Bytes bytes) {
  if (bytes.empty()) return {};
  CAIRN_CHECK(sink_(bytes));
  written_bytes_ += bytes.size();
  return {};
}

Status GenerationWriter::pad() {
  return append(
      Bytes(kZeros).first(static_cast<std::size_t>(align_up(written_bytes_) - written_bytes_)));
}

Status GenerationWriter::append_section(Section& section, Bytes bytes, int compression_level) {
  if (section.encoding == Encoding::raw) {
    section.checksum = checksum(bytes);
    return append(bytes);
  }
  StreamChecksum sum;
  CAIRN_CHECK(compress_zstd(bytes, compression_level, [&](Bytes piece) {
    sum.add(piece);
    return append(piece);
  }));
  section.checksum = sum.value();
  return {};
}

Status GenerationWriter::add_section(SectionInfo info, Bytes bytes, int compression_level) {
  if (!std::exchange(usable_, false)) return misuse("a section after an error or after finish()");
  if (compression_level < 0 || compression_level > 19)
    return misuse(cat("compression level ", compression_level, " is not 0 to 19"));
  const bool compressed = compression_level > 0 && bytes.size() > kAlignment;
  Section section{.name = std::move(info.name),
                  .type = std::move(info.type),
                  .element_bytes = info.element_bytes,
                  .shape = std::move(info.shape),
                  .encoding = compressed ? Encoding::zstd : Encoding::raw,
                  .offset = written_bytes_,
                  .stored_bytes = bytes.size(),
                  .raw_bytes = bytes.size()};
  // Before gigabytes are written; names are left to finish().
  if (const auto fault = section_fault(section)) return misuse(fault->reason);
  CAIRN_CHECK(append_section(section, bytes, compression_level));
  section.stored_bytes = written_bytes_ - section.offset;
  CAIRN_CHECK(pad());
  manifest_.sections.push_back(std::move(section));
  usable_ = true;
  return {};
}

Result<Manifest> GenerationWriter::finish(std::vector<FileRecord> files,
                                          std::vector<LoopRecord> loops) {
  if (!std::exchange(usable_, false)) return misuse("finish() after an error or after finish()");
  manifest_.files = std::move(files);
  manifest_.loops = std::move(loops);
  const std::uint64_t manifest_offset = written_bytes_;
  if (const auto fault = manifest_fault(manifest_, manifest_offset)) return misuse(fault->reason);
  const std::vector<std::byte> manifest = encode_manifest(manifest_);
  CAIRN_CHECK(append(manifest));
  CAIRN_CHECK(append(encode_footer(manifest_offset, manifest)));
  return std::move(manifest_);
}

std::string generation_file_name(std::uint64_t generation) {
  std::string digits = std::to_string(generation);
  if (digits.size() < 6) digits.insert(0, 6 - digits.size(), '0');
  return cat("gen-", digits, ".cairn");
}

std::optional<std::uint64_t> parse_generation_file_name(std::string_view name) {
  constexpr std::string_view kPrefix = "gen-";
  if (!name.starts_with(kPrefix)) return std::nullopt;
  std::uint64_t generation = 0;
  std::from_chars(name.data() + kPrefix.size(), name.data() + name.size(), generation);
  // Exactly what the writer makes: no other spelling of a number, nothing behind it.
  if (generation_file_name(generation) != name) return std::nullopt;
  return generation;
}

}  // namespace cairn
