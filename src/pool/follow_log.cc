#include "pool/follow_log.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <string>

#include "base/text.h"
#include "base/try.h"
#include "job/event_forms.h"

namespace cairn {
namespace {

// The number that stands behind `before` in a line, if that is there.
std::optional<std::int64_t> number_behind(std::string_view line, std::string_view before) {
  const auto at = line.find(before);
  if (at == std::string_view::npos) return std::nullopt;
  line.remove_prefix(at + before.size());
  std::int64_t number = 0;
  const auto [end, problem] = std::from_chars(line.data(), line.data() + line.size(), number);
  if (problem != std::errc()) return std::nullopt;
  return number;
}

// "696  -  Run Bytes Sent By Job"
std::uint64_t bytes_of(const LoggedEvent& event, std::string_view what) {
  for (const std::string& line : event.body) {
    if (!std::string_view(line).ends_with(what)) continue;
    const auto number = number_behind(line, "");
    return number && *number > 0 ? static_cast<std::uint64_t>(*number) : 0;
  }
  return 0;
}

std::optional<ExitStatus> exit_of(const LoggedEvent& event) {
  for (const std::string& line : event.body) {
    if (const auto code = number_behind(line, "Normal termination (return value "))
      return ExitStatus{.by_signal = false, .code = static_cast<int>(*code)};
    if (const auto signal = number_behind(line, "Abnormal termination (signal "))
      return ExitStatus{.by_signal = true, .signal = static_cast<int>(*signal)};
  }
  return std::nullopt;
}

std::string words_of(const ExitStatus& exit) {
  return exit.by_signal ? cat("died by signal ", exit.signal) : cat("exited with ", exit.code);
}

HoldFacts hold_of(const LoggedEvent& event) {
  HoldFacts hold;
  for (const std::string& line : event.body) {
    const auto code = number_behind(line, "Code ");
    const auto subcode = number_behind(line, "Subcode ");
    if (line.starts_with("Code ") && code && subcode) {
      hold.code = static_cast<int>(*code);
      hold.subcode = static_cast<int>(*subcode);
    } else if (hold.reason.empty()) {
      hold.reason = trim(line);
    }
  }
  return hold;
}

// One job's story, event by event.
class Story {
 public:
  explicit Story(const JobRecord& submitted) {
    update_.job.id = submitted.id;
    update_.job.ad = submitted.ad;
  }

  void tell(const LoggedEvent& event, std::int64_t time_ms);
  PoolUpdate take() { return std::move(update_); }

 private:
  JobRecord& job() { return update_.job; }
  void say(std::string text) { update_.events.push_back({now_ms_, std::nullopt, std::move(text)}); }
  void mark(Mark what) { update_.events.push_back({now_ms_, what, {}}); }
  void begin_activation();
  void transfer(const LoggedEvent& event);
  void evicted(const LoggedEvent& event);
  void held(const LoggedEvent& event);
  void back_to_idle(const std::string& text);
  void unmake_checkpoint();

