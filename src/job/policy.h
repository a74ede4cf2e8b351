// The policy expressions of a job: what they say at an exit, and from time to time.
// Pure.  Order, defaults and words are HTCondor's (measured on a real 23.9.6).
//
// undefined and error decide nothing: a job leaves the queue when it exits, and goes on else.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "classad/expression.h"
#include "job/job_ad.h"

namespace cairn {

enum class PolicyAction {
  none,  // goes on; at an exit: leaves the queue, completed
  hold,
  release,
  remove,
  requeue,  // at an exit: is not to leave the queue
  vacate,
};

struct PolicyVerdict {
  PolicyAction action = PolicyAction::none;
  std::string reason;         // "The job attribute PeriodicHold expression '...' evaluated to TRUE"
  int code = 0, subcode = 0;  // HTCondor's, of a hold
};

// What policies are asked at one moment.
//   job  the ad as it is now: with ExitCode, JobStatus, NumJobStarts and so on
struct PolicyMoment {
  const classad::Ad& job;
  std::int64_t now_seconds = 0;
  std::uint64_t random_seed = 0;
};

// At an ordinary exit: OnExitHold, then OnExitRemove.
PolicyVerdict exit_policy(const PolicyMoment& moment);

struct JobClocks {
  std::optional<std::int64_t> activation_begin_seconds;  // runs, since then; unset: does not
  std::optional<std::int64_t> execution_begin_seconds;   // its program does
};
// PeriodicVacate, PeriodicHold, allowed_job_duration, allowed_execute_duration, PeriodicRelease
// (a held job, but not one that a user held), PeriodicRemove: the first that says so.
//   held  the job is held
PolicyVerdict periodic_policy(const PolicyMoment& moment, const JobClocks& clocks, bool held);

// Whether a job that is completed stays in the queue: leave_in_queue.
//   ad  with what its life has changed
bool stays_in_queue(const JobAd& ad, std::int64_t now_seconds);

// The ad has an expression that periodic_policy() asks: others need not be looked at.
bool has_periodic_policy(const JobAd& ad);

inline constexpr int kHoldByUser = 1;
inline constexpr int kHoldByPolicy = 3;
inline constexpr int kHoldSubmitted = 15;  // `hold = true` in the submit file
bool is_on_hold(const JobAd& ad);          // such a one, as it was submitted
inline constexpr int kHoldJobDuration = 46;
inline constexpr int kHoldExecuteDuration = 47;

// The ad with what its life has changed laid over it, for evaluation.  Text that is no
// expression is left out, as HTCondor would not have taken it.
classad::Ad to_classad(const JobAd& ad, const JobAd& live = {});

}  // namespace cairn
