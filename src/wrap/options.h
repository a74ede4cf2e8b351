// What `cairn wrap` is asked to do, by its command line and a recipe.
#pragma once

#include <chrono>
#include <csignal>
#include <optional>
#include <string>
#include <vector>

#include "os/filesystem.h"

namespace cairn::wrap {

using Milliseconds = std::chrono::milliseconds;

// How the program is ended for a checkpoint.
enum class StopMethod {
  signal,   // it saves and ends when it gets the signal
  file,     // it saves and ends when it sees a file
  command,  // it saves and ends when a command is run
  freeze,   // it saves by itself, now and then: stopped in between, its files taken, killed
  image,    // it does not save: the whole process is saved from outside, which ends it
};

// NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding)  in the order of their subjects
struct WrapOptions {
  std::vector<std::string> program;  // name and arguments, as for a start from the beginning

  // ---- what a checkpoint consists of; patterns as find_files() takes them
  std::vector<std::string> checkpoint_files;  // each must be there; a folder with all in it
  std::vector<std::string> optional_files;    // taken if they are there
  std::vector<std::string> open_files;        // taken with it, although the program writes to them
  std::vector<std::string> rollback;          // appended to only: cut back to the checkpoint
  // Besides, whatever is new or changed in the working folder since the program began.
  bool whole_folder = false;
  Path folder = "wrap.ckpt";  // where the checkpoints are kept
  int keep = 2;               // so many of them
  bool adopt = false;         // files that are there at the first start are a state of the program
  std::string identity;       // what a checkpoint belongs to, besides the program's arguments

  // ---- when the program is ended for a checkpoint
  std::optional<Milliseconds> every;     // after its start
  std::optional<Milliseconds> deadline;  // after the wrapper's start
  bool when_renewed = false;             // when it has written its files anew
  Milliseconds settle{2000};             // after the last close or rename of one

  // ---- how
  StopMethod stop = StopMethod::signal;
  int stop_signal = SIGTERM;
  bool signal_group = false;  // all its processes get the signal
  std::string stop_file;
  std::string stop_command;                      // of a shell, {pid} is the program's
  Milliseconds grace{std::chrono::minutes(10)};  // then it is killed
  std::string check;                             // a shell command that says by 0: it is good
  std::vector<int> saved_codes;                  // with which it has saved, when asked; empty: any
  std::string input_check;  // a shell command that says by 0: this program can be kept

  // ---- how it starts, and when it has finished
  std::string resume_when;     // patterns; it goes on where one is there
  std::string start_args;      // added when it starts from the beginning
  std::string resume_args;     // added when it goes on
  std::string command;         // instead of the whole command, always
  std::string start_command;   // instead of the whole command, when it starts from the beginning
  std::string resume_command;  // instead of the whole command, when it goes on
  std::string limit_args;      // added always: its own time limit
  std::string prepare;         // a shell command before it goes on
  std::string private_home;    // a folder that it takes for the user's home; empty: none
  std::string finished_when;   // "FILE" or "FILE: TEXT"

  // ---- watches
  std::optional<Milliseconds> stall;
  std::vector<std::string> stall_files;  // besides checkpoint files, rollback files and stdout
  int stall_restarts = 3;
  Milliseconds crash_within{10'000};

  int exit_code = 77;
  std::vector<int> vacate_signals = {SIGTERM, SIGINT};
  bool quiet = false;
};

}  // namespace cairn::wrap
