#include "wrap/execution.h"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>

#include "base/signal_names.h"
#include "base/text.h"
#include "base/try.h"
#include "base/units.h"
#include "os/process.h"
#include "wrap/capsule.h"
#include "wrap/criu.h"
#include "wrap/freeze.h"
#include "wrap/placeholders.h"
#include "wrap/program.h"

namespace cairn::wrap {
namespace {

using namespace std::chrono_literals;

// A freeze that met a half-written set is tried again so soon.
constexpr auto kRetry = 200ms;
// A program that writes to several files fills the queue of 16384 events not much sooner.
constexpr auto kDrain = 1s;
// One whose grace is over is looked at so often, for a moment to kill it.
constexpr auto kTry = 2ms;
// What is still in a pipe when the program has ended is written by then.
constexpr auto kLinger = 2s;
// Files that have not rested for so many --settle are worth a word.
constexpr int kRestless = 10;

constexpr std::array kForwarded = {SIGTERM, SIGINT,  SIGHUP,  SIGQUIT, SIGUSR1,
                                   SIGUSR2, SIGALRM, SIGCONT, SIGWINCH};

// As they are called by Open MPI, with which this was tried, and others.
constexpr std::array<std::string_view, 4> kLaunchers = {"mpirun", "mpiexec", "orterun", "prterun"};

int patience_until(SteadyTime next) {
  if (next == SteadyTime::max()) return -1;
  const auto left = std::chrono::ceil<Milliseconds>(next - std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, INT_MAX));
}

std::uint64_t mix(std::uint64_t sum, std::uint64_t number) {
  return (sum ^ number) * 0x9E3779B97F4A7C15U + (sum >> 29);
}

}  // namespace

Result<Descriptor> take_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : kForwarded) sigaddset(&set, signal);
  sigaddset(&set, SIGCHLD);
  if (::sigprocmask(SIG_BLOCK, &set, nullptr) != 0) return system_error("block", "signals", errno);
  Descriptor fd(::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
  if (!fd) return system_error("watch", "signals", errno);
  return fd;
}

Execution::Execution(FileSystem& files, const WrapOptions& options, Checkpoints& checkpoints,
                     const Descriptor& signals, const Say& say)
    : files_(files), options_(options), checkpoints_(checkpoints), signals_(signals), say_(say) {}

Result<ExecutionEnd> Execution::run(const ExecutionOrder& order) {
  CAIRN_CHECK(start(order));
  watch();
  // It cannot be asked: an exit of its own is its end, whenever it comes.
  if (options_.stop == StopMethod::image && !saved_ && end_.asked != Asked::stalled &&
      end_.wait_status != SIGKILL)
    end_.asked = Asked::no;
  end_descendants();
  end_.lasted = std::chrono::duration_cast<Milliseconds>(ended_at_ - started_);
  end_.elapsed_seconds = elapsed_seconds();
  const bool saved_itself = options_.stop == StopMethod::freeze || unheeded_ || end_.was_killed;
  if (saved_itself && renewals_ && renewals_->has_outputs()) {
    renewals_->look_at_outputs();
    end_.outputs_may_differ = true;
    if (const FileSet* const then = renewals_->outputs_then()) end_.outputs_then = *then;
  }
  return std::move(end_);
}

