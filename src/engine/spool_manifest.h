// MANIFEST, the list by which a spooled checkpoint is verified: what `sha256sum
// --binary` prints for its files, sorted by name, and a last line with the checksum
// of all lines before it under the name MANIFEST.  HTCondor's form, see
// reference/htcondor-contract.md, 1.10.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "cairn/result.h"

namespace cairn {

inline constexpr std::string_view kSpoolManifestName = "MANIFEST";

struct SpoolManifestLine {
  std::string name;    // relative, '/'-separated
  std::string sha256;  // 64 lower-case hexadecimal digits
  bool operator==(const SpoolManifestLine&) const = default;
};
using SpoolManifest = std::vector<SpoolManifestLine>;  // sorted by name

std::string encode_spool_manifest(const SpoolManifest& manifest);

// Errors: corrupt, unless `text` is byte for byte what encode_spool_manifest() writes
// for some manifest whose names stay in their folder.
Result<SpoolManifest> decode_spool_manifest(std::string_view text);

// Is it a relative path without empty, "." and ".." parts?
bool is_plain_relative(std::string_view name);

// SHA-256 of a stream of bytes.
class Sha256 {
 public:
  Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  ~Sha256();
  void add(Bytes bytes);
  std::string hex();  // ends the stream

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

}  // namespace cairn
