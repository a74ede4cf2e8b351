#include "format/describe.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <concepts>

#include "base/text.h"
#include "base/try.h"
#include "base/units.h"

namespace cairn {
namespace {

// ---- values

// Shortest that reads back as the same number, in no locale.
template <std::floating_point Number, class... Format>
std::string print(Number number, Format... format) {
  std::array<char, 512> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number, format...).ptr;
  return std::string(text.data(), end);
}

template <class Signed, class Unsigned>
std::string signed_text(Bytes raw) {
  return std::to_string(static_cast<Signed>(load_le<Unsigned>(raw)));
}
template <class Unsigned>
std::string unsigned_text(Bytes raw) {
  return std::to_string(load_le<Unsigned>(raw));
}
std::string f32_text(Bytes raw) { return print(std::bit_cast<float>(load_le<std::uint32_t>(raw))); }
std::string f64_text(Bytes raw) {
  return print(std::bit_cast<double>(load_le<std::uint64_t>(raw)));
}
std::string bool_text(Bytes raw) { return raw[0] == std::byte{0} ? "false" : "true"; }

struct Scalar {
  std::string_view type;
  std::size_t bytes;
  std::string (*text)(Bytes raw);
};
constexpr std::array<Scalar, 11> kScalars{{
    {"i8", 1, signed_text<std::int8_t, std::uint8_t>},
    {"i16", 2, signed_text<std::int16_t, std::uint16_t>},
    {"i32", 4, signed_text<std::int32_t, std::uint32_t>},
    {"i64", 8, signed_text<std::int64_t, std::uint64_t>},
    {"u8", 1, unsigned_text<std::uint8_t>},
    {"u16", 2, unsigned_text<std::uint16_t>},
    {"u32", 4, unsigned_text<std::uint32_t>},
    {"u64", 8, unsigned_text<std::uint64_t>},
    {"f32", 4, f32_text},
    {"f64", 8, f64_text},
    {"bool", 1, bool_text},
}};
constexpr std::size_t kScalarBytesMax = 8;

// ---- tables

// What a terminal might obey: C0, DEL, and C1 as UTF-8 writes it (C2 80 to C2 9F).
bool is_control(std::string_view text, std::size_t i) {
  const auto byte = static_cast<unsigned char>(text[i]);
  if (byte < 0x20 || byte == 0x7f) return true;
  return byte == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0;
}

std::string escaped(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::byte byte{static_cast<unsigned char>(text[i])};
    result += is_control(text, i) ? cat("\\x", to_hex(Bytes(&byte, 1))) : std::string(1, text[i]);
  }
  return result;
}

// Code points, which is columns for the names people give.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

using Row = std::vector<std::string>;

// Rows under a title, columns as wide as their widest cell; a last column may be ragged.
std::string table(std::string_view title, const std::vector<Row>& rows) {
  if (rows.empty()) return {};
  std::vector<std::size_t> widths(rows.front().size());
  for (const Row& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
  std::string text = cat(title, "\n");
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i)
      line += cat("  ", row[i], std::string(widths[i] - width(row[i]), ' '));
    text += cat(line.substr(0, line.find_last_not_of(' ') + 1), "\n");
  }
  return text;
}

Row section_row(const Section& section, const SectionVerdict& verdict) {
  return {escaped(section.name),
          escaped(section.type),
          shape_text(section.shape),
          format_size(section.raw_bytes),
          section.encoding == Encoding::raw
              ? "raw"
              : cat(encoding_name(section.encoding), " ", format_size(section.stored_bytes)),
          verdict.damage ? "DAMAGED" : "ok",
          escaped(verdict.damage ? verdict.damage->message : verdict.value.value_or(""))};
}

std::string sections_table(const GenerationReport& report) {
  if (report.manifest.sections.empty()) return {};
  std::vector<Row> rows{{"name", "type", "shape", "size", "stored", "checksum", "value"}};
  for (std::size_t i = 0; i < report.manifest.sections.size(); ++i)
    rows.push_back(section_row(report.manifest.sections[i], report.verdicts[i]));
  return table("sections", rows);
}

