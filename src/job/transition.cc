#include "job/transition.h"

#include <initializer_list>

#include "base/assert.h"

namespace cairn {
namespace {

template <class Enum>
constexpr std::size_t index(Enum value) {
  return static_cast<std::size_t>(value);
}

using Table = std::array<std::array<Transition, kJobEvents>, kJobStates>;

// What is not named here is refused: a request that makes no sense in that state,
// or an event that cannot happen in it, such as an exit while nothing runs.
constexpr Table make_table() {
  using S = JobState;
  using E = JobEvent;
  using F = JobEffect;
  Table table{};
  for (std::size_t state = 0; state < kJobStates; ++state)
    for (Transition& cell : table[state]) cell = {static_cast<S>(state), F::refuse};
  const auto on = [&table](S state, E event, S next, F effect) {
    table[index(state)][index(event)] = {next, effect};
  };

  on(S::idle, E::start, S::running, F::launch);

  on(S::running, E::checkpoint_exit, S::spooling, F::spool);
  on(S::running, E::final_exit, S::finishing, F::finish);
  on(S::running, E::crashed, S::idle, F::requeue);
  on(S::running, E::hopeless, S::held, F::hold);
  on(S::running, E::start_failed, S::held, F::hold);
  on(S::running, E::vacate, S::vacating, F::soft_kill);

  on(S::spooling, E::taken, S::running, F::relaunch);    // restart in place
  on(S::spooling, E::spooled, S::running, F::relaunch);  // the same, where it waits for this
  on(S::spooling, E::spool_retry, S::running,
     F::relaunch);  // as HTCondor: the next one tries again
  on(S::spooling, E::spool_failed, S::held, F::hold);
  on(S::spooling, E::vacate, S::saving,
     F::none);  // it has left already: only do not start it again

  on(S::vacating, E::checkpoint_exit, S::saving, F::spool);
  on(S::vacating, E::evict_exit, S::evicting, F::spool_outputs);
  on(S::vacating, E::final_exit, S::finishing, F::finish);
  on(S::vacating, E::crashed, S::idle, F::requeue);
  on(S::vacating, E::hopeless, S::held, F::hold);
  on(S::vacating, E::start_failed, S::held, F::hold);
  on(S::vacating, E::vacate, S::vacating, F::none);
  on(S::vacating, E::vacate_timeout, S::vacating, F::hard_kill);

  // What was taken has become durable, or has not, while the program was running again.
  for (const S active : {S::running, S::vacating}) {
    on(active, E::spooled, active, F::none);
    on(active, E::spool_retry, active, F::none);
  }

  on(S::saving, E::taken, S::saving, F::none);  // until it is durable
  for (const S leaving : {S::saving, S::evicting}) {
    on(leaving, E::spooled, S::idle, F::requeue);
    on(leaving, E::spool_retry, S::idle, F::requeue);  // from the checkpoint before
    on(leaving, E::spool_failed, S::held, F::hold);
    on(leaving, E::vacate, leaving, F::none);
    on(leaving, E::vacate_timeout, leaving, F::none);  // a timer that came too late
  }

  on(S::finishing, E::finished, S::completed, F::clean_up);
  on(S::finishing, E::finish_failed, S::held, F::hold);
  on(S::finishing, E::crashed, S::idle, F::requeue);  // retried, once its outputs are in place
  on(S::finishing, E::vacate, S::finishing, F::none);
  on(S::finishing, E::vacate_timeout, S::finishing, F::none);

  // A lost sandbox costs the work since the last checkpoint, never the job.
  for (const S active :
       {S::running, S::spooling, S::vacating, S::saving, S::evicting, S::finishing})
    on(active, E::evicted, S::idle, F::requeue);

  // Requests do not wait for a transfer: what is half in the spool or half in its
  // place is not there, since both are whole or not at all.
  for (const S state :
       {S::idle, S::running, S::spooling, S::vacating, S::saving, S::evicting, S::finishing}) {
    on(state, E::hold, S::held, F::hold);
    on(state, E::remove, S::removed, F::clean_up);
  }
  on(S::held, E::release, S::idle, F::none);
  on(S::held, E::remove, S::removed, F::clean_up);
  return table;
}

constexpr Table kTable = make_table();

constexpr bool is_final(JobState state) {
  for (const Transition& cell : kTable[index(state)])
    if (cell.next != state || cell.effect != JobEffect::refuse) return false;
  return true;
}
static_assert(is_final(JobState::completed) && is_final(JobState::removed));
static_assert(!is_final(JobState::held));

}  // namespace

Transition transition(JobState state, JobEvent event) {
  CAIRN_ASSERT(index(state) < kJobStates && index(event) < kJobEvents,
               "a job state or event is outside the table");
  return kTable[index(state)][index(event)];
}

JobEffect resume_effect(JobState state) {
  switch (state) {
    case JobState::running:
    case JobState::vacating:
      return JobEffect::requeue;
    case JobState::spooling:
    case JobState::saving:
      return JobEffect::spool;
    case JobState::evicting:
      return JobEffect::spool_outputs;
    case JobState::finishing:
      return JobEffect::finish;
    case JobState::completed:
    case JobState::removed:
      return JobEffect::clean_up;
    case JobState::idle:
    case JobState::held:
      return JobEffect::none;  // a sandbox left over goes with the next launch or clean_up
  }
  return JobEffect::none;
}

std::string_view to_text(JobState state) {
  static constexpr std::array<std::string_view, kJobStates> kNames = {
      "idle",     "running",   "spooling", "vacating",  "saving",
      "evicting", "finishing", "held",     "completed", "removed"};
  return kNames.at(index(state));
}

std::string_view to_text(JobEvent event) {
  static constexpr std::array<std::string_view, kJobEvents> kNames = {
      "start",      "checkpoint_exit", "taken",    "spooled",        "spool_retry", "spool_failed",
      "final_exit", "crashed",         "hopeless", "start_failed",   "finished",    "finish_failed",
      "evicted",    "evict_exit",      "vacate",   "vacate_timeout", "hold",        "release",
      "remove"};
  return kNames.at(index(event));
}

std::string_view to_text(JobEffect effect) {
  static constexpr std::array<std::string_view, kJobEffects> kNames = {
      "refuse",    "none",      "launch",  "relaunch", "spool", "spool_outputs",
      "soft_kill", "hard_kill", "requeue", "finish",   "hold",  "clean_up"};
  return kNames.at(index(effect));
}

}  // namespace cairn
