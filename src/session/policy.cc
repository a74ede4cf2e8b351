#include "session/policy.h"

namespace cairn {
namespace {

bool over(std::uint64_t every, std::chrono::milliseconds interval, const Elapsed& elapsed) {
  return (every > 0 && elapsed.points >= every) ||
         (interval.count() > 0 && elapsed.time >= interval);
}

}  // namespace

Due due(const Policy& policy, const SinceLast& since) {
  if (over(policy.leave_every, policy.leave_interval, since.leave)) return Due::leave;
  if (over(policy.commit_every, policy.commit_interval, since.commit)) return Due::commit;
  return Due::nothing;
}

bool needs_clock(const Policy& policy) {
  return policy.commit_interval.count() > 0 || policy.leave_interval.count() > 0;
}

}  // namespace cairn
