// Where the wall time of a job went: a pure function of its events.
//
// Time that went into the result is useful; time after the last spooled checkpoint
// of an activation that did not finish is lost.  Every millisecond from the first
// to the last event is in exactly one sum.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>

namespace cairn {

// What happened, as the shadow records it.
enum class Mark : std::uint8_t {
  queued,         // waits for a slot
  stage_begin,    // sandbox, inputs and checkpoint are being put in place
  execute_begin,  // the program was started
  execute_end,    // it has exited
  spool_begin,
  spool_end,         // the checkpoint is durable
  spool_end_failed,  // it is not
  finish_begin,      // outputs are on their way
  finish_end,
  evicted,  // the activation is over: what is not spooled is lost
  done,     // completed: what was executed last went into the result
  // The checkpoint is safe from the program, which runs on; its spool_end comes while it does.
  spool_taken,
  // The program has exited, and cannot go on before the checkpoint that was taken is durable.
  waits,
};

struct TimedMark {
  std::int64_t time_ms =
      0;  // since 1970; never before its predecessor (a clock set back counts as 0)
  Mark mark = Mark::queued;
};

struct Goodput {
  std::chrono::milliseconds useful{0};
  std::chrono::milliseconds lost{0};
  std::chrono::milliseconds checkpoint{0};  // exit with one until the program may go on
  std::chrono::milliseconds transfer{0};    // inputs and checkpoints in, outputs out
  std::chrono::milliseconds restart{
      0};  // waiting for a slot and starting programs, after the first start
  std::chrono::milliseconds pending{
      0};  // executed since the last checkpoint; useful or lost, not yet known
  std::int64_t checkpoints = 0;
  std::int64_t evictions = 0;

  std::chrono::milliseconds wall() const {
    return useful + lost + checkpoint + transfer + restart + pending;
  }
  // useful / (wall - pending), 1 where that is 0.
  double fraction() const;
  Goodput& operator+=(const Goodput& more);
};

// A new start (queued, stage_begin) with something pending means that its activation was
// lost without a word, as after a kill -9 of the engine.
Goodput account(std::span<const TimedMark> marks);

}  // namespace cairn
