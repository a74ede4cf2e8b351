#include "wrap/wrapper.h"

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

#include "base/text.h"
#include "base/try.h"
#include "base/units.h"
#include "os/command.h"
#include "os/process.h"
#include "wrap/freeze.h"
#include "wrap/program.h"

namespace cairn::wrap {
namespace {

using namespace std::chrono_literals;

constexpr int kBadMax = 3;
// A freeze that met a file in the middle of a write is tried again so soon.
constexpr auto kRetry = 200ms;
// A program that writes to several files fills the queue of 16384 events not much sooner.
constexpr auto kDrain = 1s;

constexpr std::array kForwarded = {SIGTERM, SIGINT,  SIGHUP,  SIGQUIT, SIGUSR1,
                                   SIGUSR2, SIGALRM, SIGCONT, SIGWINCH};

// SIGCHLD wakes the loop; the rest is forwarded.
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

std::uint64_t mix(std::uint64_t sum, std::uint64_t number) {
  return (sum ^ number) * 0x9E3779B97F4A7C15U + (sum >> 29);
}

Wrapper::Exit die_by(int signal) { return {128 + signal, signal}; }

}  // namespace

Wrapper::Wrapper(FileSystem& files, const WrapOptions& options, Say say)
    : files_(files), options_(options), say_(std::move(say)) {}

// ---- the whole

Result<Wrapper::Exit> Wrapper::run() {
  CAIRN_CHECK(become_subreaper());
  CAIRN_TRY(signals_, take_signals());
  CAIRN_TRY(checkpoints_, Checkpoints::open(files_, options_));
  CAIRN_TRY(mark_, mark_of(options_.folder));
  CAIRN_CHECK(kill_marked(mark_));
  if (options_.deadline) deadline_ = began_ + *options_.deadline;
  CAIRN_CHECK(restore(0));
  for (;;) {
    failed_to_start_ = true;
    CAIRN_CHECK(start());
    failed_to_start_ = false;
    watch();
    end_descendants();
    CAIRN_TRY(const auto exit, conclude());
    if (exit) return *exit;
  }
}

Status Wrapper::restore(std::uint64_t below) {
  CAIRN_TRY(from_, checkpoints_->restore(below));
  for (const std::string& warning : from_.warnings) say_(warning);
  return {};
}

// ---- starting

bool Wrapper::goes_on() const {
  if (options_.resume_when.empty()) return from_.generation > 0;
  const auto patterns = expand(options_.resume_when, meanings());
  return patterns && any_exists(*patterns);
}

std::int64_t Wrapper::elapsed_seconds() const {
  if (!uses_elapsed()) return 0;  // the same state gives the same checkpoint
  const Time until = pid_ == 0 ? ended_at_ : Clock::now();
  return from_.elapsed_seconds +
         std::chrono::duration_cast<std::chrono::seconds>(until - started_).count();
}

Meanings Wrapper::meanings() const {
  Meanings all{.program = options_.program,
               .generation = from_.generation,
               .elapsed_seconds = from_.elapsed_seconds,
               .file = content_of};
  std::optional<Time> end = deadline_;
  if (options_.every) {
    const Time planned = Clock::now() + *options_.every;
    end = end ? std::min(*end, planned) : planned;
  }
  if (end)
    all.remaining_seconds = std::max<std::int64_t>(
        1, std::chrono::round<std::chrono::seconds>(*end - Clock::now()).count());
  return all;
}

Result<std::vector<std::string>> Wrapper::command() const {
  const Meanings known = meanings();
  std::vector<std::string> words = options_.program;
  const std::string& whole = resumed_ ? options_.resume_command : options_.start_command;
  if (!whole.empty()) {
    CAIRN_TRY(words, expand_words(whole, known));
    if (words.empty())
      return Error{Errc::invalid, cat("the command '", whole, "' is empty"), 0,
                   "give the whole command"};
  }
  for (const std::string& more :
       {resumed_ ? options_.resume_args : options_.start_args, options_.limit_args}) {
    CAIRN_TRY(const auto added, expand_words(more, known));
    words.insert(words.end(), added.begin(), added.end());
  }
  return words;
}

Status Wrapper::prepare() const {
  if (!resumed_ || options_.prepare.empty()) return {};
  CAIRN_TRY(const std::string line, expand(options_.prepare, meanings()));
  CAIRN_TRY(const auto result,
            run_command({.arguments = {"/bin/sh", "-c", line}, .patience = options_.grace}));
  if (result.succeeded()) return {};
  return Error{Errc::io, cat("--prepare '", line, "' ", result.failure()), 0,
               "it must prepare the files for the program to go on"};
}

Status Wrapper::start() {
  resumed_ = goes_on();
  if (!options_.stop_file.empty()) ::unlink(options_.stop_file.c_str());
  CAIRN_CHECK(prepare());
  CAIRN_TRY(const auto words, command());
  if (options_.when_renewed || options_.stop == StopMethod::freeze)
    renewals_.emplace(checkpoints_->patterns(), options_.rollback);
  CAIRN_TRY(pid_, start_program(words, mark_));
  CAIRN_TRY(ended_, watch_process(pid_));
  started_ = lived_ = Clock::now();
  asked_ = Asked::no;
  plan_ = settled_ = drain_ = retry_ = kill_ = look_ = std::nullopt;
  if (renewals_ && renewals_->has_outputs()) drain_ = started_ + kDrain;
  taken_.reset();
  failure_.reset();
  life_ = 0;
  // One that ends by itself gets the grace on top.
  if (options_.every)
    plan_ = started_ + *options_.every + (options_.limit_args.empty() ? 0ms : options_.grace);
  if (options_.stall) look_ = started_;
  if (resumed_ && !options_.quiet) say_(cat("goes on from checkpoint ", from_.generation));
  return {};
}

// ---- while it runs

Wrapper::Time Wrapper::next_time() const {
  Time next = Time::max();
  const auto consider = [&](const std::optional<Time>& time) {
    if (time) next = std::min(next, *time);
  };
  consider(settled_);
  consider(drain_);
  consider(retry_);
  consider(kill_);
  if (asked_ != Asked::no) return next;
  // One that must be renewed first is not ended by the clock alone.
  if (!options_.when_renewed) consider(plan_);
  consider(deadline_);
  consider(look_);
  return next;
}

void Wrapper::watch() {
  while (pid_ != 0) {
    std::array<pollfd, 3> waiting = {pollfd{signals_.get(), POLLIN, 0},
                                     pollfd{ended_.get(), POLLIN, 0},
                                     pollfd{renewals_ ? renewals_->descriptor() : -1, POLLIN, 0}};
    if (renewals_ && renewals_->descriptor() == -1 && !settled_)
      settled_ = Clock::now() + options_.settle;  // no watches: look now and then
    const Time next = next_time();
    int patience = -1;
    if (next != Time::max())
      patience = static_cast<int>(std::clamp<std::int64_t>(
          std::chrono::ceil<Milliseconds>(next - Clock::now()).count(), 0, INT_MAX));
    if (::poll(waiting.data(), waiting.size(), patience) == -1 && errno != EINTR) break;
    if (waiting[1].revents != 0) {
      ended_at_ = Clock::now();
      if (const auto end = wait_for(pid_)) wait_status_ = end->wait_status;
      pid_ = 0;
      return;
    }
    if (waiting[0].revents != 0) read_signals();
    if (waiting[2].revents != 0) on_news();
    on_time();
  }
}

void Wrapper::read_signals() {
  signalfd_siginfo info{};
  while (::read(signals_.get(), &info, sizeof info) == sizeof info) {
    const int signal = static_cast<int>(info.ssi_signo);
    if (signal == SIGCHLD || pid_ == 0) continue;
    const auto& vacate = options_.vacate_signals;
    if (std::find(vacate.begin(), vacate.end(), signal) == vacate.end()) {
      ::kill(pid_, signal);
      continue;
    }
    vacate_signal_ = signal;
    // Once: some programs lose everything on the second.
    if (asked_ == Asked::no) end_for_checkpoint(Asked::vacated);
    if (asked_ == Asked::planned || asked_ == Asked::deadline) asked_ = Asked::vacated;
  }
}

void Wrapper::on_time() {
  const Time now = Clock::now();
  const auto is_due = [&](std::optional<Time>& time) {
    if (!time || *time > now) return false;
    time.reset();
    return true;
  };
  if (is_due(kill_)) {
    say_(cat("the program has not ended within ", format_duration(options_.grace),
             " of being asked; it is killed"));
    kill_all();
    return;
  }
  if (is_due(drain_)) {
    renewals_->drain();
    drain_ = now + kDrain;
  }
  if (is_due(retry_)) freeze_and_take(asked_ != Asked::no);
  if (is_due(settled_)) on_renewal();
  if (asked_ != Asked::no || pid_ == 0) return;
  if (deadline_ && *deadline_ <= now) return end_for_checkpoint(Asked::deadline);
  if (!options_.when_renewed && is_due(plan_)) return end_for_checkpoint(Asked::planned);
  if (is_due(look_)) {
    const std::uint64_t life = signs_of_life();
    if (life != life_) lived_ = now;
    life_ = life;
    if (now - lived_ >= *options_.stall) {
      asked_ = Asked::stalled;
      kill_all();
      return;
    }
    look_ = std::min(now + std::clamp<Milliseconds>(*options_.stall / 8, 20ms, 30s),
                     lived_ + *options_.stall);
  }
}

void Wrapper::on_news() {
  const Renewals::News news = renewals_->take();
  if (news == Renewals::News::written) settled_ = Clock::now() + options_.settle;
  if (news == Renewals::News::nothing || !renewals_->has_outputs() || asked_ != Asked::no) return;
  const Frozen frozen;
  renewals_->look_at_outputs();
}

void Wrapper::on_renewal() {
  if (asked_ != Asked::no || !checkpoints_->is_renewed()) return;
  const bool is_planned = !options_.every || (plan_ && *plan_ <= Clock::now());
  const bool fits = !renewals_->has_outputs() || renewals_->outputs_then() != nullptr;
  // The next time, perhaps: a program that saves on a signal makes them fit by itself.
  if (!fits && (!is_planned || options_.stop == StopMethod::freeze)) return;
  if (is_planned) return end_for_checkpoint(Asked::planned);
  freeze_and_take(false);
}

void Wrapper::end_for_checkpoint(Asked why) {
  asked_ = why;
  settled_.reset();
  kill_ = Clock::now() + options_.grace;
  request_end();
}

void Wrapper::request_end() {
  switch (options_.stop) {
    case StopMethod::signal:
      ::kill(options_.signal_group ? -pid_ : pid_, options_.stop_signal);
      return;
    case StopMethod::file: {
      const auto made = files_.create(options_.stop_file);
      if (!made) failure_ = made.error();
      return;
    }
    case StopMethod::command:
      return run_stop_command();
    case StopMethod::freeze:
      return freeze_and_take(true);
  }
}

void Wrapper::run_stop_command() {
  std::string line = options_.stop_command;
  constexpr std::string_view kPid = "{pid}";
  for (auto at = line.find(kPid); at != line.npos; at = line.find(kPid))
    line.replace(at, kPid.size(), std::to_string(pid_));
  const auto done = run_command({.arguments = {"/bin/sh", "-c", line}, .patience = options_.grace});
  if (!done)
    say_(done.error().text());
  else if (!done->succeeded())
    say_(cat("the command that is to end the program, '", line, "', ", done->failure()));
  // One that could not be asked is not worth the grace.
  if (!done || !done->succeeded()) kill_all();
}

// Not in the middle of a write: then it is tried again.
void Wrapper::freeze_and_take(bool then_kill) {
  const Frozen frozen;
  const auto files = find_files(".", checkpoints_->patterns());
  const auto open = files ? open_for_writing(frozen.processes(), *files) : std::nullopt;
  if (open) {
    retry_ = Clock::now() + kRetry;
    return;
  }
  const FileSet* const then = renewals_->outputs_then();
  auto taken = renewals_->has_outputs() && then == nullptr
                   ? Result<Checkpoints::Taken>(
                         {NewState::none, "its output has grown since it was written", 0, 0})
                   : checkpoints_->take(elapsed_seconds(), then);
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
  if (taken)
    taken_ = *std::move(taken);
  else
    failure_ = std::move(taken).error();
  kill_all();
}

void Wrapper::kill_all() {
  for (const pid_t pid : descendants()) ::kill(pid, SIGKILL);
}

// What grows, or is written anew.
std::uint64_t Wrapper::signs_of_life() const {
  std::uint64_t sum = 1;
  std::vector<std::string> patterns = checkpoints_->patterns();
  for (const auto* more : {&options_.rollback, &options_.stall_files})
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
void Wrapper::end_descendants() {
  while (asked_ != Asked::no && asked_ != Asked::stalled && options_.signal_group && kill_ &&
         Clock::now() < *kill_ && !descendants().empty()) {
    pollfd waiting{signals_.get(), POLLIN, 0};
    const auto left = std::chrono::ceil<Milliseconds>(*kill_ - Clock::now()).count();
    ::poll(&waiting, 1, static_cast<int>(std::clamp<std::int64_t>(left, 0, 1000)));
    signalfd_siginfo info{};
    while (::read(signals_.get(), &info, sizeof info) == sizeof info) {
    }
    while (::waitpid(-1, nullptr, WNOHANG) > 0) {
    }
  }
  if (auto done = kill_descendants(); !done) say_(done.error().text());
}

bool Wrapper::mark_found() const {
  const auto mark = expand(options_.finished_when, meanings());
  return mark && mark_is_there(*mark);
}

Wrapper::Exit Wrapper::exit_of_program() const {
  if (WIFSIGNALED(wait_status_)) return die_by(WTERMSIG(wait_status_));
  return {WEXITSTATUS(wait_status_), 0};
}

bool Wrapper::uses_elapsed() const {
  for (const std::string* text :
       {&options_.start_args, &options_.resume_args, &options_.resume_command, &options_.limit_args,
        &options_.prepare})
    if (uses(*text, "elapsed")) return true;
  return false;
}

Result<std::optional<Wrapper::Exit>> Wrapper::conclude() {
  const Ending ending{.asked = asked_,
                      .wait_status = wait_status_,
                      .resumed = resumed_,
                      .early = ended_at_ - started_ < options_.crash_within,
                      .has_mark = !options_.finished_when.empty(),
                      .mark_found = !options_.finished_when.empty() && mark_found(),
                      .limits_itself = !options_.limit_args.empty(),
                      .has_checkpoint = from_.generation > 0};
  switch (after_end(ending)) {
    case Step::finish:
      return std::optional(exit_of_program());
    case Step::succeed:
      return std::optional(Exit{0, 0});
    case Step::incomplete:
      say_(cat("the program ", exit_text(wait_status_), ", but ", options_.finished_when,
               " is not there: it has not finished; see what it printed"));
      return std::optional(Exit{kGaveUp, 0});
    case Step::restart:
      return again(cat("the program has done nothing for ", format_duration(*options_.stall)),
                   stalls_, options_.stall_restarts);
    case Step::go_back:
      return go_back();
    case Step::take:
      break;
  }
  return conclude_take(ending);
}

Result<std::optional<Wrapper::Exit>> Wrapper::conclude_take(const Ending& ending) {
  if (!taken_ && !failure_) {
    auto taken = checkpoints_->take(elapsed_seconds());
    if (taken)
      taken_ = *std::move(taken);
    else
      failure_ = std::move(taken).error();
  }
  if (failure_) return *std::move(failure_);
  switch (after_take(ending, taken_->state)) {
    case TakeStep::leave:
      if (taken_->state != NewState::good)
        say_(cat("the time is up, and there is no checkpoint after ", from_.generation, ": ",
                 taken_->why, "; leaves with ", options_.exit_code));
      else if (!options_.quiet)
        say_(cat("checkpoint ", taken_->generation, ", ", format_size(taken_->bytes),
                 "; leaves with ", options_.exit_code));
      return std::optional(Exit{options_.exit_code, 0});
    case TakeStep::pass_on:
      say_(cat("was asked to leave, and has no new checkpoint: ", taken_->why));
      return std::optional(die_by(vacate_signal_));
    case TakeStep::incomplete:
      say_(cat("the program ", exit_text(wait_status_),
               " before it had finished, and there is no checkpoint: ", taken_->why));
      return std::optional(Exit{kGaveUp, 0});
    case TakeStep::restart:
      break;
  }
  return again(cat("the program was ended for a checkpoint and left none: ", taken_->why), bad_,
               kBadMax);
}

Result<std::optional<Wrapper::Exit>> Wrapper::again(const std::string& why, int& count, int limit) {
  if (++count > limit) {
    say_(cat(why, "; that was so ", count, " times, and is given up"));
    return std::optional(Exit{kGaveUp, 0});
  }
  say_(cat(why, "; it is started again"));
  CAIRN_CHECK(restore(0));
  return std::optional<Exit>();
}

Result<std::optional<Wrapper::Exit>> Wrapper::go_back() {
  const auto failed = from_.generation;
  auto restored =
      from_.generation > 0 ? restore(failed) : Status(Error{Errc::not_found, "", 0, {}});
  if (!restored) {
    say_(cat("the program ", exit_text(wait_status_), " within ",
             format_duration(options_.crash_within), " of going on from checkpoint ", failed,
             ", and there is none before it: it is given up"));
    return std::optional(exit_of_program());
  }
  say_(cat(
      "the program ", exit_text(wait_status_), " within ", format_duration(options_.crash_within),
      " of going on from checkpoint ", failed, "; it goes back to ",
      from_.generation == 0 ? std::string("the beginning") : cat("checkpoint ", from_.generation)));
  return std::optional<Exit>();
}

}  // namespace cairn::wrap
