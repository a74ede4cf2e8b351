#include "pool/follow.h"

#include "base/try.h"

namespace cairn {

Status follow(Pool& pool, Queue& queue, const PoolCluster& cluster) {
  CAIRN_TRY(const std::vector<PoolUpdate> updates, pool.poll(cluster));
  for (const PoolUpdate& update : updates) {
    CAIRN_TRY(const std::vector<EventRecord> known, queue.events(update.job.id));
    if (update.events.size() <= known.size()) continue;
    CAIRN_CHECK(queue.store(update.job, std::span(update.events).subspan(known.size())));
  }
  return {};
}

}  // namespace cairn