Status Execution::start(const ExecutionOrder& order) {
  elapsed_before_ = order.elapsed_before;
  is_finishing_ = order.is_finishing;
  deadline_ = order.deadline;
  if (!options_.stop_file.empty()) ::unlink(options_.stop_file.c_str());
  if (options_.stop != StopMethod::image)
    renewals_.emplace(checkpoints_.patterns(), options_.rollback);
  if (order.from_image) {
    CAIRN_TRY(pid_, criu_restore());
  } else {
    if (options_.stop == StopMethod::image) CAIRN_CHECK(next_process_id(kFirstProgramId));
    CAIRN_TRY(pid_, start_program(order.words, options_.private_home));
  }
  CAIRN_TRY(ended_, watch_process(pid_));
  started_ = lived_ = Clock::now();
  if (renewals_ && renewals_->has_outputs()) {
    drain_ = started_ + kDrain;
    if (renewals_->descriptor() == -1 && options_.stop == StopMethod::freeze)
      say_(
          "this machine cannot watch files (inotify): no checkpoint is taken, since nobody knows "
          "how long the output was when the state was written; see "
          "/proc/sys/fs/inotify/max_user_instances");
  }
  // One that ends by itself gets the grace on top.
  if (order.every)
    plan_ = started_ + *order.every + (options_.limit_args.empty() ? 0ms : options_.grace);
  if (options_.stall) look_ = started_;
  return {};
}

std::int64_t Execution::elapsed_seconds() const {
  if (!elapsed_before_) return 0;
  const Time until = pid_ == 0 ? ended_at_ : Clock::now();
  return *elapsed_before_ +
         std::chrono::duration_cast<std::chrono::seconds>(until - started_).count();
}

// ---- while it runs

Execution::Time Execution::next_time() const {
  Time next = Time::max();
  const auto consider = [&](const std::optional<Time>& time) {
    if (time) next = std::min(next, *time);
  };
  consider(settled_);
  consider(drain_);
  consider(retry_);
  consider(kill_);
  if (end_.asked != Asked::no) return next;
  // One that must be renewed first is not ended by the clock alone.
  if (!options_.when_renewed) consider(plan_);
  consider(deadline_);
  consider(look_);
  return next;
}

void Execution::watch() {
  while (pid_ != 0) {
    std::array<pollfd, 3> waiting = {pollfd{signals_.get(), POLLIN, 0},
                                     pollfd{ended_.get(), POLLIN, 0},
                                     pollfd{renewals_ ? renewals_->descriptor() : -1, POLLIN, 0}};
    if (options_.when_renewed && renewals_->descriptor() == -1 && !settled_)
      settled_ = Clock::now() + options_.settle;  // no watches: look now and then
    if (::poll(waiting.data(), waiting.size(), patience_until(next_time())) == -1 && errno != EINTR)
      break;
    if (waiting[1].revents != 0) return on_end();
    if (waiting[0].revents != 0) read_signals();
    if (waiting[2].revents != 0) on_news();
    if (pid_ != 0) on_time();
  }
}

void Execution::on_end() {
  ended_at_ = Clock::now();
  if (const auto end = wait_for(pid_)) end_.wait_status = end->wait_status;
  pid_ = 0;
}

void Execution::read_signals() {
  signalfd_siginfo info{};
  while (::read(signals_.get(), &info, sizeof info) == sizeof info) {
    const int signal = static_cast<int>(info.ssi_signo);
    if (signal == SIGCHLD) continue;
    const auto& vacate = options_.vacate_signals;
    if (std::find(vacate.begin(), vacate.end(), signal) == vacate.end()) {
      if (pid_ != 0) ::kill(pid_, signal);
      continue;
    }
    end_.vacate_signal = signal;
    if (pid_ == 0) continue;
    // Once: some programs lose everything on the second.
    if (end_.asked == Asked::no) end_for_checkpoint(Asked::vacated);
    if (end_.asked == Asked::planned || end_.asked == Asked::deadline) end_.asked = Asked::vacated;
  }
}

void Execution::on_time() {
  const Time now = Clock::now();
  const auto is_due = [&](std::optional<Time>& time) {
    if (!time || *time > now) return false;
    time.reset();
    return true;
  };
  if (is_due(kill_)) {
    on_grace_over();
    return;
  }
  if (is_due(drain_)) {
    renewals_->drain();
    drain_ = now + kDrain;
  }
  if (is_due(retry_)) {
    if (options_.stop == StopMethod::signal)
      send_stop_signal();
    else
      freeze_and_take(end_.asked != Asked::no);
  }
  if (is_due(settled_)) on_renewal();
  if (end_.asked != Asked::no || pid_ == 0) return;
  if (is_due(deadline_)) return end_for_checkpoint(Asked::deadline);
  if (!options_.when_renewed && is_due(plan_)) return end_for_checkpoint(Asked::planned);
  if (is_due(look_)) on_look(now);
}

