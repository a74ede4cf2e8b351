// progress, cost: does every checkpoint exit move the job forward, and at what price?
#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <sstream>

#include "base/text.h"
#include "base/units.h"
#include "verify/study.h"

namespace cairn::verify {
namespace {

// ---- checkpoints that are none

Flaw no_new_checkpoint(Study& study) {
  const Life& life = study.undisturbed;
  Flaw flaw;
  flaw.repeat = study.repeat(Property::progress);
  // The first that repeats the one before it, else the last.
  std::size_t at = life.stretches.size() - 1;
  for (std::size_t i = 1; i < life.stretches.size(); ++i)
    if (life.stretches[i].checkpoint && life.stretches[i - 1].checkpoint &&
        Lab::state_of(*life.stretches[i].checkpoint) ==
            Lab::state_of(*life.stretches[i - 1].checkpoint)) {
      at = i;
      break;
    }
  const Stretch& stretch = life.stretches[at];
  flaw.seen =
      cat("checkpoint exit ", at, " (from 0) brought the same checkpoint as an earlier one");
  if (life.end == End::going_round) flaw.seen += ", and so on: the job never ends";
  const std::string said = last_line(stretch.complained);
  if (study.reference && life.end == End::going_round) {
    flaw.cause =
        "it exits with the checkpoint exit code although its work is done, or before it has done "
        "any";
  } else if (!said.empty()) {
    flaw.cause = cat("a failure is reported as a checkpoint: it says \"", said, "\"");
  } else {
    flaw.cause =
        "it exits with the checkpoint exit code without having saved anything new, or does not "
        "read what it saved";
  }
  flaw.advice =
      "use the checkpoint exit code only right after a new, complete checkpoint; 0 when the work "
      "is done; "
      "another code for a failure";
  return flaw;
}

Flaw never_ends(Study& study) {
  Flaw flaw;
  flaw.seen = text_of(study.undisturbed);
  flaw.cause =
      "checkpoints follow each other without end: the job does not go on from what it saved, or "
      "does not see that it is done";
  flaw.advice = "print at the start where the program goes on from, and look whether that grows";
  flaw.repeat = study.repeat(Property::progress);
  return flaw;
}

Flaw listed_file_missing(Study& study) {
  Flaw flaw;
  flaw.seen =
      cat("checkpoint ", study.undisturbed.stretches.size() - 1, ": ", study.undisturbed.why);
  flaw.cause =
      "a file of transfer_checkpoint_files is not there at a checkpoint exit: HTCondor would hold "
      "the job (code 36)";
  flaw.advice =
      "list only what is there at every checkpoint exit, also the first; an empty file or folder "
      "will do";
  flaw.repeat = study.repeat(Property::progress);
  return flaw;
}

// ---- processes left behind

std::optional<Flaw> left_over_writers(Study& study, const Life& life) {
  for (std::size_t i = 0; i < life.stretches.size(); ++i)
    for (const Execution::LeftOver& one : life.stretches[i].execution.left_over) {
      if (!one.wrote && one.files.empty()) continue;
      const std::string file =
          one.files.empty() ? std::string("its files") : seen_name(one.files.front());
      Flaw flaw;
      flaw.seen = cat("at exit ", i, " (from 0) process ", one.pid, " (", one.command,
                      ") was still there, writing to ", file);
      flaw.cause = "the program exits before a process that it started has finished writing";
      flaw.advice = "wait for all child processes before the checkpoint exit";
      flaw.repeat = study.repeat(Property::progress);
      return flaw;
    }
  return {};
}

// ---- work done again and again

struct Line {
  double slope = 0, correlation = 0;
};

// Least squares of y over 0, 1, 2, …
Line fitted(const std::vector<double>& y) {
  const auto n = static_cast<double>(y.size());
  const double mean_x = (n - 1) / 2;
  const double mean_y = std::accumulate(y.begin(), y.end(), 0.0) / n;
  double xy = 0;
  double xx = 0;
  double yy = 0;
  for (std::size_t i = 0; i < y.size(); ++i) {
    const double x = static_cast<double>(i) - mean_x;
    xy += x * (y[i] - mean_y);
    xx += x * x;
    yy += (y[i] - mean_y) * (y[i] - mean_y);
  }
  if (xx == 0 || yy == 0) return {};
  return {xy / xx, xy / std::sqrt(xx * yy)};
}

// Of each execution with a checkpoint, from both undisturbed runs the smaller: other work on the
// machine makes them longer only.
std::vector<double> times_of(const Study& study, Milliseconds Execution::*time) {
  std::vector<double> times;
  const auto& again = study.watched.stretches;
  for (std::size_t i = 0; i < study.undisturbed.stretches.size(); ++i) {
    const Stretch& stretch = study.undisturbed.stretches[i];
    if (!stretch.checkpoint) continue;
    Milliseconds least = stretch.execution.*time;
    if (i < again.size()) least = std::min(least, again[i].execution.*time);
    times.push_back(static_cast<double>(least.count()));
  }
  return times;
}

// A program that begins from zero each time takes T, 2T, 3T, … for its executions.  Work that
// really grows seldom grows by just the first execution each time.
bool repeats_work(const Study& study, Milliseconds Execution::*time) {
  constexpr std::size_t kExecutionsMin = 4;
  constexpr double kCorrelationMin = 0.95;
  constexpr double kGrowthMin = 2;
  constexpr double kMillisecondsMin = 30;
  const std::vector<double> times = times_of(study, time);
  if (times.size() < kExecutionsMin) return false;
  const Line line = fitted(times);
  if (line.correlation < kCorrelationMin || times.back() < kGrowthMin * times.front() ||
      times.back() - times.front() < kMillisecondsMin)
    return false;
  // Against a run without checkpoints there is no doubt.
  const double whole = std::accumulate(times.begin(), times.end(), 0.0);
  if (study.reference) {
    Milliseconds without{0};
    for (const Stretch& stretch : study.reference->stretches) without += stretch.execution.*time;
    return whole > 1.5 * static_cast<double>(without.count());
  }
  return line.slope > 0.3 * times.front() && line.slope < 1.3 * times.front();
}

std::optional<Flaw> repeated_work(Study& study) {
  const bool by_cpu = repeats_work(study, &Execution::cpu);
  if (!by_cpu && !repeats_work(study, &Execution::wall)) return {};
  const auto times = times_of(study, by_cpu ? &Execution::cpu : &Execution::wall);
  Flaw flaw;
  flaw.seen = cat("each execution takes longer than the one before: ", std::lround(times.front()),
                  " ms at first, ", std::lround(times.back()), " ms at the end");
  flaw.cause =
      "the work of all earlier executions is done again after each restart, though the result is "
      "right";
  flaw.advice = "go on from the checkpoint instead of repeating what led to it";
  flaw.repeat = study.repeat(Property::progress);
  return flaw;
}

// Lines that say where the program is: several, each another one.
bool are_steps(const std::string& text) {
  constexpr std::size_t kLinesMin = 3;
  std::set<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);)
    if (line.find_first_of("0123456789") == std::string::npos || !lines.insert(line).second)
      return false;
  return lines.size() >= kLinesMin;
}