std::string identity_table(const Manifest& manifest) {
  std::vector<Row> rows;
  for (const auto& [key, value] : manifest.identity) rows.push_back({escaped(key), escaped(value)});
  return table("identity", rows);
}

std::string loops_table(const Manifest& manifest) {
  std::vector<Row> rows;
  for (const LoopRecord& loop : manifest.loops)
    rows.push_back({escaped(loop.name), cat(loop.first, " to ", loop.last),
                    loop.finished ? "finished" : cat("at ", loop.next),
                    print(loop_percent(loop), std::chars_format::fixed, 1) + " %"});
  return table("loops", rows);
}

std::string files_table(const Manifest& manifest) {
  std::vector<Row> rows;
  for (const FileRecord& file : manifest.files)
    rows.push_back({escaped(file.path), cat(file.bytes, " bytes"), to_hex(file.checksum)});
  return table("output files", rows);
}

std::string headline(const GenerationReport& report) {
  const Manifest& manifest = report.manifest;
  return cat("generation ", manifest.generation,
             manifest.base_generation == 0 ? "" : cat(" on ", manifest.base_generation), ", ",
             format_size(report.file_bytes), ", ",
             report.verified() ? "every checksum right" : "DAMAGED", "\n");
}

Result<SectionVerdict> inspect_section(ByteSource& source, const Section& section) {
  SectionVerdict verdict;
  Status status = verify_section(source, section);
  if (!status && status.error().code == Errc::io) return std::move(status).error();
  if (!status) {
    verdict.damage = std::move(status).error();
  } else if (section.raw_bytes <= kScalarBytesMax) {
    CAIRN_TRY(const std::vector<std::byte> raw, read_section(source, section));
    verdict.value = scalar_text(section, raw);
  }
  return verdict;
}

}  // namespace

bool GenerationReport::verified() const {
  return std::ranges::none_of(verdicts,
                              [](const auto& verdict) { return verdict.damage.has_value(); });
}

Result<GenerationReport> inspect_generation(ByteSource& source,
                                            std::optional<std::uint64_t> expected_generation) {
  GenerationReport report;
  CAIRN_TRY(report.manifest, read_manifest(source, expected_generation));
  report.file_bytes = source.size();
  for (const Section& section : report.manifest.sections) {
    CAIRN_TRY(SectionVerdict verdict, inspect_section(source, section));
    report.verdicts.push_back(std::move(verdict));
  }
  return report;
}

std::string describe(const GenerationReport& report) {
  return cat(headline(report), identity_table(report.manifest), sections_table(report),
             loops_table(report.manifest), files_table(report.manifest));
}

std::string encoding_name(Encoding encoding) {
  switch (encoding) {
    case Encoding::raw:
      return "raw";
    case Encoding::zstd:
      return "zstd";
  }
  return cat("encoding ", static_cast<unsigned>(encoding));
}

std::string shape_text(const std::vector<std::uint64_t>& shape) {
  std::string text;
  for (const std::uint64_t extent : shape) text += cat(text.empty() ? "" : " x ", extent);
  return text;
}

double loop_percent(const LoopRecord& loop) {
  if (loop.finished) return 100;
  // In doubles: last - first may be more than an int64 holds.
  const double length = static_cast<double>(loop.last) - static_cast<double>(loop.first);
  const double done = static_cast<double>(loop.next) - static_cast<double>(loop.first);
  return length > 0 ? std::clamp(100 * done / length, 0.0, 100.0) : 100;
}

std::optional<std::string> scalar_text(const Section& section, Bytes raw) {
  if (!section.shape.empty()) return std::nullopt;
  for (const Scalar& scalar : kScalars)
    if (section.type == scalar.type && raw.size() == scalar.bytes) return scalar.text(raw);
  return std::nullopt;
}

}  // namespace cairn
