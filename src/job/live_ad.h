// What a job's life does to its ad: HTCondor's attributes and HTCondor's arithmetic.  Pure.
//
// The ad that was submitted is never changed: changes are collected beside it, and the job's
// ad as people and policies see it is the one laid over the other.  Which event changes what
// was read off ads of a real 23.9.6 (testdata/live_*.ad).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "job/exit_class.h"
#include "job/job_ad.h"
#include "job/transition.h"

namespace cairn {

// HTCondor's numbers.
enum class CondorStatus { idle = 1, running = 2, removed = 3, completed = 4, held = 5 };
CondorStatus condor_status(JobState state);

class LiveAd {
 public:
  //   ad    as submitted; must outlive this
  //   live  what has changed so far
  LiveAd(const JobAd& ad, JobAd live) : ad_(ad), live_(std::move(live)) {}

  const JobAd& changes() const { return live_; }
  JobAd take() { return std::move(live_); }
  // The ad as it is now.
  JobAd whole() const;

  // ---- in the order of a life; every time is in seconds since 1970
  void submitted(std::int64_t now);
  // An activation begins on `slot`.
  void activated(std::int64_t now, std::string_view slot);
  void inputs_received(std::int64_t begin, std::int64_t end, std::uint64_t bytes);
  // The program is started: the first time in this activation, or again in place.
  void executing(std::int64_t now, bool in_place);
  // It has ended.  A checkpoint's exit is one too, and stays to be seen while the job runs.
  void exited(std::int64_t now, const ExitStatus& exit, std::int64_t user_seconds,
              std::int64_t system_seconds);
  void sending(std::int64_t now);
  void sent(std::int64_t now, std::uint64_t bytes);
  //   execution_seconds  from the start of the program to its exit
  void checkpointed(std::int64_t number, std::int64_t exit_time, std::int64_t execution_seconds);
  void image(std::int64_t resident_kb);
  void disk(std::int64_t kb);  // of the sandbox

  // The activation ends; what the job is then is said by entered().
  //   committed  the work since the last checkpoint counts: the job is completed
  void left(std::int64_t now, bool committed);
  void vacated(std::int64_t now, std::string_view reason, int code, int subcode);
  void was_through();  // it has come to its end, and will be held
  void requeued(std::string_view reason);
  void completed(std::int64_t now);
  void held(int code, int subcode, std::string_view reason);
  void released(std::string_view reason);
  void removed(std::string_view reason);
  // JobStatus, LastJobStatus, EnteredCurrentStatus: if it is another one.
  void entered(CondorStatus status, std::int64_t now);

 private:
  std::int64_t integer(std::string_view name) const;
  double real(std::string_view name) const;
  void add(std::string_view name, std::int64_t amount);
  void add_real(std::string_view name, double amount);
  void set_real(std::string_view name, double value);
  std::optional<std::string> get(std::string_view name) const;
  void move(std::string_view from, std::string_view to);

  const JobAd& ad_;
  JobAd live_;
};

// "FailedToCheckpoint" for 36, as NumHoldsByReason counts them.
std::string_view hold_code_name(int code);

}  // namespace cairn
