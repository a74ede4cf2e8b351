// What the descendants of this process have in memory, for machines where no cgroup counts.
#pragma once

#include <cstdint>

namespace cairn {

enum class MemoryCount {
  resident,  // as in HTCondor's ResidentSetSize: a page counts for each process that has it
  shared,    // a page that n processes have counts 1/n for each: what a machine really gives
};

struct MemoryUse {
  std::int64_t kb = 0;
  int processes = 0;
};

// The processes are seen one after the other, while they run: the sum is never quite of one
// moment.  `resident` costs some microseconds for each process, `shared` a walk through its page
// tables; where that may not be read (another user's process), the resident pages count.
MemoryUse memory_of_descendants(MemoryCount count);

}  // namespace cairn
