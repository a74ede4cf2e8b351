#include "job/goodput.h"

#include <algorithm>
#include <utility>

namespace cairn {
namespace {

using std::chrono::milliseconds;
using Sum = milliseconds Goodput::*;

// The sum that the time between two neighbouring marks belongs to.
Sum sum_between(Mark from, Mark to) {
  switch (from) {
    case Mark::stage_begin:
    case Mark::finish_begin:
    case Mark::finish_end:
      return &Goodput::transfer;
    case Mark::execute_begin:
      return &Goodput::pending;
    case Mark::execute_end:  // what it exited for is known by what comes next
      if (to == Mark::spool_begin || to == Mark::spool_end || to == Mark::spool_end_failed)
        return &Goodput::checkpoint;
      return to == Mark::finish_begin || to == Mark::finish_end || to == Mark::done
                 ? &Goodput::transfer
                 : &Goodput::restart;
    case Mark::spool_begin:
      return &Goodput::checkpoint;
    case Mark::queued:
    case Mark::spool_end:
    case Mark::spool_end_failed:
    case Mark::evicted:
    case Mark::done:
      return &Goodput::restart;
  }
  return &Goodput::restart;
}

// What a mark says about the work that was pending until then.
void settle(Goodput& goodput, Mark mark) {
  const auto move_pending_to = [&goodput](Sum sum) {
    goodput.*sum += std::exchange(goodput.pending, milliseconds{0});
  };
  switch (mark) {
    case Mark::spool_end:
      ++goodput.checkpoints;
      return move_pending_to(&Goodput::useful);
    case Mark::done:
      return move_pending_to(&Goodput::useful);
    case Mark::evicted:
      ++goodput.evictions;
      return move_pending_to(&Goodput::lost);
    case Mark::queued:
    case Mark::stage_begin:
      return move_pending_to(&Goodput::lost);
    case Mark::execute_begin:
    case Mark::execute_end:
    case Mark::spool_begin:
    case Mark::spool_end_failed:
    case Mark::finish_begin:
    case Mark::finish_end:
      return;
  }
}

}  // namespace

double Goodput::fraction() const {
  const auto known = wall() - pending;
  if (known <= milliseconds{0}) return 1.0;
  return static_cast<double>(useful.count()) / static_cast<double>(known.count());
}

Goodput account(std::span<const TimedMark> marks) {
  Goodput goodput;
  if (marks.empty()) return goodput;
  TimedMark last = marks.front();
  settle(goodput, last.mark);
  for (const TimedMark& mark : marks.subspan(1)) {
    // A clock that was set back costs this one interval, not all until it has caught up.
    const std::int64_t passed_ms = std::max<std::int64_t>(mark.time_ms - last.time_ms, 0);
    goodput.*sum_between(last.mark, mark.mark) += milliseconds{passed_ms};
    settle(goodput, mark.mark);
    last = mark;
  }
  return goodput;
}

}  // namespace cairn
