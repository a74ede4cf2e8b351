// When a safe point does something: a function of counts and times, nothing else.
#pragma once

#include <chrono>
#include <cstdint>

#include "cairn/session.h"

namespace cairn {

// What has passed since the last commit, or since the last leave.
struct Elapsed {
  std::uint64_t points = 0;  // safe points, this one included
  std::chrono::steady_clock::duration time{};
};

struct SinceLast {
  Elapsed commit;
  Elapsed leave;
};

enum class Due { nothing, commit, leave };

Due due(const Policy& policy, const SinceLast& since);

// Whether due() looks at a time at all: reading the clock is most of a safe point's cost.
bool needs_clock(const Policy& policy);

}  // namespace cairn
