#include "wrap/decision.h"

#include <sys/wait.h>

namespace cairn::wrap {
namespace {

bool succeeded(int wait_status) { return WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0; }

}  // namespace

Step after_end(const Ending& ending) {
  if (ending.asked == Asked::stalled) return Step::restart;
  if (ending.has_mark && ending.mark_found) {
    if (ending.asked == Asked::no) return Step::finish;
    if (!ending.was_told && WIFEXITED(ending.wait_status)) return Step::finish;
    // It may have been cut off in the middle of what the mark stands for.
    if (succeeded(ending.wait_status)) return Step::succeed;
  }
  if (ending.asked != Asked::no) return Step::take;
  if (!succeeded(ending.wait_status))
    return ending.resumed && ending.early ? Step::go_back : Step::finish;
  // It ended by itself and well.
  if (!ending.has_mark) return Step::finish;
  return ending.limits_itself ? Step::take : Step::incomplete;
}

TakeStep after_take(const Ending& ending, NewState state) {
  if (state == NewState::good) return TakeStep::leave;
  switch (ending.asked) {
    case Asked::vacated:
      // The checkpoint before stands; whoever asked wants us gone.
      return TakeStep::pass_on;
    case Asked::deadline:
      // What was done since the one before is lost; with it there may be more time.
      return ending.has_checkpoint ? TakeStep::leave : TakeStep::incomplete;
    case Asked::planned:
    case Asked::stalled:
      return TakeStep::restart;
    case Asked::no:
      break;
  }
  return TakeStep::incomplete;
}

}  // namespace cairn::wrap
