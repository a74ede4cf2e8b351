// Groups of processes that the kernel counts and limits (cgroup v2), where a part of its tree has
// been given to us: by systemd (Delegate=yes), or as a container's own.
//
// Groups that have groups below them may hold no processes.  So the engine goes into a group of
// its own, `engine`; beside it is one for each job that runs:
//
//   cairn-engine.service/           given to us
//     engine/                       the engine and its starters
//     job-12.0-1/                   the program and all it has started, wherever their parents are
//
// No process of a job leaves its group but by root's hand, so a group that was killed is the end
// of all that the job has started.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "os/descriptor.h"
#include "os/filesystem.h"

namespace cairn {

// ---- where we are: pure

struct CgroupPlace {
  Path folder;  // of our group
  Path mount;   // of the tree, or of the part that is seen here
};

// From what /proc/self/cgroup and /proc/self/mountinfo say; nothing: there is no cgroup v2, or our
// group is not seen here.
std::optional<CgroupPlace> cgroup_place(std::string_view cgroup, std::string_view mountinfo);

struct CgroupFacts {
  bool has_memory = false;       // limits of memory are among what may be given on
  bool is_writable = false;      // by us
  bool is_root = false;          // of the whole machine
  bool is_given = false;         // marked as such by systemd
  bool begins_here = false;      // the part that is seen, or the part that is ours, begins here
  std::vector<pid_t> processes;  // in the group itself
};

// Whether a process may make groups below its own.
// Errors: unsupported, with the reason.
Status may_make_groups(const CgroupFacts& facts, pid_t self);

// The number after a name in a file of lines "name number"; 0: it is not there.
std::int64_t cgroup_count(std::string_view lines, std::string_view name);

// ---- the rim

// One job's group.  It ends with its guard, and all that is in it.
class Cgroup {
 public:
  // Makes it, or takes one that a dead starter left, after all that is in it has been killed.
  //   kb_max  what its processes may have in memory together; 0: anything.  Nothing of it is
  //           swapped out: over the limit is over the limit.
  // Errors: io.
  static Result<Cgroup> make(const Path& folder, std::int64_t kb_max);
  Cgroup(Cgroup&&) = default;
  Cgroup& operator=(Cgroup&&) = delete;
  ~Cgroup();

  // Who writes "0" to it is in the group.
  int entrance() const { return entrance_.get(); }
  // What cannot be taken back from its processes: their own pages, and files in memory (tmpfs).
  std::int64_t used_kb() const;
  // The most that it had in memory, copies of files on disk included.
  std::int64_t peak_kb() const;
  // Whether the kernel has killed it for being over its own limit, and not for others' sake.
  bool was_over_limit() const;
  // Kills all in it, until none is left.  Errors: io.
  Status kill() const;

 private:
  Cgroup(Path folder, Descriptor entrance)
      : folder_(std::move(folder)), entrance_(std::move(entrance)) {}
  Path folder_;
  Descriptor entrance_;
};

// The part of the tree that is ours.
class CgroupTree {
 public:
  // Moves this process, which must be alone in its group, to the group `engine` below it, and
  // removes what a killed engine left of jobs.
  // Errors: unsupported (no part of the tree is ours); io.
  static Result<CgroupTree> enter();
  static Result<CgroupTree> enter(const CgroupPlace& place, const CgroupFacts& facts);

  // The folder of a group for a job.
  Path group(const std::string& name) const { return folder_ / ("job-" + name); }
  // Kills what is in it, and removes it, if it is there.
  Status end(const Path& group) const;

 private:
  explicit CgroupTree(Path folder) : folder_(std::move(folder)) {}
  Path folder_;
};

}  // namespace cairn
