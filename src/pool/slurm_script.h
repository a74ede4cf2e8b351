// What sbatch is given: a pure function of the job ads.
//
// The script holds one value that a shell reads, the submission's folder, quoted; everything else
// stands in #SBATCH lines, which a shell takes for comments and Slurm reads by its own quoting.
// A value that could end such a line is refused.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cairn/result.h"
#include "job/job_ad.h"

namespace cairn {

struct SlurmSettings {
  std::filesystem::path
      folder;  // of the submission: absolute, on a file system that all nodes share
  std::vector<std::string> options;    // handed on as they are: "--partition=long"
  std::chrono::seconds kill_wait{30};  // Slurm's KillWait: from SIGTERM to SIGKILL
  int array_max = 1000;                // jobs in one script, at most
  bool htcondor = false;               // lose and hold what a real HTCondor pool does
};

// What one job asks Slurm for.
struct SlurmRequest {
  std::string name;
  std::int64_t cpus = 1;
  std::optional<std::int64_t> memory_mb;
  std::optional<std::int64_t> disk_mb;
  std::optional<std::int64_t> minutes;  // the time limit
  std::int64_t gpus = 0;
  std::int64_t nice = 0;
  std::string account;
  bool held = false;                // `hold = true`: Slurm waits, too
  std::chrono::seconds warning{0};  // the signal comes so long before the end
  friend bool operator==(const SlurmRequest&, const SlurmRequest&) = default;
};

// Expressions are evaluated in the ad.
// Errors: unsupported, for one that gives no number there.
Result<SlurmRequest> slurm_request(const JobAd& ad);

// What the ad says that Slurm is not told, as clauses for a warning.
std::vector<std::string> not_translated(const JobAd& ad);

struct SlurmScript {
  std::string name;  // "submit-0.sh"
  std::string text;
  std::vector<int> procs;  // whose jobs it runs
  bool array = false;
  int first = 0;  // the array's task N is the job first + N
};

// One script for all jobs that ask for the same, in arrays of at most array_max.
// Errors: as slurm_request(); invalid: a value with a line break or another control character.
Result<std::vector<SlurmScript>> slurm_scripts(std::span<const JobAd> jobs,
                                               const SlurmSettings& settings);

// One job alone, to be submitted again.
Result<SlurmScript> slurm_script(const JobAd& job, const SlurmSettings& settings);

// As #SBATCH lines quote.
std::string slurm_word(const std::string& text);

}  // namespace cairn
