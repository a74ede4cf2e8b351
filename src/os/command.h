// Other programs, run to their end for what they print: never through a shell, so that no
// argument can mean anything but itself.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "cairn/result.h"
#include "os/filesystem.h"

namespace cairn {

struct CommandOptions {
  std::vector<std::string> arguments;           // the whole argv; the first is looked up in PATH
  std::vector<std::string> more_environment{};  // "NAME=value", on top of ours
  Path working_folder{};                        // empty: ours
  std::chrono::milliseconds patience{std::chrono::minutes(2)};  // then it is killed
  // Called once, if this descriptor becomes readable while the program runs; -1: none.
  int event = -1;
  std::function<void()> on_event{};
};

struct CommandResult {
  int wait_status = 0;  // raw, for WIFEXITED and friends
  std::string output;   // of stdout
  std::string errors;   // of stderr
  bool succeeded() const { return wait_status == 0; }
  // "exited with 1: its last line on stderr", for messages.
  std::string failure() const;
};

// stdin is empty.  Errors: not_found (no such program in PATH), io (it could not be started, or
// did not end in time).
Result<CommandResult> run_command(const CommandOptions& options);

// As a shell finds a command.  Errors: not_found.
Result<Path> find_in_path(std::string_view name);

}  // namespace cairn
