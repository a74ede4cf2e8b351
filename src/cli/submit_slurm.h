// Slurm, as the command line hands jobs to it.
#pragma once

#include <memory>

#include "cairn/result.h"
#include "cli/submit_pool.h"
#include "os/filesystem.h"
#include "pool/pool.h"

namespace cairn::cli {

// To ask for what was handed over.  `files` must outlive it.
Result<std::unique_ptr<Pool>> open_slurm(FileSystem& files);

// `cairn submit --pool slurm`.  Returns the exit status of cairn.
Result<int> hand_over_to_slurm(const PoolChoices& choices);

}  // namespace cairn::cli
