// A program stopped for a moment, so that its files stand still.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "wrap/file_set.h"

namespace cairn::wrap {

// Stops all descendants of this process (SIGSTOP) until it is destroyed (SIGCONT).  A program may
// not notice: SIGSTOP cannot be caught.  Waits until they stand still, for some seconds at most: a
// disk that does not answer keeps a process from being stopped.
class Frozen {
 public:
  Frozen();
  Frozen(const Frozen&) = delete;
  Frozen& operator=(const Frozen&) = delete;
  ~Frozen();

  const std::vector<pid_t>& processes() const { return processes_; }
  // Whether all of them do; if not, files may still change.
  bool stands_still() const { return stands_still_; }

 private:
  bool stop_new();

  std::vector<pid_t> processes_;
  bool stands_still_ = false;
};

// One of the files that one of the processes has open for writing; nothing: none.
std::optional<std::string> open_for_writing(const std::vector<pid_t>& processes,
                                            const FileSet& files);

// A file outside this folder, which has a name, and which one of the processes has open for
// writing; our own standard streams are none.  Nothing: there is none.
std::optional<std::string> written_outside(const std::vector<pid_t>& processes, const Path& folder);

}  // namespace cairn::wrap
