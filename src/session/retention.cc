#include "session/retention.h"

#include <iterator>

namespace cairn {

std::vector<std::uint64_t> superseded(const std::set<std::uint64_t>& present,
                                      const std::set<std::uint64_t>& known_good, int keep) {
  if (known_good.size() < static_cast<std::size_t>(keep)) return {};
  const std::uint64_t oldest_kept = *std::prev(known_good.end(), keep);
  return {present.begin(), present.lower_bound(oldest_kept)};
}

}  // namespace cairn
