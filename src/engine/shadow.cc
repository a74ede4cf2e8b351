#include "engine/shadow.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/try.h"
#include "base/units.h"
#include "engine/sandbox.h"
#include "job/match.h"
#include "job/request.h"

namespace cairn {
namespace {

// HTCondor's codes (reference/htcondor-contract.md, 1.11).
constexpr int kHoldFailedToCheckpoint = 36;
constexpr int kHoldSystemPolicy = 26;
constexpr int kHoldOutOfResources = 34, kOutOfMemory = 102;

// A pool gives a job memory in such steps.
std::int64_t in_steps(std::int64_t mb) {
  constexpr std::int64_t kStepMb = 128;
  return (mb + kStepMb - 1) / kStepMb * kStepMb;
}

std::string describe(const ExitStatus& exit) {
  return exit.by_signal ? fmt::format("died by signal {}", exit.signal)
                        : fmt::format("exited with {}", exit.code);
}

// What is known of the life of a job whose changes were not kept.
void note_new_life(JobRecord& record, const std::vector<TimedMark>& marks) {
  record.live.set_integer("NumJobStarts", record.activation);
  record.live.set_integer("NumShadowStarts", record.activation);
  record.live.set_integer("NumJobCompletions", record.completions);
  record.live.set_integer("JobStatus", static_cast<int>(condor_status(record.state)));
  const std::int64_t since = marks.empty() ? 0 : marks.back().time_ms / 1000;
  record.live.set_integer("EnteredCurrentStatus", since);
  if (!record.hold) return;
  LiveAd live(record.ad, std::move(record.live));
  live.held(record.hold->code, record.hold->subcode, record.hold->reason);
  record.live = live.take();
}

}  // namespace

Shadow::Shadow(JobStore& store, ShadowHost& host, const Home& home, ShadowOptions options,
               JobRecord record, JobSpec job, std::vector<TimedMark> marks)
    : store_(store),
      host_(host),
      home_(home),
      options_(std::move(options)),
      record_(std::move(record)),
      job_(std::move(job)),
      marks_(std::move(marks)),
      log_(record_.id, job_.log.empty() ? Path() : job_.initial_directory / job_.log, options_.host,
           {}, job_.transfer_files) {
  if (record_.live.attributes().empty()) note_new_life(record_, marks_);
  log_.set_format(log_format(record_.ad));
}

bool takes_over(JobState state) {
  const JobEffect effect = resume_effect(state);
  return effect == JobEffect::spool || effect == JobEffect::spool_outputs ||
         effect == JobEffect::finish;
}

bool Shadow::active() const { return has_starter_; }

bool Shadow::settled() const {
  return record_.state == JobState::completed || record_.state == JobState::removed ||
         (record_.state == JobState::held && !may_be_released());
}

bool Shadow::leaving() const {
  return record_.state == JobState::vacating || record_.state == JobState::saving ||
         record_.state == JobState::evicting;
}

Path Shadow::progress_file() const {
  return home_.sandbox(record_.id, record_.activation) / kProgressName;
}

std::string Shadow::resume_point() const {
  return record_.last_checkpoint ? fmt::format("checkpoint {}", *record_.last_checkpoint)
                                 : "the beginning";
}

void Shadow::say(const std::string& line, Weight weight) { host_.tell(record_.id, line, weight); }

// ---- one road for all events

Status Shadow::store(JobRecord next, const std::vector<Mark>& marks, std::string text) {
  // Never back in time: a clock may be set.
  const std::int64_t now = std::max(event_ms_.value_or(host_.now_ms()), last_ms());
  std::vector<EventRecord> events = {{now, std::nullopt, std::move(text)}};
  for (const Mark mark : marks) events.push_back({now, mark, {}});
  CAIRN_CHECK(store_.store(next, events));
  record_ = std::move(next);
  for (const Mark mark : marks) marks_.push_back({now, mark});
  return {};
}

Status Shadow::happen(JobEvent event, JobRecord next, std::vector<Mark> marks, std::string text) {
  const Transition step = transition(record_.state, event);
  if (step.effect == JobEffect::refuse) return {};
  next.state = step.next;
  if (next.state == JobState::idle && record_.state != JobState::held)
    marks.push_back(Mark::evicted);
  if (next.state == JobState::idle) marks.push_back(Mark::queued);
  if (next.state == JobState::held) marks.push_back(Mark::evicted);
  note_new_state(next, event, text, event_ms_.value_or(host_.now_ms()));
  CAIRN_CHECK(store(std::move(next), marks, fmt::format("{}: {}", to_text(event), text)));
  return perform(step.effect);
}

Status Shadow::perform(JobEffect effect) {
  switch (effect) {
    case JobEffect::refuse:
    case JobEffect::none:
      return {};
    case JobEffect::launch:
      return stage(false);
    case JobEffect::relaunch:
      launched_ = true;
      host_.send(record_.id, LaunchOrder{});
      return {};
    case JobEffect::spool:
    case JobEffect::spool_outputs:
      if (!has_starter_) return stage(true);
      log_.sending(host_.now_ms());
      host_.send(record_.id, SpoolOrder{.number = record_.next_checkpoint - 1,
                                        .outputs = effect == JobEffect::spool_outputs,
                                        .early = record_.state == JobState::spooling &&
                                                 options_.contract == Contract::cairn});
      return {};
    case JobEffect::finish:
      if (!has_starter_) return stage(true);
      log_.sending(host_.now_ms());
      host_.send(record_.id, FinishOrder{record_.exit == ExitStatus{}});
      return {};
    case JobEffect::soft_kill:
      if (!launched_)
        host_.kill_starter(record_.id);  // nothing is lost: the sandbox is still being filled
      else if (fast_)
        host_.send(record_.id, KillOrder{});
      else
        host_.send(record_.id, SignalOrder{job_.kill_signal});
      host_.arm_vacate_timer(record_.id,
                             std::min<std::chrono::milliseconds>(
                                 options_.vacate_time_max,
                                 job_.max_vacate_time.value_or(std::chrono::hours(24 * 365))));
      return {};
    case JobEffect::hard_kill:
      host_.send(record_.id, KillOrder{});
      return {};
    case JobEffect::requeue:
      quit({});
      return {};
    case JobEffect::hold:
      // HTCondor shows stdout and stderr of a held job only if its last transfer failed.
      quit({.deliver = options_.contract == Contract::cairn || finish_failed_});
      return {};
    case JobEffect::clean_up:
      if (!has_starter_) return host_.remove_job_folder(record_.id);
      quit({.clean_up = true});
      return {};
  }
  return {};
}

void Shadow::quit(const QuitOrder& order) {
  if (!std::exchange(has_starter_, false)) return;
  host_.send(record_.id, order);
  host_.release_starter(record_.id);
}

Status Shadow::stage(bool adopt) {
  if (!has_starter_) CAIRN_CHECK(host_.start_starter(record_.id, record_.activation, mark()));
  has_starter_ = true;
  adopting_ = adopt;
  launched_ = fast_ = finish_failed_ = false;
  started_ = adopt;
  taken_.reset();
  log_.set_slot(slot_);
  if (adopt)
    take_over_log();
  else
    log_.staging(host_.now_ms());
  host_.send(record_.id, stage_order(adopt));
  return {};
}

// The program was started in this activation, by an engine that is gone.
void Shadow::take_over_log() {
  const auto begun = [this](const char* attribute) {
    return record_.live.get_integer(attribute).value_or(0) * 1000;
  };
  execution_begin_ms_ = host_.now_ms();
  log_.set_granted(granted());
  log_.taken_over({.begin_ms = begun("JobCurrentStartDate"),
                   .execute_ms = begun("JobCurrentStartExecutingDate")});
}

JobAd Shadow::slot_ad() const {
  JobAd ad = options_.machine;
  ad.set_string("MyType", "Machine");
  ad.set_string("Name", slot_);
  ad.set_string("Machine", options_.host);
  ad.set_string("OpSys", "LINUX");
  ad.set_integer("Cpus", record_.ad.get_integer("RequestCpus").value_or(1));
  if (const std::int64_t memory_mb = memory_mb_max(); memory_mb > 0)
    ad.set_integer("Memory", memory_mb);
  return ad;
}

Result<JobAd> Shadow::matched_ad() const {
  JobAd ad = LiveAd(record_.ad, record_.live).whole();
  if (!asks_for_match(ad)) return ad;
  return fill_in_match(ad, to_classad(slot_ad()), host_.now_ms() / 1000);
}

StageOrder Shadow::stage_order(bool adopt) const {
  JobAd ad = LiveAd(record_.ad, record_.live).whole();
  // start() has seen that it can be; what cannot any more stays as it is.
  if (auto matched = matched_ad()) ad = *std::move(matched);
  ad.set_integer("JobStatus", 2);  // running
  ad.set_integer("NumJobStarts", record_.activation);
  ad.set_string("RemoteHost", slot_);
  const int cpus = static_cast<int>(ad.get_integer("RequestCpus").value_or(1));
  return {.ad = ad.text(),
          .machine_ad = slot_ad().text(),
          .job_folder = home_.job_folder(record_.id),
          .sandbox = home_.sandbox(record_.id, record_.activation),
          .slot = slot_,
          .mark = mark(),
          .cpus = cpus,
          .htcondor = options_.contract == Contract::htcondor,
          .adopt = adopt,
          .has_checkpoint = record_.last_checkpoint.has_value(),
          .suspect = poison_.advice().put_aside.value_or(-1),
          .recall = poison_.advice().recall,
          .memory_kb_max = memory_mb_max() * 1024};
}

std::int64_t Shadow::memory_mb_max() const {
  const std::int64_t asked =
      requested_memory_mb(LiveAd(record_.ad, record_.live).whole(), host_.now_ms() / 1000)
          .value_or(0);
  return options_.contract == Contract::cairn ? asked : in_steps(asked);
}

Granted Shadow::granted() const {
  // A pool's slots have a megabyte of disk on top.
  constexpr std::int64_t kDiskStepKb = 1024;
  const JobAd ad = LiveAd(record_.ad, record_.live).whole();
  const auto asked = [&](std::string_view attribute) {
    return requested(ad, attribute, host_.now_ms() / 1000);
  };
  Granted granted;
  granted.cpus_requested = granted.cpus_allocated =
      record_.ad.get_integer("RequestCpus").value_or(1);
  granted.memory_requested_mb = granted.memory_allocated_mb = asked("RequestMemory");
  granted.disk_requested_kb = granted.disk_allocated_kb = asked("RequestDisk");
  if (options_.contract == Contract::htcondor) {
    granted.memory_allocated_mb = in_steps(granted.memory_requested_mb);
    granted.disk_allocated_kb = (granted.disk_requested_kb / kDiskStepKb + 1) * kDiskStepKb;
  }
  return granted;
}

// ---- what the engine asks

Status Shadow::start(const std::string& slot) {
  if (record_.wish != Wish::none) return fulfil();  // an engine died on the way to it
  if (record_.state != JobState::idle) return {};
  slot_ = slot;
  const auto matched = matched_ad();
  if (!matched)  // as a pool writes it, without a code
    return hold_by_policy(record_,
                          {.action = PolicyAction::hold, .reason = matched.error().message});
  JobRecord next = record_;
  ++next.activation;
  for (const auto& [name, text] : matched->attributes())
    if (name.starts_with("MATCH_")) next.live.set(name, text);
  note(next, [&slot](LiveAd& live, std::int64_t now) { live.activated(now, slot); });
  // It does nothing before it is told to, which is after the job's new state is stored.
  CAIRN_CHECK(
      host_.start_starter(record_.id, next.activation, home_.mark(record_.id, next.activation)));
  has_starter_ = true;
  Status begun = happen(JobEvent::start, std::move(next), {Mark::stage_begin},
                        fmt::format("on {} from {}", slot, resume_point()));
  if (!begun) quit({});
  return begun;
}

Status Shadow::resume(const std::string& slot, std::int64_t last_alive_ms) {
  slot_ = slot;
  log_.set_slot(slot);
  const JobEffect effect = resume_effect(record_.state);
  if (effect == JobEffect::none) return fulfil();
  if (record_.activation > 0) CAIRN_CHECK(host_.kill_left_over(mark()));
  if (effect != JobEffect::requeue) return perform(effect);
  const std::string reason = "the engine was gone";
  event_ms_ = std::min(last_alive_ms, host_.now_ms());
  const Status evicted = happen(JobEvent::evicted, record_, {}, reason);
  event_ms_.reset();
  CAIRN_CHECK(evicted);
  log_.evicted(host_.now_ms(), reason, nullptr);
  say(fmt::format("was running when the engine ended; goes on from {}", resume_point()),
      Weight::notable);
  return fulfil();
}

Status Shadow::vacate(Vacate how, const std::string& reason) {
  left_by_policy_ = false;
  fast_ = how == Vacate::fast;
  timed_out_ = false;
  leave_reason_ = reason;
  return happen(JobEvent::vacate, record_, {}, reason);
}

Status Shadow::request(Wish wish, Vacate how, const std::string& reason) {
  if (record_.state == JobState::completed || record_.state == JobState::removed ||
      record_.state == JobState::finishing ||
      (record_.state == JobState::held && wish == Wish::hold))
    return {};
  JobRecord next = record_;
  next.wish = wish;
  next.wish_reason = reason;
  CAIRN_CHECK(
      store(std::move(next), {},
            fmt::format("is to be {}: {}", wish == Wish::hold ? "held" : "removed", reason)));
  if (has_starter_) return vacate(how, reason);
  return fulfil();
}

Status Shadow::fulfil() {
  const bool at_rest = record_.state == JobState::idle || record_.state == JobState::held;
  if (record_.wish == Wish::none || !at_rest || has_starter_) return {};
  JobRecord next = record_;
  const Wish wish = std::exchange(next.wish, Wish::none);
  const std::string reason = std::exchange(next.wish_reason, {});
  if (wish == Wish::hold) {
    next.hold = {kHoldByUser, 0, reason};
    CAIRN_CHECK(happen(JobEvent::hold, std::move(next), {}, reason));
    log_.held_by_policy(host_.now_ms(), reason, kHoldByUser, 0);
    say(fmt::format("held: {}", reason), Weight::notable);
    return {};
  }
  next.hold.reset();
  CAIRN_CHECK(happen(JobEvent::remove, std::move(next), {}, reason));
  log_.aborted(host_.now_ms(), reason);
  say(fmt::format("removed: {}", reason), Weight::notable);
  return {};
}

Status Shadow::vacate_timeout() {
  fast_ = timed_out_ = true;
  if (record_.state == JobState::vacating)
    say("did not leave in time; it is killed", Weight::notable);
  return happen(JobEvent::vacate_timeout, record_, {}, "killed");
}

Status Shadow::release(const std::string& reason) {
  JobRecord next = record_;
  next.hold.reset();
  next.crashes = next.evictions = 0;
  CAIRN_CHECK(happen(JobEvent::release, std::move(next), {}, reason));
  log_.released(host_.now_ms(), reason);
  say(fmt::format("released; goes on from {}", resume_point()), Weight::routine);
  return {};
}

// ---- what the starter tells

Status Shadow::receive(int activation, const Report& report) {
  if (!has_starter_ || activation != record_.activation) return {};
  CAIRN_CHECK(std::visit([this](const auto& what) { return receive(what); }, report));
  return fulfil();
}

Status Shadow::receive(const Staged& report) {
  for (const std::string& warning : report.warnings) say(warning, Weight::notable);
  if (std::exchange(adopting_, false)) return perform(resume_effect(record_.state));
  log_.received(host_.now_ms(), report.bytes);
  JobRecord next = record_;
  next.received_bytes += report.bytes;
  next.last_checkpoint = report.checkpoint;  // an older one, if the newest was damaged
  note(next, [&](LiveAd& live, std::int64_t now) {
    live.inputs_received(next.live.get_integer("JobCurrentStartDate").value_or(now), now,
                         report.bytes);
  });
  std::string text = fmt::format("staged, from {}", resume_point());
  for (const std::string& warning : report.warnings) text += "; " + warning;
  CAIRN_CHECK(store(std::move(next), {}, std::move(text)));
  launched_ = true;
  host_.send(record_.id, LaunchOrder{});
  return {};
}

Status Shadow::receive(const Started& report) {
  JobRecord next = record_;
  note(next, [this](LiveAd& live, std::int64_t now) { live.executing(now, started_); });
  execution_begin_ms_ = host_.now_ms();
  waits_since_ms_.reset();  // of one whose starter was lost before it could report the exit
  CAIRN_CHECK(
      store(std::move(next), {Mark::execute_begin}, fmt::format("started, pid {}", report.pid)));
  // The same for a restart in place, which has no time for it.
  if (!started_) log_.set_granted(granted());
  log_.executing(host_.now_ms(), home_.sandbox(record_.id, record_.activation));
  poison_.started(taken_ ? taken_ : record_.last_checkpoint);
  if (!std::exchange(started_, true))
    say(fmt::format("runs, from {}", resume_point()), Weight::routine);
  return {};
}

Status Shadow::receive(const Exited& report) {
  launched_ = false;
  const std::int64_t exit_ms =
      std::exchange(waits_since_ms_, std::nullopt).value_or(host_.now_ms());
  log_.exited(host_.now_ms(), report);
  JobRecord next = record_;
  next.exit = report.exit;
  next.user_ms += report.user_ms;
  next.system_ms += report.system_ms;
  note(next, [&report](LiveAd& live, std::int64_t now) {
    live.exited(now, report.exit, report.user_ms / 1000, report.system_ms / 1000);
    live.image(report.use.resident_kb);
    live.disk(report.use.disk_kb);
  });
  const PolicyVerdict verdict = exit_verdict(next);
  const JobEvent event = decide(classify_exit(report.exit, job_,
                                              {.contract = options_.contract,
                                               .vacating = leaving(),
                                               .killed = fast_,
                                               .crashes = record_.crashes,
                                               .completions = record_.completions}),
                                verdict, report.exit);
  const std::string how = describe(report.exit);
  switch (event) {
    case JobEvent::checkpoint_exit:
    case JobEvent::evict_exit:
      checkpoint_exit_ms_ = exit_ms;
      checkpoint_execution_ms_ = checkpoint_exit_ms_ - execution_begin_ms_;
      ++next.next_checkpoint;
      poison_.made_checkpoint();
      return happen(event, std::move(next), {Mark::execute_end, Mark::spool_begin}, how);
    case JobEvent::final_exit:
      say(how, Weight::routine);
      return happen(event, std::move(next), {Mark::execute_end, Mark::finish_begin}, how);
    case JobEvent::crashed: {
      const bool by_itself = report.exit.by_signal && options_.contract == Contract::cairn;
      ++(by_itself ? next.crashes : next.completions);
      if (options_.contract == Contract::cairn)
        poison_.died(std::chrono::milliseconds(exit_ms - execution_begin_ms_));
      if (poison_.hopeless()) {
        next.hold = {
            kHoldSystemPolicy, report.exit.signal,
            fmt::format("The program {}. {} checkpoints in a row killed it right after they "
                        "were restored, and so did each that was made from the one before "
                        "them. Find the cause in its stderr, then run it again to go on.",
                        how, PoisonWatch::kRollbacksMax + 1)};
        return hold(JobEvent::hopeless, std::move(next), {Mark::execute_end});
      }
      const std::string why = verdict.action == PolicyAction::requeue ? verdict.reason : how;
      note(next, [&why](LiveAd& live, std::int64_t) { live.requeued(why); });
      CAIRN_CHECK(happen(event, std::move(next), {Mark::execute_end}, how));
      log_.evicted(host_.now_ms(), why, &report.exit);
      say(fmt::format("{}; goes on from {}", how, resume_point()), Weight::routine);
      return {};
    }
    case JobEvent::hopeless:
      next.hold = {kHoldSystemPolicy, report.exit.signal,
                   fmt::format("The program {} for the {}th time without a new checkpoint in "
                               "between; the last start was from {}. Find the cause in its "
                               "stderr, then run it again to go on.",
                               how, record_.crashes + 1, resume_point())};
      return hold(event, std::move(next), {Mark::execute_end});
    default:
      ++next.evictions;
      CAIRN_CHECK(happen(event, std::move(next), {Mark::execute_end}, how));
      log_.evicted(host_.now_ms(), logged_reason(), nullptr);
      say(fmt::format("evicted ({}); goes on from {}", how, resume_point()), Weight::routine);
      return {};
  }
}

Status Shadow::receive(const Waits&) {
  if (record_.state != JobState::running && record_.state != JobState::vacating) return {};
  waits_since_ms_ = host_.now_ms();
  return store(record_, {Mark::waits}, "has exited; its last checkpoint is still being saved");
}

Status Shadow::receive(const Measured& report) {
  JobRecord next = record_;
  note(next, [&](LiveAd& live, std::int64_t) {
    live.image(report.use.resident_kb);
    live.disk(report.use.disk_kb);
  });
  // Where the disk is full, the next one will be stored.
  if (Status stored = store_.store(next, {}); stored)
    record_ = std::move(next);
  else if (stored.error().code != Errc::no_space)
    return stored;
  log_.measured(host_.now_ms(), report.use);
  return {};
}

Status Shadow::receive(const OverMemory& report) {
  if (record_.state != JobState::running && record_.state != JobState::vacating) return {};
  const std::int64_t used_mb = (report.used_kb + 1023) / 1024;
  JobRecord next = record_;
  note(next, [&](LiveAd& live, std::int64_t) { live.image(report.used_kb); });
  log_.measured(host_.now_ms(), {.resident_kb = report.used_kb});
  next.hold = {kHoldOutOfResources, kOutOfMemory,
               fmt::format("Job has gone over {}memory limit of {} megabytes. Last measured usage: "
                           "{} megabytes.  Consider resubmitting with a higher request_memory.",
                           options_.contract == Contract::htcondor ? "cgroup " : "",
                           memory_mb_max(), used_mb)};
  launched_ = false;
  return hold(JobEvent::hold, std::move(next), {Mark::execute_end});
}

// A pool of version 23 says why only where the job was killed.
std::string Shadow::logged_reason() const {
  if (options_.contract == Contract::cairn || left_by_policy_) return leave_reason_;
  return fast_ && !timed_out_ ? "User requested the job to vacate" : "";
}

Status Shadow::receive(const Taken& report) {
  const bool goes_on = record_.state == JobState::spooling;
  if (goes_on) taken_ = report.number;
  return happen(JobEvent::taken, record_,
                goes_on ? std::vector{Mark::spool_taken} : std::vector<Mark>(),
                fmt::format("checkpoint {}", report.number));
}

Status Shadow::receive(const Spooled& report) {
  const bool running = record_.state == JobState::running || record_.state == JobState::vacating;
  if (running && taken_ != report.number) return {};
  taken_.reset();
  const bool left = leaving() && !running;
  // Outputs that every eviction brings are no progress: evictions end all the same.
  const bool progress = record_.state != JobState::evicting;
  JobRecord next = record_;
  next.last_checkpoint = report.number;
  next.next_checkpoint = std::max(next.next_checkpoint, report.number + 1);
  next.crashes = 0;
  next.evictions = progress ? 0 : next.evictions + 1;
  next.sent_bytes += report.bytes;
  note(next, [&](LiveAd& live, std::int64_t now) {
    live.sent(now, report.bytes);
    if (progress)
      live.checkpointed(report.number, checkpoint_exit_ms_ / 1000, checkpoint_execution_ms_ / 1000);
  });
  const std::string text = fmt::format(
      "checkpoint {} spooled{}, {} in {}", report.number, progress ? "" : " with the outputs",
      format_size(report.bytes), format_duration(std::chrono::milliseconds(report.elapsed_ms)));
  if (report.unchanged >= kUnchangedMax && options_.contract == Contract::cairn) {
    next.hold = {kHoldSystemPolicy, 0,
                 fmt::format("The program made {} checkpoints in a row that are the same as the "
                             "one before, so it gets nowhere. See that it reads its checkpoint "
                             "at the start and that the listed files are those it writes.",
                             report.unchanged)};
    return hold(JobEvent::hold, std::move(next), {Mark::spool_end});
  }
  CAIRN_CHECK(happen(JobEvent::spooled, std::move(next), {Mark::spool_end}, text));
  log_.sent(host_.now_ms(), report.bytes);
  say(text, Weight::routine);
  if (!left) return {};
  log_.evicted(host_.now_ms(), logged_reason(), nullptr);
  say(fmt::format("evicted; goes on from {}", resume_point()), Weight::routine);
  return {};
}

Status Shadow::receive(const SpoolFailed& report) {
  const bool running = record_.state == JobState::running || record_.state == JobState::vacating;
  if (running && !taken_) return {};
  taken_.reset();
  const std::int64_t number = record_.next_checkpoint - 1;
  const std::string what = fmt::format("checkpoint {} was not taken: {}", number, report.message);
  if (report.retryable) {
    const bool left = leaving() && !running;
    CAIRN_CHECK(happen(JobEvent::spool_retry, record_, {Mark::spool_end_failed}, what));
    say(what + "; the next one tries again", Weight::notable);
    if (left) log_.evicted(host_.now_ms(), logged_reason(), nullptr);
    return {};
  }
  JobRecord next = record_;
  if (record_.state == JobState::evicting) {
    next.hold = output_failure(kHoldTransferOutput, report.error_number, report.message);
    return hold(JobEvent::spool_failed, std::move(next), {Mark::spool_end_failed});
  }
  next.hold = {kHoldFailedToCheckpoint, -1,
               options_.contract == Contract::htcondor
                   ? "Starter failed to upload checkpoint"
                   : what +
                         ". The program must have written every file that "
                         "transfer_checkpoint_files names before it exits with a checkpoint."};
  return hold(JobEvent::spool_failed, std::move(next), {Mark::spool_end_failed});
}

Status Shadow::receive(const Finished& report) {
  JobRecord next = record_;
  next.sent_bytes += report.bytes;
  note(next, [&](LiveAd& live, std::int64_t now) { live.sent(now, report.bytes); });
  if (record_.state == JobState::finishing) {
    const PolicyVerdict verdict = exit_verdict(next);
    if (verdict.action == PolicyAction::hold) return hold_at_exit(std::move(next), verdict, report);
    if (verdict.action == PolicyAction::requeue)
      return requeue_at_exit(std::move(next), verdict, report);
  }
  // First, unlike other events: nobody looks at a job again that is over, and whoever waits for its
  // 005 would wait for ever.  If the engine dies in between, the next one finds it in the log.
  const std::int64_t now = host_.now_ms();
  if (!log_.has_ended()) {
    log_.sent(now, report.bytes);
    log_.terminated(now, next.exit.value_or(ExitStatus{}),
                    {next.user_ms / 1000, next.system_ms / 1000},
                    {.sent = next.sent_bytes, .received = next.received_bytes});
  }
  CAIRN_CHECK(happen(JobEvent::finished, std::move(next), {Mark::finish_end, Mark::done},
                     "outputs are in place"));
  say("completed", Weight::routine);
  return {};
}

namespace {

// A sentence of ours in HTCondor's words.
//   folder  where the file would have been
std::string in_htcondors_words(const std::string& message, const Path& folder) {
  constexpr std::string_view kMissing = ": no such file in the job's folder";
  constexpr std::string_view kRead = "read input ";
  constexpr std::string_view kGone = ": No such file or directory";
  const auto reading = [](const std::string& file) {
    return fmt::format("reading from file {}: (errno 2) No such file or directory", file);
  };
  if (message.ends_with(kMissing))
    return reading((folder / message.substr(0, message.size() - kMissing.size())).native());
  if (message.starts_with(kRead) && message.ends_with(kGone))
    return reading(message.substr(kRead.size(), message.size() - kRead.size() - kGone.size()));
  return message;
}

}  // namespace

std::string Shadow::details(const std::string& message) const {
  if (options_.contract == Contract::cairn) return message;
  return in_htcondors_words(message, home_.sandbox(record_.id, record_.activation));
}

HoldFacts Shadow::output_failure(int code, int subcode, const std::string& message) const {
  return {code, subcode,
          fmt::format("Transfer output files failure at execution point {} while sending files "
                      "to access point {}. Details: {}",
                      slot_, options_.host, details(message))};
}

Status Shadow::receive(const FinishFailed& report) {
  JobRecord next = record_;
  next.hold = output_failure(report.code, report.subcode, report.message);
  finish_failed_ = true;
  return hold(JobEvent::finish_failed, std::move(next), {Mark::finish_end});
}

Status Shadow::receive(const StartFailed& report) {
  JobRecord next = record_;
  next.hold = {report.code, report.subcode, report.message};
  // A sandbox that could not be taken over fails what it was taken over for.
  JobEvent event = JobEvent::start_failed;
  if (takes_over(record_.state)) event = JobEvent::spool_failed;
  if (record_.state == JobState::finishing) event = JobEvent::finish_failed;
  if (event == JobEvent::start_failed && report.code == kHoldTransferInput)
    next.hold->reason = fmt::format(
        "Transfer input files failure at access point {} while sending files to execution point "
        "{}. Details: {}",
        options_.host, slot_, details(report.message));
  return hold(event, std::move(next), {});
}

Status Shadow::hold(JobEvent event, JobRecord next, std::vector<Mark> marks) {
  const HoldFacts facts = *next.hold;
  const bool was_running = has_starter_;
  if (options_.contract == Contract::htcondor)
    next.hold->reason = log_.reason_of_hold(facts.reason, facts.code);
  CAIRN_CHECK(happen(event, std::move(next), std::move(marks), facts.reason));
  log_.held(host_.now_ms(), facts.reason, facts.code, facts.subcode, was_running);
  say(fmt::format("held (code {}/{}): {}", facts.code, facts.subcode, facts.reason),
      Weight::notable);
  return {};
}

// A lost starter costs what a crash costs, and as crashes do it must not go on for ever.
Status Shadow::starter_gone(int activation) {
  if (!has_starter_ || activation != record_.activation) return {};
  has_starter_ = false;
  CAIRN_CHECK(host_.kill_left_over(mark()));
  JobRecord next = record_;
  const bool asked = leaving();
  ++(asked ? next.evictions : next.crashes);
  if (next.crashes > kCrashesMax) {
    next.hold = {
        kHoldSystemPolicy, 0,
        fmt::format("The job's starter was lost for the {}th time without a new checkpoint "
                    "in between; the last start was from {}.",
                    next.crashes, resume_point())};
    return hold(JobEvent::hold, std::move(next), {});
  }
  const std::string reason = asked ? leave_reason_ : "its starter is gone";
  CAIRN_CHECK(happen(JobEvent::evicted, std::move(next), {}, reason));
  log_.evicted(host_.now_ms(), reason, nullptr);
  say(fmt::format("evicted ({}); goes on from {}", reason, resume_point()), Weight::routine);
  return fulfil();
}

}  // namespace cairn
