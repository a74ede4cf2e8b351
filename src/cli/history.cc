// `cairn history`: jobs that are over.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <set>

#include "base/try.h"
#include "base/units.h"
#include "cli/attributes.h"
#include "cli/look.h"
#include "cli/progress_line.h"
#include "cli/verb.h"
#include "listing/queue_table.h"
#include "os/clock.h"

namespace cairn::cli {
namespace {

constexpr const char* kFooter =
    "Completed and removed jobs, the newest first.\n"
    "--prune forgets clusters all of whose jobs have been over for that long.\n"
    "Exit status: 0; 2 wrong usage, or a job that is not there.\n"
    "Examples: cairn history --limit 5\n"
    "          cairn history -c 'ExitCode != 0' -af ClusterId ProcId ExitCode\n"
    "          cairn history --prune 30d";

struct Choices {
  JobSelection selection;
  AttributeChoices attributes;
  int limit = 20;
  bool json = false;
  std::string prune;
};

Result<int> show(Look& look, const Choices& choices) {
  CAIRN_TRY(auto printer, AttributePrinter::make(choices.attributes));
  std::vector<listing::JobView> views;
  std::map<JobState, std::int64_t> totals;
  std::optional<Error> problem;
  int shown = 0;
  const std::int64_t now_seconds = wall_clock_ms() / 1000;
  CAIRN_TRY(const std::set<JobId>* const stay, look.staying());
  CAIRN_CHECK(look.each(choices.selection, true, true, [&](JobRow&& row) {
    if (!listing::is_over(row.record.state) || stay->contains(row.record.id)) return true;
    ++totals[row.record.state];
    if (choices.attributes.any()) {
      std::cout << printer.text(row, now_seconds);
    } else if (auto view = look.view(row)) {
      views.push_back(*std::move(view));
    } else {
      problem = view.error();
      return false;
    }
    ++shown;
    return choices.limit == 0 || shown < choices.limit;
  }));
  if (problem) return *std::move(problem);
  if (choices.attributes.any()) return kOk;
  if (choices.json)
    std::cout << listing::jobs_json(views, totals);
  else
    std::cout << listing::history_table(views, static_cast<std::size_t>(columns_of(STDOUT_FILENO)));
  return kOk;
}

// Whether every job of the cluster has been over since `before_ms`.
Result<std::optional<std::int64_t>> forgettable(Look& look, int cluster, std::int64_t before_ms) {
  std::int64_t jobs = 0;
  bool all_over = true;
  std::optional<Error> problem;
  CAIRN_CHECK(look.reader()->visit({.ranges = {{{.cluster = cluster}}}}, [&](JobRow&& row) {
    ++jobs;
    auto view = look.view(row);
    if (!view) problem = view.error();
    all_over = view && listing::is_over(row.record.state) && view->since_ms <= before_ms;
    return all_over;
  }));
  if (problem) return *std::move(problem);
  return all_over ? std::optional(jobs) : std::nullopt;
}

Result<int> prune(Look& look, const Choices& choices) {
  CAIRN_TRY(const auto age, parse_duration(choices.prune));
  const std::int64_t before_ms = wall_clock_ms() - age.count();
  std::int64_t jobs = 0;
  if (look.reader() != nullptr) {
    CAIRN_TRY(const listing::QueueOutline* const outline, look.outline());
    std::set<int> unfinished;
    CAIRN_TRY(const std::set<JobId>* const stay, look.staying());
    for (const JobId id : *stay) unfinished.insert(id.cluster);
    for (const StateCount& each : outline->counts)
      if (!listing::is_over(each.state)) unfinished.insert(each.cluster);
    CAIRN_TRY(Queue queue, Queue::open(look.home().queue_file()));
    PosixFileSystem files;
    for (const ClusterRow& cluster : outline->clusters) {
      // What a `cairn run` has not told yet it still tells.
      const bool told = !std::filesystem::exists(look.home().cluster_folder(cluster.cluster));
      if (unfinished.contains(cluster.cluster) || !told) continue;
      CAIRN_TRY(const auto gone, forgettable(look, cluster.cluster, before_ms));
      if (!gone) continue;
      CAIRN_CHECK(queue.remove_cluster(cluster.cluster));
      jobs += *gone;
    }
  }
  std::cout << fmt::format("forgot {} job{} that ended more than {} ago\n", jobs,
                           jobs == 1 ? "" : "s", choices.prune);
  return kOk;
}

Result<int> go(const Choices& choices) {
  CAIRN_TRY(Look look, Look::open());
  return choices.prune.empty() ? show(look, choices) : prune(look, choices);
}

std::function<int()> declare(CLI::App& app, const std::vector<std::string>&) {
  const auto choices = std::make_shared<Choices>();
  app.add_option("JOB", choices->selection.words, "12.3, 12, 12.0-5, or a name");
  app.add_option("-c,--constraint", choices->selection.constraint,
                 "Jobs of which this ClassAd expression is true");
  app.add_option("--limit", choices->limit, "So many at most; 0: all. Default: 20")
      ->check(CLI::Range(0, 1'000'000'000));
  declare_attributes(app, choices->attributes);
  app.add_flag("--json", choices->json, "As one JSON object");
  app.add_option("--prune", choices->prune, "Forget what has been over for so long: 30d, 12h")
      ->excludes("JOB")
      ->excludes("--constraint")
      ->excludes("--json");
  return [choices] { return exit_status(go(*choices)); };
}

}  // namespace

const Verb kHistory = {"history", "Shows jobs that are over", kFooter, false, declare};

}  // namespace cairn::cli
