// `cairn wait`: until jobs are over.
//
// It only reads the queue: whether the engine dies or is started anew meanwhile makes no
// difference to it.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <iostream>
#include <memory>

#include "base/try.h"
#include "base/units.h"
#include "cli/look.h"
#include "cli/verb.h"
#include "os/watch.h"

namespace cairn::cli {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr const char* kFooter =
    "Waits until every selected job is completed, removed or held.\n"
    "Exit status: 0 all completed with exit code 0; 1 some did not, or are held or removed;\n"
    "  2 wrong usage, no such job; 3 the time was over first.\n"
    "Examples: cairn wait 12\n"
    "          cairn wait sweep --any --timeout 1h";

// More ranges than that are not searched for one by one.
constexpr std::size_t kRangesMax = 50;

std::vector<JobState> unsettled() {
  return {JobState::idle,   JobState::running,  JobState::spooling, JobState::vacating,
          JobState::saving, JobState::evicting, JobState::finishing};
}
std::vector<JobState> unfinished_states() {
  std::vector<JobState> states = unsettled();
  states.push_back(JobState::held);
  return states;
}

struct Choices {
  JobSelection selection;
  bool any = false, quiet = false;
  std::string timeout;
};

struct Tally {
  std::int64_t jobs = 0, good = 0, failed = 0, removed = 0, held = 0;
  std::string example;  // of what is not good: "job 12.3 is held (code 12/2): …"
  std::int64_t settled() const { return good + failed + removed + held; }
};

void count(Tally& tally, const JobRecord& job) {
  ++tally.jobs;
  std::string said;
  const std::string id = to_text(job.id);
  switch (job.state) {
    case JobState::completed:
      if (job.exit && !job.exit->by_signal && job.exit->code == 0) {
        ++tally.good;
        return;
      }
      ++tally.failed;
      if (job.exit)
        said = job.exit->by_signal
                   ? fmt::format("job {} was ended by signal {}", id, job.exit->signal)
                   : fmt::format("job {} completed with exit code {}", id, job.exit->code);
      else
        said = fmt::format("job {} completed without an exit code", id);
      break;
    case JobState::removed:
      ++tally.removed;
      said = fmt::format("job {} was removed", id);
      break;
    case JobState::held:
      ++tally.held;
      said = job.hold ? fmt::format("job {} is held (code {}/{}): {}; cairn status {} says more",
                                    id, job.hold->code, job.hold->subcode, job.hold->reason, id)
                      : fmt::format("job {} is held", id);
      break;
    default:
      return;
  }
  if (tally.example.empty()) tally.example = said;
}

class Waiting {
 public:
  explicit Waiting(const Choices& choices) : choices_(choices) {}
  Result<int> go();

 private:
  Status select(Look& look);
  Result<Tally> tally(Look& look) const;
  bool enough(const Tally& tally) const {
    return choices_.any ? tally.settled() > 0 : tally.settled() == tally.jobs;
  }
  int conclude(const Tally& tally) const;

