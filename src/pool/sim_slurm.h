// Slurm's commands, played, and what runners write: for tests of SlurmPool.
#pragma once

#include <fmt/format.h>

#include <map>
#include <string>
#include <vector>

#include "engine/spool.h"
#include "os/atomic_file.h"
#include "os/command.h"
#include "pool/slurm.h"
#include "solo/journal.h"

namespace cairn::testing {

class SimSlurm {
 public:
  SimSlurm(FileSystem& files, Path folder) : files_(files), folder_(std::move(folder)) {}

  // ---- the commands
  Result<CommandResult> run(const CommandOptions& command) {
    const auto& words = command.arguments;
    said.push_back(words);
    if (words[0] == "sbatch") return sbatch(words.back());
    if (words[0] == "squeue") {
      if (silent) return failed("Unable to contact slurm controller");
      CommandResult result;
      for (const auto& [number, state] : jobs) result.output += number + "|" + state + "\n";
      return result;
    }
    if (words[1] == "show") return printed("SLURM_VERSION           = 22.05.8\nKillWait = 5 sec\n");
    const std::string& number = words.back();
    if (!jobs.contains(number)) return failed("Invalid job id specified");
    if (words[0] == "scancel" && words.size() == 2) jobs[number] = "CANCELLED";
    if (words[0] == "scancel" && words.size() > 2) leave(number);
    if (words[1] == "requeue" || words[1] == "requeuehold") leave(number);
    return CommandResult{};
  }
  std::map<std::string, std::string> jobs;  // state by number
  std::vector<std::vector<std::string>> said;
  bool silent = false;
  bool refuses = false;  // the next sbatch but one

  // ---- what happens in an allocation
  void start(const PoolJob& job) {
    const std::string number = number_of(job);
    jobs[number] = "RUNNING";
    const Runner runner{"n1", 4711, 1, number, 0, {}, {}};
    write_file_atomically(files_, job_folder(job) / "runner", as_bytes(encode(runner))).value();
    JobRecord record = last(job);
    record.state = JobState::running;
    ++record.activation;
    store(job, record, Mark::execute_begin, "started");
  }
  void checkpoint(const PoolJob& job) {
    JobRecord record = last(job);
    const int number = static_cast<int>(record.next_checkpoint++);
    record.last_checkpoint = number;
    const Path home = job_folder(job) / fmt::format("{}.{}", job.pool_id, job.proc);
    files_.make_folder(home).value();
    Spool(files_, home / "spool").commit(number, {}).value();
    store(job, record, Mark::spool_end, "spooled");
  }
  void finish(const PoolJob& job, int code) {
    JobRecord record = last(job);
    record.state = JobState::completed;
    record.exit = ExitStatus{.by_signal = false, .code = code};
    store(job, record, Mark::done, "completed");
    jobs[number_of(job)] = "COMPLETED";
  }
  void die(const PoolJob& job) { jobs.erase(number_of(job)); }
  std::string number_of(const PoolJob& job) {
    return decode_handed_over(read_file(files_, job_folder(job) / "handed-over").value())
        .value()
        .allocation;
  }
  Path job_folder(const PoolJob& job) const {
    return folder_ / job.pool_id / std::to_string(job.proc);
  }

 private:
  static CommandResult printed(std::string text) {
    CommandResult result;
    result.output = std::move(text);
    return result;
  }
  static CommandResult failed(std::string text) {
    CommandResult result;
    result.wait_status = 0x100;
    result.errors = std::move(text);
    return result;
  }
  // --array=0-2,5 or none
  Result<CommandResult> sbatch(const std::string& file) {
    if (refuses && last_ % 2 == 1) return failed("invalid partition specified: nowhere");
    const std::string script = read_file(files_, file).value();
    const std::string number = std::to_string(++last_);
    const auto at = script.find("--array=");
    if (at == std::string::npos) {
      jobs[number] = "PENDING";
      return printed(number + "\n");
    }
    const std::string list = script.substr(at + 8, script.find('\n', at) - at - 8);
    for (const std::string& range : split_list(list)) {
      const auto dash = range.find('-');
      const auto first = parse_integer(range.substr(0, dash)).value();
      const auto end =
          dash == std::string::npos ? first : parse_integer(range.substr(dash + 1)).value();
      for (auto task = first; task <= end; ++task)
        jobs[fmt::format("{}_{}", number, task)] = "PENDING";
    }
    return printed(number + "\n");
  }
  // The runner of that allocation lets its job go, and is requeued.
  void leave(const std::string& number) {
    for (const std::string& cluster : files_.list(folder_).value())
      for (const std::string& proc : files_.list(folder_ / cluster).value()) {
        const auto which = parse_integer(proc);
        if (!which) continue;
        const PoolJob job{cluster, static_cast<int>(*which)};
        if (number_of(job) != number || last(job).state != JobState::running) continue;
        JobRecord record = last(job);
        record.state = JobState::idle;
        ++record.evictions;
        store(job, record, Mark::evicted, "evicted");
      }
    jobs[number] = "PENDING";
  }
  JobRecord last(const PoolJob& job) {
    return read_journal(files_, job_folder(job) / "journal").value().record.value_or(JobRecord{});
  }
  void store(const PoolJob& job, const JobRecord& record, Mark mark, const std::string& text) {
    const Path folder = job_folder(job) / "journal";
    Journal journal(files_, folder, read_journal(files_, folder).value());
    const EventRecord event{++clock_ms_, mark, text};
    journal.store(record, {&event, 1}).value();
  }

  FileSystem& files_;
  Path folder_;
  int last_ = 100;
  std::int64_t clock_ms_ = 0;
};

}  // namespace cairn::testing
