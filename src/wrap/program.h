// The program that is wrapped, from outside: how it is found and started, and what it has written.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "os/command.h"
#include "os/filesystem.h"

namespace cairn::wrap {

// In PATH as a shell finds it; else in the working folder, where an engine puts what it transfers.
// Errors: not_found; what the system says.
Result<Path> find_program(const std::string& name);

// The value of kMarkName in the environment of all that the wrapper starts, commands of --prepare
// among it, so that kill_marked() finds them even after the wrapper was killed.  It names the
// working folder's inode: in containers, folders of different jobs have the same name.  Errors: io.
inline constexpr const char* kMarkName = "CAIRN_WRAP";
Result<std::string> mark_of(const Path& checkpoint_folder);

// Starts it with our own streams and environment.  Returns its pid.
//   home  a folder that it takes for the user's home; empty: as it is
// Errors: not_found, io, unsupported (no home of its own can be given to it here).
Result<pid_t> start_program(const std::vector<std::string>& words, const Path& home = {});

// A line of the user's own, by a shell.  Errors: as run_command().
//   event, on_event  as of CommandOptions
Result<CommandResult> run_shell(const std::string& line, std::chrono::milliseconds patience,
                                int event = -1, std::function<void()> on_event = {});

// " 'COMMAND'" for a message; nothing if it has several lines.
std::string in_a_line(const std::string& command);

// As the program ended, so do we: whoever waits for us sees its signal.
[[noreturn]] void end_by_signal(int signal);

// "exited with 3", "was killed by SIGKILL".
std::string exit_text(int wait_status);

// A file of the working folder as a whole; nothing if it is not there, or too large for a setting.
std::optional<std::string> content_of(const std::string& name);

// Whether something matches one of the patterns, which are separated by commas.
bool any_exists(const std::string& patterns);

// Between file and text.
inline constexpr std::string_view kMarkBetween = ": ";
// "FILE" or "FILE: TEXT": is the file there, and the text in it?  From its end on: a mark stands
// there.
bool mark_is_there(const std::string& file_and_text);

}  // namespace cairn::wrap
