#include "job/goodput.h"

#include <algorithm>
#include <optional>
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
    case Mark::waits:
      return &Goodput::checkpoint;
    case Mark::queued:
    case Mark::spool_end:
    case Mark::spool_end_failed:
    case Mark::spool_taken:
    case Mark::evicted:
    case Mark::done:
      return &Goodput::restart;
  }
  return &Goodput::restart;
}

// The fold over the marks.
struct Account {
  Goodput goodput;
  bool executing = false;
  // Executed before the checkpoint that is being made durable while the program runs again.
  std::optional<milliseconds> taken;

  void move_pending_to(Sum sum) { goodput.*sum += std::exchange(goodput.pending, milliseconds{0}); }
  void move_all_to(Sum sum) {
    move_pending_to(sum);
    goodput.*sum += std::exchange(taken, std::nullopt).value_or(milliseconds{0});
  }
  void settle(Mark mark);
};

// What a mark says about the work that was pending until then.
void Account::settle(Mark mark) {
  if (mark == Mark::execute_begin) executing = true;
  const bool beside = mark == Mark::spool_end || mark == Mark::spool_end_failed;
  if (mark != Mark::execute_begin && !beside) executing = false;
  switch (mark) {
    case Mark::spool_taken:
      move_all_to(&Goodput::pending);
      taken = std::exchange(goodput.pending, milliseconds{0});
      return;
    case Mark::spool_end:
      ++goodput.checkpoints;
      if (!taken) move_pending_to(&Goodput::useful);
      goodput.useful += std::exchange(taken, std::nullopt).value_or(milliseconds{0});
      return;
    case Mark::spool_end_failed:
      goodput.pending += std::exchange(taken, std::nullopt).value_or(milliseconds{0});
      return;
    case Mark::done:
      return move_all_to(&Goodput::useful);
    case Mark::evicted:
      ++goodput.evictions;
      return move_all_to(&Goodput::lost);
    case Mark::queued:
    case Mark::stage_begin:
      return move_all_to(&Goodput::lost);
    case Mark::execute_begin:
    case Mark::execute_end:
    case Mark::spool_begin:
    case Mark::finish_begin:
    case Mark::finish_end:
    case Mark::waits:
      return;
  }
}

}  // namespace

Goodput& Goodput::operator+=(const Goodput& more) {
  useful += more.useful;
  lost += more.lost;
  checkpoint += more.checkpoint;
  transfer += more.transfer;
  restart += more.restart;
  pending += more.pending;
  checkpoints += more.checkpoints;
  evictions += more.evictions;
  return *this;
}

double Goodput::fraction() const {
  const auto known = wall() - pending;
  if (known <= milliseconds{0}) return 1.0;
  return static_cast<double>(useful.count()) / static_cast<double>(known.count());
}

Goodput account(std::span<const TimedMark> marks) {
  if (marks.empty()) return {};
  Account account;
  TimedMark last = marks.front();
  account.settle(last.mark);
  for (const TimedMark& mark : marks.subspan(1)) {
    // A clock that was set back costs this one interval, not all until it has caught up.
    const std::int64_t passed_ms = std::max<std::int64_t>(mark.time_ms - last.time_ms, 0);
    const Sum sum = account.executing ? &Goodput::pending : sum_between(last.mark, mark.mark);
    account.goodput.*sum += milliseconds{passed_ms};
    account.settle(mark.mark);
    last = mark;
  }
  account.goodput.pending += account.taken.value_or(milliseconds{0});
  return account.goodput;
}

}  // namespace cairn
