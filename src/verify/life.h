// A job's life under the contract, from some folder to its end: executions, one after the other,
// each from the checkpoint that the one before has left.
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "verify/execution.h"
#include "verify/image.h"
#include "verify/lab.h"

namespace cairn::verify {

// One execution of a life, and what it left.
struct Stretch {
  Execution execution;
  Machine machine;                  // where it ran; its folder is gone
  Image after;                      // that folder at the exit
  std::optional<Image> checkpoint;  // with a checkpoint exit
  std::string printed, complained;  // in this execution, to stdout and to stderr
  // The last line of what it complained about, else of what it printed.
  std::string last_words() const;
};

enum class End {
  completed,    // exit code 0
  failed,       // another exit code, or a death by a signal that nobody sent
  cut,          // by the order of its first execution
  known,        // it came to a state whose future is known
  held,         // a listed checkpoint file was missing
  going_round,  // the same checkpoint again and again
  too_long,     // more executions than allowed
  out_of_time,  // an execution took too long
  stopped,      // verify itself was
};

struct LifeOrder {
  Image start;         // the machine's folder
  bool moves = false;  // after each checkpoint exit to a new machine, with only the checkpoint;
                       // else in place
  Lab::Site site = Lab::Site::usual;
  // What is watched in execution 0, 1, …, and where it is cut.
  std::function<void(ExecutionOrder&, int)> adjust;
  // Asked after each checkpoint exit: is the future from here known?
  std::function<bool(const Stretch&)> known;
  int executions_max = 1000;
  Milliseconds execution_limit{std::chrono::hours(1)};
};

struct Life {
  End end = End::stopped;
  std::vector<Stretch> stretches;  // one at least, but when stopped
  Outcome outcome;                 // of a completed one
  std::vector<std::string> missing_outputs;
  std::string why;  // the error of a held one
  Milliseconds wall{0};
  int same_checkpoints = 0;  // checkpoint exits whose checkpoint was that of the one before

  const Stretch& last() const { return stretches.back(); }
  int checkpoints() const;
};

// Errors: of the store and of starting programs; what the job does is no error.
Result<Life> live(Lab& lab, const LifeOrder& order, const std::atomic<bool>& stop);

// "exit code 3", "signal 11 (Segmentation fault)"
std::string text_of(const ExitStatus& exit);
// How it ended, as a clause: "it ended with exit code 3: state.dat: no such file".
std::string text_of(const Life& life);
// The last line that is no blank, shortened: what a program says about its failure.
std::string last_line(const std::string& text);

}  // namespace cairn::verify