// Does it do anything?
void Execution::on_look(Time now) {
  const std::uint64_t life = signs_of_life();
  if (life != life_) lived_ = now;
  life_ = life;
  if (now - lived_ >= *options_.stall) {
    end_.asked = Asked::stalled;
    kill_all();
    return;
  }
  look_ = std::min(now + std::clamp<Milliseconds>(*options_.stall / 8, 20ms, 30s),
                   lived_ + *options_.stall);
}

// What has happened to the files; whether anything has.
bool Execution::hear() {
  const Renewals::News news = renewals_->take();
  if (news == Renewals::News::nothing) return false;
  if (news != Renewals::News::begun) {
    const Time now = Clock::now();
    written_ = now;
    const auto alone =
        news == Renewals::News::renamed ? checkpoints_.only_file() : std::optional<std::string>();
    is_alone_ = alone && (is_alone_ || !restless_);
    if (!restless_) restless_ = now;
    const auto is_long = [&](Time since) { return now - since > kRestless * options_.settle; };
    // One file that was renamed into its place is whole; others may be followed by more, but not
    // where none ever was.
    is_whole_ = alone && (checkpoints_.is_named(*alone) || (is_alone_ && is_long(*restless_)));
    if (options_.when_renewed) settled_ = is_whole_ ? now : now + options_.settle;
    const bool is_due = !options_.every || (plan_ && *plan_ <= now);
    if (options_.when_renewed && is_due && !is_whole_ && !said_restless_ &&
        is_long(std::max(*restless_, plan_.value_or(started_)))) {
      said_restless_ = true;
      say_(cat("a checkpoint is due, and its files are written again and again, never ",
               format_duration(options_.settle),
               " apart; give a --settle that is shorter than the time between two saves, and "
               "longer than one"));
    }
  }
  return true;
}

void Execution::on_news() {
  if (!hear()) return;
  // One that saves when it is told does so once.
  if (!renewals_->has_outputs() || (!options_.when_renewed && end_.asked == Asked::no && heeds()))
    return;
  const Frozen frozen;
  if (frozen.stands_still()) renewals_->look_at_outputs();
}

void Execution::on_renewal() {
  if (!is_whole_) restless_.reset();
  if (end_.asked != Asked::no || !checkpoints_.is_renewed()) return;
  if (renewals_->descriptor() == -1 && !is_as_seen()) return;
  const bool is_planned = !options_.every || (plan_ && *plan_ <= Clock::now());
  const bool fits = !renewals_->has_outputs() || renewals_->outputs_then() != nullptr;
  // The next time, perhaps: a program that saves on a signal makes them fit by itself.
  if (!fits && (!is_planned || options_.stop == StopMethod::freeze)) return;
  if (is_planned) return end_for_checkpoint(Asked::planned);
  freeze_and_take(false);
}

// As at the last look.
bool Execution::is_as_seen() {
  auto found = checkpoints_.present();
  if (!found) return false;
  return std::exchange(seen_, *std::move(found)) == seen_;
}

// Whether its files have been as they are for --settle.  One alone needs no such time; after one of
// several another may follow.
bool Execution::rests() {
  hear();
  auto found = checkpoints_.present();
  if (!found) return false;
  if (found->size() == 1 && (is_whole_ || checkpoints_.is_named(found->begin()->first)))
    return true;
  const Time now = Clock::now();
  const bool is_watched = renewals_->descriptor() != -1;
  if (resting_ ? *resting_ != *found : !is_watched) written_ = now;
  resting_ = *std::move(found);
  return !written_ || now - *written_ >= options_.settle;
}

