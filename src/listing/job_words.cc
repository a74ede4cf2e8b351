#include "listing/job_words.h"

#include <fmt/format.h>

#include "base/text.h"
#include "base/units.h"
#include "listing/json.h"
#include "listing/selection.h"
#include "listing/table.h"

namespace cairn::listing {
namespace {

using std::chrono::milliseconds;

std::string plural(std::int64_t count, const char* noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string ago(std::int64_t then_ms, std::int64_t now_ms) {
  return format_duration(milliseconds(now_ms > then_ms ? now_ms - then_ms : 0)) + " ago";
}

bool is_remote(const Surroundings& around) {
  return around.runner == "htcondor" || around.runner == "slurm";
}

// "64 cpus, and this machine has 2"; empty: it fits.
std::string never_fits(const Resources& wanted, const Resources& machine) {
  if (wanted.cpus && machine.cpus && *wanted.cpus > *machine.cpus)
    return fmt::format("request_cpus = {}, and this machine has {}", *wanted.cpus, *machine.cpus);
  if (wanted.memory_mb && machine.memory_mb && *wanted.memory_mb > *machine.memory_mb)
    return fmt::format("request_memory = {} MB, and this machine has {} MB", *wanted.memory_mb,
                       *machine.memory_mb);
  if (wanted.disk_kb && machine.disk_kb && *wanted.disk_kb > *machine.disk_kb)
    return fmt::format("request_disk = {}, and there are {}",
                       format_size(static_cast<std::uint64_t>(*wanted.disk_kb) * 1024),
                       format_size(static_cast<std::uint64_t>(*machine.disk_kb) * 1024));
  return "";
}

std::string state_sentence(const JobView& job) {
  const std::string since =
      fmt::format("for {}, since {}", format_duration(job.in_state()), date_word(job.since_ms));
  switch (job.state) {
    case JobState::idle:
      return "idle " + since;
    case JobState::running:
      return fmt::format("running {}{}", since, job.where.empty() ? "" : ", on " + job.where);
    case JobState::spooling:
      return "spooling a checkpoint " + since;
    case JobState::vacating:
      return "was asked to leave; " + since;
    case JobState::saving:
      return "is leaving, its checkpoint is being spooled " + since;
    case JobState::evicting:
      return "is leaving, its outputs are being spooled " + since;
    case JobState::finishing:
      return "has ended, its outputs are on their way " + since;
    case JobState::held:
      return "held " + since;
    case JobState::removed:
      return "removed at " + date_word(job.since_ms);
    case JobState::completed:
      break;
  }
  std::string how;
  if (job.exit)
    how = job.exit->by_signal ? fmt::format(" by signal {}", job.exit->signal)
                              : fmt::format(" with exit code {}", job.exit->code);
  return fmt::format("completed{} at {}", how, date_word(job.since_ms));
}

std::string checkpoint_sentence(const JobView& job, const Surroundings& around) {
  if (around.checkpoints.empty()) {
    if (!job.checkpoint) return "none yet";
    return fmt::format("number {}{}", *job.checkpoint,
                       job.checkpoint_ms ? ", " + ago(*job.checkpoint_ms, job.now_ms) : "");
  }
  std::vector<std::string> parts;
  for (const SpooledFacts& each : around.checkpoints)
    parts.push_back(fmt::format("{}{}, {}, {}", parts.empty() ? "number " : "", each.number,
                                format_size(each.bytes), ago(each.time_ms, job.now_ms)));
  return join(parts, "; before it ");
}

std::string history_sentence(const JobView& job) {
  return fmt::format("{}, {}, {}, {}", plural(job.starts, "start"),
                     plural(job.goodput.checkpoints, "checkpoint"),
                     plural(job.evictions, "eviction"), plural(job.holds, "hold")) +
         (job.crashes > 0
              ? fmt::format(", {} since the newest checkpoint", plural(job.crashes, "crash"))
              : "");
}

}  // namespace

std::string advice_for_hold(int code, const JobView& job) {
  const std::string release = fmt::format("cairn release {}", to_text(job.id));
  switch (code) {
    case 1:
      return fmt::format("somebody held it; {} lets it go on", release);
    case 3:
      return fmt::format("its own periodic_hold or on_exit_hold said so; {} lets it go on",
                         release);
    case 6:
    case 7:
      return fmt::format("see that the program exists and may be executed, then {}", release);
    case 12:
      return fmt::format(
          "see that the job writes what its lists of checkpoint and output files name, then {}",
          release);
    case 13:
      return fmt::format("see that its inputs are there and may be read, then {}", release);
    case 15:
      return fmt::format("it was submitted so, by hold = true; {} lets it start", release);
    case 26:
      return fmt::format("see why it gets nowhere (cairn log {}), then {}", to_text(job.id),
                         release);
    case 34:
      return fmt::format("ask for more memory in the submit file, and submit it again");
    case 46:
    case 47:
      return fmt::format("it ran longer than allowed; {} gives it as much time again", release);
    default:
      return fmt::format("see to the reason, then {}", release);
  }
}

std::string why_waiting(const JobView& job, const Surroundings& around) {
  if (job.state == JobState::held && job.hold)
    return fmt::format("code {}/{}: {}", job.hold->code, job.hold->subcode,
                       printable(job.hold->reason));
  if (job.state != JobState::idle) return "";
  if (is_remote(around)) return fmt::format("{} has not started it yet", around.runner);
  if (const std::string never = never_fits(around.wanted, around.machine); !never.empty())
    return fmt::format("it can never run here: it asks for {}", never);
  if (!around.unmet.empty())
    return fmt::format("its requirements do not hold on this machine: {}", printable(around.unmet));
  if (around.runner == "engine" && !around.engine_runs) return "the engine does not run";
  if (around.runner != "engine") return "it belongs to a `cairn run`, and waits for a slot of that";
  if (around.slots_used && around.slots && *around.slots_used >= *around.slots)
    return fmt::format("all {} are taken", plural(*around.slots, "slot"));
  return "it waits for a slot with what it asks for";
}

std::string next_step(const JobView& job, const Surroundings& around) {
  const std::string id = to_text(job.id);
  const bool by_engine = around.runner == "engine";
  const std::string from =
      job.checkpoint ? fmt::format("checkpoint {}", *job.checkpoint) : std::string("its beginning");
  switch (job.state) {
    case JobState::idle:
      if (!is_remote(around) && !never_fits(around.wanted, around.machine).empty())
        return fmt::format(
            "nothing; ask for less in the submit file, then cairn remove {} and "
            "submit it again",
            id);
      if (!around.unmet.empty())
        return fmt::format(
            "nothing, as long as that is so; ask for less in the submit file, then cairn remove {} "
            "and "
            "submit it again",
            id);
      if (by_engine && !around.engine_runs) return "cairn engine starts it";
      if (!by_engine && !is_remote(around) && !around.submit_file.empty())
        return fmt::format("it starts from {}; if no cairn run is there: cairn run {}", from,
                           printable(around.submit_file));
      return fmt::format("it starts from {}", from);
    case JobState::held:
      return job.hold ? advice_for_hold(job.hold->code, job) : "";
    case JobState::completed:
      return around.log.empty() ? "" : fmt::format("its log is {}", printable(around.log));
    case JobState::removed:
      return "";
    case JobState::running:
      return fmt::format("it runs on; cairn log {} --follow shows how", id);
    case JobState::spooling:
      return "it is started again in the same sandbox, once the checkpoint is safe";
    case JobState::vacating:
    case JobState::saving:
    case JobState::evicting:
      return "it becomes idle, and starts again elsewhere";
    case JobState::finishing:
      return "it is completed once they are there";
  }
  return "";
}

std::string wall_time_line(const Goodput& goodput) {
  const auto wall = goodput.wall();
  if (wall.count() <= 0) return "none so far";
  std::vector<std::string> parts;
  const auto part = [&](const char* name, milliseconds time) {
    if (time.count() == 0) return;
    parts.push_back(
        fmt::format("{} {} ({:.0f}%)", name, format_duration(time),
                    100 * static_cast<double>(time.count()) / static_cast<double>(wall.count())));
  };
  part("useful", goodput.useful);
  part("lost", goodput.lost);
  part("checkpoint", goodput.checkpoint);
  part("transfer", goodput.transfer);
  part("restart", goodput.restart);
  part("since the last checkpoint", goodput.pending);
  return fmt::format("{}: {}", format_duration(wall), join(parts, ", "));
}

std::string status_text(const JobView& job, const Surroundings& around) {
  std::string text = fmt::format("job {} of {}: {}\n", to_text(job.id), printable(job.name),
                                 printable(job.command));
  const auto line = [&](const char* label, const std::string& what) {
    if (!what.empty()) text += fmt::format("  {:<12}{}\n", label, what);
  };
  line("state", state_sentence(job));
  line("why", why_waiting(job, around));
  line("next", next_step(job, around));
  line("submitted",
       fmt::format("{}{}{}", date_word(job.submitted_ms),
                   job.owner.empty() ? "" : " by " + printable(job.owner),
                   around.submit_file.empty() ? "" : ", from " + printable(around.submit_file)));
  if (is_remote(around)) line("where", job.where);
  line("checkpoint", checkpoint_sentence(job, around));
  if (job.progress) line("progress", fmt::format("{:.0f}%", 100 * *job.progress));
  line("so far", history_sentence(job));
  line("wall time", wall_time_line(job.goodput));
  if (const std::string share = goodput_word(job.goodput); !share.empty()) line("goodput", share);
  line("sandbox", printable(around.sandbox));
  line("spool", around.checkpoints.empty() ? "" : printable(around.job_folder) + "/spool");
  line("log", printable(around.log));
  return text;
}

std::string status_json(const std::vector<std::pair<JobView, Surroundings>>& jobs) {
  auto rows = nlohmann::ordered_json::array();
  for (const auto& [job, around] : jobs) {
    nlohmann::ordered_json row = to_json(job);
    row["why"] = why_waiting(job, around);
    row["next"] = next_step(job, around);
    row["runner"] = around.runner;
    row["submit_file"] = around.submit_file;
    row["log"] = around.log;
    row["sandbox"] = around.sandbox;
    auto spooled = nlohmann::ordered_json::array();
    for (const SpooledFacts& each : around.checkpoints)
      spooled.push_back(
          {{"number", each.number}, {"bytes", each.bytes}, {"time_ms", each.time_ms}});
    row["checkpoints"] = std::move(spooled);
    rows.push_back(std::move(row));
  }
  return dump({{"jobs", std::move(rows)}});
}

}  // namespace cairn::listing
