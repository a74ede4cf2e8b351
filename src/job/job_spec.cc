#include "job/job_spec.h"

#include <limits>

#include "base/signal_names.h"
#include "base/try.h"
#include "job/arguments.h"

namespace cairn {
namespace {

Error bad_value(std::string_view name, std::string_view value, std::string_view expected) {
  return {Errc::invalid, cat("job attribute ", name, " = ", value, ": expected ", expected), 0,
          "correct the submit file, or the +attribute in it"};
}

bool is_unset(const JobAd& ad, std::string_view name) {
  const auto expression = ad.get(name);
  return !expression || equal_ignoring_case(*expression, "undefined");
}

// Readers of one attribute: `into` keeps its value where the attribute is not set.
template <class Text>
requires std::is_assignable_v<Text&, std::string> Status read(const JobAd& ad,
                                                              std::string_view name, Text& into) {
  if (is_unset(ad, name)) return {};
  auto value = ad.get_string(name);
  if (!value) return bad_value(name, *ad.get(name), "a text in double quotes");
  into = *std::move(value);
  return {};
}

Status read(const JobAd& ad, std::string_view name, bool& into) {
  if (is_unset(ad, name)) return {};
  const auto value = ad.get_bool(name);
  if (!value) return bad_value(name, *ad.get(name), "true or false");
  into = *value;
  return {};
}

// A whole number from `least` up that fits an int.
Status read(const JobAd& ad, std::string_view name, std::optional<int>& into, int least = 0) {
  if (is_unset(ad, name)) return {};
  const auto value = ad.get_integer(name);
  if (!value || *value < least || *value > std::numeric_limits<int>::max())
    return bad_value(name, *ad.get(name), cat("a whole number, at least ", least));
  into = static_cast<int>(*value);
  return {};
}

Status read_list(const JobAd& ad, std::string_view name,
                 std::optional<std::vector<std::string>>& into) {
  std::optional<std::string> text;
  CAIRN_CHECK(read(ad, name, text));
  if (text) into = split_list(*text);
  return {};
}

// In, Out, Err: /dev/null is no file to open.
Status read_stream(const JobAd& ad, std::string_view name, std::filesystem::path& into) {
  std::string text;
  CAIRN_CHECK(read(ad, name, text));
  if (text != "/dev/null") into = text;
  return {};
}

Status read_id(const JobAd& ad, JobId& id) {
  std::optional<int> cluster, proc;
  CAIRN_CHECK(read(ad, "ClusterId", cluster));
  CAIRN_CHECK(read(ad, "ProcId", proc));
  if (!cluster || !proc)
    return Error{Errc::invalid, "the job ad has no ClusterId or no ProcId", 0,
                 "it is not a whole job ad"};
  id = {*cluster, *proc};
  return {};
}

Status read_program(const JobAd& ad, JobSpec& job) {
  CAIRN_CHECK(read(ad, "Iwd", job.initial_directory));
  if (!job.initial_directory.is_absolute())
    return bad_value("Iwd", job.initial_directory.native(), "an absolute path");
  CAIRN_CHECK(read(ad, "Cmd", job.executable));
  if (job.executable.empty()) return bad_value("Cmd", "\"\"", "the program to run");
  return read(ad, "TransferExecutable", job.transfer_executable);
}

// The error of a parser, with the attribute whose text it read.
template <class T>
Result<T> in_attribute(std::string_view name, Result<T> parsed) {
  if (parsed) return parsed;
  Error error = std::move(parsed).error();
  error.message = cat("job attribute ", name, ": ", error.message);
  return error;
}

// The V2 attribute wins where both are there, as in HTCondor.
Status read_arguments(const JobAd& ad, JobSpec& job) {
  std::optional<std::string> v1, v2;
  CAIRN_CHECK(read(ad, "Args", v1));
  CAIRN_CHECK(read(ad, "Arguments", v2));
  if (v2) {
    CAIRN_TRY(job.arguments, in_attribute("Arguments", split_v2(*v2)));
  } else if (v1) {
    job.arguments = split_v1(*v1);
  }
  return {};
}

Status read_environment(const JobAd& ad, JobSpec& job) {
  std::optional<std::string> v1, v2;
  CAIRN_CHECK(read(ad, "Env", v1));
  CAIRN_CHECK(read(ad, "Environment", v2));
  if (v2) {
    CAIRN_TRY(job.environment, in_attribute("Environment", split_environment_v2(*v2)));
  } else if (v1) {
    CAIRN_TRY(job.environment, in_attribute("Env", split_environment_v1(*v1)));
  }
  return {};
}

Status read_streams(const JobAd& ad, JobSpec& job) {
  CAIRN_CHECK(read_stream(ad, "In", job.input));
  CAIRN_CHECK(read_stream(ad, "Out", job.output));
  CAIRN_CHECK(read_stream(ad, "Err", job.error));
  return read(ad, "UserLog", job.log);
}

Status read_transfer_modes(const JobAd& ad, JobSpec& job) {
  std::string should = "YES", when = "ON_EXIT";
  CAIRN_CHECK(read(ad, "ShouldTransferFiles", should));
  CAIRN_CHECK(read(ad, "WhenToTransferOutput", when));
  // IF_NEEDED: Cairn's sandbox is always a folder of its own, so it is needed.
  if (!is_transfer_choice(should))
    return bad_value("ShouldTransferFiles", should, "YES, NO or IF_NEEDED");
  job.transfer_files = !equal_ignoring_case(should, "NO");
  const auto choice = parse_transfer_output(when);
  if (!choice)
    return bad_value("WhenToTransferOutput", when, "ON_EXIT, ON_EXIT_OR_EVICT or ON_SUCCESS");
  job.when = *choice;
  return read(ad, "PreserveRelativePaths", job.preserve_relative_paths);
}

Status read_transfer_lists(const JobAd& ad, JobSpec& job) {
  std::optional<std::vector<std::string>> inputs;
  CAIRN_CHECK(read_list(ad, "TransferInput", inputs));
  if (inputs) job.input_files = *std::move(inputs);
  CAIRN_CHECK(read_list(ad, "TransferOutput", job.output_files));
  CAIRN_CHECK(read_list(ad, "TransferCheckpoint", job.checkpoint_files));
  CAIRN_CHECK(check_input_names(job.input_files, job.preserve_relative_paths));
  if (job.output_files) CAIRN_CHECK(check_sandbox_names(*job.output_files));
  if (job.checkpoint_files) CAIRN_CHECK(check_sandbox_names(*job.checkpoint_files));
  std::optional<std::string> remaps;
  CAIRN_CHECK(read(ad, "TransferOutputRemaps", remaps));
  if (remaps) {
    CAIRN_TRY(job.output_remaps, parse_remaps(*remaps));
  }
  return {};
}

Status read_checkpoint_exit(const JobAd& ad, JobSpec& job) {
  CAIRN_CHECK(read(ad, "WantFTOnCheckpoint", job.want_checkpoint_transfer));
  CAIRN_CHECK(read(ad, "SuccessCheckpointExitCode", job.checkpoint_exit_code));
  if (job.checkpoint_exit_code == 0) job.checkpoint_exit_code.reset();
  bool by_signal = false;
  CAIRN_CHECK(read(ad, "SuccessCheckpointExitBySignal", by_signal));
  if (!by_signal) return {};
  CAIRN_CHECK(read(ad, "SuccessCheckpointExitSignal", job.checkpoint_exit_signal, 1));
  if (!job.checkpoint_exit_signal)
    return Error{Errc::invalid, "SuccessCheckpointExitBySignal is true, but no signal is named", 0,
                 "set +SuccessCheckpointExitSignal to its number"};
  return {};
}

Status read_leaving(const JobAd& ad, JobSpec& job) {
  CAIRN_CHECK(read(ad, "JobMaxRetries", job.max_retries));
  std::optional<int> vacate_seconds;
  CAIRN_CHECK(read(ad, "JobMaxVacateTime", vacate_seconds));
  if (vacate_seconds) job.max_vacate_time = std::chrono::seconds(*vacate_seconds);
  if (is_unset(ad, "KillSig")) return {};
  const std::string text = ad.get_string("KillSig").value_or(*ad.get("KillSig"));
  const auto signal = parse_signal(text);
  if (!signal) return bad_value("KillSig", text, "a signal's name or number, as SIGTERM or 15");
  job.kill_signal = *signal;
  return {};
}

bool has_parent_step(const std::filesystem::path& path) {
  for (const auto& step : path)
    if (step == "..") return true;
  return false;
}

}  // namespace

std::string to_text(JobId id) { return cat(id.cluster, ".", id.proc); }

bool is_transfer_choice(std::string_view text) {
  return equal_ignoring_case(text, "YES") || equal_ignoring_case(text, "NO") ||
         equal_ignoring_case(text, "IF_NEEDED");
}

std::optional<TransferOutput> parse_transfer_output(std::string_view text) {
  if (equal_ignoring_case(text, "ON_EXIT")) return TransferOutput::on_exit;
  if (equal_ignoring_case(text, "ON_EXIT_OR_EVICT")) return TransferOutput::on_exit_or_evict;
  if (equal_ignoring_case(text, "ON_SUCCESS")) return TransferOutput::on_success;
  return std::nullopt;
}

Status check_sandbox_names(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const std::filesystem::path path(name);
    if (path.is_absolute() || has_parent_step(path))
      return Error{Errc::invalid, cat("'", name, "' leads out of the job's sandbox"), 0,
                   "list files that the job writes below its working folder, by relative names "
                   "without .."};
  }
  return {};
}