// Why this moment may be in the middle of a save; nothing: it is not.
std::optional<std::string> Execution::why_not_whole(const Frozen& frozen) {
  if (renewals_->has_outputs() && frozen.stands_still()) renewals_->look_at_outputs();
  if (const auto name = state_in_writing(frozen))
    return cat("while it had ", *name, " open for writing");
  if (!rests())
    return cat("less than ", format_duration(options_.settle),
               " after it had written one of its files, perhaps before another");
  return {};
}

std::vector<FileSet> Execution::by_pattern() const {
  std::vector<FileSet> all;
  for (const std::string& pattern : options_.checkpoint_files) {
    if (auto found = find_files(".", {pattern}))
      all.push_back(*std::move(found));
    else
      all.emplace_back();
  }
  return all;
}

// Told to save, it has written some of its files since and has not come to this one.
std::optional<std::string> Execution::saved_in_part() const {
  if (!end_.was_told || unheeded_) return {};
  const auto now = by_pattern();
  if (now.size() != when_told_.size() || now == when_told_) return {};
  for (std::size_t i = 0; i < now.size(); ++i)
    if (now[i] == when_told_[i]) return options_.checkpoint_files[i];
  return {};
}

// What it does now is its end: told to stop, it may leave half of it.
bool Execution::let_it_finish(Asked why) {
  if (!is_finishing_ || !is_finishing_()) return false;
  if (!untold_ && !options_.quiet)
    say_(cat("the program is not asked to end, since ", options_.finished_when,
             " is there: it is about to finish"));
  untold_ = why;
  // Whoever wants us gone does not wait for ever.
  if (why != Asked::planned && !kill_) kill_ = Clock::now() + options_.grace;
  return true;
}

void Execution::end_for_checkpoint(Asked why) {
  if (options_.stop != StopMethod::image && let_it_finish(why)) return;
  end_.asked = why;
  settled_.reset();
  kill_ = Clock::now() + options_.grace;
  request_end();
}

void Execution::request_end() {
  if (options_.stop != StopMethod::image) rests();  // from now on it is known
  when_told_ = by_pattern();
  switch (options_.stop) {
    case StopMethod::signal:
      return send_stop_signal();
    case StopMethod::file: {
      end_.was_told = true;
      if (auto made = files_.create(options_.stop_file); !made)
        end_.taken = std::move(made).error();
      return;
    }
    case StopMethod::command:
      return run_stop_command();
    case StopMethod::freeze:
      return freeze_and_take(true);
    case StopMethod::image:
      return save_image();
  }
}

// What cannot be saved now runs on until the next time; if it must leave, it is as if it had been
// killed: the checkpoint before stands.
void Execution::save_image() {
  const auto done = criu_save(pid_, options_.grace);
  saved_ = done.has_value();
  if (saved_) return;
  if (!process_runs(pid_)) return;  // it has just ended, by itself
  const bool goes_on =
      done.error().code == Errc::unsupported && end_.asked == Asked::planned && options_.every;
  say_(cat("the program cannot be saved: ", done.error().message, goes_on ? "; it runs on" : ""));
  if (!goes_on) {
    kill_all();
    return;
  }
  end_.asked = Asked::no;
  kill_.reset();
  plan_ = Clock::now() + *options_.every;
}

// Open MPI's launcher takes the signal for the end of all: a second later it kills what it has
// started.  So those are told themselves, and it ends after them.
std::vector<pid_t> Execution::told() const {
  if (std::find(kLaunchers.begin(), kLaunchers.end(), command_of(pid_)) != kLaunchers.end())
    if (auto children = children_of(pid_); !children.empty()) return children;
  return {pid_};
}

// Whether the signal makes it save; else it dies of it.
bool Execution::heeds() const {
  if (options_.stop != StopMethod::signal) return options_.stop != StopMethod::freeze;
  const auto all = options_.signal_group ? descendants() : told();
  return std::any_of(all.begin(), all.end(),
                     [&](pid_t pid) { return heeds_signal(pid, options_.stop_signal); });
}

