#include "format/manifest.h"

#include <algorithm>
#include <array>
#include <limits>

#include "base/assert.h"
#include "base/text.h"
#include "base/try.h"
#include "format/layout.h"

namespace cairn {
namespace {

using layout::align_up;

// ---- encoding

void put_bytes(std::vector<std::byte>& into, Bytes bytes) {
  into.insert(into.end(), bytes.begin(), bytes.end());
}

template <std::unsigned_integral T>
void put(std::vector<std::byte>& into, T number) {
  std::array<std::byte, sizeof(T)> bytes;
  store_le(bytes, number);
  put_bytes(into, bytes);
}

void put_signed(std::vector<std::byte>& into, std::int64_t number) {
  put(into, static_cast<std::uint64_t>(number));
}

void put_count(std::vector<std::byte>& into, std::size_t count) {
  CAIRN_ASSERT(count <= std::numeric_limits<std::uint32_t>::max(),
               "a list or a name in a manifest has fewer than 2^32 parts");
  put(into, static_cast<std::uint32_t>(count));
}

void put_text(std::vector<std::byte>& into, std::string_view text) {
  put_count(into, text.size());
  put_bytes(into, as_bytes(text));
}

void put_section(std::vector<std::byte>& into, const Section& section) {
  put_text(into, section.name);
  put_text(into, section.type);
  put(into, section.element_bytes);
  put_count(into, section.shape.size());
  for (const std::uint64_t extent : section.shape) put(into, extent);
  put(into, static_cast<std::uint16_t>(section.encoding));
  put(into, section.offset);
  put(into, section.stored_bytes);
  put(into, section.raw_bytes);
  put_bytes(into, section.checksum);
}

void put_file(std::vector<std::byte>& into, const FileRecord& file) {
  put_text(into, file.path);
  put(into, file.bytes);
  put_bytes(into, file.checksum);
}

void put_loop(std::vector<std::byte>& into, const LoopRecord& loop) {
  put_text(into, loop.name);
  put_signed(into, loop.first);
  put_signed(into, loop.last);
  put_signed(into, loop.next);
  put(into, static_cast<std::uint8_t>(loop.finished ? 1 : 0));
}

// ---- decoding

// Takes values from the front of `bytes`.  Past the end, or after fail(), it gives
// zeros and stays failed, so that callers check once.  Never allocates more than is there.
class Cursor {
 public:
  explicit Cursor(Bytes bytes) : bytes_(bytes) {}

  bool failed() const { return fault_.has_value(); }
  bool at_end() const { return position_ == bytes_.size(); }
  std::uint64_t position() const { return position_; }
  const std::string& reason() const { return *fault_; }
  void fail(std::string reason) {
    if (!fault_) fault_ = std::move(reason);
  }

  Bytes take(std::size_t count) {
    if (count > bytes_.size() - position_) fail("the manifest ends in the middle of a record");
    if (failed()) return {};
    const Bytes taken = bytes_.subspan(position_, count);
    position_ += count;
    return taken;
  }
  template <std::unsigned_integral T>
  T number() {
    const Bytes bytes = take(sizeof(T));
    return failed() ? T{0} : load_le<T>(bytes);
  }
  std::int64_t signed_number() { return static_cast<std::int64_t>(number<std::uint64_t>()); }
  std::string text() { return std::string(as_text(take(number<std::uint32_t>()))); }
  Checksum checksum() {
    Checksum sum{};
    std::ranges::copy(take(sum.size()), sum.begin());
    return sum;
  }

