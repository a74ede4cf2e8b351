// What is known about the job while it is verified: every property adds to it, and uses what
// those before it have found.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "verify/crew.h"
#include "verify/finding.h"
#include "verify/lab.h"
#include "verify/life.h"
#include "verify/options.h"
#include "verify/plan.h"

namespace cairn::verify {

// How much of a property is tried: `trials` at least, more while there is time, but not above
// `trials_max`.
struct Effort {
  std::size_t trials = 0;
  std::size_t trials_max = 0;
  Milliseconds time{0};
};

// A moment is never quite the same again: --cut tries it so often, by turns a little earlier and
// later, by this factor.
inline constexpr std::size_t kMomentRepeats = 24;
double moment_factor(std::size_t repeat);

class Study {
 public:
  Study(const VerifyOptions& options, Lab& lab, Crew crew,
        std::function<void(const Progress&)> watch, const std::atomic<bool>& stop);

  const VerifyOptions& options;
  Lab& lab;
  const Crew crew;
  const std::atomic<bool>& stop;

  Life undisturbed;  // under the contract, restarted in place
  Life watched;      // the same once more, with the events of its files
  // The one without a checkpoint, if there is one.
  std::optional<Life> reference;
  std::string reference_is;   // "CAIRN_CHECKPOINT=never", "the run with other arguments"
  std::string no_reference;   // why the one that was asked for cannot serve
  std::optional<Life> chain;  // moved at every checkpoint
  Comparison comparison;      // the user's, and lines that vary by themselves
  bool chain_is_good = false;

  // ---- the undisturbed run
  void learn();  // after it
  int stretches() const { return static_cast<int>(undisturbed.stretches.size()); }
  // The machine's folder when execution `stretch` began, in place.
  Image begin_of(int stretch) const;
  const Image& checkpoint(int number) const { return *undisturbed.stretches[number].checkpoint; }
  // Is this the folder as the undisturbed run had it at one of its restarts?  Then which.
  std::optional<int> place_of(const Image& folder) const;
  std::optional<int> number_of(const Image& checkpoint) const;
  Milliseconds part_of_time(const Moment& moment) const;

  // ---- lives
  // How a life is watched that may do anything.
  LifeOrder order(Image start) const;
  // As it, in place, until it is where the undisturbed run was.
  LifeOrder in_place(Image start) const;
  // From a checkpoint, moving on at each, until it has a checkpoint of the undisturbed run.
  LifeOrder moving(const Image& checkpoint) const;
  // Execution `stretch` once more and alone, from where the undisturbed run began it.
  LifeOrder once(int stretch, std::function<void(ExecutionOrder&)> adjust) const;
  // By execution; of a program that leaves by the clock there may have been more than in the
  // undisturbed run: those are left out, since nobody knows how they began.
  std::vector<const std::vector<Event>*> watched_events() const;

  // A life; nothing: it could not be made, which is noted.
  std::optional<Life> lived(const LifeOrder& order);
  // What is wrong with it; nothing: it gave the same result.
  enum class Stdout { compared, restarts_ignored, ignored };
  Result<std::optional<Flaw>> judge(const Life& life, Stdout how) const;
  //   tolerance  at least this one
  // The same; what could not be compared is noted, and nothing is known to be wrong.
  std::optional<Flaw> flaw_of(const Life& life, Stdout how);
  // A life, judged; and drawn, as a trial of `property`.
  std::optional<Flaw> tried(const LifeOrder& order, Stdout how);
  std::optional<Flaw> tried(Property property, const std::string& label, const LifeOrder& order,
                            Stdout how);
  void report(Finding& finding, Flaw flaw);  // add_flaw(), from any thread
  Result<std::optional<Difference>> differs(const Outcome& from, const Outcome& candidate,
                                            Stdout how, double tolerance = 0) const;

  // ---- effort
  Effort effort(Property property) const;
  // Runs trials until all are done, the effort is spent, or two of them hung: a hang takes longer
  // than a hundred others.
  std::size_t spend(Property property, std::size_t trials,
                    const std::function<void(std::size_t)>& trial, const std::string& what);
  bool wanted(Property property) const;
  // "--only killed --cut 17 --seed 1" with the command around it.
  std::string repeat(Property property, const std::string& cut = {}) const;
  // The trial that --cut names, of this property; nothing: all.
  std::optional<std::string> only_cut(Property property) const;

  // ---- what is seen
  void draw(Property property, const std::string& label, const Life& life, bool good,
            Milliseconds from);
  void note_error(const Error& error);  // what keeps a trial from being made
  Milliseconds now() const;
  void announce(Property property, const std::string& doing, double part);
  std::vector<Finding> findings;  // so far
  std::vector<TrialBar> timeline;
  std::vector<std::string> errors;
  std::mutex mutex;  // over what trials write to

 private:
  Result<std::optional<Difference>> stdout_differs(const Outcome& from, const Outcome& candidate,
                                                   Stdout how, Comparison lines) const;
  void learn_restart_lines();

  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  std::function<void(const Progress&)> watch_;
  std::map<std::string, int> places_;       // by keys of state
  std::map<std::string, int> checkpoints_;  // by keys of state
  std::vector<std::string> restart_lines_;  // globs
  mutable std::atomic<int> comparisons_{0};
  mutable std::atomic<int> hangs_{0};  // since spend() began
};

// Keeps the trial that --cut names, if it names one.
template <class Trial>
void keep_only(std::vector<Trial>& trials, const std::optional<std::string>& cut) {
  if (cut) std::erase_if(trials, [&](const Trial& trial) { return trial.cut != *cut; });
}

// One property after the other.  Each returns its finding; `elapsed` is set by the caller.
Finding judge_reference(Study& study);  // also says so if the job does not get to its end
Finding judge_reproducible(Study& study);
Finding judge_progress(Study& study);
Finding judge_sufficient(Study& study);
Finding judge_killed(Study& study);
Finding judge_vacated(Study& study);
Finding judge_power_cut(Study& study);
Finding judge_damaged(Study& study);
Finding judge_foreign(Study& study);
Finding judge_outputs_once(Study& study);
Finding judge_disk_full(Study& study);
Finding judge_cost(Study& study);

// Adds a flaw unless one like it is there: the first of each cause, 5 at most.
void add_flaw(Finding& finding, Flaw flaw);

}  // namespace cairn::verify
