// What spawn() and whoever else forks have in common, before fork and after it.
#pragma once

#include <string>
#include <vector>

#include "cairn/result.h"
#include "os/descriptor.h"
#include "os/filesystem.h"

namespace cairn {

// ---- before: the child must not allocate

// As execve() wants them; they point into `strings`, which must outlive them.
std::vector<char*> pointers(const std::vector<std::string>& strings);

// A copy above 2, so that the child's dup2 calls cannot overwrite one another's source.
//   fd  -1: /dev/null
Result<Descriptor> high_copy(int fd);

// ---- in the child: async-signal-safe

void reset_signals();  // the default action for each, and none blocked
//   descriptors_max  sysconf(_SC_OPEN_MAX), for kernels without close_range
void close_all_on_exec(int descriptors_max);

// ---- after: execve() has failed; with what the user can do about it
Error exec_error(const Path& program, int sys_errno);

}  // namespace cairn
