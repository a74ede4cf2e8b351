#include "job/transition.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "base/text.h"
#include "support/golden.h"

namespace cairn {
namespace {

std::vector<JobState> all_states() {
  std::vector<JobState> states;
  for (std::size_t i = 0; i < kJobStates; ++i) states.push_back(static_cast<JobState>(i));
  return states;
}
std::vector<JobEvent> all_events() {
  std::vector<JobEvent> events;
  for (std::size_t i = 0; i < kJobEvents; ++i) events.push_back(static_cast<JobEvent>(i));
  return events;
}

bool is_final(JobState state) { return state == JobState::completed || state == JobState::removed; }
bool has_sandbox(JobState state) {
  return !is_final(state) && state != JobState::idle && state != JobState::held;
}
bool ends_activation(JobEffect effect) {
  return effect == JobEffect::requeue || effect == JobEffect::hold || effect == JobEffect::clean_up;
}

// What the table says, checked cell by cell, for any table: the canaries break one cell each.
using Table = std::function<Transition(JobState, JobEvent)>;

// The first cell by which a job could be lost, run twice or left behind; empty: none.
std::string first_fault(const Table& table) {
  for (const JobState state : all_states())
    for (const JobEvent event : all_events()) {
      const auto [next, effect] = table(state, event);
      const std::string cell = cat(to_text(state), " × ", to_text(event));
      if (effect == JobEffect::refuse && next != state)
        return cell + " changes the state of a refusal";
      if (is_final(state) && effect != JobEffect::refuse) return cell + " wakes a job that is over";
      if (!has_sandbox(state) && has_sandbox(next) && effect != JobEffect::launch)
        return cell + " has no sandbox to work in";
      if (effect == JobEffect::launch && has_sandbox(state))
        return cell + " starts it a second time";
      if (has_sandbox(state) && !has_sandbox(next) && !ends_activation(effect))
        return cell + " leaves a sandbox behind";
      if (next == JobState::completed && state != next && event != JobEvent::finished)
        return cell + " completes a job without its outputs";
      if (effect == JobEffect::spool && event != JobEvent::checkpoint_exit)
        return cell + " spools what is no checkpoint";
      if (effect == JobEffect::relaunch && state != JobState::spooling)
        return cell + " restarts in place without a spooled checkpoint";
      // Each state that works has one effect that ends in an event; it begins with that effect.
      const bool enters = next != state && effect != JobEffect::refuse;
      if (enters && next == JobState::spooling && effect != JobEffect::spool)
        return cell + " waits for no spool";
      if (enters && next == JobState::finishing && effect != JobEffect::finish)
        return cell + " waits for no outputs";
      if (enters && next == JobState::vacating && effect != JobEffect::soft_kill)
        return cell + " asks nobody to leave";
      if (effect == JobEffect::spool_outputs && event != JobEvent::evict_exit)
        return cell + " spools outputs of a job that goes on";
      if (enters && next == JobState::evicting && effect != JobEffect::spool_outputs)
        return cell + " waits for no outputs to be spooled";
      if (enters && next == JobState::saving && effect != JobEffect::spool &&
          state != JobState::spooling)
        return cell + " waits for no spool";
    }
  return {};
}

// The states from which none of `goals` can be reached.
std::set<JobState> cut_off_from(const std::set<JobState>& goals) {
  std::set<JobState> reaching = goals;
  for (std::size_t round = 0; round < kJobStates; ++round)
    for (const JobState state : all_states())
      for (const JobEvent event : all_events())
        if (reaching.contains(transition(state, event).next)) reaching.insert(state);
  std::set<JobState> cut_off;
  for (const JobState state : all_states())
    if (!reaching.contains(state)) cut_off.insert(state);
  return cut_off;
}

TEST(Transition, IsTheTableInTheGolden) {
  std::string text = "# state × event -> next state, effect; what is not here is refused\n";
  for (const JobState state : all_states()) {
    text += cat("\n", to_text(state), "  (engine gone: ", to_text(resume_effect(state)), ")\n");
    for (const JobEvent event : all_events()) {
      const auto [next, effect] = transition(state, event);
      if (effect == JobEffect::refuse) continue;
      std::string line = cat("  ", to_text(event));
      line.resize(20, ' ');
      line += cat("-> ", to_text(next));
      line.resize(34, ' ');
      text += cat(line, to_text(effect), "\n");
    }
  }
  testing::expect_golden("src/job/testdata/transition.txt", text);
}

TEST(Transition, LosesNoJobAndRunsNoneTwice) { EXPECT_EQ(first_fault(&transition), ""); }

TEST(Transition, FirstFaultCatchesEveryBrokenTable) {
  struct Canary {
    JobState state;
    JobEvent event;
    Transition broken;
  };
  using S = JobState;
  using E = JobEvent;
  using F = JobEffect;
  for (const Canary& canary : {
           Canary{S::completed, E::start, {S::running, F::launch}},
           Canary{S::running, E::start, {S::running, F::launch}},
           Canary{S::running, E::evicted, {S::idle, F::none}},
           Canary{S::running, E::final_exit, {S::completed, F::clean_up}},
           Canary{S::running, E::crashed, {S::running, F::relaunch}},
           Canary{S::idle, E::start, {S::running, F::relaunch}},
           Canary{S::vacating, E::checkpoint_exit, {S::saving, F::none}},
           Canary{S::running, E::checkpoint_exit, {S::spooling, F::none}},
           Canary{S::finishing, E::finish_failed, {S::held, F::refuse}},
           Canary{S::running, E::vacate, {S::vacating, F::none}},
           Canary{S::running, E::spooled, {S::running, F::relaunch}},
           Canary{S::saving, E::taken, {S::idle, F::none}},
       }) {
    const Table table = [&canary](JobState state, JobEvent event) {
      return state == canary.state && event == canary.event ? canary.broken
                                                            : transition(state, event);
    };
    EXPECT_NE(first_fault(table), "") << to_text(canary.state) << " × " << to_text(canary.event);
  }
}

TEST(Transition, CanAlwaysComeToAnEnd) {
  EXPECT_EQ(cut_off_from({JobState::completed}), (std::set{JobState::removed}));
  EXPECT_EQ(cut_off_from({JobState::removed}), (std::set{JobState::completed}));
}

TEST(Transition, SurvivesTheLossOfItsEngineInEveryState) {
  for (const JobState state : all_states()) {
    if (!has_sandbox(state)) continue;
    EXPECT_EQ(transition(state, JobEvent::evicted).next, JobState::idle) << to_text(state);
    EXPECT_EQ(transition(state, JobEvent::evicted).effect, JobEffect::requeue) << to_text(state);
    EXPECT_NE(resume_effect(state), JobEffect::none) << to_text(state);
  }
}

TEST(Transition, CanBeHeldAndRemovedUntilItIsOver) {
  for (const JobState state : all_states()) {
    if (is_final(state)) continue;
    EXPECT_EQ(transition(state, JobEvent::remove).next, JobState::removed) << to_text(state);
    EXPECT_EQ(transition(state, JobEvent::hold).next, JobState::held) << to_text(state);
  }
}

TEST(Transition, RemembersToLeaveWhenVacatedWhileSpooling) {
  const auto vacated = transition(JobState::spooling, JobEvent::vacate);
  EXPECT_EQ(vacated.next, JobState::saving);
  EXPECT_EQ(transition(vacated.next, JobEvent::spooled).next, JobState::idle);
}

// Simulates an engine on random events: what runs, what is being copied, what is left over.
RC_GTEST_PROP(Transition, KeepsOneSandboxWhileItIsActiveAndNoneAfter, ()) {
  JobState state = JobState::idle;
  bool sandbox = false;
  for (const int number :
       *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, static_cast<int>(kJobEvents)))) {
    const auto [next, effect] = transition(state, static_cast<JobEvent>(number));
    if (is_final(state)) RC_ASSERT(next == state && effect == JobEffect::refuse);
    if (effect == JobEffect::launch) {
      RC_ASSERT(!sandbox);
      sandbox = true;
    } else if (effect == JobEffect::relaunch || effect == JobEffect::spool ||
               effect == JobEffect::finish || effect == JobEffect::soft_kill ||
               effect == JobEffect::hard_kill) {
      RC_ASSERT(sandbox);
    } else if (ends_activation(effect)) {
      sandbox = false;
    }
    state = next;
    RC_ASSERT(sandbox == has_sandbox(state));
  }
}

}  // namespace
}  // namespace cairn
