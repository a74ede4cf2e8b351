#include "pool/follow.h"

#include "base/try.h"

namespace cairn {

Result<std::optional<Error>> follow(Pool& pool, Queue& queue,
                                    std::span<const PoolCluster> clusters) {
  CAIRN_TRY(PoolNews news, pool.poll(clusters));
  for (const PoolUpdate& update : news.updates) {
    CAIRN_TRY(const std::vector<EventRecord> known, queue.events(update.job.id));
    if (update.events.size() <= known.size()) continue;
    CAIRN_CHECK(queue.store(update.job, std::span(update.events).subspan(known.size())));
  }
  return std::move(news.trouble);
}

}  // namespace cairn
