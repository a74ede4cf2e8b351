// One execution of a job's program, from its start to its exit, watched and, if so ordered, cut.
//
// The program and all that it starts are traced (ptrace).  A seccomp filter stops them only at
// the system calls that change files, so that the rest runs at full speed; each such stop on a
// file of the machine is a *boundary*.  Between two boundaries the files do not change, but for
// mapped memory: what the folder holds at a boundary is what a SIGKILL there leaves.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cairn/result.h"
#include "job/exit_class.h"
#include "verify/image.h"
#include "verify/machine.h"

namespace cairn::verify {

using Milliseconds = std::chrono::milliseconds;

enum class Call {
  open,      // for writing: created or truncated, see Event
  write,     // pwrite, writev, copy_file_range, sendfile, …
  truncate,  // ftruncate too, and a fallocate that makes the file longer
  rename,
  link,
  symlink,
  unlink,  // of a file, or rmdir
  make_folder,
  mode,       // chmod and friends
  sync,       // fsync, fdatasync, msync
  sync_disk,  // sync, syncfs
  close,      // of a file open for writing
  exit,       // of a process
};
std::string_view name_of(Call call);

// A call that changed a file of the machine, in the order of their entries.
struct Event {
  int boundary = 0;  // 1, 2, 3, … within the execution
  pid_t pid = 0;     // of the process
  Call call = Call::open;
  // Relative to the machine's folder: "sandbox/state.tmp".  Second name of rename and link; of a
  // symlink its text.
  std::string path, target;
  std::uint64_t inode = 0;  // of the file: a name may change, and two names be one file
  std::uint64_t offset =
      0;                    // of a write; the new size of a truncate (or of a fallocate that grows)
  std::uint64_t bytes = 0;  // that a write wrote
  std::string data;         // their name in the store, if record_data
  bool created = false, truncated = false;  // by an open
  bool synchronous = false;                 // a write to a file opened with O_SYNC or O_DSYNC
  bool exchange = false;                    // a rename that lets two files swap their names
  int error = 0;                            // errno of the call; 0: it succeeded
  std::int64_t at_us = 0;                   // since the start
};

// What the machine's folder held at a boundary, before the call.
struct Snapshot {
  int boundary = 0;
  Image image;
};

// A file that the program looked for (open, stat, access) and that was not there.
struct Miss {
  std::string path;  // as the program sees it, absolute
};

struct ExecutionOrder {
  Path program;                        // as the program's machine sees it
  std::vector<std::string> arguments;  // argv
  std::vector<std::string> environment;
  Machine machine;
  Isolation isolation;
  Path working_folder;  // as the program sees it
  // Relative to the machine's folder; empty: /dev/null.  Output is appended.
  std::string stdin_part, stdout_part, stderr_part;
  Milliseconds time_limit{std::chrono::hours(1)};

  // ---- what is watched
  bool watch_files = false;  // events; without it only processes are watched
  bool record_data = false;  // what was written goes into the store
  bool watch_misses = false;
  // fsync and its like are boundaries and events, but return at once: nothing waits for the disk.
  bool syncs_are_skipped = false;
  // Boundaries at which the machine's folder is captured; empty: none.  {0}: all of them.
  std::vector<int> snapshots;

  // ---- where it is cut
  std::optional<Milliseconds> kill_after;  // SIGKILL to all of its processes
  std::optional<int> kill_at;              // at this boundary
  std::optional<Milliseconds> signal_after;
  std::optional<int> signal_at;  // the signal is sent to the first process, then the call goes on
  int signal = 15;
  Milliseconds grace{std::chrono::minutes(10)};  // from the signal to SIGKILL
  // From this boundary on the disk is full: what would make a file of the machine longer, and
  // what would make a new one, fails with ENOSPC; stdout and stderr still work.
  // A write that fails has written half of its bytes, if `full_disk_tears`.
  std::optional<int> disk_full_from;
  bool full_disk_tears = false;
};

struct Execution {
  ExitStatus exit;                  // of the first process
  bool out_of_time = false;         // time_limit passed: killed
  bool stopped = false;             // because `stop` became true
  bool cut = false;                 // kill_after or kill_at came before the exit
  std::optional<Event> cut_before;  // kill_at: the call that was not made; not one of `events`
  bool signalled = false;           // signal_after or signal_at did
  bool out_of_grace = false;
  Milliseconds wall{0}, cpu{0};
  std::int64_t signalled_us = 0, ended_us = 0;  // since the start

  std::vector<Event> events;
  std::vector<Snapshot> snapshots;  // equal ones in a row only once: the first
  std::vector<Miss> misses;
  // Processes that were still there when the first one had exited, and what they had open for
  // writing ("sandbox/state.dat").  They are given 2 s to end, then killed.
  struct LeftOver {
    pid_t pid = 0;
    std::string command;
    std::vector<std::string> files;
    bool wrote = false;   // changed a file after the exit (known with watch_files)
    bool killed = false;  // it did not end by itself in that time
  };
  std::vector<LeftOver> left_over;
  pid_t pid = 0;
};

// Runs the program once.  Blocks; several threads may each run one.
//   store   for snapshots and data
//   stop    when it becomes true, everything is killed and the result says `stopped`
// Errors: those of spawn(); unsupported, if ptrace is not allowed here.
Result<Execution> execute(const ExecutionOrder& order, ImageStore& store,
                          const std::atomic<bool>& stop);

// Whether this system lets us trace: ptrace may be forbidden in a container.
// Errors: unsupported, saying what to do.
Status check_tracing();

}  // namespace cairn::verify