Status check_input_names(const std::vector<std::string>& names, bool preserve_relative_paths) {
  for (const std::string& name : names) {
    const std::filesystem::path path(name);
    if (name.find("://") != std::string::npos)
      return Error{Errc::unsupported, cat("'", name, "' is a URL, which cannot be an input yet"), 0,
                   "fetch it first and list the file"};
    const bool kept_whole = preserve_relative_paths && path.is_relative();
    if (path.filename() == ".." || (kept_whole && has_parent_step(path)))
      return Error{Errc::invalid, cat("'", name, "' would lie outside the job's sandbox"), 0,
                   "name the file or folder itself, without .."};
  }
  return {};
}

Result<std::vector<std::pair<std::string, std::string>>> parse_remaps(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> remaps;
  std::string side, from;
  bool have_from = false;
  const auto finish = [&]() -> Status {
    const std::string to(trim(side));
    side.clear();
    if (!have_from && to.empty()) return {};  // a ; at the end
    if (!have_from || from.empty() || to.empty())
      return Error{Errc::invalid, cat("output remaps '", text, "': a pair is not whole"), 0,
                   "write \"name = where; other = elsewhere\""};
    remaps.emplace_back(std::exchange(from, {}), to);
    have_from = false;
    return {};
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) {
      side += text[++i];
    } else if (text[i] == '=' && !have_from) {
      from = trim(std::exchange(side, {}));
      have_from = true;
    } else if (text[i] == ';') {
      CAIRN_CHECK(finish());
    } else {
      side += text[i];
    }
  }
  CAIRN_CHECK(finish());
  return remaps;
}

Result<JobSpec> job_spec(const JobAd& ad) {
  JobSpec job;
  CAIRN_CHECK(read_id(ad, job.id));
  CAIRN_CHECK(read_program(ad, job));
  CAIRN_CHECK(read_arguments(ad, job));
  CAIRN_CHECK(read_environment(ad, job));
  CAIRN_CHECK(read_streams(ad, job));
  CAIRN_CHECK(read_transfer_modes(ad, job));
  CAIRN_CHECK(read_transfer_lists(ad, job));
  CAIRN_CHECK(read_checkpoint_exit(ad, job));
  CAIRN_CHECK(read_leaving(ad, job));
  return job;
}

}  // namespace cairn