// One that does not heed the signal dies of it: not in the middle of a save, then.
void Execution::send_stop_signal() {
  unheeded_ = !heeds();
  std::optional<Frozen> frozen;
  if (unheeded_ && why_not_whole(frozen.emplace())) {
    retry_soon();
    return;
  }
  if (unheeded_ && !options_.quiet)
    say_(cat("the program does not heed ", signal_name(options_.stop_signal).value_or("the signal"),
             " and dies of it; what it has saved by itself is taken",
             options_.signal_group ? "" : " (one that heeds it, behind a script: --signal-group)"));
  for (const pid_t pid : told()) ::kill(options_.signal_group ? -pid : pid, options_.stop_signal);
  end_.was_told = true;
}

// A little later each time: a program may write at every so many milliseconds just when we look.
void Execution::retry_soon() {
  retry_ = Clock::now() + pause_;
  pause_ = std::min<Milliseconds>(pause_ + pause_ / 8, kRetry);
}

// The name of a file of the checkpoint that is being written; nothing: none.
std::optional<std::string> Execution::state_in_writing(const Frozen& frozen) const {
  const auto files =
      options_.whole_folder ? find_files(".", checkpoints_.patterns()) : checkpoints_.present();
  return files ? open_for_writing(frozen.processes(), *files) : std::nullopt;
}

void Execution::on_grace_over() {
  if (!last_try_)
    say_(cat("the program has not ended within ", format_duration(options_.grace),
             untold_ && end_.asked == Asked::no ? " of the time at which it was to end"
                                                : " of being asked",
             "; it is killed"));
  if (end_.asked == Asked::no) end_.asked = untold_.value_or(Asked::vacated);
  if (options_.stop == StopMethod::image) return kill_all();
  kill_between_saves();
}

// At a moment at which its files are whole, if it soon comes to one.
void Execution::kill_between_saves() {
  const Time now = Clock::now();
  if (!last_try_) last_try_ = now + std::min<Milliseconds>(kLinger, options_.grace);
  const Frozen frozen;
  auto why = why_not_whole(frozen);
  if (const auto missing = why ? std::nullopt : saved_in_part())
    why = cat("when it had written some of its files, and not ", *missing);
  const bool fits = !renewals_->has_outputs() || renewals_->outputs_then() != nullptr;
  if ((why || !fits) && now < *last_try_) {
    kill_ = now + kTry;
    return;
  }
  if (why)
    end_.taken = Checkpoints::Taken{
        NewState::bad,
        cat("it was killed ", *why, "; give it a longer --grace, or let it end when it has saved"),
        0, 0};
  kill_all();
}

void Execution::run_stop_command() {
  end_.was_told = true;
  const std::string line = with_pid(options_.stop_command, pid_);
  // It may wait until the program is gone: one that has ended is not, before it was waited for.
  const auto done = run_shell(line, options_.grace, ended_.get(), [this] { on_end(); });
  if (!done)
    say_(done.error().text());
  else if (!done->succeeded())
    say_(cat("the command that is to end the program, '", line, "', ", done->failure()));
  // One that could not be asked is not worth the grace.
  if (pid_ == 0) return;
  if (!done || !done->succeeded()) kill_between_saves();
}

