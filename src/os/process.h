// Starting programs, and making sure that nothing they started outlives them.
//
// Three lines of defence, each for when the one before was not there (a fourth, where the kernel
// has it, is a control group: cgroup.h):
//   1. spawn() asks the kernel to kill the child when its parent dies;
//   2. a subreaper inherits all orphans below it, and kill_descendants() ends them;
//   3. kill_marked() finds what is left by a mark in its environment.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <string>
#include <vector>

#include "os/descriptor.h"
#include "os/filesystem.h"

namespace cairn {

class PrivateHome;

struct SpawnOptions {
  Path program;  // a path, not searched for in PATH; relative to working_folder
  std::vector<std::string> arguments;    // the whole argv, argv[0] included
  std::vector<std::string> environment;  // the whole of it, "NAME=value"
  Path working_folder;                   // empty: the caller's
  int stdin_fd = -1;                     // -1: /dev/null
  int stdout_fd = -1;
  int stderr_fd = -1;
  int cgroup_fd = -1;            // of a Cgroup that it is started in; -1: the caller's
  bool dies_with_parent = true;  // SIGKILL when the thread that called spawn() ends
  // A session and so a process group of its own, with the child's pid and no terminal: a
  // program that asks there for a password fails, instead of being stopped for ever.
  bool own_session = true;
  const PrivateHome* private_home = nullptr;  // entered before execve; null: the user's
};

// Starts a program with no descriptors but 0, 1 and 2, the default action for every
// signal and none blocked.  Returns its pid, which must be waited for.
// Errors: not_found, io (with the errno of chdir or execve), unsupported (no private home can be
// given); there is no child then.
Result<pid_t> spawn(const SpawnOptions& options);

struct ProcessEnd {
  pid_t pid = 0;
  int wait_status = 0;  // raw, for WIFEXITED and friends
  struct rusage usage {};
};

// Waits until the child has ended, and reaps it.
Result<ProcessEnd> wait_for(pid_t child);

// A descriptor that becomes readable when the process has ended (pidfd_open).
Result<Descriptor> watch_process(pid_t pid);

// Whether the process catches, ignores or blocks the signal; else it dies of it, or is gone.
bool heeds_signal(pid_t pid, int signal);

// From now on, orphaned descendants become children of this process.
Status become_subreaper();

// How descendants are found.  best: at their own cost, where the kernel lists children;
// everywhere: among all processes of the machine.
enum class ProcessSearch { best, everywhere };

// Those that run now, without zombies; complete only in a subreaper.
std::vector<pid_t> descendants(ProcessSearch search = ProcessSearch::best);

// The children of a process, zombies too; empty where the kernel lists none.
std::vector<pid_t> children_of(pid_t pid);

// Kills every descendant of this process and reaps those that are its children,
// until none is left.  Complete only in a subreaper.
//   unreaped  this child is killed too, but its status is left for wait_for(); 0: none
// Errors: io, naming the processes that did not die within 10 s (uninterruptible).
Status kill_descendants(pid_t unreaped = 0, ProcessSearch search = ProcessSearch::best);

// Kills every process of this user whose environment, as it was at exec, has
// exactly this entry, until none is left; never this process.
//   entry  "NAME=value"
//   spared processes that are left alone
// A program that overwrote its environment block (setproctitle) is not found.
Status kill_marked(const std::string& entry, const std::vector<pid_t>& spared = {});

// The name that the kernel knows it by, 15 letters at most; empty if it has ended.
std::string command_of(pid_t pid);

// All of /proc/PID/NAME, "fd/3" for example; empty if it cannot be read.
std::string read_proc(pid_t pid, const std::string& name);

// Whether a process with this pid exists and is no zombie.
bool process_runs(pid_t pid);

}  // namespace cairn