// Such lines printed by one execution, and all of them by the next, in the same order.
std::optional<Flaw> repeated_lines(Study& study) {
  if (!study.lab.compares_stdout()) return {};
  std::string last;
  for (const Stretch& stretch : study.undisturbed.stretches) {
    const std::string& now = stretch.printed;
    if (are_steps(last) && now.starts_with(last))
      return Flaw{.seen = cat("an execution prints the lines of the one before again, from \"",
                              last.substr(0, last.find('\n')), "\" on"),
                  .difference = {},
                  .cause = "the work of earlier executions is done again after each restart",
                  .repeat = study.repeat(Property::progress),
                  .advice = "go on from the checkpoint instead of repeating what led to it"};
    last = now;
  }
  return {};
}

}  // namespace

Finding judge_progress(Study& study) {
  Finding finding;
  const Life& life = study.undisturbed;
  if (life.end == End::stopped) return finding;
  finding.evidence = cat(life.checkpoints(), " checkpoints, each of them new");
  finding.verdict = Verdict::pass;
  if (life.end == End::held) add_flaw(finding, listed_file_missing(study));
  if (life.end == End::going_round || life.same_checkpoints > 0)
    add_flaw(finding, no_new_checkpoint(study));
  if (life.end == End::too_long) add_flaw(finding, never_ends(study));
  for (const Life* one : {&study.undisturbed, &study.watched})
    if (auto flaw = left_over_writers(study, *one)) add_flaw(finding, *std::move(flaw));
  if (auto flaw = repeated_lines(study))
    add_flaw(finding, *std::move(flaw));
  else if (auto slower = repeated_work(study))
    add_flaw(finding, *std::move(slower));
  if (!finding.flaws.empty()) {
    finding.evidence = finding.flaws.front().seen;
  } else if (life.checkpoints() == 0) {
    finding.verdict = Verdict::untested;
    finding.evidence = life.end == End::completed ? "the job completed without a checkpoint exit"
                                                  : cat("no checkpoint before ", text_of(life));
  } else if (life.end == End::out_of_time) {
    finding.verdict = Verdict::untested;
    finding.evidence = cat("the run did not end within ", format_duration(study.options.time_limit),
                           " (--time-limit)");
  }
  return finding;
}

