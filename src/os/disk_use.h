// What a folder has on the disk.
#pragma once

#include <cstdint>

#include "os/filesystem.h"

namespace cairn {

// The sizes of all files below, in KB, as HTCondor counts them; one with several names in there
// counts once.  Links are not followed; what cannot be read counts as nothing.
std::int64_t disk_use_kb(const Path& folder);

}  // namespace cairn
