// Which generations are no longer needed.  Only those that are known to be good
// count: a damaged newest one must never cost the last that can be read.
#pragma once

#include <cstdint>
#include <set>
#include <vector>

namespace cairn {

// Those of `present` that are older than the `keep`-th newest of `known_good`; none if
// fewer are known.
//   keep  at least 1
std::vector<std::uint64_t> superseded(const std::set<std::uint64_t>& present,
                                      const std::set<std::uint64_t>& known_good, int keep);

}  // namespace cairn
