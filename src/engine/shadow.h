// Stands for one job inside the engine: turns what the starter reports into events,
// looks them up in the table of job/transition.h, stores the new state together with
// the event, and only then performs the effect.
//
// A crash between storing and performing repeats the effect (resume()); every effect
// may be repeated.  Reports carry the activation they belong to; one of an earlier
// activation is dropped.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "cairn/result.h"
#include "engine/home.h"
#include "engine/job_log.h"
#include "engine/protocol.h"
#include "job/exit_class.h"
#include "job/goodput.h"
#include "job/job_spec.h"
#include "job/live_ad.h"
#include "job/poison.h"
#include "job/policy.h"
#include "queue/queue.h"

namespace cairn {

// Whether a line is worth an interruption of the live display.
enum class Weight { routine, notable };

// What a shadow needs done.  The engine does it; tests write it down.
class ShadowHost {
 public:
  virtual ~ShadowHost() = default;
  virtual std::int64_t now_ms() = 0;  // since 1970

  // A new starter for `activation`, all of whose processes carry `mark`.
  virtual Status start_starter(JobId id, int activation, const std::string& mark) = 0;
  virtual void send(JobId id, const Order& order) = 0;
  // SIGKILL; its end is reported like any other.
  virtual void kill_starter(JobId id) = 0;
  // The shadow is through with it: it ends by itself, and its end is not reported.
  virtual void release_starter(JobId id) = 0;
  // Kills what a starter left that is gone.
  virtual Status kill_left_over(const std::string& mark) = 0;
  // The job is over: its folder goes.
  virtual Status remove_job_folder(JobId id) = 0;
  virtual void arm_vacate_timer(JobId id, std::chrono::milliseconds delay) = 0;

  // Something for people: one line without the job's id.
  virtual void tell(JobId id, const std::string& line, Weight weight) = 0;
};

struct ShadowOptions {
  Contract contract = Contract::cairn;
  std::chrono::milliseconds vacate_time_max{std::chrono::minutes(10)};
  std::string host = "localhost";
  JobAd machine{};  // the ad of the machine; a job is told that of its slot
};

// A job whose checkpoints stay the same this often, without an eviction between, is held:
// it would go on for ever.
inline constexpr int kUnchangedMax = 200;

enum class Vacate { soft, fast };

// Does a job that a dead engine left in `state` go on in the sandbox it has?
bool takes_over(JobState state);

class Shadow {
 public:
  //   marks  of the job so far, from the queue
  Shadow(JobStore& store, ShadowHost& host, const Home& home, ShadowOptions options,
         JobRecord record, JobSpec job, std::vector<TimedMark> marks);

  // ---- what the engine asks; every error is one of the queue, or of starting processes
  // An idle job: a slot is free.  If no starter can be started, the job is as it was.
  Status start(const std::string& slot);
  // The engine that ran the job is gone.  A job that needs a starter now takes `slot`.
  //   last_alive_ms  when that engine was last seen; 0: not known
  Status resume(const std::string& slot, std::int64_t last_alive_ms = 0);
  Status vacate(Vacate how, const std::string& reason);
  Status vacate_timeout();
  Status release(const std::string& reason);
  // Holds or removes the job.  One that runs is asked to leave first, so that it may save; the
  // wish is stored, and so outlives the engine.  One whose outputs are on their way is let
  // through.  Nothing happens to a job that is over, or to one that is held already.
  Status request(Wish wish, Vacate how, const std::string& reason);
  // Asks the job's periodic expressions and duration limits, and does what they say.
  Status evaluate_periodic();

  // ---- what the starter tells
  Status receive(int activation, const Report& report);
  Status starter_gone(int activation);

  const JobRecord& record() const { return record_; }
  const JobSpec& job() const { return job_; }
  // Runs, or is about to: has a starter.
  bool active() const;
  // Nothing more happens by itself: a held job may yet be released by its policy.
  bool settled() const;
  Goodput goodput() const { return account(marks_); }
  std::int64_t first_ms() const { return marks_.empty() ? 0 : marks_.front().time_ms; }
  std::int64_t last_ms() const { return marks_.empty() ? 0 : marks_.back().time_ms; }
  const std::vector<TimedMark>& marks() const { return marks_; }
  // The program has been started in this activation.
  bool started() const { return started_; }
  JobLog& log() { return log_; }
  Path progress_file() const;