// Not in the middle of a write: then it is tried again.
void Execution::freeze_and_take(bool then_kill) {
  const Frozen frozen;
  const bool is_finishing = then_kill && is_finishing_ && is_finishing_();
  const auto open = state_in_writing(frozen);
  const bool is_long =
      kill_ && Clock::now() - (*kill_ - options_.grace) > kRestless * options_.settle;
  if (open && is_long && !said_open_) {
    said_open_ = true;
    say_(cat("a checkpoint is due, and ", *open,
             " has been open for writing all the time, so nobody knows when it is whole; a program "
             "that never closes it cannot be kept by --freeze"));
  }
  if (is_finishing || open || !frozen.stands_still() || (then_kill && why_not_whole(frozen))) {
    retry_soon();
    return;
  }
  const FileSet* const then = renewals_->outputs_then();
  auto taken = renewals_->has_outputs() && then == nullptr
                   ? Result<Checkpoints::Taken>(
                         {NewState::none, "its output has grown since it was written", 0, 0})
                   : checkpoints_.take(elapsed_seconds(), then);
  if (!then_kill) {
    // It runs on: what it is ended with is another checkpoint.
    if (!taken)
      say_(cat("no checkpoint is taken: ", taken.error().text()));
    else if (taken->state == NewState::good && !options_.quiet)
      say_(cat("checkpoint ", taken->generation, ", ", format_size(taken->bytes)));
    return;
  }
  if (taken && taken->state == NewState::bad) {
    retry_ = Clock::now() + kRetry;  // it may be between two files
    return;
  }
  end_.taken = std::move(taken);
  kill_all();
}

void Execution::kill_all() {
  end_.was_killed = true;
  for (const pid_t pid : descendants()) ::kill(pid, SIGKILL);
}

// What grows, or is written anew.
std::uint64_t Execution::signs_of_life() const {
  std::uint64_t sum = 1;
  std::vector<std::string> patterns = checkpoints_.patterns();
  for (const auto* more : {&options_.rollback, &options_.open_files, &options_.stall_files})
    patterns.insert(patterns.end(), more->begin(), more->end());
  if (const auto found = find_files(".", patterns))
    for (const auto& [name, mark] : *found) {
      sum = mix(sum, mark.inode);
      sum = mix(sum, mark.bytes);
      sum = mix(sum, static_cast<std::uint64_t>(mark.changed_ns));
    }
  for (const int fd : {STDOUT_FILENO, STDERR_FILENO}) {
    struct stat info {};
    if (::fstat(fd, &info) == 0 && S_ISREG(info.st_mode))
      sum = mix(sum, static_cast<std::uint64_t>(info.st_size));
  }
  return sum;
}

// ---- after its end

// What the program left running.  Those that were asked to leave with it may take their time.
void Execution::end_descendants() {
  const bool all_asked =
      end_.asked != Asked::no && end_.asked != Asked::stalled && options_.signal_group && kill_;
  const Time until = all_asked ? *kill_ : ended_at_ + kLinger;
  const bool may_save =
      renewals_ && end_.asked != Asked::no && !end_.taken && !descendants().empty();
  if (may_save) rests();
  while (Clock::now() < until && !descendants().empty()) {
    pollfd waiting{signals_.get(), POLLIN, 0};
    ::poll(&waiting, 1, patience_until(std::min(until, Clock::now() + kRetry)));
    read_signals();
    while (::waitpid(-1, nullptr, WNOHANG) > 0) {
    }
  }
  if (const auto left = descendants(); !left.empty() && end_.asked == Asked::no)
    say_(cat("the program has ended and left ", left.size(),
             left.size() == 1 ? " process" : " processes",
             " in the background; they are ended, too: a job is over when its program ends"));
  if (!end_.taken && !descendants().empty()) {
    const Frozen frozen;
    const auto then = resting_;
    if (may_save) rests();
    if (const auto name = state_in_writing(frozen))
      end_.taken = Checkpoints::Taken{
          NewState::bad,
          cat("what it left in the background had ", *name, " open for writing when it was killed"),
          0, 0};
    else if (resting_ != then)
      end_.taken = Checkpoints::Taken{
          NewState::bad, "what it left in the background was still writing its files", 0, 0};
    for (const pid_t pid : frozen.processes()) ::kill(pid, SIGKILL);
  }
  if (auto done = kill_descendants(); !done) say_(done.error().text());
}

}  // namespace cairn::wrap
