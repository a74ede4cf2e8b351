#include "cli/look.h"

#include <fmt/format.h>

#include "base/try.h"
#include "cli/verb.h"
#include "engine/sandbox.h"
#include "os/clock.h"

namespace cairn::cli {
namespace {

using namespace std::chrono_literals;

constexpr auto kLookEvery = 1s;
constexpr auto kPoolPatience = 10s;

// Nobody has said which jobs: those that are not over.
bool is_unfinished_only(const JobSelection& selection, bool over) {
  return !selection.idle && !selection.held && !selection.running && !over && !selection.all &&
         selection.words.empty();
}

std::vector<JobState> states_of(const JobSelection& selection, bool over) {
  std::vector<JobState> states;
  const auto add = [&](std::initializer_list<JobState> more) {
    states.insert(states.end(), more.begin(), more.end());
  };
  if (selection.idle) add({JobState::idle});
  if (selection.held) add({JobState::held});
  if (selection.running)
    add({JobState::running, JobState::spooling, JobState::vacating, JobState::saving,
         JobState::evicting, JobState::finishing});
  if (!states.empty() || over || selection.all) return states;
  // A job that is named by its number is meant, whatever has become of it.
  if (!selection.words.empty()) return {};
  add({JobState::idle, JobState::held, JobState::running, JobState::spooling, JobState::vacating,
       JobState::saving, JobState::evicting, JobState::finishing});
  return states;
}

}  // namespace

void declare_selection(CLI::App& app, JobSelection& selection, const std::string& all) {
  app.add_option("JOB", selection.words,
                 "12.3, a cluster 12, a range 12.0-5, or the name of a batch or a submit file");
  app.add_option("-c,--constraint", selection.constraint,
                 "Jobs of which this ClassAd expression is true");
  app.add_flag("--all", selection.all, all);
  app.add_flag("--held", selection.held, "Jobs that are held");
  app.add_flag("--idle", selection.idle, "Jobs that wait");
  app.add_flag("--running", selection.running, "Jobs that run");
}

Result<Look> Look::open() {
  CAIRN_TRY(const Path folder, Home::default_folder());
  Look look(Home::at(folder));
  // What pools know is older by then, or not known: that is said, and no reason to show nothing.
  if (auto looked = look.pools_->look(std::nullopt, kPoolPatience); !looked)
    complain(looked.error().text());
  CAIRN_TRY(look.reader_, QueueReader::open(look.home_.queue_file()));
  return look;
}

// Looking takes a tenth of the time at most.
void Look::look_again(const std::vector<JobRange>& ranges) {
  const auto begin = std::chrono::steady_clock::now();
  if (begin < look_next_) return;
  look_next_ = begin + kLookEvery;
  std::set<int> those;
  for (const JobRange& range : ranges)
    if (outline() && is_pool(cluster(range.cluster).runner)) those.insert(range.cluster);
  if (those.empty()) return;
  if (auto looked = pools_->look(those, {}); !looked) complain(looked.error().text());
  const auto end = std::chrono::steady_clock::now();
  look_next_ = end + std::max<std::chrono::steady_clock::duration>(kLookEvery, 10 * (end - begin));
}

Result<const listing::QueueOutline*> Look::outline() {
  if (!outline_) {
    listing::QueueOutline outline;
    if (reader_) {
      CAIRN_TRY(outline.clusters, reader_->clusters());
      CAIRN_TRY(outline.counts, reader_->counts());
    }
    for (const ClusterRow& cluster : outline.clusters) clusters_[cluster.cluster] = cluster;
    outline_ = std::move(outline);
  }
  const listing::QueueOutline* const found = &*outline_;
  return found;
}

const ClusterRow& Look::cluster(int number) {
  ClusterRow& row = clusters_[number];
  row.cluster = number;
  return row;
}

Result<std::optional<std::vector<JobRange>>> Look::ranges(const JobSelection& selection) {
  std::optional<std::vector<JobRange>> ranges;
  if (selection.words.empty()) return ranges;
  CAIRN_TRY(const listing::QueueOutline* const all, outline());
  CAIRN_TRY(ranges, listing::resolve(selection.words, *all));
  return ranges;
}

Status Look::each(const JobSelection& selection, bool over, bool newest_first,
                  const QueueReader::Look& look) {
  std::optional<listing::Question> question;
  if (!selection.constraint.empty()) {
    auto parsed = listing::Question::parse(selection.constraint);
    if (!parsed)
      return Error{Errc::invalid, "constraint: " + parsed.error().message, 0, parsed.error().hint};
    question = *std::move(parsed);
  }
  RowFilter filter;
  CAIRN_TRY(filter.ranges, ranges(selection));
  if (!reader_) return {};
  CAIRN_TRY(const listing::QueueOutline* const known, outline());
  static_cast<void>(known);
  filter.states = states_of(selection, over);
  filter.newest_first = newest_first;
  const std::int64_t now_seconds = wall_clock_ms() / 1000;
  bool more = true;
  const auto asked = [&](JobRow&& row) {
    if (question && !question->ask(listing::SeenAd(row), now_seconds).holds()) return true;
    return more = look(std::move(row));
  };
  CAIRN_CHECK(reader_->visit(filter, asked));
  if (!more || !is_unfinished_only(selection, over)) return {};
  CAIRN_TRY(const std::set<JobId>* const stay, staying());
  RowFilter completed{.ranges = std::vector<JobRange>(), .states = {JobState::completed}};
  for (const JobId id : *stay) completed.ranges->push_back({id.cluster, id.proc, id.proc});
  return reader_->visit(completed, asked);
}

Result<const std::set<JobId>*> Look::staying() {
  if (!staying_) {
    std::set<JobId> found;
    if (reader_) {
      RowFilter filter;
      CAIRN_TRY(filter.ranges, reader_->may_stay());
      CAIRN_TRY(auto question, listing::Question::parse("LeaveJobInQueue"));
      const std::int64_t now_seconds = wall_clock_ms() / 1000;
      CAIRN_CHECK(reader_->visit(filter, [&](JobRow&& row) {
        if (question.ask(listing::SeenAd(row), now_seconds).holds()) found.insert(row.record.id);
        return true;
      }));
    }
    staying_ = std::move(found);
  }
  const std::set<JobId>* const ids = &*staying_;
  return ids;
}

Result<listing::JobView> Look::view(const JobRow& row, EventScan* scan) {
  const JobId id = row.record.id;
  CAIRN_TRY(const std::vector<EventRow> events,
            scan != nullptr ? scan->of(id) : reader_->events(id));
  listing::Glimpse glimpse;
  if (row.record.activation > 0 && row.record.state != JobState::idle)
    glimpse.progress =
        read_progress(home_.sandbox(row.record.id, row.record.activation) / kProgressName);
  return listing::view_of(row, cluster(row.record.id.cluster), events, glimpse, wall_clock_ms());
}

}  // namespace cairn::cli
