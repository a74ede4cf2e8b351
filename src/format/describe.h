// What `cairn show` says about a generation file.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cairn/result.h"
#include "format/generation.h"

namespace cairn {

// What a look at one section found.
struct SectionVerdict {
  std::optional<Error> damage;       // none: it verifies
  std::optional<std::string> value;  // of a single number, as text
};

struct GenerationReport {
  Manifest manifest;
  std::uint64_t file_bytes = 0;
  std::vector<SectionVerdict> verdicts;  // one for each of manifest.sections

  bool verified() const;
};

// Reads the manifest and verifies every section, one by one, so that a damaged one
// does not hide the others.
// Errors: those of read_manifest(); io.
Result<GenerationReport> inspect_generation(
    ByteSource& source, std::optional<std::uint64_t> expected_generation = std::nullopt);

// The report as tables for people, with a newline at its end.  Control characters
// in names are escaped: the file may come from anywhere.
std::string describe(const GenerationReport& report);

// The parts of that, for other forms (JSON).
std::string encoding_name(Encoding encoding);  // "raw", "zstd"
std::string shape_text(
    const std::vector<std::uint64_t>& shape);  // "1024 x 512", "" for one element
double loop_percent(const LoopRecord& loop);   // 0 to 100
// The value of one number (shape {}, i8 ... u64, f32, f64, bool); nothing for other types.
std::optional<std::string> scalar_text(const Section& section, Bytes raw);

}  // namespace cairn
