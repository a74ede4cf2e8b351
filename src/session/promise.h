// Has somebody promised to restart this program after a checkpoint exit?
#pragma once

#include <optional>
#include <string_view>

#include "os/filesystem.h"
#include "session/environment.h"

namespace cairn {

// The value of a name in a job ad, one "Name = value" a line; of two the later.
std::optional<std::string_view> value_in_job_ad(std::string_view ad, std::string_view name);

// The exit code in a job ad as the starter writes it, one "Name = value" a line:
// SuccessCheckpointExitCode, 1 to 255, unless WantFTOnCheckpoint is false.
// Source: shared/reference/htcondor-contract.md §1; without WantFTOnCheckpoint the
// starter never looks at the code, but condor_submit sets it together with the code.
std::optional<int> exit_code_in_job_ad(std::string_view ad);

// $CAIRN_CHECKPOINT_EXIT_CODE, else the job ad at $_CONDOR_JOB_AD.  What cannot be
// read is no promise: the program then runs on, which is right everywhere.
std::optional<int> promised_exit_code(FileSystem& files, const Environment& environment);

}  // namespace cairn
