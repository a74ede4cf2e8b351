// The life of a job as one table: state × event -> next state and effect.
//
// The shadow looks an event up, stores the new state together with the event in
// one transaction, then performs the effect.  Effects are idempotent, since a crash
// between the two repeats them: resume_effect() says what a state needs when its
// shadow is new.  Events carry the number of the activation they come from; one
// from an earlier activation is dropped before it reaches the table.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace cairn {

enum class JobState {
  idle,       // waits for a slot
  running,    // has a sandbox: staging in, executing
  spooling,   // has exited with a checkpoint, which is being moved to the spool
  vacating,   // was asked to leave, has not left
  saving,     // has exited with a checkpoint while vacating: spooled, then idle
  evicting,   // has exited while vacating, ON_EXIT_OR_EVICT: its outputs are spooled, then idle
  finishing,  // has exited for good; its outputs are being moved to the submit side
  held,
  completed,
  removed,
};
inline constexpr std::size_t kJobStates = 10;

// Nothing will ever happen to it any more.
constexpr bool is_over(JobState state) {
  return state == JobState::completed || state == JobState::removed;
}

enum class JobEvent {
  start,            // a slot is free
  checkpoint_exit,  // exited as promised: the checkpoint exit code
  taken,            // its files are safe from the program, which may go on; not yet durable
  spooled,          // the checkpoint is durable on the submit side
  spool_retry,      // it is not, for a reason that may pass (the next checkpoint tries again)
  spool_failed,     // it is not, and never will be: a listed file is missing
  final_exit,       // exited for good
  crashed,          // died by a signal nobody sent, or will be retried: goes on from the spool
  hopeless,         // crashed too often without a new checkpoint
  start_failed,     // the sandbox could not be made or the program not be started
  finished,         // the outputs are in place
  finish_failed,    // a listed output is missing
  evicted,          // has left, or its starter is gone
  evict_exit,       // has left, and ON_EXIT_OR_EVICT wants its outputs saved
  vacate,           // a request to leave
  vacate_timeout,   // did not leave in time
  hold,
  release,
  remove,  // requests
};
inline constexpr std::size_t kJobEvents = 19;

// requeue, hold and clean_up end the activation: they first kill whatever the job started.
enum class JobEffect {
  refuse,  // the request makes no sense now, or the event cannot happen in this state
  none,
  launch,         // new sandbox, inputs, newest checkpoint, start the program
  relaunch,       // start the program again in the sandbox it has
  spool,          // move the listed files to the spool
  spool_outputs,  // the same with the outputs, on top of the newest checkpoint
  soft_kill,      // the vacate signal, and a timer
  hard_kill,      // SIGKILL to all that the job started
  requeue,        // drop the sandbox, wait for a slot
  finish,         // outputs to the submit side
  hold,           // drop the sandbox, say why
  clean_up,       // sandbox and spool go
};
inline constexpr std::size_t kJobEffects = 12;

struct Transition {
  JobState next;
  JobEffect effect;
};

Transition transition(JobState state, JobEvent event);

// What a job in `state` needs when the engine that ran it is gone: running and
// vacating jobs are `evicted`, which is requeue; spooling, saving, evicting and finishing
// repeat their effect; completed and removed jobs are cleaned up again.
JobEffect resume_effect(JobState state);

std::string_view to_text(JobState state);
std::string_view to_text(JobEvent event);
std::string_view to_text(JobEffect effect);

}  // namespace cairn
