#include "wrap/wrapper.h"

#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <csignal>

#include "base/text.h"
#include "base/try.h"
#include "base/units.h"
#include "os/process.h"
#include "wrap/criu.h"
#include "wrap/program.h"

namespace cairn::wrap {
namespace {

constexpr int kBadMax = 3;
// A shell exits with this and the number of the signal that has killed its program.
constexpr int kShellSignal = 128;
// Nobody sends these to have something saved.
constexpr std::array kViolent = {SIGKILL, SIGSEGV, SIGABRT, SIGBUS,  SIGFPE,
                                 SIGILL,  SIGSYS,  SIGXCPU, SIGXFSZ, SIGTRAP};

Wrapper::Exit die_by(int signal) { return {kShellSignal + signal, signal}; }

// As a shell gives it.
int code_of(int wait_status) {
  return WIFSIGNALED(wait_status) ? kShellSignal + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

Wrapper::Exit exit_of(int wait_status) {
  if (WIFSIGNALED(wait_status)) return die_by(WTERMSIG(wait_status));
  return {WEXITSTATUS(wait_status), 0};
}

}  // namespace

Wrapper::Wrapper(FileSystem& files, const WrapOptions& options, Say say)
    : files_(files), options_(options), say_(std::move(say)) {}

// ---- the whole

Result<Wrapper::Exit> Wrapper::run() {
  // A name that is mistyped leaves no folder that belongs to it.
  failed_to_start_ = true;
  CAIRN_CHECK(find_program(options_.program.front()));
  failed_to_start_ = false;
  CAIRN_CHECK(become_subreaper());
  CAIRN_TRY(const Descriptor signals, take_signals());
  CAIRN_CHECK(check_input());
  CAIRN_TRY(checkpoints_, Checkpoints::open(files_, options_));
  CAIRN_TRY(const std::string mark, mark_of(options_.folder));
  CAIRN_CHECK(kill_marked(cat(kMarkName, "=", mark)));
  // In the environment of all that is started from now on.
  ::setenv(kMarkName, mark.c_str(), 1);
  if (options_.deadline) deadline_ = began_ + *options_.deadline;
  CAIRN_CHECK(restore(0));
  for (;;) {
    failed_to_start_ = true;
    resumed_ = goes_on();
    CAIRN_CHECK(prepare());
    CAIRN_CHECK(put_mark_aside());
    ExecutionOrder order;
    CAIRN_TRY(order.words, command());
    if (!options_.finished_when.empty()) order.is_finishing = [this] { return mark_found(); };
    order.every = every();
    order.deadline = deadline_;
    if (uses_elapsed()) order.elapsed_before = from_.elapsed_seconds;
    order.from_image = resumed_ && options_.stop == StopMethod::image;
    CAIRN_CHECK(checkpoints_->look_before());
    if (resumed_ && !options_.quiet)
      say_(from_.generation == 0 ? std::string("goes on from the files that are here")
                                 : cat("goes on from checkpoint ", from_.generation));
    CAIRN_TRY(const ExecutionEnd end,
              Execution(files_, options_, *checkpoints_, signals, say_).run(order));
    failed_to_start_ = false;
    CAIRN_TRY(const auto exit, conclude(end));
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

// What has brought no new state may have been too short for one: each time twice as long.
std::optional<Milliseconds> Wrapper::every() const {
  if (!options_.every) return {};
  return *options_.every * (1 << bad_);
}

Meanings Wrapper::meanings() const {
  Meanings all{.program = options_.program,
               .generation = from_.generation,
               .elapsed_seconds = from_.elapsed_seconds,
               .file = content_of};
  const SteadyTime now = std::chrono::steady_clock::now();
  std::optional<SteadyTime> end = deadline_;
  if (const auto time = every()) {
    const SteadyTime planned = now + *time;
    end = end ? std::min(*end, planned) : planned;
  }
  if (end)
    all.remaining_seconds =
        std::max<std::int64_t>(1, std::chrono::round<std::chrono::seconds>(*end - now).count());
  return all;
}

Result<std::vector<std::string>> Wrapper::command() const {
  const Meanings known = meanings();
  std::vector<std::string> words = options_.program;
  const std::string& special = resumed_ ? options_.resume_command : options_.start_command;
  const std::string& whole = special.empty() ? options_.command : special;
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

Status Wrapper::check_input() const {
  if (options_.input_check.empty()) return {};
  CAIRN_TRY(const auto result, run_shell(options_.input_check, options_.grace));
  if (result.succeeded()) return {};
  const std::string_view said = trim(result.errors);
  return Error{Errc::invalid,
               said.empty() ? cat("the check of the input", in_a_line(options_.input_check), " ",
                                  result.failure())
                            : std::string(said),
               0,
               {}};
}

// What a run before has left would be taken for the end of this one.
Status Wrapper::put_mark_aside() {
  const auto mark = expand(options_.finished_when, meanings());
  if (!mark || !mark_is_there(*mark)) return {};
  return checkpoints_->put_aside(mark->substr(0, mark->find(kMarkBetween)));
}

Status Wrapper::prepare() const {
  if (!resumed_ || options_.prepare.empty()) return {};
  CAIRN_TRY(const std::string line, expand(options_.prepare, meanings()));
  CAIRN_TRY(const auto result, run_shell(line, options_.grace));
  if (result.succeeded()) return {};
  return Error{Errc::io, cat("--prepare", in_a_line(line), " ", result.failure()), 0,
               "it must prepare the files for the program to go on"};
}

bool Wrapper::uses_elapsed() const {
  for (const std::string* text :
       {&options_.command, &options_.start_args, &options_.resume_args, &options_.resume_command,
        &options_.limit_args, &options_.prepare})
    if (uses(*text, "elapsed")) return true;
  return false;
}

// ---- after its end

bool Wrapper::mark_found() const {
  const auto mark = expand(options_.finished_when, meanings());
  return mark && mark_is_there(*mark);
}

Wrapper::Next Wrapper::conclude(const ExecutionEnd& end) {
  const Ending ending{
      .asked = end.asked,
      .wait_status = end.wait_status,
      .resumed = resumed_,
      // A whole process is as it was: the one before would come to the same end.
      .early = end.lasted < options_.crash_within && options_.stop != StopMethod::image,
      .has_mark = !options_.finished_when.empty(),
      .mark_found = !options_.finished_when.empty() && mark_found(),
      .was_told = end.was_told,
      .limits_itself = !options_.limit_args.empty(),
      .has_checkpoint = from_.generation > 0};
  switch (after_end(ending)) {
    case Step::finish:
      return std::optional(exit_of(end.wait_status));
    case Step::succeed:
      return std::optional(Exit{0, 0});
    case Step::incomplete:
      say_(cat("the program ", exit_text(end.wait_status), ", but ", options_.finished_when,
               " is not there: it has not finished; see what it printed"));
      return std::optional(Exit{kGaveUp, 0});
    case Step::restart:
      return again(end, cat("the program has done nothing for ", format_duration(*options_.stall)),
                   stalls_, options_.stall_restarts);
    case Step::go_back:
      return go_back(end);
    case Step::take:
      break;
  }
  return conclude_take(end, ending);
}

// Killed by somebody else (no memory left) or crashed, it has been cut off, perhaps between two
// files of its save; a shell whose program that happened to says so by its exit code.
std::optional<std::string> Wrapper::cut_off(const ExecutionEnd& end) const {
  if (end.was_killed || options_.stop == StopMethod::image || end.asked == Asked::no) return {};
  const bool is_shell = WIFEXITED(end.wait_status);
  const int signal = code_of(end.wait_status) - kShellSignal;
  const bool is_violent = std::find(kViolent.begin(), kViolent.end(), signal) != kViolent.end();
  if (options_.stop == StopMethod::signal && signal == options_.stop_signal) return {};
  // Else it was no signal of ours; a command may have sent any.
  if (!is_violent && (is_shell || options_.stop == StopMethod::command)) return {};
  if (says_saved(end)) return {};
  return cat("it ", exit_text(end.wait_status),
             ", which cut it off, perhaps in the middle of its save; if it ends so when it has "
             "saved: --saved-codes ",
             code_of(end.wait_status));
}

bool Wrapper::says_saved(const ExecutionEnd& end) const {
  const auto& saved = options_.saved_codes;
  return !end.was_killed &&
         std::find(saved.begin(), saved.end(), code_of(end.wait_status)) != saved.end();
}

// Where it saves by itself, it need not end just after a save: what it has written since does not
// belong to the state.
Result<Checkpoints::Taken> Wrapper::take(const ExecutionEnd& end) {
  if (end.taken) return *end.taken;
  if (auto why = cut_off(end)) return Checkpoints::Taken{NewState::bad, *std::move(why), 0, 0};
  if (end.asked != Asked::no && !options_.saved_codes.empty() && !says_saved(end))
    return Checkpoints::Taken{
        NewState::bad, cat("it ", exit_text(end.wait_status), ", which does not say that it saved"),
        0, 0};
  if (!end.outputs_may_differ) return checkpoints_->take(end.elapsed_seconds);
  if (end.outputs_then) return checkpoints_->take(end.elapsed_seconds, &*end.outputs_then);
  return Checkpoints::Taken{
      NewState::none, cat("it has written to ", join(options_.rollback, ", "), " since it saved"),
      0, 0};
}

Wrapper::Next Wrapper::conclude_take(const ExecutionEnd& end, const Ending& ending) {
  CAIRN_TRY(const Checkpoints::Taken taken, take(end));
  if (options_.stop == StopMethod::image) criu_forget();
  switch (after_take(ending, taken.state)) {
    case TakeStep::leave:
      if (taken.state != NewState::good)
        say_(cat("the time is up, and there is no checkpoint after ", from_.generation, ": ",
                 taken.why, "; leaves with ", options_.exit_code));
      else if (!options_.quiet)
        say_(cat("checkpoint ", taken.generation, ", ", format_size(taken.bytes), "; leaves with ",
                 options_.exit_code));
      return std::optional(Exit{options_.exit_code, 0});
    case TakeStep::pass_on:
      say_(cat("was asked to leave, and has no new checkpoint: ", taken.why));
      return std::optional(die_by(end.vacate_signal));
    case TakeStep::incomplete:
      say_(cat("the program ", exit_text(end.wait_status),
               " before it had finished, and there is no checkpoint: ", taken.why));
      return std::optional(Exit{kGaveUp, 0});
    case TakeStep::restart:
      break;
  }
  return again(end, cat("the program was ended for a checkpoint and left none: ", taken.why), bad_,
               kBadMax);
}

Wrapper::Next Wrapper::again(const ExecutionEnd& end, const std::string& why, int& count,
                             int limit) {
  if (end.vacate_signal != 0) {
    say_(cat(why, "; was asked to leave meanwhile"));
    return std::optional(die_by(end.vacate_signal));
  }
  if (++count > limit) {
    say_(cat(why, "; that was so ", count, " times, and is given up"));
    return std::optional(Exit{kGaveUp, 0});
  }
  say_(cat(why, "; it is started again"));
  CAIRN_CHECK(restore(0));
  return std::optional<Exit>();
}

Wrapper::Next Wrapper::go_back(const ExecutionEnd& end) {
  const auto failed = from_.generation;
  auto restored =
      from_.generation > 0 ? restore(failed) : Status(Error{Errc::not_found, "", 0, {}});
  if (!restored) {
    say_(cat("the program ", exit_text(end.wait_status), " within ",
             format_duration(options_.crash_within), " of going on from checkpoint ", failed,
             ", and there is none before it: it is given up"));
    return std::optional(exit_of(end.wait_status));
  }
  say_(cat(
      "the program ", exit_text(end.wait_status), " within ",
      format_duration(options_.crash_within), " of going on from checkpoint ", failed,
      "; it goes back to ",
      from_.generation == 0 ? std::string("the beginning") : cat("checkpoint ", from_.generation)));
  return std::optional<Exit>();
}

}  // namespace cairn::wrap