// ---- cost

namespace {

// From the first call on a file of the checkpoint to the exit.
Milliseconds save_time(const Stretch& stretch, const std::vector<std::string>& names) {
  const Execution& execution = stretch.execution;
  const auto paths = checkpoint_paths(execution.events, names);
  std::int64_t began_us = -1;
  std::int64_t last_us = 0;
  for (const Event& event : execution.events) {
    if (!is_among(event.path, paths) || event.call == Call::exit) continue;
    // A program may write checkpoints more often than it exits: the last one counts.
    constexpr std::int64_t kApartUs = 50'000;
    if (began_us < 0 || event.at_us - last_us > kApartUs) began_us = event.at_us;
    last_us = event.at_us;
  }
  if (began_us < 0) return Milliseconds(0);
  return Milliseconds((execution.ended_us - began_us) / 1000);
}

struct Costs {
  std::vector<std::uint64_t> bytes;  // of state, one per checkpoint
  std::vector<std::size_t> files;
  Milliseconds saving{0}, saving_max{0}, starting{0};
};

Costs costs_of(const Study& study) {
  Costs costs;
  for (const Stretch& stretch : study.undisturbed.stretches) {
    if (!stretch.checkpoint) continue;
    const Image state = study.lab.state_only(*stretch.checkpoint);
    costs.bytes.push_back(state.bytes());
    costs.files.push_back(state.entries.size());
  }
  for (const Stretch& stretch : study.watched.stretches) {
    if (!stretch.checkpoint) continue;
    std::vector<std::string> names;
    for (const auto& [name, entry] : Lab::state_of(*stretch.checkpoint).entries)
      names.push_back(name);
    const Milliseconds saving = save_time(stretch, names);
    costs.saving += saving;
    costs.saving_max = std::max(costs.saving_max, saving);
  }
  return costs;
}

// Steadily growing, to several times of what it was, by more than there are results to keep.
std::optional<Flaw> unbounded(Study& study, const Costs& costs) {
  constexpr std::size_t kCheckpointsMin = 4;
  constexpr double kGrowthMin = 2.5;
  constexpr double kCorrelationMin = 0.95;
  constexpr double kBytesMin = 2048;  // a few numbers more are no burden
  const auto& bytes = costs.bytes;
  if (bytes.size() < kCheckpointsMin || bytes.front() == 0) return {};
  std::vector<double> sizes(bytes.begin(), bytes.end());
  const Line line = fitted(sizes);
  const double growth = sizes.back() - sizes.front();
  double results = static_cast<double>(study.undisturbed.outcome.outputs.bytes());
  if (study.undisturbed.outcome.standard_output)
    results += static_cast<double>(study.undisturbed.outcome.standard_output->bytes);
  if (line.correlation < kCorrelationMin || sizes.back() < kGrowthMin * sizes.front() ||
      growth < 2 * results || sizes.back() < kBytesMin)
    return {};
  Flaw flaw;
  flaw.seen = cat("the checkpoint grows from ", format_size(bytes.front()), " to ",
                  format_size(bytes.back()), " in ", bytes.size(), " checkpoints");
  flaw.cause = costs.files.back() >= costs.files.front() + bytes.size() / 2
                   ? "each checkpoint keeps the files of all earlier ones: it grows without bound"
                   : "each checkpoint is added to the ones before it: it grows without bound";
  flaw.advice =
      "keep the newest one or two checkpoints and remove older ones; results belong into outputs";
  flaw.repeat = study.repeat(Property::cost);
  return flaw;
}

// The size that the user knows of.
std::optional<Flaw> too_large(Study& study, const Costs& costs) {
  const std::uint64_t most = *std::max_element(costs.bytes.begin(), costs.bytes.end());
  if (most <= *study.options.checkpoint_max) return {};
  return Flaw{.seen = cat("a checkpoint has ", format_size(most), ", more than ",
                          format_size(*study.options.checkpoint_max), " (--checkpoint-max)"),
              .difference = {},
              .cause = "the checkpoint grows further than it has reason to",
              .repeat = study.repeat(Property::cost),
              .advice = "look what is in the last checkpoint; or correct --checkpoint-max"};
}

}  // namespace

