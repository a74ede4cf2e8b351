// What a pool says of its jobs, put into Cairn's queue.
#pragma once

#include "cairn/result.h"
#include "pool/pool.h"
#include "queue/queue.h"

namespace cairn {

// Stores what the queue does not have yet; the same again stores nothing.  A story that is
// shorter than the one the queue has (its log was moved away) changes nothing.
// Errors: of the pool and of the queue.
Status follow(Pool& pool, Queue& queue, const PoolCluster& cluster);

}  // namespace cairn
