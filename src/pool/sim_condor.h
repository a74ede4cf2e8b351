// HTCondor's commands, played by a schedd in memory that writes a real event log.
#pragma once

#include <fmt/format.h>

#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "base/text.h"
#include "job/event_log.h"
#include "os/command.h"
#include "pool/pool.h"

namespace cairn::testing {

class SimCondor {
 public:
  explicit SimCondor(Path log) : log_(std::move(log)) {}

  std::vector<std::string> last;       // the newest command
  std::vector<std::string> submitted;  // the newest condor_submit
  Path submitted_in;                   // and its folder
  int commands = 0;
  std::string refusal;  // what the next command says before it fails
  std::string dry_run = "Cmd=\"/bin/true\"\nUserLog=\"job.log\"\n";
  bool knows_all = false;  // every job that is asked for

  Result<CommandResult> run(const CommandOptions& command) {
    last = command.arguments;
    if (last.front() == "condor_submit") {
      submitted = last;
      submitted_in = command.working_folder;
    }
    ++commands;
    if (!refusal.empty()) return fails(std::exchange(refusal, {}));
    const std::string& name = last.front();
    if (name == "condor_version") return says("$CondorVersion: 23.9.6 2026-07-12 $\n");
    if (name == "condor_q" && last[1] == "-totals") return says("0 jobs\n");
    if (name == "condor_q" || name == "condor_history") return says(ads(last[1]));
    if (name == "condor_submit") return last[1] == "-dry-run" ? says(dry_run) : submit();
    if (name == "condor_evicted_files") return fetch(command.working_folder);
    for (const PoolJob& job : named())
      if (!knows_all && !jobs_.contains(key(job))) return fails("Job " + key(job) + " not found\n");
    for (const PoolJob& job : named()) request(name, job);
    return says("done\n");
  }

  void start(const PoolJob& job) {
    write(transfer_event(head(job), TransferStep::input_started, "host"));
    write(transfer_event(head(job), TransferStep::input_finished));
    write(execute_event(head(job), {.host = "host", .slot_name = "slot1", .scratch_folder = "/x"}));
  }
  void checkpoint(const PoolJob& job) {
    move_outputs(job);
    write(image_size_event(head(job), 1, 1, 1));
    checkpointed_.insert(key(job));
  }
  void finish(const PoolJob& job, int code) {
    move_outputs(job);
    TerminateFacts facts;
    facts.exit = ExitStatus{.by_signal = false, .code = code};
    write(terminate_event(head(job), facts));
  }

 private:
  static std::string key(const PoolJob& job) { return fmt::format("{}.{}", job.pool_id, job.proc); }
  EventHead head(const PoolJob& job) {
    return {{std::stoi(job.pool_id), job.proc}, 1'700'000'000 + ++clock_};
  }
  void write(const std::string& event) { std::ofstream(log_, std::ios::app) << event; }
  void move_outputs(const PoolJob& job) {
    write(transfer_event(head(job), TransferStep::output_started));
    write(transfer_event(head(job), TransferStep::output_finished));
  }
  static CommandResult says(std::string text) {
    return {.wait_status = 0, .output = std::move(text), .errors = {}};
  }
  static CommandResult fails(std::string text) {
    return {.wait_status = 1 << 8, .output = {}, .errors = std::move(text)};
  }

  CommandResult submit() {
    const std::string cluster = std::to_string(++cluster_);
    for (int proc = 0; proc < 3; ++proc) {
      jobs_.insert(key({cluster, proc}));
      write(submit_event(head({cluster, proc}), "host"));
    }
    return says(fmt::format("{0}.0 - {0}.2\n", cluster));
  }
  std::string ads(const std::string& cluster) const {
    std::string text;
    for (int proc = 0; proc < 3; ++proc)
      if (jobs_.contains(key({cluster, proc})))
        text +=
            fmt::format("ClusterId = {}\nProcId = {}\nTotalSubmitProcs = 3\nUserLog = \"{}\"\n\n",
                        cluster, proc, log_.native());
    return text;
  }
  CommandResult fetch(const Path& folder) {
    if (!checkpointed_.contains(last.back()))
      return fails("No directory; job was never evicted.\n");
    std::filesystem::create_directories(folder / last.back());
    return says(fmt::format("Copied to '{}'.\n", last.back()));
  }
  std::vector<PoolJob> named() const {
    std::vector<PoolJob> jobs;
    for (const std::string& word : last)
      if (const auto dot = word.find('.');
          dot != std::string::npos && parse_integer(word.substr(0, dot)))
        jobs.push_back({word.substr(0, dot), std::stoi(word.substr(dot + 1))});
    return jobs;
  }
  void request(const std::string& name, const PoolJob& job) {
    const std::string reason = last.size() > 2 && last[1] == "-reason" ? last[2] : "";
    if (name == "condor_vacate_job") write(evict_event(head(job), {}));
    if (name == "condor_hold") write(hold_event(head(job), reason, 1, 0));
    if (name == "condor_release") write(release_event(head(job), reason));
    if (name == "condor_rm") write(abort_event(head(job), reason));
  }

  Path log_;
  int cluster_ = 100;
  int clock_ = 0;
  std::set<std::string> jobs_, checkpointed_;
};

}  // namespace cairn::testing
