// Files of /proc and /sys: the kernel makes their text when it is read, so that they have no size,
// and takes each write as one order, which it may refuse.
#pragma once

#include <string>
#include <string_view>

#include "os/filesystem.h"

namespace cairn {

// All of it; empty if it cannot be read.
std::string read_kernel_file(const Path& path);

// -1 and errno where it is refused.  Async-signal-safe: for a child between fork and exec, too.
int write_kernel_file(const char* path, std::string_view text);

}  // namespace cairn
