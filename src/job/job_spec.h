// What a job ad says about how to run the job, with types: the view of the ad
// that the engine works from.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cairn/result.h"
#include "job/job_ad.h"

namespace cairn {

struct JobId {
  int cluster = 0;
  int proc = 0;
  friend auto operator<=>(const JobId&, const JobId&) = default;  // NOLINT(modernize-use-nullptr)
};
std::string to_text(JobId id);  // "12.0"

enum class TransferOutput { on_exit, on_exit_or_evict, on_success };

struct JobSpec {
  JobId id;
  std::filesystem::path initial_directory;  // absolute; relative names below start here
  std::filesystem::path executable;
  bool transfer_executable = true;
  std::vector<std::string> arguments;  // without the program's name
  std::vector<std::pair<std::string, std::string>> environment;

  std::filesystem::path input;   // empty: /dev/null
  std::filesystem::path output;  // of stdout; empty: thrown away
  std::filesystem::path error;   // of stderr; empty: thrown away
  std::filesystem::path log;     // the job event log; empty: none

  bool transfer_files = true;  // should_transfer_files
  TransferOutput when = TransferOutput::on_exit;
  bool preserve_relative_paths = false;
  std::vector<std::string> input_files;
  std::optional<std::vector<std::string>> output_files;      // unset is not empty
  std::optional<std::vector<std::string>> checkpoint_files;  // unset is not empty
  std::vector<std::pair<std::string, std::string>>
      output_remaps;  // (sandbox name, submit-side path)

  bool want_checkpoint_transfer = false;  // WantFTOnCheckpoint: without it no exit is a checkpoint
  std::optional<int> checkpoint_exit_code;    // never 0: HTCondor reads that as not set
  std::optional<int> checkpoint_exit_signal;  // goes before the code, as in HTCondor
  std::optional<int> max_retries;
  int kill_signal = 15;
  std::optional<std::chrono::seconds> max_vacate_time;  // unset: the engine's
};

// Errors: invalid (with attribute, value and what was expected), unsupported (URL inputs).
// No list of a JobSpec leads out of the sandbox by its names; symlinks are the engine's care.
Result<JobSpec> job_spec(const JobAd& ad);

// The parts of that which submit files need too.
bool is_transfer_choice(std::string_view text);  // YES, NO, IF_NEEDED
std::optional<TransferOutput> parse_transfer_output(std::string_view text);
// Names that the job writes: relative, without ..
Status check_sandbox_names(const std::vector<std::string>& names);
Status check_input_names(const std::vector<std::string>& names, bool preserve_relative_paths);
// "name = where; other = elsewhere"; a backslash makes the next letter an ordinary one.
Result<std::vector<std::pair<std::string, std::string>>> parse_remaps(std::string_view text);

}  // namespace cairn