  PoolUpdate update_;
  std::int64_t now_ms_ = 0;
  bool staged_ = false;    // its inputs are on their way, or there
  bool executes_ = false;  // its program was started in this activation
  bool moved_ = false;     // the last event was the end of an output transfer: of a checkpoint,
                           // unless the next one says that the job is over
};

// Where a shadow was lost, an activation begins and nothing has said that the last one ended.
void Story::begin_activation() {
  staged_ = true;
  executes_ = false;
  ++job().activation;
  job().state = JobState::running;
  mark(Mark::stage_begin);
}

void Story::transfer(const LoggedEvent& event) {
  const std::string_view what = event.headline;
  if (what.starts_with("Started transferring input")) return begin_activation();
  if (what.starts_with("Started transferring output")) {
    if (executes_) mark(Mark::execute_end);
    mark(Mark::spool_begin);
    job().state = JobState::spooling;
  }
  if (what.starts_with("Finished transferring output")) {
    mark(Mark::spool_end);
    mark(Mark::execute_begin);
    job().state = JobState::running;
    job().last_checkpoint = job().next_checkpoint++;
    job().evictions = 0;
    moved_ = true;
    say(cat("checkpoint ", *job().last_checkpoint, ", or its outputs, moved"));
  }
}

// The output transfer that came last was none of a checkpoint.
void Story::unmake_checkpoint() {
  if (!moved_) return;
  --job().next_checkpoint;
  job().last_checkpoint.reset();
  if (job().next_checkpoint > 0) job().last_checkpoint = job().next_checkpoint - 1;
}

void Story::back_to_idle(const std::string& text) {
  job().state = JobState::idle;
  staged_ = executes_ = false;
  mark(Mark::evicted);
  mark(Mark::queued);
  say(text);
}

void Story::evicted(const LoggedEvent& event) {
  job().sent_bytes += bytes_of(event, "Run Bytes Sent By Job");
  job().received_bytes += bytes_of(event, "Run Bytes Received By Job");
  const auto exit = exit_of(event);
  if (exit) {
    unmake_checkpoint();
    job().exit = exit;
    ++job().completions;
    return back_to_idle(cat("it ", words_of(*exit), "; the pool starts it again"));
  }
  if (job().state == JobState::idle) return;  // said already: the machine was lost
  ++job().evictions;
  back_to_idle("evicted");
}

void Story::held(const LoggedEvent& event) {
  const HoldFacts hold = hold_of(event);
  if (job().state != JobState::idle) mark(Mark::evicted);
  job().state = JobState::held;
  job().hold = hold;
  staged_ = executes_ = false;
  say(cat("held (code ", hold.code, "/", hold.subcode, "): ", hold.reason));
}

void Story::tell(const LoggedEvent& event, std::int64_t time_ms) {
  now_ms_ = std::max(time_ms, update_.events.empty() ? 0 : update_.events.back().time_ms);
  const bool was_moved = std::exchange(moved_, false);
  switch (event.number) {
    case 0:
      mark(Mark::queued);
      say("submitted");
      break;
    case 1:
      if (!staged_ || executes_) begin_activation();
      executes_ = true;
      mark(Mark::execute_begin);
      say(cat("executes on ", event.body.empty() ? event.headline : event.body.front()));
      break;
    case 4:
      moved_ = was_moved;
      evicted(event);
      moved_ = false;
      break;
    case 5:
      moved_ = was_moved;
      unmake_checkpoint();
      moved_ = false;
      job().exit = exit_of(event);
      job().state = JobState::completed;
      job().sent_bytes = bytes_of(event, "Total Bytes Sent By Job");
      job().received_bytes = bytes_of(event, "Total Bytes Received By Job");
      mark(Mark::done);
      say(job().exit ? words_of(*job().exit) : "ended");
      break;
    case 7:
      say(cat("the pool's shadow: ", event.body.empty() ? event.headline : event.body.front()));
      break;
    case 9:
      job().state = JobState::removed;
      mark(Mark::evicted);
      say(cat("removed", event.body.empty() ? "" : ": " + event.body.front()));
      break;
    case 12:
      held(event);
      break;
    case 13:
      if (job().state != JobState::held) break;  // a pool says it twice at times
      job().state = JobState::idle;
      mark(Mark::queued);
      say("released");
      break;
    case 21:
      say(cat(event.headline, event.body.empty() ? "" : " " + event.body.front()));
      break;
    case 22:
      say("the execute machine is out of reach; the pool tries to reconnect");
      break;
    case 23:
      say("reconnected");
      break;
    case 24:
      back_to_idle("the execute machine was lost");
      break;
    case 40:
      transfer(event);
      break;
    default:
      moved_ = was_moved;  // 006 and what is not known say nothing of a checkpoint
  }
  if (job().state != JobState::held) job().hold.reset();
}

int year_of(const JobAd& ad) {
  const auto seconds = static_cast<std::time_t>(ad.get_integer("QDate").value_or(0));
  std::tm date{};
  ::gmtime_r(&seconds, &date);
  return date.tm_year + 1900;
}

// A part of a date, and what stands behind it.
std::optional<int> date_part(std::string_view& text, char behind) {
  int number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc() || number < 0 || number > 9999) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (!text.empty() && text.front() == behind) text.remove_prefix(1);
  return number;
}

}  // namespace

std::int64_t parse_log_time(std::string_view text, int year, const TimeReader& seconds_of) {
  const bool iso = text.find('-') != std::string_view::npos;
  const bool utc = text.ends_with('Z');
  std::tm date{};
  if (iso) year = date_part(text, '-').value_or(year);
  date.tm_year = year - 1900;
  date.tm_mon = date_part(text, iso ? '-' : '/').value_or(1) - 1;
  date.tm_mday = date_part(text, text.find('T') == 2 ? 'T' : ' ').value_or(1);
  date.tm_hour = date_part(text, ':').value_or(0);
  date.tm_min = date_part(text, ':').value_or(0);
  date.tm_sec = date_part(text, '.').value_or(0);
  date.tm_isdst = -1;
  return utc ? static_cast<std::int64_t>(::timegm(&date)) : seconds_of(date);
}

Result<std::vector<PoolUpdate>> follow_log(std::string_view log, int cluster,
                                           std::span<const JobRecord> jobs,
                                           const TimeReader& seconds_of) {
  CAIRN_TRY(const std::vector<LoggedEvent> events, parse_any_event_log(log));
  std::map<int, Story> stories;
  std::map<int, const JobRecord*> known;
  for (const JobRecord& job : jobs) known.emplace(job.id.proc, &job);
  for (const LoggedEvent& event : events) {
    if (event.id.cluster != cluster) continue;
    const auto job = known.find(event.id.proc);
    if (job == known.end()) continue;
    Story& story = stories.try_emplace(event.id.proc, *job->second).first->second;
    const int year = year_of(job->second->ad);
    story.tell(event, parse_log_time(event.time, year, seconds_of) * 1000);
  }
  std::vector<PoolUpdate> updates;
  updates.reserve(stories.size());
  for (auto& [proc, story] : stories) updates.push_back(story.take());
  return updates;
}

}  // namespace cairn