  const Choices& choices_;
  std::vector<JobRange> ranges_;
};

// Which jobs is decided once: those that a constraint chooses now are those waited for.
Status Waiting::select(Look& look) {
  const JobSelection& selection = choices_.selection;
  if (!selection.words.empty() && selection.constraint.empty() && !selection.held &&
      !selection.idle && !selection.running) {
    CAIRN_TRY(const auto ranges, look.ranges(selection));
    ranges_ = *ranges;
    return {};
  }
  const auto add = [&](JobId id) {
    if (!ranges_.empty() && ranges_.back().cluster == id.cluster &&
        ranges_.back().last_proc + 1 == id.proc)
      ranges_.back().last_proc = id.proc;
    else
      ranges_.push_back({id.cluster, id.proc, id.proc});
    return true;
  };
  const bool of_states = selection.held || selection.idle || selection.running;
  if (selection.words.empty() && selection.constraint.empty() && !of_states &&
      look.reader() != nullptr) {
    CAIRN_TRY(const std::vector<JobId> ids, look.reader()->ids(unfinished_states()));
    std::for_each(ids.begin(), ids.end(), add);
    return {};
  }
  JobSelection unfinished = selection;
  unfinished.all = false;  // means those that are not over, as no choice at all does
  return look.each(unfinished, false, false, [&](JobRow&& row) { return add(row.record.id); });
}

// Counts by SQL as long as that is enough; rows are read once all are settled.
Result<Tally> Waiting::tally(Look& look) const {
  Tally quick;
  if (ranges_.size() > kRangesMax && !choices_.any) {
    // Are there unfinished ones among them?  One sweep over the index instead of many searches.
    CAIRN_TRY(const std::vector<JobId> ids, look.reader()->ids(unsettled()));
    for (const JobRange& range : ranges_) {
      const auto first =
          std::lower_bound(ids.begin(), ids.end(), JobId{range.cluster, range.first_proc});
      const bool waits =
          first != ids.end() && first->cluster == range.cluster && first->proc <= range.last_proc;
      ++quick.jobs;
      if (!waits) ++quick.held;
    }
  } else {
    CAIRN_TRY(const std::vector<StateCount> counts, look.reader()->counts(ranges_));
    for (const StateCount& each : counts) {
      quick.jobs += each.jobs;
      if (listing::is_over(each.state) || each.state == JobState::held) quick.held += each.jobs;
    }
  }
  if (!enough(quick)) return quick;
  Tally exact;
  CAIRN_CHECK(look.reader()->visit({.ranges = ranges_}, [&](JobRow&& row) {
    count(exact, row.record);
    return true;
  }));
  return exact;
}

int Waiting::conclude(const Tally& tally) const {
  const bool good = tally.good == tally.settled();
  if (!good) {
    const std::int64_t others = tally.settled() - tally.good - 1;
    complain(others > 0
                 ? fmt::format("{}; and {} more did not complete well", tally.example, others)
                 : tally.example);
  } else if (!choices_.quiet) {
    std::cout << fmt::format("{} of {} job{} completed with exit code 0\n", tally.good, tally.jobs,
                             tally.jobs == 1 ? "" : "s")
              << std::flush;
  }
  return good ? kOk : kNotOk;
}

Result<int> Waiting::go() {
  std::optional<Clock::time_point> end;
  if (!choices_.timeout.empty()) {
    CAIRN_TRY(const auto limit, parse_duration(choices_.timeout));
    end = Clock::now() + limit;
  }
  CAIRN_TRY(Look look, Look::open());
  CAIRN_CHECK(select(look));
  if (ranges_.empty() || look.reader() == nullptr) {
    if (!choices_.quiet) std::cout << "no jobs to wait for\n" << std::flush;
    return kOk;
  }
  FolderWatch watch = FolderWatch::open(look.home().folder());
  std::int64_t seen = -1;
  for (;;) {
    CAIRN_TRY(const std::int64_t version, look.reader()->version());
    const auto begin = Clock::now();
    if (version != seen) {
      CAIRN_TRY(const Tally now, tally(look));
      if (enough(now)) return conclude(now);
      seen = version;
    }
    // A busy engine writes a thousand times a second: looking takes a tenth of the time at most.
    const auto cost = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begin);
    watch.rest(std::max<std::chrono::milliseconds>(10ms, 10 * cost));
    look.look_again(ranges_);  // nobody but us puts into the queue what happens in a pool
    auto patience = std::chrono::milliseconds(1s);
    if (end) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(*end - Clock::now());
      if (left <= 0ms) {
        complain(fmt::format("not all is over after {}", choices_.timeout));
        return kInterrupted;
      }
      patience = std::min(patience, left);
    }
    watch.wait(patience);
  }
}

int run(const Choices& choices) {
  if (choices.selection.empty())
    return refuse(Error{Errc::misuse, "wait for which jobs?", 0,
                        "name them: 12.3, 12, a batch, --constraint, or --all"});
  return exit_status(Waiting(choices).go());
}

std::function<int()> declare(CLI::App& app, const std::vector<std::string>&) {
  const auto choices = std::make_shared<Choices>();
  declare_selection(app, choices->selection, "All jobs");
  app.add_flag("--any", choices->any, "Until the first of them is");
  app.add_option("--timeout", choices->timeout, "Not longer than this: 30s, 10m, 2h");
  app.add_flag("--quiet", choices->quiet, "Only errors");
  return [choices] { return run(*choices); };
}

}  // namespace

const Verb kWait = {"wait", "Waits until jobs are over", kFooter, false, declare};

}  // namespace cairn::cli
