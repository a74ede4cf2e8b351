// `cairn queue`: what is in the queue, as condor_q shows it.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "base/text.h"
#include "base/try.h"
#include "cli/attributes.h"
#include "cli/look.h"
#include "cli/progress_line.h"
#include "cli/verb.h"
#include "engine/rebuild.h"
#include "listing/json.h"
#include "listing/queue_table.h"
#include "os/clock.h"

namespace cairn::cli {
namespace {

constexpr const char* kFooter =
    "Without options: one row for each batch that is not finished.  Jobs, --constraint and states\n"
    "choose some; jobs that are over are shown if they are named, or with --all.\n"
    "Exit status: 0; 2 wrong usage, or a job that is not there.\n"
    "Examples: cairn queue\n"
    "          cairn queue --held\n"
    "          cairn queue -c 'RequestMemory > 1000' -af ClusterId ProcId Owner";

// More running jobs than that are not looked into for the table of batches.
constexpr std::size_t kLookedIntoMax = 200;

struct Choices {
  JobSelection selection;
  AttributeChoices attributes;
  bool jobs = false, json = false, rebuild = false;
};

using Totals = std::map<JobState, std::int64_t>;

std::size_t width() { return static_cast<std::size_t>(columns_of(STDOUT_FILENO)); }

// A word that names whole clusters leaves a row for the batch.
bool names_jobs(const JobSelection& selection) {
  if (!selection.constraint.empty() || selection.held || selection.idle || selection.running)
    return true;
  return std::any_of(selection.words.begin(), selection.words.end(), [](const std::string& word) {
    const auto selector = listing::parse_selector(word);
    const auto* range = std::get_if<JobRange>(&selector);
    return range != nullptr && word.find('.') != std::string::npos;
  });
}

Result<int> show_attributes(Look& look, const Choices& choices) {
  CAIRN_TRY(auto printer, AttributePrinter::make(choices.attributes));
  const std::int64_t now_seconds = wall_clock_ms() / 1000;
  CAIRN_CHECK(look.each(choices.selection, false, false, [&](JobRow&& row) {
    std::cout << printer.text(row, now_seconds);
    return static_cast<bool>(std::cout);
  }));
  return kOk;
}

Result<int> show_jobs(Look& look, const Choices& choices) {
  std::vector<listing::JobView> views;
  Totals totals;
  std::optional<Error> problem;
  std::optional<EventScan> scan;
  if (look.reader() != nullptr) scan.emplace(*look.reader());
  CAIRN_CHECK(look.each(choices.selection, false, false, [&](JobRow&& row) {
    auto view = look.view(row, &*scan);
    if (!view) {
      problem = view.error();
      return false;
    }
    ++totals[row.record.state];
    views.push_back(*std::move(view));
    return true;
  }));
  if (problem) return *std::move(problem);
  if (choices.json)
    std::cout << listing::jobs_json(views, totals);
  else
    std::cout << listing::job_table(views, width()) << '\n' << listing::totals_line(totals);
  return kOk;
}

Result<std::vector<listing::JobView>> look_into_running(Look& look, const JobSelection& all,
                                                        const listing::QueueOutline& outline) {
  std::vector<listing::JobView> active;
  std::int64_t running = 0;
  for (const StateCount& each : outline.counts)
    if (!listing::is_over(each.state) && each.state != JobState::idle &&
        each.state != JobState::held)
      running += each.jobs;
  if (running == 0 || running > static_cast<std::int64_t>(kLookedIntoMax)) return active;
  JobSelection selection;
  selection.words = all.words;
  selection.running = true;
  std::optional<Error> problem;
  CAIRN_CHECK(look.each(selection, false, false, [&](JobRow&& row) {
    auto view = look.view(row);
    if (!view) {
      problem = view.error();
      return false;
    }
    active.push_back(*std::move(view));
    return true;
  }));
  if (problem) return *std::move(problem);
  return active;
}

Result<int> show_batches(Look& look, const Choices& choices) {
  CAIRN_TRY(const listing::QueueOutline* const whole, look.outline());
  listing::QueueOutline outline = *whole;
  CAIRN_TRY(const auto ranges, look.ranges(choices.selection));
  if (ranges) {
    const auto chosen = [&](int cluster) {
      return std::any_of(ranges->begin(), ranges->end(),
                         [&](const JobRange& range) { return range.cluster == cluster; });
    };
    std::erase_if(outline.clusters, [&](const auto& each) { return !chosen(each.cluster); });
    std::erase_if(outline.counts, [&](const auto& each) { return !chosen(each.cluster); });
  }
  std::vector<listing::JobView> active;
  if (look.reader() != nullptr) {
    CAIRN_TRY(active, look_into_running(look, choices.selection, outline));
    for (ClusterRow& cluster : outline.clusters) {
      CAIRN_TRY(cluster.owner, look.reader()->owner(cluster.cluster));
    }
  }
  CAIRN_TRY(const std::set<JobId>* const stay, look.staying());
  std::set<int> staying;
  for (const JobId id : *stay) staying.insert(id.cluster);
  const auto batches =
      listing::batches_of(outline, active, choices.selection.all || ranges.has_value(), staying);
  Totals totals;
  for (const auto& batch : batches)
    for (const auto& [state, count] : batch.counts) totals[state] += count;
  if (choices.json)
    std::cout << listing::batches_json(batches, totals);
  else
    std::cout << listing::batch_table(batches, wall_clock_ms(), width()) << '\n'
              << listing::totals_line(totals);
  return kOk;
}

std::string text_of(const Rebuilt& rebuilt, const Home& home) {
  std::int64_t count = 0;
  std::vector<std::string> states;
  for (const auto& [state, jobs] : rebuilt.jobs) {
    count += jobs;
    states.push_back(fmt::format("{} {}", jobs, to_text(state)));
  }
  std::string text =
      rebuilt.clusters == 0
          ? fmt::format("the queue of {} knows all that is there\n", home.folder().native())
          : fmt::format("brought back {} clusters with {} jobs: {}\n", rebuilt.clusters, count,
                        join(states, ", "));
  for (const std::string& note : rebuilt.notes) text += note + "\n";
  if (!rebuilt.kept.empty())
    text += fmt::format("the damaged queue is kept as {}\n", rebuilt.kept.native());
  return text;
}

Result<int> rebuild(bool as_json) {
  PosixFileSystem files;
  CAIRN_TRY(const Path folder, Home::default_folder());
  CAIRN_TRY(const Home home, Home::open(files, folder));
  CAIRN_TRY(const Rebuilt rebuilt, rebuild_queue(home, wall_clock_ms()));
  if (!as_json) {
    std::cout << text_of(rebuilt, home);
    return kOk;
  }
  auto jobs = nlohmann::ordered_json::object();
  for (const auto& [state, count] : rebuilt.jobs) jobs[std::string(to_text(state))] = count;
  std::cout << listing::dump({{"clusters", rebuilt.clusters},
                              {"jobs", std::move(jobs)},
                              {"notes", rebuilt.notes},
                              {"kept", rebuilt.kept.native()}});
  return kOk;
}

Result<int> show(const Choices& choices) {
  if (choices.rebuild) return rebuild(choices.json);
  CAIRN_TRY(Look look, Look::open());
  if (choices.attributes.any()) return show_attributes(look, choices);
  if (choices.jobs || names_jobs(choices.selection)) return show_jobs(look, choices);
  return show_batches(look, choices);
}

std::function<int()> declare(CLI::App& app, const std::vector<std::string>&) {
  const auto choices = std::make_shared<Choices>();
  declare_selection(app, choices->selection, "Also jobs that are over");
  app.add_flag("--jobs", choices->jobs, "One row for each job");
  declare_attributes(app, choices->attributes);
  app.add_flag("--rebuild", choices->rebuild,
               "Makes a queue anew whose file is lost or damaged; no engine may run");
  app.add_flag("--json", choices->json, "As one JSON object");
  return [choices] { return exit_status(show(*choices)); };
}

}  // namespace

const Verb kQueue = {"queue", "Shows the jobs of the queue", kFooter, false, declare};

}  // namespace cairn::cli
