// Saving a process with all that it has started by CRIU, from inside a capsule (capsule.h), where
// neither namespaces nor process ids are part of what is saved.
#pragma once

#include <sys/types.h>

#include <chrono>

#include "cairn/result.h"

namespace cairn::wrap {

// The folder that a saved process consists of, in the working folder.
inline constexpr const char* kImages = "cairn.images";

// Whether it is there: in PATH, or where Debian has it.  Errors: not_found.
Status look_for_criu();

// Whether it can save and restore a tiny process here.  Errors: unsupported, with what it said.
Status probe_criu();

// Saves a process and its descendants into kImages, which ends them; if that cannot be done, they
// run on, and there is no kImages.
// Errors: unsupported (what CRIU said; or a process has left them, and would be forgotten); io:
// CRIU did not come to its end, so that nobody knows what they are: they must not run on.
Status criu_save(pid_t pid, std::chrono::milliseconds patience);

// Removes kImages: its files are in a checkpoint.
void criu_forget();

// Restores what is in kImages, with our own stdout and stderr in place of those that it had, as a
// child of this process.  kImages is gone then.  Returns its process id.
// Errors: unsupported, with what CRIU said.
Result<pid_t> criu_restore();

}  // namespace cairn::wrap
