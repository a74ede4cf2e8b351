#include "listing/job_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "base/text.h"
#include "listing/selection.h"

namespace cairn::listing {
namespace {

using std::chrono::milliseconds;

bool has_sandbox(JobState state) {
  return state != JobState::idle && state != JobState::held && !is_over(state);
}

// When the state began: the ad's word, else the event that led to it.
std::int64_t since(JobState state, const std::vector<EventRow>& events,
                   const std::optional<std::int64_t>& entered) {
  if (events.empty()) return entered ? *entered * 1000 : 0;
  if (state == JobState::running)  // restarts in place do not count: it ran on
    for (auto row = events.rbegin(); row != events.rend(); ++row)
      if (row->event.mark == Mark::stage_begin) return row->event.time_ms;
  if (entered) return *entered * 1000;
  return events.back().event.time_ms;
}

std::string where(const JobRow& row, const ClusterRow& cluster, const SeenAd& ad) {
  if (cluster.runner == "slurm") return ad.get_string("GridJobId").value_or(cluster.runner);
  if (cluster.runner == "htcondor")
    return cluster.pool_id.empty()
               ? cluster.runner
               : fmt::format("htcondor {}.{}", cluster.pool_id, row.record.id.proc);
  if (!has_sandbox(row.record.state)) return "";
  const std::string host = ad.get_string("RemoteHost").value_or("");
  return host.substr(0, host.find('@'));
}

// Events that hold a job: "spool_failed: state: No such file".
bool is_hold(std::string_view text) {
  constexpr std::array kHolding = {JobEvent::hold, JobEvent::hopeless, JobEvent::start_failed,
                                   JobEvent::spool_failed, JobEvent::finish_failed};
  return std::any_of(kHolding.begin(), kHolding.end(),
                     [&](JobEvent event) { return text.starts_with(cat(to_text(event), ":")); });
}

std::string command_of(const SeenAd& ad) {
  std::string command = ad.get_string("Cmd").value_or("");
  for (const char* name : {"Arguments", "Args"})
    if (const auto arguments = ad.get_string(name); arguments && !arguments->empty())
      return command + " " + *arguments;
  return command;
}

}  // namespace

JobView view_of(const JobRow& row, const ClusterRow& cluster, const std::vector<EventRow>& events,
                const Glimpse& glimpse, std::int64_t now_ms) {
  const SeenAd ad(row);
  const JobRecord& job = row.record;
  JobView view;
  view.id = job.id;
  view.name = ad.get_string("JobBatchName").value_or(name_of(cluster));
  view.owner = ad.get_string("Owner").value_or("");
  view.command = command_of(ad);
  view.state = job.state;
  view.submitted_ms = cluster.created_ms;
  view.since_ms = since(job.state, events, ad.get_integer("EnteredCurrentStatus"));
  view.since_ms = std::max(view.since_ms, view.submitted_ms);
  view.checkpoint = job.last_checkpoint;
  view.progress = glimpse.progress;
  if (job.state == JobState::completed && job.exit && !job.exit->by_signal && job.exit->code == 0)
    view.progress = 1;
  view.hold = job.state == JobState::held ? job.hold : std::nullopt;
  view.exit = job.exit;
  view.where = where(row, cluster, ad);
  view.crashes = job.crashes;
  view.now_ms = now_ms;
  for (const EventRow& each : events) {
    if (each.event.mark == Mark::spool_end) view.checkpoint_ms = each.event.time_ms;
    if (each.event.mark == Mark::stage_begin) ++view.starts;
    if (is_hold(each.event.text)) ++view.holds;
  }
  view.goodput = account(marks_of(events));
  view.evictions = static_cast<int>(view.goodput.evictions);
  return view;
}

std::string state_word(const JobView& job) {
  if (job.hold) return fmt::format("held {}/{}", job.hold->code, job.hold->subcode);
  if (job.state != JobState::completed || !job.exit) return std::string(to_text(job.state));
  return job.exit->by_signal ? fmt::format("completed signal {}", job.exit->signal)
                             : fmt::format("completed {}", job.exit->code);
}

std::string goodput_word(const Goodput& goodput) {
  const milliseconds known = goodput.wall() - goodput.pending;
  if (known.count() <= 0) return "";
  return fmt::format("{:.0f}%", 100 * goodput.fraction());
}

std::string age_word(milliseconds age) {
  const std::int64_t seconds = std::max<std::int64_t>(age.count(), 0) / 1000;
  if (seconds < 100) return cat(seconds, "s");
  constexpr std::int64_t kMinute = 60, kHour = 3600, kDay = 86400;
  if (seconds < 100 * kMinute) return cat(seconds / kMinute, "m");
  if (seconds < 48 * kHour) return cat(seconds / kHour, "h");
  return cat(seconds / kDay, "d");
}

std::string clock_word(milliseconds time) {
  const std::int64_t seconds = std::max<std::int64_t>(time.count(), 0) / 1000;
  return fmt::format("{}+{:02}:{:02}:{:02}", seconds / 86400, seconds / 3600 % 24,
                     seconds / 60 % 60, seconds % 60);
}

std::string date_word(std::int64_t time_ms) {
  const std::time_t seconds = time_ms / 1000;
  std::tm parts{};
  if (::localtime_r(&seconds, &parts) == nullptr) return cat(seconds);
  std::array<char, 32> text{};
  const std::size_t length = std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S", &parts);
  return {text.data(), length};
}

}  // namespace cairn::listing
