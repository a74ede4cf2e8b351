// The generation file: one committed checkpoint that verifies itself.
//
//   header | section, padding | section, padding | ... | manifest | footer
//
// Every byte is covered by a checksum, or is padding and zero.  The footer is
// written last and points back, so writing only ever appends, and a file without
// a footer was written partly: it is torn.  docs/format.md has the offsets.
//
// The same state gives the same bytes: no time, process or host is recorded.
// Nothing here opens a file; readers get a ByteSource, writers an AppendSink.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/checksum.h"
#include "cairn/result.h"

namespace cairn {

// How a section's bytes are stored.  Numbers are never reused; 2 to 15 are kept
// for differences against the base generation.
enum class Encoding : std::uint16_t {
  raw = 0,   // as they are
  zstd = 1,  // one zstd frame, its content size recorded
};

// One protected region.
struct Section {
  std::string name;
  std::string type = {};                  // "f64"; what the words mean is the session's affair
  std::uint64_t element_bytes = 0;        // 0: a stream of its own, not elements
  std::vector<std::uint64_t> shape = {};  // elements per dimension, slowest first; {}: one element
  Encoding encoding = Encoding::raw;
  std::uint64_t offset = 0;  // in the file, a multiple of 4096
  std::uint64_t stored_bytes = 0;
  std::uint64_t raw_bytes = 0;  // after decoding
  Checksum checksum{};          // XXH3-128 of the stored bytes

  friend bool operator==(const Section&, const Section&) = default;
};

// A protected output file, as long as it was at the checkpoint.
struct FileRecord {
  std::string path;
  std::uint64_t bytes = 0;
  Checksum checksum{};  // XXH3-128 of those bytes

  friend bool operator==(const FileRecord&, const FileRecord&) = default;
};

// A counted loop over first..last (exclusive) that goes on at `next`.
struct LoopRecord {
  std::string name;
  std::int64_t first = 0;
  std::int64_t last = 0;
  std::int64_t next = 0;
  bool finished = false;

  friend bool operator==(const LoopRecord&, const LoopRecord&) = default;
};

// What a generation file says about itself.  Names are unique in each list.
struct Manifest {
  std::uint64_t generation = 0;       // 0: the start, before the first checkpoint: no sections
  std::uint64_t base_generation = 0;  // 0: none, the file stands alone; else older
  std::vector<std::pair<std::string, std::string>> identity;
  std::vector<Section> sections;  // in file order
  std::vector<FileRecord> files;
  std::vector<LoopRecord> loops;

  friend bool operator==(const Manifest&, const Manifest&) = default;
};

// "gen-000041.cairn": at least six digits.
std::string generation_file_name(std::uint64_t generation);
// The generation whose file name this is exactly; nothing for "gen-41.cairn" or
// "gen-000041.cairn.tmp".
std::optional<std::uint64_t> parse_generation_file_name(std::string_view name);

// ---- writing

// Takes bytes to the end of the file, all of them or an error.
using AppendSink = std::function<Status(Bytes)>;

// What the manifest records of a section besides its bytes.  If `element_bytes` is not
// 0, the section has exactly element_bytes * shape[0] * shape[1] * ... bytes.
struct SectionInfo {
  std::string name;
  std::string type = {};
  std::uint64_t element_bytes = 0;
  std::vector<std::uint64_t> shape = {};
};

// Writes one generation file, front to back:
//   begin -> add_section... -> finish
// Errors of each step: what the sink returns; misuse (what a reader would refuse).
// After an error the file must be abandoned, and every later step is refused: a
// footer behind a hole would make a torn file look whole.
class GenerationWriter {
 public:
  using Identity = std::vector<std::pair<std::string, std::string>>;

  //   generation  0 is the start of a program that has output files: no sections
  static Result<GenerationWriter> begin(AppendSink sink, std::uint64_t generation,
                                        Identity identity = {});

  // Large raw sections reach the sink as they are, without a copy.
  //   compression_level  of zstd, 1 to 19; 0 stores raw.  Sections of at most 4096
  //                      bytes are always raw: padding would eat the gain.
  Status add_section(SectionInfo info, Bytes bytes, int compression_level = 0);

  // Writes manifest and footer.  The file is whole once the sink has them, and
  // durable once it is synced.  Returns what was recorded.
  Result<Manifest> finish(std::vector<FileRecord> files = {}, std::vector<LoopRecord> loops = {});

  // Bytes given to the sink so far.
  std::uint64_t written_bytes() const noexcept { return written_bytes_; }

 private:
  explicit GenerationWriter(AppendSink sink) : sink_(std::move(sink)) {}
  Status append(Bytes bytes);
  Status pad();
  Status append_section(Section& section, Bytes bytes, int compression_level);

  AppendSink sink_;
  Manifest manifest_;
  std::uint64_t written_bytes_ = 0;
  bool usable_ = true;  // false after an error, and after finish()
};

// ---- reading

// Where a reader takes bytes from; the session makes one of an open file.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // For error messages: "state.ckpt/gen-000041.cairn".
  virtual std::string name() const = 0;
  virtual std::uint64_t size() const = 0;
  // Up to into.size() bytes; fewer only at the end.  Errors: io.
  virtual Result<std::size_t> read_at(std::uint64_t offset, MutableBytes into) = 0;
};

// A file that is in memory already.  `bytes` must outlive it.
class MemorySource final : public ByteSource {
 public:
  explicit MemorySource(Bytes bytes, std::string name = "memory")
      : bytes_(bytes), name_(std::move(name)) {}
  std::string name() const override { return name_; }
  std::uint64_t size() const override { return bytes_.size(); }
  Result<std::size_t> read_at(std::uint64_t offset, MutableBytes into) override;

 private:
  Bytes bytes_;
  std::string name_;
};

// All of these return what the source returns (io), and
//   corrupt      with offset and reason; the message says "torn" if the footer is
//                missing, because the file was only partly written, else "damaged"
//   unsupported  a newer format version or an unknown encoding
// and allocate no more than the file can account for.

// Reads header, footer and manifest, not the sections.
//   expected_generation  as the file's name has it
Result<Manifest> read_manifest(ByteSource& source,
                               std::optional<std::uint64_t> expected_generation = std::nullopt);

// Reads, verifies and decodes a section of read_manifest().  Who has read all
// sections has verified the whole file, the padding included.
Result<std::vector<std::byte>> read_section(ByteSource& source, const Section& section);
// The same into memory of section.raw_bytes, which holds anything after an error.
Status read_section_into(ByteSource& source, const Section& section, MutableBytes into);
// The same without keeping the bytes, in constant memory.
Status verify_section(ByteSource& source, const Section& section);

// Everything: header, every section, padding, manifest, footer, length.
Status verify_generation(ByteSource& source,
                         std::optional<std::uint64_t> expected_generation = std::nullopt);

// ---- the manifest's own bytes

std::vector<std::byte> encode_manifest(const Manifest& manifest);
//   manifest_offset  where the manifest begins in its file: there the sections end
//   file_name        for error messages
// Errors: corrupt; unsupported.
Result<Manifest> decode_manifest(Bytes bytes, std::uint64_t manifest_offset,
                                 std::string_view file_name = "the manifest");

}  // namespace cairn
