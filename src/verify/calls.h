// The system calls that change files: which argument is what, and the filter that stops a
// program at them.
#pragma once

#include <linux/filter.h>

#include <vector>

#include "verify/execution.h"

namespace cairn::verify {

// How a call names what it works on.
enum class Shape {
  open,       // path; flags
  open_how,   // path; struct open_how
  look,       // path; changes nothing
  write,      // fd, buffer, bytes
  write_at,   // the same, with an offset
  gather,     // fd, pieces, number of pieces
  gather_at,  // the same, with an offset
  send,       // fd, from fd, offset there, bytes
  copy,       // from fd, offset there, fd, pointer to the offset, bytes
  clone,      // fd, a request that makes it share another file's blocks
  allocate,   // fd, mode, offset, bytes
  resize,     // path, bytes
  resize_fd,  // fd, bytes
  two_paths,
  new_link,  // text, path
  path,
  descriptor,
  memory,  // address
  disk,
  process,
};

struct CallForm {
  long number;
  Call call;
  Shape shape;
  int folder = -1;   // index of the argument with the folder's descriptor; -1: there is none
  int what = 0;      // index of the path or the descriptor
  int folder2 = -1;  // of the second path
  int what2 = -1;    // the second path; of an open: flags, or the pointer to them
};

// Null if the call is none of these.
const CallForm* form_of(long number);

// A seccomp program: stops for a tracer at the calls above, and lets others pass.
//   misses  at those too that only look for a file
// An open for reading passes, if not.  io_uring_setup fails with ENOSYS: what is written through
// such a ring no tracer sees, and programs can do without.
std::vector<sock_filter> make_filter(bool misses);

}  // namespace cairn::verify