Finding judge_cost(Study& study) {
  Finding finding;
  if (study.undisturbed.checkpoints() == 0) {
    finding.evidence = "the job made no checkpoint";
    return finding;
  }
  finding.verdict = Verdict::pass;
  const Costs costs = costs_of(study);
  const auto count = static_cast<std::int64_t>(costs.bytes.size());
  const std::uint64_t most = *std::max_element(costs.bytes.begin(), costs.bytes.end());
  const Milliseconds saving = costs.saving / count;
  finding.evidence = cat(
      "a checkpoint takes ", format_duration(saving), " and ", format_size(most), "; saving is ",
      std::lround(100.0 * static_cast<double>(costs.saving.count()) /
                  std::max(1.0, static_cast<double>(study.watched.wall.count()))),
      " % of the run");
  if (study.reference && study.undisturbed.wall > study.reference->wall) {
    const Milliseconds more = study.undisturbed.wall - study.reference->wall;
    finding.evidence +=
        cat("; saving and restarting costs ", format_duration(more / count), " each time");
  }
  const Milliseconds grace = study.lab.job().max_vacate_time.value_or(std::chrono::seconds(600));
  if (costs.saving_max > grace)
    add_flaw(
        finding,
        {.seen = cat("a checkpoint takes up to ", format_duration(costs.saving_max),
                     ", the job may take ", format_duration(grace), " to leave"),
         .difference = {},
         .cause = "a checkpoint that is begun when the job is asked to leave cannot be finished",
         .repeat = study.repeat(Property::cost),
         .advice = "raise job_max_vacate_time, or make the checkpoint smaller"});
  auto flaw = study.options.checkpoint_max ? too_large(study, costs) : unbounded(study, costs);
  if (flaw) add_flaw(finding, *std::move(flaw));
  if (!finding.flaws.empty()) finding.evidence = finding.flaws.front().seen;
  if (study.crew.hands() > 1)
    finding.remarks.emplace_back(
        "two runs went on at the same time: alone on the machine they may be faster (--jobs 1)");
  return finding;
}

}  // namespace cairn::verify
