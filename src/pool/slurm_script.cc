#include "pool/slurm_script.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/text.h"
#include "base/try.h"
#include "classad/evaluate.h"
#include "job/policy.h"
#include "job/request.h"

namespace cairn {
namespace {

// A job that does not say how long it may take to leave, and what storing takes then.
constexpr std::int64_t kLeaveSeconds = 120;
constexpr std::int64_t kStoreSeconds = 60;
// Of Slurm's own warning (SIGTERM) the last part is ours.
constexpr std::int64_t kLastSeconds = 5;
// What condor_submit writes where the file says nothing.
constexpr std::string_view kNoDisk = "DiskUsage";

std::int64_t divided_up(std::int64_t value, std::int64_t by) { return (value + by - 1) / by; }

Result<std::optional<std::int64_t>> number(const JobAd& ad, std::string_view name,
                                           std::string_view unset) {
  const auto expression = ad.get(name);
  if (!expression || *expression == unset || equal_ignoring_case(*expression, "undefined"))
    return std::optional<std::int64_t>();
  if (const auto plain = ad.get_integer(name); plain && *plain >= 0) return plain;
  const classad::Ad scope = to_classad(ad);
  const classad::Value value = classad::evaluate(name, {.my = &scope});
  const auto real = value.to_real();
  constexpr double kMax = 1e15;
  if (real && *real >= 0 && *real < kMax)
    return std::optional(static_cast<std::int64_t>(std::ceil(*real)));
  const std::string text = value.text();
  return Error{Errc::unsupported,
               cat(name, " is ", *expression, text == *expression ? "" : cat(", which is ", text),
                   ", and Slurm wants a number of 0 or more"),
               0, "write the number"};
}

// How long the job runs at most, in seconds.
Result<std::optional<std::int64_t>> duration(const JobAd& ad) {
  for (const char* name : {"MaxRuntime", "AllowedExecuteDuration", "AllowedJobDuration"}) {
    CAIRN_TRY(const auto seconds, number(ad, name, {}));
    if (seconds) return seconds;
  }
  return std::optional<std::int64_t>();
}

std::string default_name(const JobAd& ad) {
  const std::filesystem::path program = ad.get_string("Cmd").value_or("job");
  return fmt::format("{}-{}", program.filename().native(), ad.get_integer("ClusterId").value_or(0));
}

Status check_line(std::string_view what, const std::string& value) {
  for (const char letter : value) {
    const auto code = static_cast<unsigned char>(letter);
    if (code < 0x20 || code == 0x7F)
      return Error{
          Errc::invalid,
          fmt::format("{} has a control character (\\x{:02x}), which would end its line in "
                      "the script for Slurm",
                      what, code),
          0, "give it another value"};
  }
  return {};
}

// In names of files Slurm replaces %j and the like.
std::string no_pattern(const std::string& path) {
  std::string text;
  for (const char letter : path) text += letter == '%' ? "%%" : std::string(1, letter);
  return text;
}

// In single quotes a shell takes everything as it is.
std::string shell_quoted(const std::string& text) {
  std::string word = "'";
  for (const char letter : text) word += letter == '\'' ? "'\\''" : std::string(1, letter);
  return word + "'";
}

// 0,1,2,5 -> "0-2,5"
std::string ranges(const std::vector<int>& numbers) {
  std::string text;
  for (std::size_t begin = 0; begin < numbers.size();) {
    std::size_t end = begin + 1;
    while (end < numbers.size() && numbers[end] == numbers[end - 1] + 1) ++end;
    if (!text.empty()) text += ',';
    text += std::to_string(numbers[begin]);
    if (end - begin > 1) text += cat('-', numbers[end - 1]);
    begin = end;
  }
  return text;
}

Result<std::string> lines(const SlurmRequest& request, const SlurmSettings& settings,
                          const std::vector<int>* array) {
  std::string text;
  const auto line = [&text](const std::string& option) { text += "#SBATCH " + option + '\n'; };
  CAIRN_CHECK(check_line("the job's name", request.name));
  CAIRN_CHECK(check_line("accounting_group", request.account));
  CAIRN_CHECK(check_line("the folder", settings.folder.native()));
  line("--job-name=" + slurm_word(request.name));
  if (array != nullptr) line("--array=" + ranges(*array));
  line("--nodes=1");
  line("--ntasks=1");
  line(cat("--cpus-per-task=", request.cpus));
  if (request.memory_mb) line(cat("--mem=", *request.memory_mb, 'M'));
  if (request.disk_mb) line(cat("--tmp=", *request.disk_mb, 'M'));
  if (request.gpus > 0) line(cat("--gres=gpu:", request.gpus));
  if (request.minutes) line(cat("--time=", *request.minutes));
  if (request.nice != 0) line(cat("--nice=", request.nice));
  if (!request.account.empty()) line("--account=" + slurm_word(request.account));
  if (request.held) line("--hold");
  line("--requeue");
  line(cat("--signal=B:USR1@", request.warning.count()));
  line("--open-mode=append");
  const std::string folder = no_pattern(settings.folder.native());
  line("--output=" +
       slurm_word(folder + (array != nullptr ? "/slurm-%A_%a.log" : "/slurm-%j.log")));
  for (const std::string& option : settings.options) {
    CAIRN_CHECK(check_line("--slurm-option", option));
    if (!option.starts_with('-'))
      return Error{Errc::invalid, cat("--slurm-option ", option, " is no option of sbatch"), 0,
                   "write it as sbatch wants it: --slurm-option=--partition=long"};
    const auto equals = option.find('=');
    line(equals == option.npos
             ? option
             : option.substr(0, equals + 1) + slurm_word(option.substr(equals + 1)));
  }
  return text;
}

Result<SlurmScript> render(const SlurmRequest& request, std::vector<int> procs, bool array,
                           int first, std::string name, const SlurmSettings& settings) {
  SlurmScript script{std::move(name), {}, std::move(procs), array, first};
  std::vector<int> tasks;
  for (const int proc : script.procs) tasks.push_back(proc - first);
  CAIRN_TRY(const std::string options, lines(request, settings, array ? &tasks : nullptr));
  const auto warned = request.warning.count() -
                      std::min<std::int64_t>(kStoreSeconds / 2, request.warning.count() / 3);
  const auto asked = std::max<std::int64_t>(1, settings.kill_wait.count() - kLastSeconds);
  std::string job = std::to_string(script.procs.front());
  if (array && first == 0) job = "$SLURM_ARRAY_TASK_ID";
  if (array && first != 0) job = cat("$((SLURM_ARRAY_TASK_ID + ", first, "))");
  script.text = cat("#!/bin/sh\n# Written by cairn submit --pool slurm.\n", options, "\ncd ",
                    shell_quoted(settings.folder.native()), " || exit 74\n",
                    "exec ./cairn-starter solo --warned-for ", warned, " --asked-for ", asked,
                    settings.htcondor ? " --contract htcondor" : "", " \"", job, "\"\n");
  return script;
}

}  // namespace

std::string slurm_word(const std::string& text) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%+=:,./_-";
  if (!text.empty() && text.find_first_not_of(kPlain) == std::string::npos) return text;
  std::string word = "\"";
  for (const char letter : text) {
    if (letter == '"' || letter == '\\') word += '\\';
    word += letter;
  }
  return word + '"';
}

