#include <algorithm>
#include <array>
#include <cstring>

#include "base/assert.h"
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

// Large enough to make system calls rare, small enough to stay in the cache until
// the checksum has seen it.
constexpr std::size_t kPieceBytes = std::size_t{1} << 20;

Error torn(const ByteSource& source) {
  return Error{Errc::corrupt,
               cat(source.name(), " is torn at byte ", source.size(),
                   ": the footer is missing, the file was only partly written"),
               0, "use an older generation"};
}

Error damaged(const ByteSource& source, std::uint64_t offset, std::string_view reason) {
  return cairn::damaged(source.name(), offset, reason);
}

Status read_exactly(ByteSource& source, std::uint64_t offset, MutableBytes into) {
  CAIRN_TRY(const std::size_t count, source.read_at(offset, into));
  if (count == into.size()) return {};
  return damaged(source, offset + count, "the file ends here, in the middle of a part");
}

// Zero at the front, and each byte like the one before it: at the speed of memcmp.
bool all_zero(Bytes bytes) {
  return bytes.empty() || (bytes.front() == std::byte{0} &&
                           std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

bool holds(layout::Field field, Bytes record, std::string_view text) {
  return as_text(field.in(record)) == text;
}

bool holds_checksum(layout::Field field, Bytes record) {
  const Checksum sum = checksum(record.first(field.offset));
  return std::ranges::equal(field.in(record), Bytes(sum).first(field.bytes));
}

struct Header {
  std::uint64_t generation = 0;
  std::uint32_t version = 0;
};

Result<Header> decode_header(const ByteSource& source, Bytes page) {
  namespace at = layout::header;
  if (!holds_checksum(at::kChecksum, page))
    return damaged(source, 0, "the header differs from its checksum");
  const Header header{.generation = load_le<std::uint64_t>(at::kGeneration.in(page)),
                      .version = load_le<std::uint32_t>(at::kVersion.in(page))};
  if (header.version > layout::kFormatVersion)
    return Error{Errc::unsupported,
                 cat(source.name(), " has format version ", header.version, ", this Cairn reads ",
                     layout::kFormatVersion),
                 0, "read it with a newer Cairn"};
  if (header.version != layout::kFormatVersion)
    return damaged(source, at::kVersion.offset, "there is no such format version");
  if (!all_zero(at::kZero.in(page)) || !all_zero(page.subspan(at::kBytes)))
    return damaged(source, at::kZero.offset, "the header's unused bytes are not zero");
  return header;
}

struct Footer {
  std::uint32_t version = 0;
  std::uint64_t manifest_offset = 0;
  std::uint64_t manifest_bytes = 0;
  Checksum manifest_checksum{};
};

Result<Footer> decode_footer(const ByteSource& source, Bytes bytes) {
  namespace at = layout::footer;
  const std::uint64_t offset = source.size() - at::kBytes;
  if (!holds(at::kMagic, bytes, at::kMagicText) || !holds(at::kEndMagic, bytes, at::kEndMagicText))
    return damaged(source, offset, "the footer's marks are wrong");
  if (!holds_checksum(at::kChecksum, bytes))
    return damaged(source, offset, "the footer differs from its checksum");
  Footer footer{.version = load_le<std::uint32_t>(at::kVersion.in(bytes)),
                .manifest_offset = load_le<std::uint64_t>(at::kManifestOffset.in(bytes)),
                .manifest_bytes = load_le<std::uint64_t>(at::kManifestBytes.in(bytes))};
  std::ranges::copy(at::kManifestChecksum.in(bytes), footer.manifest_checksum.begin());
  // A whole generation file inside a section ends a prefix of this one with a good footer.
  if (load_le<std::uint64_t>(at::kFileBytes.in(bytes)) != source.size())
    return damaged(source, offset, "the footer belongs to a file of another length");
  if (footer.manifest_offset < kAlignment || footer.manifest_offset > offset ||
      footer.manifest_bytes != offset - footer.manifest_offset)
    return damaged(source, offset, "the manifest does not lie between header and footer");
  return footer;
}

// One mark is enough to say that there was a footer, and that it is damaged.
bool footer_is_missing(Bytes bytes) {
  namespace at = layout::footer;
  return !holds(at::kMagic, bytes, at::kMagicText) &&
         !holds(at::kEndMagic, bytes, at::kEndMagicText);
}

Result<Manifest> read_manifest_at(ByteSource& source, const Footer& footer) {
  std::vector<std::byte> bytes(static_cast<std::size_t>(footer.manifest_bytes));
  CAIRN_CHECK(read_exactly(source, footer.manifest_offset, bytes));
  if (checksum(bytes) != footer.manifest_checksum)
    return damaged(source, footer.manifest_offset, "the manifest differs from its checksum");
  return decode_manifest(bytes, footer.manifest_offset, source.name());
}

Status check_section_place(const ByteSource& source, const Section& section) {
  if (section.offset > source.size() || section.stored_bytes > source.size() - section.offset)
    return damaged(source, section.offset, cat("section \"", section.name, "\" is out of bounds"));
  if (const auto fault = section_fault(section))
    return damaged(source, fault->offset, fault->reason);
  return {};
}

Status check_padding(ByteSource& source, std::uint64_t offset) {
  std::array<std::byte, kAlignment> buffer;
  const MutableBytes padding =
      MutableBytes(buffer).first(static_cast<std::size_t>(align_up(offset) - offset));
  CAIRN_CHECK(read_exactly(source, offset, padding));
  if (all_zero(padding)) return {};
  return damaged(source, offset, "the padding is not zero");
}

// Reads the stored bytes in pieces, each to place(bytes done, bytes of the piece),
// shows each to `look`, then compares checksum and padding.
template <class Place, class Look>
Status read_stored(ByteSource& source, const Section& section, Place place, Look look) {
  StreamChecksum sum;
  for (std::uint64_t done = 0; done < section.stored_bytes;) {
    const auto count =
        static_cast<std::size_t>(std::min<std::uint64_t>(kPieceBytes, section.stored_bytes - done));
    const MutableBytes piece = place(static_cast<std::size_t>(done), count);
    CAIRN_CHECK(read_exactly(source, section.offset + done, piece));
    sum.add(piece);
    look(Bytes(piece));
    done += count;
  }
  if (sum.value() != section.checksum)
    return damaged(source, section.offset,
                   cat("section \"", section.name, "\" differs from its checksum"));
  return check_padding(source, section.offset + section.stored_bytes);
}

std::vector<std::byte> piece_for(std::uint64_t bytes) {
  return std::vector<std::byte>(
      static_cast<std::size_t>(std::min<std::uint64_t>(kPieceBytes, bytes)));
}

Status read_raw(ByteSource& source, const Section& section, MutableBytes into) {
  return read_stored(
      source, section, [&](std::size_t done, std::size_t n) { return into.subspan(done, n); },
      [](Bytes) {});
}

// `into` as for ZstdDecoder.
Status read_zstd(ByteSource& source, const Section& section, MutableBytes into) {
  std::vector<std::byte> piece = piece_for(section.stored_bytes);
  ZstdDecoder decoder(section.raw_bytes, into);
  CAIRN_CHECK(read_stored(
      source, section, [&](std::size_t, std::size_t n) { return MutableBytes(piece).first(n); },
      [&](Bytes stored) { decoder.feed(stored); }));
  const auto fault = decoder.fault();
  if (!fault) return {};
  return damaged(source, section.offset, cat("section \"", section.name, "\" ", *fault));
}

}  // namespace

Result<std::size_t> MemorySource::read_at(std::uint64_t offset, MutableBytes into) {
  if (offset >= bytes_.size()) return std::size_t{0};
  const Bytes rest = bytes_.subspan(static_cast<std::size_t>(offset));
  const std::size_t count = std::min(rest.size(), into.size());
  if (count > 0) std::memcpy(into.data(), rest.data(), count);
  return count;
}

Result<Manifest> read_manifest(ByteSource& source,
                               std::optional<std::uint64_t> expected_generation) {
  std::array<std::byte, kAlignment> header_page;
  std::array<std::byte, layout::footer::kBytes> footer_bytes;
  if (source.size() < header_page.size() + footer_bytes.size()) return torn(source);
  CAIRN_CHECK(read_exactly(source, 0, header_page));
  CAIRN_CHECK(read_exactly(source, source.size() - footer_bytes.size(), footer_bytes));
  if (!holds(layout::header::kMagic, header_page, layout::header::kMagicText))
    return damaged(source, 0, "it does not begin as a generation file does");
  if (footer_is_missing(footer_bytes)) return torn(source);
  CAIRN_TRY(const Header header, decode_header(source, header_page));
  CAIRN_TRY(const Footer footer, decode_footer(source, footer_bytes));
  CAIRN_TRY(Manifest manifest, read_manifest_at(source, footer));
  if (footer.version != header.version || manifest.generation != header.generation)
    return damaged(source, 0, "header and footer do not belong together");
  if (expected_generation && *expected_generation != manifest.generation)
    return damaged(
        source, 0,
        cat("it holds generation ", manifest.generation, ", its name says ", *expected_generation));
  return manifest;
}

Status read_section_into(ByteSource& source, const Section& section, MutableBytes into) {
  CAIRN_ASSERT(into.size() == section.raw_bytes, "a section is read into memory of its size");
  CAIRN_CHECK(check_section_place(source, section));
  return section.encoding == Encoding::zstd ? read_zstd(source, section, into)
                                            : read_raw(source, section, into);
}

Result<std::vector<std::byte>> read_section(ByteSource& source, const Section& section) {
  CAIRN_CHECK(check_section_place(source, section));  // before its numbers are believed
  std::vector<std::byte> bytes(static_cast<std::size_t>(section.raw_bytes));
  CAIRN_CHECK(read_section_into(source, section, bytes));
  return bytes;
}

Status verify_section(ByteSource& source, const Section& section) {
  CAIRN_CHECK(check_section_place(source, section));
  std::vector<std::byte> piece = piece_for(section.raw_bytes);
  if (section.encoding == Encoding::zstd) return read_zstd(source, section, piece);
  return read_stored(
      source, section, [&](std::size_t, std::size_t n) { return MutableBytes(piece).first(n); },
      [](Bytes) {});
}

Status verify_generation(ByteSource& source, std::optional<std::uint64_t> expected_generation) {
  CAIRN_TRY(const Manifest manifest, read_manifest(source, expected_generation));
  for (const Section& section : manifest.sections) CAIRN_CHECK(verify_section(source, section));
  return {};
}

}  // namespace cairn
