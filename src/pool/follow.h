// What a pool says of its jobs, put into Cairn's queue.
#pragma once

#include <optional>
#include <span>

#include "cairn/result.h"
#include "pool/pool.h"
#include "queue/queue.h"

namespace cairn {

// Stores what the queue does not have yet; the same again stores nothing.  A story that is
// shorter than the one the queue has (its log was moved away) changes nothing.  There must be
// one at a time.
// Gives what the pool could not find out.  Errors: of the pool and of the queue.
Result<std::optional<Error>> follow(Pool& pool, Queue& queue,
                                    std::span<const PoolCluster> clusters);

}  // namespace cairn
