#include "job/poison.h"

namespace cairn {

void PoisonWatch::started(std::optional<std::int64_t> from) {
  // There was none before it: it could not be put aside.
  if (from && from == suspect_) {
    cleared_.insert(*from);
    suspect_.reset();
    --rollbacks_;
  }
  from_ = from;
  advice_ = {};
}

void PoisonWatch::died(std::chrono::milliseconds lived) {
  if (!from_ || lived >= kSoon || cleared_.contains(*from_)) return;
  deaths_ = from_ == counted_ ? deaths_ + 1 : 1;
  counted_ = from_;
  if (deaths_ < kDeaths) return;
  deaths_ = 0;
  if (suspect_ && *from_ < *suspect_) {
    cleared_.insert({*suspect_, *from_});
    suspect_.reset();
    advice_.recall = true;
    return;
  }
  suspect_ = advice_.put_aside = from_;
  ++rollbacks_;
}

void PoisonWatch::made_checkpoint() {
  deaths_ = 0;
  if (suspect_ && from_ <= suspect_) return;
  suspect_.reset();
  rollbacks_ = 0;
}

}  // namespace cairn