Result<SlurmRequest> slurm_request(const JobAd& ad) {
  SlurmRequest request;
  request.name = ad.get_string("JobBatchName").value_or(default_name(ad));
  CAIRN_TRY(const auto cpus, number(ad, "RequestCpus", {}));
  request.cpus = std::max<std::int64_t>(1, cpus.value_or(1));
  CAIRN_TRY(request.memory_mb, number(ad, "RequestMemory", kMemoryNotSaid));
  CAIRN_TRY(const auto disk_kb, number(ad, "RequestDisk", kNoDisk));
  if (disk_kb) request.disk_mb = divided_up(*disk_kb, 1024);
  CAIRN_TRY(const auto gpus, number(ad, "RequestGPUs", {}));
  request.gpus = gpus.value_or(0);
  // The higher a job's priority, the sooner it runs; the nicer it is, the later.
  request.nice = -ad.get_integer("JobPrio").value_or(0);
  request.account = ad.get_string("AcctGroup").value_or("");
  request.held = is_on_hold(ad);
  CAIRN_TRY(const auto leave, number(ad, "JobMaxVacateTime", {}));
  std::int64_t warning = leave.value_or(kLeaveSeconds) + kStoreSeconds;
  CAIRN_TRY(const auto seconds, duration(ad));
  if (seconds) {
    request.minutes = std::max<std::int64_t>(1, divided_up(*seconds, 60));
    warning = std::min(warning, *request.minutes * 60 / 2);  // half of the time at least is work
  }
  request.warning = std::chrono::seconds(warning);
  return request;
}

std::vector<std::string> not_translated(const JobAd& ad) {
  std::vector<std::string> clauses;
  // What stands there besides condor_submit's own clauses stands before them.
  const std::string requirements = ad.get("Requirements").value_or("");
  if (!requirements.empty() && !requirements.starts_with("(TARGET."))
    clauses.emplace_back(
        "requirements are not translated for Slurm; say it by --slurm-option=--constraint=… or "
        "--partition=…");
  if (const auto rank = ad.get("Rank"); rank && *rank != "0.0" && *rank != "0")
    clauses.emplace_back("rank has no meaning for Slurm");
  return clauses;
}

Result<std::vector<SlurmScript>> slurm_scripts(std::span<const JobAd> jobs,
                                               const SlurmSettings& settings) {
  struct Group {
    SlurmRequest request;
    int first = 0;
    std::vector<int> procs;
  };
  std::vector<Group> groups;
  int proc = 0;
  for (const JobAd& ad : jobs) {
    CAIRN_TRY(SlurmRequest request, slurm_request(ad));
    const int first = proc / settings.array_max * settings.array_max;
    const auto fits = std::find_if(groups.begin(), groups.end(), [&](const Group& group) {
      return group.first == first && group.request == request;
    });
    if (fits == groups.end())
      groups.push_back({std::move(request), first, {proc}});
    else
      fits->procs.push_back(proc);
    ++proc;
  }
  std::vector<SlurmScript> scripts;
  for (Group& group : groups) {
    const bool array = group.procs.size() > 1;
    CAIRN_TRY(SlurmScript script, render(group.request, std::move(group.procs), array, group.first,
                                         fmt::format("submit-{}.sh", scripts.size()), settings));
    scripts.push_back(std::move(script));
  }
  return scripts;
}

Result<SlurmScript> slurm_script(const JobAd& job, const SlurmSettings& settings) {
  const int proc = static_cast<int>(job.get_integer("ProcId").value_or(0));
  CAIRN_TRY(SlurmRequest request, slurm_request(job));
  request.held = false;
  return render(request, {proc}, false, 0, fmt::format("again-{}.sh", proc), settings);
}

}  // namespace cairn
