#include "listing/queue_table.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "listing/json.h"
#include "listing/table.h"

namespace cairn::listing {
namespace {

using std::chrono::milliseconds;

std::int64_t count(const std::map<JobState, std::int64_t>& counts,
                   std::initializer_list<JobState> states) {
  std::int64_t sum = 0;
  for (const JobState state : states)
    if (const auto found = counts.find(state); found != counts.end()) sum += found->second;
  return sum;
}

std::int64_t running(const std::map<JobState, std::int64_t>& counts) {
  return count(counts, {JobState::running, JobState::spooling, JobState::vacating, JobState::saving,
                        JobState::evicting, JobState::finishing});
}

std::string number(std::int64_t value) { return value == 0 ? "" : cat(value); }

std::string percent(const std::optional<double>& fraction) {
  return fraction ? fmt::format("{:.0f}%", 100 * *fraction) : "";
}

// "12.0", "12.0-5", "12.0 ... 14.2"
std::string ids_of(const BatchRow& batch) {
  if (batch.first == batch.last) return to_text(batch.first);
  if (batch.first.cluster == batch.last.cluster)
    return fmt::format("{}-{}", to_text(batch.first), batch.last.proc);
  return fmt::format("{}...{}", to_text(batch.first), to_text(batch.last));
}

void look_at(BatchRow& batch, const JobView& job, double& begun) {
  if (job.checkpoint_ms)
    batch.checkpoint_ms = std::max(batch.checkpoint_ms.value_or(0), *job.checkpoint_ms);
  batch.goodput += job.goodput;
  begun += job.progress.value_or(0);
}

// What is done counts whole, what runs by what it says.
void set_progress(BatchRow& batch, double begun) {
  const auto done = static_cast<double>(batch.done());
  if (done + begun > 0 && batch.total() > 0)
    batch.progress = (done + begun) / static_cast<double>(batch.total());
}

std::optional<milliseconds> age(const std::optional<std::int64_t>& then_ms, std::int64_t now_ms) {
  if (!then_ms) return std::nullopt;
  return milliseconds(now_ms - *then_ms);
}

std::string age_cell(const std::optional<std::int64_t>& then_ms, std::int64_t now_ms) {
  const auto since = age(then_ms, now_ms);
  return since ? age_word(*since) : "";
}

// "11-28 08:57"
std::string short_date(std::int64_t time_ms) { return date_word(time_ms).substr(5, 11); }

std::string reason_of(const JobView& job) { return job.hold ? job.hold->reason : ""; }

}  // namespace

std::int64_t BatchRow::done() const { return count(counts, {JobState::completed}); }
std::int64_t BatchRow::running() const { return listing::running(counts); }
std::int64_t BatchRow::idle() const { return count(counts, {JobState::idle}); }
std::int64_t BatchRow::held() const { return count(counts, {JobState::held}); }
std::int64_t BatchRow::total() const { return done() + running() + idle() + held(); }

std::vector<BatchRow> batches_of(const QueueOutline& outline, const std::vector<JobView>& active,
                                 bool all, const std::set<int>& staying) {
  std::map<int, std::vector<const StateCount*>> by_cluster;
  for (const StateCount& each : outline.counts) by_cluster[each.cluster].push_back(&each);
  std::map<int, std::vector<const JobView*>> running;
  for (const JobView& job : active) running[job.id.cluster].push_back(&job);

  std::vector<BatchRow> batches;
  std::map<std::string, std::size_t> named;  // index into batches
  std::vector<double> begun;
  for (const ClusterRow& cluster : outline.clusters) {
    const auto counted = by_cluster.find(cluster.cluster);
    if (counted == by_cluster.end()) continue;
    const auto unfinished = [](const StateCount* each) { return !is_over(each->state); };
    const bool over = std::none_of(counted->second.begin(), counted->second.end(), unfinished);
    if (over && !all && !staying.contains(cluster.cluster)) continue;

    std::size_t index = batches.size();
    if (!cluster.name.empty()) index = named.try_emplace(cluster.name, index).first->second;
    const bool is_new = index == batches.size();
    if (is_new) {
      batches.emplace_back();
      begun.push_back(0);
      batches.back().name = name_of(cluster);
      batches.back().submitted_ms = cluster.created_ms;
      batches.back().owner = cluster.owner;
    }
    BatchRow& batch = batches[index];
    batch.clusters.push_back(cluster.cluster);
    int first = -1, last = -1;
    for (const StateCount* each : counted->second) {
      batch.counts[each->state] += each->jobs;
      if (!over && is_over(each->state)) continue;
      first = first < 0 ? each->first_proc : std::min(first, each->first_proc);
      last = std::max(last, each->last_proc);
    }
    if (is_new) batch.first = {cluster.cluster, first};
    batch.last = {cluster.cluster, last};
    for (const JobView* job : running[cluster.cluster]) look_at(batch, *job, begun[index]);
  }
  for (std::size_t i = 0; i < batches.size(); ++i) set_progress(batches[i], begun[i]);
  return batches;
}

std::string batch_table(const std::vector<BatchRow>& batches, std::int64_t now_ms,
                        std::size_t width) {
  Table table({{"OWNER"},
               {"BATCH", Align::left, true},
               {"SUBMITTED"},
               {"DONE", Align::right},
               {"RUN", Align::right},
               {"IDLE", Align::right},
               {"HOLD", Align::right},
               {"TOTAL", Align::right},
               {"CKPT_AGE", Align::right},
               {"PROGRESS", Align::right},
               {"GOODPUT", Align::right},
               {"JOB_IDS"}});
  for (const BatchRow& batch : batches)
    table.add({batch.owner, batch.name, short_date(batch.submitted_ms), number(batch.done()),
               number(batch.running()), number(batch.idle()), number(batch.held()),
               number(batch.total()), age_cell(batch.checkpoint_ms, now_ms),
               percent(batch.progress), goodput_word(batch.goodput), ids_of(batch)});
  return table.text(width);
}

std::string job_table(const std::vector<JobView>& jobs, std::size_t width) {
  Table table({{"ID"},
               {"NAME", Align::left, true},
               {"STATE"},
               {"TIME", Align::right},
               {"CKPT", Align::right},
               {"CKPT_AGE", Align::right},
               {"PROGRESS", Align::right},
               {"GOODPUT", Align::right},
               {"WHERE"},
               {"REASON", Align::left, true}});
  for (const JobView& job : jobs)
    table.add({to_text(job.id), job.name, state_word(job), clock_word(job.in_state()),
               job.checkpoint ? cat(*job.checkpoint) : "", age_cell(job.checkpoint_ms, job.now_ms),
               percent(job.progress), goodput_word(job.goodput), job.where, reason_of(job)});
  return table.text(width);
}

std::string history_table(const std::vector<JobView>& jobs, std::size_t width) {
  Table table({{"ID"},
               {"OWNER"},
               {"SUBMITTED"},
               {"ENDED"},
               {"WALL_TIME", Align::right},
               {"STATE"},
               {"CKPTS", Align::right},
               {"EVICTIONS", Align::right},
               {"GOODPUT", Align::right},
               {"COMMAND", Align::left, true}});
  for (const JobView& job : jobs)
    table.add({to_text(job.id), job.owner, short_date(job.submitted_ms), short_date(job.since_ms),
               clock_word(job.goodput.wall()), state_word(job), number(job.goodput.checkpoints),
               number(job.evictions), goodput_word(job.goodput), job.command});
  return table.text(width);
}

std::string totals_line(const std::map<JobState, std::int64_t>& counts) {
  std::int64_t jobs = 0;
  for (const auto& [state, number] : counts) jobs += number;
  return fmt::format("Total: {} job{}; {} completed, {} removed, {} idle, {} running, {} held\n",
                     jobs, jobs == 1 ? "" : "s", count(counts, {JobState::completed}),
                     count(counts, {JobState::removed}), count(counts, {JobState::idle}),
                     running(counts), count(counts, {JobState::held}));
}

std::string batches_json(const std::vector<BatchRow>& batches,
                         const std::map<JobState, std::int64_t>& totals) {
  auto rows = nlohmann::ordered_json::array();
  for (const BatchRow& batch : batches) {
    nlohmann::ordered_json row = {
        {"owner", batch.owner},           {"name", batch.name},
        {"clusters", batch.clusters},     {"submitted_ms", batch.submitted_ms},
        {"done", batch.done()},           {"running", batch.running()},
        {"idle", batch.idle()},           {"held", batch.held()},
        {"total", batch.total()},         {"first_job", to_text(batch.first)},
        {"last_job", to_text(batch.last)}};
    if (batch.checkpoint_ms) row["checkpoint_ms"] = *batch.checkpoint_ms;
    if (batch.progress) row["progress"] = *batch.progress;
    row["account"] = to_json(batch.goodput);
    rows.push_back(std::move(row));
  }
  return dump({{"batches", std::move(rows)}, {"total", to_json(totals)}});
}

std::string jobs_json(const std::vector<JobView>& jobs,
                      const std::map<JobState, std::int64_t>& totals) {
  auto rows = nlohmann::ordered_json::array();
  for (const JobView& job : jobs) rows.push_back(to_json(job));
  return dump({{"jobs", std::move(rows)}, {"total", to_json(totals)}});
}

}  // namespace cairn::listing
