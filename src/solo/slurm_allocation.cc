#include "solo/slurm_allocation.h"

#include <unistd.h>

#include <array>

#include "base/text.h"
#include "base/try.h"
#include "os/command.h"

namespace cairn {

SlurmAllocation::SlurmAllocation(const Environment& environment) {
  const auto value = [&](const char* name) {
    const char* const text = environment(name);
    return std::string(text == nullptr ? "" : text);
  };
  // In an array the number of one task alone is, for one of them, that of the whole array.
  const std::string array = value("SLURM_ARRAY_JOB_ID"), task = value("SLURM_ARRAY_TASK_ID");
  number_ = array.empty() || task.empty() ? value("SLURM_JOB_ID") : cat(array, '_', task);
  restarts_ = parse_integer(value("SLURM_RESTART_COUNT")).value_or(0);
  host_ = value("SLURMD_NODENAME");
  std::array<char, 256> name{};
  if (host_.empty() && ::gethostname(name.data(), name.size() - 1) == 0) host_ = name.data();
}

Status SlurmAllocation::requeue() {
  if (number_.empty())
    return Error{Errc::misuse, "this is no job of Slurm: SLURM_JOB_ID is not set", 0, {}};
  CAIRN_TRY(const CommandResult result,
            run_command({.arguments = {"scontrol", "requeue", number_}}));
  if (result.succeeded()) return {};
  return Error{Errc::io, cat("scontrol requeue ", number_, " ", result.failure()), 0,
               "`cairn queue` on the submit side submits the job again"};
}

bool has_processes(std::string_view slurm_state) {
  static constexpr std::array<std::string_view, 7> kStates = {
      "RUNNING", "COMPLETING", "SUSPENDED", "STOPPED", "SIGNALING", "STAGE_OUT", "RESIZING"};
  for (const std::string_view state : kStates)
    if (slurm_state == state) return true;
  return false;
}

bool SlurmAllocation::still_runs(const Runner& other) {
  if (other.allocation.empty()) return true;
  const auto result = run_command(
      {.arguments = {"squeue", "--noheader", "--jobs", other.allocation, "--format", "%T"}});
  if (!result) return true;
  // It has forgotten the job, which is over then, or cannot be reached.
  if (!result->succeeded()) return result->errors.find("Invalid job id") == std::string::npos;
  for (const std::string& state : split_list(result->output, '\n'))
    if (has_processes(state)) return true;
  return false;
}

}  // namespace cairn
