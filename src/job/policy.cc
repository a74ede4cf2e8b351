#include "job/policy.h"

#include <fmt/format.h>

#include <array>

#include "classad/evaluate.h"
#include "job/live_ad.h"

namespace cairn {
namespace {

class Policy {
 public:
  explicit Policy(const PolicyMoment& moment) : moment_(moment) {}

  classad::Value value(std::string_view attribute) const {
    return classad::evaluate(attribute, {.my = &moment_.job,
                                         .now_seconds = moment_.now_seconds,
                                         .random_seed = moment_.random_seed});
  }
  bool holds(std::string_view attribute) const { return value(attribute).holds(); }

  std::string reason(std::string_view attribute, bool truth) const {
    const classad::Expression* expression = moment_.job.find(attribute);
    return fmt::format("The job attribute {} expression '{}' evaluated to {}", attribute,
                       expression ? expression->text() : "", truth ? "TRUE" : "FALSE");
  }

  // `attribute` with its Reason and SubCode.
  PolicyVerdict hold(const std::string& attribute) const {
    const classad::Value text = value(attribute + "Reason");
    const classad::Value subcode = value(attribute + "SubCode");
    const std::int64_t* number = subcode.as_integer();
    return {.action = PolicyAction::hold,
            .reason = text.as_string() && !text.as_string()->empty() ? *text.as_string()
                                                                     : reason(attribute, true),
            .code = kHoldByPolicy,
            .subcode = number ? static_cast<int>(*number) : 0};
  }

  std::optional<std::int64_t> seconds(std::string_view attribute) const {
    return value(attribute).to_integer();
  }

 private:
  const PolicyMoment& moment_;
};

// 00:03, 1:00:03 and 2+01:00:03.
std::string duration(std::int64_t seconds) {
  if (seconds < 3600) return fmt::format("{:02}:{:02}", seconds / 60, seconds % 60);
  const std::string rest =
      fmt::format("{:02}:{:02}:{:02}", seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
  return seconds < 86400 ? rest : fmt::format("{}+{}", seconds / 86400, rest);
}

PolicyVerdict too_long(std::string_view what, int code, std::int64_t allowed_seconds) {
  return {.action = PolicyAction::hold,
          .reason = fmt::format("The job exceeded allowed {} duration of {}", what,
                                duration(allowed_seconds)),
          .code = code};
}

constexpr std::array<std::string_view, 6> kPeriodic = {
    "PeriodicVacate", "PeriodicHold",       "PeriodicRelease",
    "PeriodicRemove", "AllowedJobDuration", "AllowedExecuteDuration"};

}  // namespace

PolicyVerdict exit_policy(const PolicyMoment& moment) {
  const Policy policy(moment);
  if (policy.holds("OnExitHold")) return policy.hold("OnExitHold");
  // Only what is plainly false keeps the job.
  if (policy.value("OnExitRemove").truth() == false)
    return {.action = PolicyAction::requeue, .reason = policy.reason("OnExitRemove", false)};
  return {};
}

PolicyVerdict periodic_policy(const PolicyMoment& moment, const JobClocks& clocks, bool held) {
  const Policy policy(moment);
  const auto beyond = [&](std::optional<std::int64_t> begin, std::string_view attribute) {
    const auto allowed = begin ? policy.seconds(attribute) : std::nullopt;
    return allowed && moment.now_seconds - *begin > *allowed ? allowed : std::nullopt;
  };
  if (clocks.activation_begin_seconds && policy.holds("PeriodicVacate"))
    return {.action = PolicyAction::vacate, .reason = policy.reason("PeriodicVacate", true)};
  if (!held && policy.holds("PeriodicHold")) return policy.hold("PeriodicHold");
  if (const auto allowed = beyond(clocks.activation_begin_seconds, "AllowedJobDuration"))
    return too_long("job", kHoldJobDuration, *allowed);
  if (const auto allowed = beyond(clocks.execution_begin_seconds, "AllowedExecuteDuration"))
    return too_long("execute", kHoldExecuteDuration, *allowed);
  if (held && policy.value("HoldReasonCode").to_integer() != kHoldByUser &&
      policy.holds("PeriodicRelease"))
    return {.action = PolicyAction::release, .reason = policy.reason("PeriodicRelease", true)};
  if (policy.holds("PeriodicRemove"))
    return {.action = PolicyAction::remove, .reason = policy.reason("PeriodicRemove", true)};
  return {};
}

bool stays_in_queue(const JobAd& ad, std::int64_t now_seconds) {
  const auto text = ad.get("LeaveJobInQueue");
  if (!text || *text == "false") return false;
  const classad::Ad whole = to_classad(ad);
  return classad::evaluate("LeaveJobInQueue", {.my = &whole, .now_seconds = now_seconds}).holds();
}

bool has_periodic_policy(const JobAd& ad) {
  for (const std::string_view name : kPeriodic) {
    const auto expression = ad.get(name);
    if (expression && !equal_ignoring_case(*expression, "false")) return true;
  }
  return false;
}

classad::Ad to_classad(const JobAd& ad, const JobAd& live) {
  classad::Ad result;
  for (const JobAd* part : {&ad, &live})
    for (const auto& [name, text] : part->attributes())
      if (auto expression = classad::Expression::parse(text))
        result.set(name, *std::move(expression));
  return result;
}

bool is_on_hold(const JobAd& ad) {
  return ad.get_integer("JobStatus") == static_cast<int>(CondorStatus::held);
}

}  // namespace cairn
