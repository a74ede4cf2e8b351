// What makes a manifest valid, apart from its encoding.  The reader refuses what
// breaks a rule (corrupt), and the writer refuses to write it (misuse).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "format/generation.h"

namespace cairn {

struct ManifestFault {
  std::uint64_t offset = 0;  // in the file
  std::string reason;        // "section \"field\" overlaps what lies before it"
};

// Whether the section's own numbers fit each other; its place is not looked at.
std::optional<ManifestFault> section_fault(const Section& section);

// All rules, for a manifest that begins at `manifest_offset`.
std::optional<ManifestFault> manifest_fault(const Manifest& manifest,
                                            std::uint64_t manifest_offset);

// "FILE is damaged at byte 4096: REASON", as Errc::corrupt.
Error damaged(std::string_view file, std::uint64_t offset, std::string_view reason);

}  // namespace cairn
