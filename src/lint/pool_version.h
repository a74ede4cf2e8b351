// The versions of HTCondor, and what came with which.
#pragma once

#include <array>
#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace cairn::lint {

struct PoolVersion {
  int major = 0, minor = 0, patch = 0;
  friend auto operator<=>(const PoolVersion&,
                          const PoolVersion&) = default;  // NOLINT(modernize-use-nullptr)
};

// "8.9.7", "23.9"; also what condor_version prints: "$CondorVersion: 23.9.6 2024-08-08 …$".
std::optional<PoolVersion> parse_pool_version(std::string_view text);
std::string to_text(const PoolVersion& version);

}  // namespace cairn::lint
