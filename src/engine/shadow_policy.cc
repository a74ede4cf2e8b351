// The shadow and the job's policy expressions: what they say, and what is then done.
#include <fmt/format.h>

#include <algorithm>

#include "base/try.h"
#include "classad/evaluate.h"
#include "engine/shadow.h"

namespace cairn {

PolicyVerdict Shadow::exit_verdict(const JobRecord& next) const {
  if (leaving() || !(record_.ad.get("OnExitHold") || record_.ad.get("OnExitRemove"))) return {};
  // This exit counts already, as on a pool.
  JobAd live = next.live;
  live.set_integer("NumJobCompletions", next.completions + 1);
  const classad::Ad ad = to_classad(next.ad, live);
  const std::int64_t now = host_.now_ms();
  return exit_policy(
      {.job = ad, .now_seconds = now / 1000, .random_seed = static_cast<std::uint64_t>(now)});
}

// Without an expression the contract's own word stands.
JobEvent Shadow::decide(JobEvent event, const PolicyVerdict& verdict,
                        const ExitStatus& exit) const {
  const bool ordinary = event == JobEvent::final_exit || event == JobEvent::crashed;
  if (!ordinary || leaving()) return event;
  // Held when its outputs are in place, as on a pool.
  if (verdict.action == PolicyAction::hold) return JobEvent::final_exit;
  if (!record_.ad.get("OnExitRemove")) return event;
  if (verdict.action == PolicyAction::requeue) {
    // A pool moves the outputs of every exit but one that success_exit_code calls a failure.
    const auto good = record_.ad.get_integer("JobSuccessExitCode");
    const bool moves = !good || (!exit.by_signal && exit.code == *good);
    return options_.contract == Contract::htcondor && moves ? JobEvent::final_exit
                                                            : JobEvent::crashed;
  }
  // max_retries does not mean that a job which was killed is to be lost: only who says so
  // himself loses it.
  const bool killed = exit.by_signal && options_.contract == Contract::cairn;
  return killed && record_.ad.get("JobMaxRetries") ? event : JobEvent::final_exit;
}

// Its outputs are in place; that it was through counts, as on a pool.
Status Shadow::hold_at_exit(JobRecord next, const PolicyVerdict& verdict, const Finished& report) {
  ++next.completions;
  note(next, [](LiveAd& live, std::int64_t) { live.was_through(); });
  log_.sent(host_.now_ms(), report.bytes);
  return hold_by_policy(std::move(next), verdict);
}

Status Shadow::requeue_at_exit(JobRecord next, const PolicyVerdict& verdict,
                               const Finished& report) {
  ++next.completions;
  note(next, [&verdict](LiveAd& live, std::int64_t) { live.requeued(verdict.reason); });
  CAIRN_CHECK(happen(JobEvent::crashed, std::move(next), {Mark::finish_end}, verdict.reason));
  log_.sent(host_.now_ms(), report.bytes);
  const ExitStatus exit = record_.exit.value_or(ExitStatus{});
  log_.evicted(host_.now_ms(), verdict.reason, &exit);
  say(fmt::format("goes on from {}", resume_point()), Weight::routine);
  return {};
}

Status Shadow::hold_by_policy(JobRecord next, const PolicyVerdict& verdict) {
  next.hold = {verdict.code, verdict.subcode, verdict.reason};
  CAIRN_CHECK(happen(JobEvent::hold, std::move(next), {}, verdict.reason));
  log_.held_by_policy(host_.now_ms(), verdict.reason, verdict.code, verdict.subcode);
  say(fmt::format("held (code {}/{}): {}", verdict.code, verdict.subcode, verdict.reason),
      Weight::notable);
  return {};
}

// True if PeriodicRelease says so now, or may say so merely because time passes.
bool Shadow::may_be_released() const {
  if (!record_.hold || record_.hold->code == kHoldByUser) return false;
  const auto text = record_.ad.get("PeriodicRelease");
  if (!text) return false;
  const auto expression = classad::Expression::parse(*text);
  if (!expression) return false;
  const auto calls = expression->calls();
  if (std::any_of(calls.begin(), calls.end(),
                  [](const std::string& name) { return equal_ignoring_case(name, "time"); }))
    return true;
  const classad::Ad ad = to_classad(record_.ad, record_.live);
  return classad::evaluate(*expression, {.my = &ad, .now_seconds = host_.now_ms() / 1000}).holds();
}

Status Shadow::evaluate_periodic() {
  if (record_.state == JobState::completed || record_.state == JobState::removed ||
      !has_periodic_policy(record_.ad))
    return {};
  const std::int64_t now = host_.now_ms();
  const classad::Ad ad = to_classad(record_.ad, record_.live);
  JobClocks clocks;
  if (has_starter_ && !leaving()) {
    clocks.activation_begin_seconds = record_.live.get_integer("JobCurrentStartDate");
    if (launched_ && started_) clocks.execution_begin_seconds = execution_begin_ms_ / 1000;
  }
  const PolicyVerdict verdict = periodic_policy(
      {.job = ad, .now_seconds = now / 1000, .random_seed = static_cast<std::uint64_t>(now)},
      clocks, record_.state == JobState::held);
  switch (verdict.action) {
    case PolicyAction::none:
    case PolicyAction::requeue:
      return {};
    case PolicyAction::hold:
      return hold_by_policy(record_, verdict);
    case PolicyAction::release:
      return release(verdict.reason);
    case PolicyAction::vacate:
      CAIRN_CHECK(vacate(Vacate::soft, verdict.reason));
      left_by_policy_ = true;
      return {};
    case PolicyAction::remove:
      CAIRN_CHECK(happen(JobEvent::remove, record_, {}, verdict.reason));
      log_.aborted(host_.now_ms(), verdict.reason);
      say("removed: " + verdict.reason, Weight::notable);
      return {};
  }
  return {};
}

void Shadow::note_new_state(JobRecord& next, JobEvent event, const std::string& text,
                            std::int64_t now_ms) const {
  const std::int64_t now = now_ms / 1000;
  LiveAd live(next.ad, std::move(next.live));
  const CondorStatus before = condor_status(record_.state), after = condor_status(next.state);
  if (before == CondorStatus::running && after != before) {
    live.left(now, after == CondorStatus::completed);
    if (after == CondorStatus::completed)
      live.completed(now);
    else if (event == JobEvent::hold)  // by its policy: the hold says why
      live.vacated(now, {}, 0, 0);
    else if (event == JobEvent::remove)
      live.vacated(now, text, 0, 0);
    else if (event != JobEvent::crashed)
      live.vacated(now, next.hold ? next.hold->reason : leave_reason_,
                   next.hold ? next.hold->code : 0, next.hold ? next.hold->subcode : 0);
  }
  if (after != before && after == CondorStatus::held && next.hold)
    live.held(next.hold->code, next.hold->subcode, next.hold->reason);
  if (before == CondorStatus::held && after == CondorStatus::idle) live.released(text);
  if (after != before && after == CondorStatus::removed) live.removed(text);
  // Who leaves to be held or removed does not wait in between.
  if (after != CondorStatus::idle || next.wish == Wish::none) live.entered(after, now);
  next.live = live.take();
}

}  // namespace cairn