 private:
  Status receive(const Staged& report);
  Status receive(const Started& report);
  Status receive(const Exited& report);
  Status receive(const Waits&);
  Status receive(const Measured& report);
  Status receive(const OverMemory& report);
  Status receive(const Taken& report);
  Status receive(const Spooled& report);
  Status receive(const SpoolFailed& report);
  Status receive(const Finished& report);
  Status receive(const FinishFailed& report);
  Status receive(const StartFailed& report);

  // Event, new record and marks in one transaction, then the effect.
  Status happen(JobEvent event, JobRecord next, std::vector<Mark> marks, std::string text);
  Status fulfil();  // the wish, of a job that has left
  Status store(JobRecord next, const std::vector<Mark>& marks, std::string text);
  Status perform(JobEffect effect);
  Status stage(bool adopt);
  void take_over_log();
  HoldFacts output_failure(int code, int subcode, const std::string& message) const;
  std::string details(const std::string& message) const;  // as the contract words them
  Status hold(JobEvent event, JobRecord next, std::vector<Mark> marks);
  // What the policy at exit says of a job that exited as `next` says.
  PolicyVerdict exit_verdict(const JobRecord& next) const;
  // Whether that says more than `event`, which the contract alone gives.
  JobEvent decide(JobEvent event, const PolicyVerdict& verdict, const ExitStatus& exit) const;
  Status hold_by_policy(JobRecord next, const PolicyVerdict& verdict);
  Status hold_at_exit(JobRecord next, const PolicyVerdict& verdict, const Finished& report);
  Status requeue_at_exit(JobRecord next, const PolicyVerdict& verdict, const Finished& report);
  bool may_be_released() const;
  // The job's ad, told what a new state or a report means for it.
  void note_new_state(JobRecord& next, JobEvent event, const std::string& text,
                      std::int64_t now_ms) const;
  template <class Change>
  void note(JobRecord& record, const Change& change) const {
    LiveAd live(record.ad, std::move(record.live));
    change(live, host_.now_ms() / 1000);
    record.live = live.take();
  }
  void quit(const QuitOrder& order);
  void say(const std::string& line, Weight weight);
  StageOrder stage_order(bool adopt) const;
  JobAd slot_ad() const;
  // The ad as it is told to the starter, what it leaves to the machine filled in.
  Result<JobAd> matched_ad() const;
  std::int64_t memory_mb_max() const;  // 0: none
  Granted granted() const;
  bool leaving() const;
  std::string mark() const { return home_.mark(record_.id, record_.activation); }
  std::string resume_point() const;
  std::string logged_reason() const;  // why it leaves, for the event log

  JobStore& store_;
  ShadowHost& host_;
  const Home& home_;
  ShadowOptions options_;
  JobRecord record_;
  JobSpec job_;
  std::vector<TimedMark> marks_;
  JobLog log_;

  std::string slot_;
  std::optional<std::int64_t> event_ms_;  // of what is stored; unset: now
  bool has_starter_ = false;
  bool adopting_ = false;                // the starter takes an old sandbox over
  bool launched_ = false;                // the program may be running, and so be asked to leave
  bool started_ = false;                 // it was, in this activation
  std::int64_t execution_begin_ms_ = 0;  // of the newest; 0: none
  // Of the exit that brought the newest checkpoint: the next execution may have begun when it
  // is spooled.
  std::int64_t checkpoint_exit_ms_ = 0, checkpoint_execution_ms_ = 0;
  std::optional<std::int64_t> waits_since_ms_;  // has exited, which is not yet reported
  bool fast_ = false;           // the vacate under way is a fast one, or has become one
  bool timed_out_ = false;      // it has become one
  bool finish_failed_ = false;  // the outputs of the job's end could not be delivered
  // The program runs again while this checkpoint is being made durable.
  std::optional<std::int64_t> taken_;
  std::string leave_reason_;
  PoisonWatch poison_;  // not under HTCondor's contract
  bool left_by_policy_ = false;
};

}  // namespace cairn
