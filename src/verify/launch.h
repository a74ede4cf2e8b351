// The child's side of a traced program: from fork() to execve().
#pragma once

#include <linux/filter.h>
#include <sys/types.h>

#include <array>
#include <string>
#include <vector>

#include "cairn/result.h"
#include "os/descriptor.h"
#include "os/filesystem.h"
#include "verify/machine.h"

namespace cairn::verify {

struct Launch {
  Path program;
  std::vector<std::string> arguments;
  std::vector<std::string> environment;
  Path working_folder;
  std::array<int, 3> streams{-1, -1, -1};  // -1: /dev/null
  std::vector<sock_filter> filter;         // empty: none
};

// A child that waits for a word before it goes on to become the program.
class Child {
 public:
  // Errors: io.
  static Result<Child> fork(const Launch& launch, const Entry& entry);

  pid_t pid() const { return pid_; }
  void let_go();
  // Why it did not become the program; to be asked when it has ended.
  Error failure(const Launch& launch) const;

 private:
  pid_t pid_ = 0;
  Descriptor go_, report_;
};

}  // namespace cairn::verify