 private:
  Bytes bytes_;
  std::size_t position_ = 0;
  std::optional<std::string> fault_;
};

template <class Record>
std::vector<Record> list(Cursor& from, Record (*record)(Cursor&)) {
  std::vector<Record> records;
  const auto count = from.number<std::uint32_t>();
  for (std::uint32_t i = 0; i < count && !from.failed(); ++i) records.push_back(record(from));
  return records;
}

std::pair<std::string, std::string> identity_entry(Cursor& from) {
  std::string key = from.text();
  return {std::move(key), from.text()};
}

Section section(Cursor& from) {
  Section section;
  section.name = from.text();
  section.type = from.text();
  section.element_bytes = from.number<std::uint64_t>();
  section.shape = list<std::uint64_t>(from, [](Cursor& c) { return c.number<std::uint64_t>(); });
  section.encoding = static_cast<Encoding>(from.number<std::uint16_t>());
  section.offset = from.number<std::uint64_t>();
  section.stored_bytes = from.number<std::uint64_t>();
  section.raw_bytes = from.number<std::uint64_t>();
  section.checksum = from.checksum();
  return section;
}

FileRecord file(Cursor& from) {
  FileRecord file;
  file.path = from.text();
  file.bytes = from.number<std::uint64_t>();
  file.checksum = from.checksum();
  return file;
}

LoopRecord loop(Cursor& from) {
  LoopRecord loop;
  loop.name = from.text();
  loop.first = from.signed_number();
  loop.last = from.signed_number();
  loop.next = from.signed_number();
  const auto finished = from.number<std::uint8_t>();
  if (finished > 1) from.fail(cat("loop \"", loop.name, "\" is finished or not, 0 or 1"));
  loop.finished = finished == 1;
  return loop;
}

// ---- rules

// element_bytes * shape..., or nothing where that is more than 64 bits can say.
std::optional<std::uint64_t> product(std::uint64_t element_bytes,
                                     const std::vector<std::uint64_t>& shape) {
  std::uint64_t total = element_bytes;
  // A zero anywhere makes zero, whatever the others would overflow to.
  if (std::ranges::count(shape, 0U) > 0) return 0;
  for (const std::uint64_t extent : shape)
    if (__builtin_mul_overflow(total, extent, &total)) return std::nullopt;
  return total;
}

std::string quoted(const Section& section) { return cat("section \"", section.name, "\""); }

template <class Records, class NameOf>
std::optional<ManifestFault> name_fault(std::string_view what, const Records& records,
                                        NameOf name_of, std::uint64_t offset) {
  std::vector<std::string_view> names;
  for (const auto& record : records) names.push_back(name_of(record));
  std::ranges::sort(names);
  if (!names.empty() && names.front().empty())
    return ManifestFault{offset, cat("a ", what, " has no name")};
  const auto twice = std::ranges::adjacent_find(names);
  if (twice == names.end()) return std::nullopt;
  return ManifestFault{offset, cat("the ", what, " \"", *twice, "\" is there twice")};
}

std::optional<ManifestFault> names_fault(const Manifest& manifest, std::uint64_t offset) {
  const auto first = [](const auto& entry) -> std::string_view { return entry.first; };
  const auto name = [](const auto& record) -> std::string_view { return record.name; };
  const auto path = [](const auto& record) -> std::string_view { return record.path; };
  if (auto fault = name_fault("identity key", manifest.identity, first, offset)) return fault;
  if (auto fault = name_fault("section", manifest.sections, name, offset)) return fault;
  if (auto fault = name_fault("file", manifest.files, path, offset)) return fault;
  return name_fault("loop", manifest.loops, name, offset);
}

// Each section begins at the first aligned byte behind the one before, and the manifest
// behind the last: no overlap, no gap, nothing out of bounds, by one rule.
std::optional<ManifestFault> places_fault(const Manifest& manifest, std::uint64_t manifest_offset) {
  std::uint64_t expected = layout::kAlignment;
  for (const Section& section : manifest.sections) {
    if (section.offset < expected)
      return ManifestFault{section.offset, quoted(section) + " overlaps what lies before it"};
    if (section.offset > expected)
      return ManifestFault{expected, "a gap lies before " + quoted(section)};
    if (expected > manifest_offset || section.stored_bytes > manifest_offset - expected)
      return ManifestFault{section.offset, quoted(section) + " reaches into the manifest"};
    expected = align_up(section.offset + section.stored_bytes);
  }
  if (expected == manifest_offset) return std::nullopt;
  return ManifestFault{expected, cat("the manifest should begin here, not at ", manifest_offset)};
}

}  // namespace

std::optional<ManifestFault> section_fault(const Section& section) {
  const auto fault = [&](std::string_view reason) {
    return ManifestFault{section.offset, cat(quoted(section), " ", reason)};
  };
  // A block of 128 KiB takes at least 4 bytes of a zstd frame: RFC 8878, RLE_Block.
  constexpr std::uint64_t kZstdRatioMax = 128 * 1024 / 4;
  if (section.encoding == Encoding::raw && section.raw_bytes != section.stored_bytes)
    return fault("is stored raw, but with another number of bytes");
  if (section.encoding == Encoding::zstd &&
      (section.raw_bytes == 0 || section.raw_bytes / kZstdRatioMax > section.stored_bytes))
    return fault("cannot have that many bytes in a zstd frame of its size");
  if (section.element_bytes != 0 &&
      product(section.element_bytes, section.shape) != section.raw_bytes)
    return fault(cat("has ", section.raw_bytes, " bytes, which is not its shape times ",
                     section.element_bytes));
  return std::nullopt;
}

std::optional<ManifestFault> manifest_fault(const Manifest& manifest,
                                            std::uint64_t manifest_offset) {
  if (manifest.base_generation != 0 && manifest.base_generation >= manifest.generation)
    return ManifestFault{manifest_offset, "the base generation is not older"};
  for (const Section& section : manifest.sections)
    if (auto fault = section_fault(section)) return fault;
  if (auto fault = places_fault(manifest, manifest_offset)) return fault;
  return names_fault(manifest, manifest_offset);
}

Error damaged(std::string_view file, std::uint64_t offset, std::string_view reason) {
  return Error{Errc::corrupt, cat(file, " is damaged at byte ", offset, ": ", reason), 0,
               "use an older generation, or another copy of this one"};
}

std::vector<std::byte> encode_manifest(const Manifest& manifest) {
  std::vector<std::byte> bytes;
  put(bytes, manifest.generation);
  put(bytes, manifest.base_generation);
  put_count(bytes, manifest.identity.size());
  for (const auto& [key, value] : manifest.identity) {
    put_text(bytes, key);
    put_text(bytes, value);
  }
  put_count(bytes, manifest.sections.size());
  for (const Section& record : manifest.sections) put_section(bytes, record);
  put_count(bytes, manifest.files.size());
  for (const FileRecord& record : manifest.files) put_file(bytes, record);
  put_count(bytes, manifest.loops.size());
  for (const LoopRecord& record : manifest.loops) put_loop(bytes, record);
  return bytes;
}

Result<Manifest> decode_manifest(Bytes bytes, std::uint64_t manifest_offset,
                                 std::string_view file_name) {
  if (manifest_offset % layout::kAlignment != 0)
    return damaged(file_name, manifest_offset, "a manifest begins at a multiple of 4096");
  Cursor from(bytes);
  Manifest manifest;
  manifest.generation = from.number<std::uint64_t>();
  manifest.base_generation = from.number<std::uint64_t>();
  manifest.identity = list(from, identity_entry);
  manifest.sections = list(from, section);
  manifest.files = list(from, file);
  manifest.loops = list(from, loop);
  const std::uint64_t position = manifest_offset + from.position();
  if (from.failed()) return damaged(file_name, position, from.reason());
  if (!from.at_end())
    return damaged(file_name, position, "bytes follow the manifest's last record");
  for (const Section& record : manifest.sections)
    if (record.encoding != Encoding::raw && record.encoding != Encoding::zstd)
      return Error{Errc::unsupported,
                   cat(file_name, ": ", quoted(record), " has encoding ",
                       static_cast<unsigned>(record.encoding), ", which this Cairn does not know"),
                   0, "read it with a newer Cairn"};
  if (const auto fault = manifest_fault(manifest, manifest_offset))
    return damaged(file_name, fault->offset, fault->reason);
  return manifest;
}

}  // namespace cairn
