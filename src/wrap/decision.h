// What is done when the program has ended.  Pure.
//
// An exit code alone never says that a program has finished: interrupted, real ones exit with 0,
// 1, 2, 20, 130, 137, 143 and 255.
#pragma once

#include <string>

namespace cairn::wrap {

// Why the wrapper has ended the program, or asked it to end.
enum class Asked { no, planned, deadline, vacated, stalled };

// Whether its files are a checkpoint that the last one was not.
enum class NewState {
  good,
  bad,   // something is missing, empty or fails the check
  none,  // all is as at the last checkpoint
};

struct Ending {
  Asked asked = Asked::no;
  int wait_status = 0;
  bool resumed = false;         // it had gone on from a checkpoint
  bool early = false;           // within --crash-within of its start
  bool has_mark = false;        // --finished-when was given ...
  bool mark_found = false;      // ... and holds
  bool was_told = false;        // to end, while the mark was not yet there
  bool limits_itself = false;   // --limit-args was given
  bool has_checkpoint = false;  // there is one, from before
};

enum class Step {
  finish,      // its exit is the wrapper's
  succeed,     // it has finished, although it was asked to end: 0
  take,        // its files are the next checkpoint: see after_take()
  restart,     // from the last checkpoint, in place
  go_back,     // from the one before
  incomplete,  // it says that it is done, and is not: 1
};

// Without the files: those are looked at only for Step::take.
Step after_end(const Ending& ending);

enum class TakeStep {
  leave,    // with the checkpoint exit code
  restart,  // from the last checkpoint, in place
  incomplete,
  pass_on,  // its exit is the wrapper's
};
TakeStep after_take(const Ending& ending, NewState state);

}  // namespace cairn::wrap
