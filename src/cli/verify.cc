// `cairn verify`: whether a job survives being cut off.
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <ctime>
#include <iostream>
#include <memory>

#include "cli/progress_line.h"
#include "cli/verb.h"
#include "cli/verify_choices.h"
#include "os/atomic_file.h"
#include "verify/report.h"
#include "verify/verifier.h"

namespace cairn::cli {
namespace {

using verify::Findings;
using verify::Overall;
using verify::VerifyOptions;

constexpr const char* kFooter =
    "All happens in a scratch folder; the job's own folder is never written to.\n"
    "Exit status: 0 every property holds; 1 some property failed; 2 wrong usage or submit file;\n"
    "  3 could not decide, or interrupted.\n"
    "Examples: cairn verify sweep.sub --power-cut --html sweep.html\n"
    "          cairn verify --checkpoint-exit-code 77 --checkpoint-files state.dat --outputs "
    "result.csv -- ./sweep 0 20000";

// ---- how it was called

// What a repeated cut says itself, and what is only about this report.
bool is_left_out(const std::string& option) {
  static constexpr std::array<std::string_view, 8> kLeftOut = {
      "--json", "--junit", "--html", "--keep", "--only", "--cut", "--seed", "--quiet"};
  return std::find(kLeftOut.begin(), kLeftOut.end(), option) != kLeftOut.end();
}

std::string command_text(const CLI::App& app) {
  std::string text = "cairn verify";
  for (const CLI::Option* option : app.get_options()) {
    const std::string name = option->get_name();
    if (option->count() == 0 || is_left_out(name)) continue;
    for (const std::string& value : option->results()) {
      if (option->nonpositional()) text += ' ' + name;
      if (option->get_items_expected_max() > 0)
        text += (value.starts_with('-') ? '=' : ' ') + shell_word(value);
    }
  }
  return text;
}

std::string tail_text(const std::vector<std::string>& command) {
  std::string text = command.empty() ? "" : " --";
  for (const std::string& word : command) text += ' ' + shell_word(word);
  return text;
}

// ---- while it runs

// The first Ctrl-C asks to stop; the second finds the default action.
std::atomic<bool> asked_to_stop = false;
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler sets it");

class StopSignals {
 public:
  StopSignals() {
    struct sigaction action {};
    action.sa_handler = [](int) { asked_to_stop = true; };
    action.sa_flags = SA_RESETHAND | SA_RESTART;
    for (std::size_t i = 0; i < kSignals.size(); ++i) {
      ::sigaction(kSignals[i], nullptr, &before_[i]);
      if (before_[i].sa_handler != SIG_IGN) ::sigaction(kSignals[i], &action, nullptr);  // nohup
    }
  }
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;
  ~StopSignals() {
    for (std::size_t i = 0; i < kSignals.size(); ++i)
      ::sigaction(kSignals[i], &before_[i], nullptr);
  }

 private:
  static constexpr std::array kSignals = {SIGINT, SIGTERM, SIGHUP};
  std::array<struct sigaction, kSignals.size()> before_{};
};

// ---- the end

bool wants_colours() {
  const char* const refused = std::getenv("NO_COLOR");
  const char* const terminal = std::getenv("TERM");
  return ::isatty(STDOUT_FILENO) == 1 && (refused == nullptr || *refused == '\0') &&
         terminal != nullptr && std::string_view(terminal) != "dumb";
}

std::string today() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  std::array<char, 64> text{};
  const std::size_t bytes =
      std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M %Z", ::localtime_r(&now, &parts));
  return {text.data(), bytes};
}

void write(const std::string& file, const std::string& text) {
  PosixFileSystem files;
  if (auto written = write_file_atomically(files, file, as_bytes(text)); !written)
    complain(written.error().text());
}

int report(const VerifyChoices& choices, const Findings& findings) {
  if (choices.json)
    std::cout << to_json(findings) << std::flush;
  else if (!choices.quiet)
    std::cout << to_text(findings, wants_colours(), columns_of(STDOUT_FILENO)) << std::flush;
  if (!choices.junit.empty()) write(choices.junit, to_junit(findings));
  if (!choices.html.empty()) write(choices.html, to_html(findings, today()));
  switch (findings.overall) {
    case Overall::pass:
      return kOk;
    case Overall::fail:
      return kNotOk;
    case Overall::undecided:
      break;
  }
  return kUndecided;
}

// What the user can correct is refused; what this machine cannot do leaves the question open.
bool is_about_usage(Errc code) {
  return code == Errc::invalid || code == Errc::not_found || code == Errc::misuse ||
         code == Errc::mismatch;
}

Findings undecided(const VerifyOptions& options, const Error& error) {
  Findings findings;
  findings.undecided_why = error.text();
  findings.job = options.name;
  findings.command = options.command;
  findings.seed = options.seed;
  findings.level = name_of(options.level);
  return findings;
}

int run(const VerifyChoices& choices, const std::string& command) {
  auto options = verify_options(choices);
  if (!options) return refuse(options.error());
  options->command_tail = tail_text(choices.job.command);
  options->command = command + options->command_tail;
  const StopSignals signals;
  const auto findings = [&] {
    ProgressLine line(!choices.quiet);
    const auto watch = [&line](const verify::Progress& progress) { line.show(progress); };
    return verify::verify(*options, watch, asked_to_stop);
  }();
  if (findings) return report(choices, *findings);
  if (is_about_usage(findings.error().code)) return refuse(findings.error());
  return report(choices, undecided(*options, findings.error()));
}

void declare_question(CLI::App& app, VerifyChoices& choices) {
  declare_job_file(app, choices.job);
  app.add_option("--job", choices.item, "Which job of the submit file, from 0. Default: 0");
  CLI::Option* const reference =
      app.add_option("--reference", choices.reference,
                     "A submit file whose job gives the right result and never makes a checkpoint");
  app.add_option("--reference-args", choices.reference_arguments,
                 "The same: this job with other arguments")
      ->excludes(reference);
  app.add_option("--other", choices.other,
                 "Arguments, or a submit file: a job whose checkpoint must be refused. Default: "
                 "another job of the submit file");

  app.add_option("--compare", choices.compare,
                 "A command that compares two results: 'CMD {reference} {candidate}'");
  app.add_option("--tolerance", choices.tolerance,
                 "Numbers in text and .npy are equal if they differ by at most this share");
  app.add_option("--ignore", choices.ignored,
                 "Files or lines that may differ: '*.log', '*elapsed*'; may be repeated")
      ->allow_extra_args(false);
}

void declare_effort(CLI::App& app, VerifyChoices& choices) {
  CLI::Option* const quick = app.add_flag("--quick", choices.quick, "For about one run's time");
  app.add_flag("--thorough", choices.thorough, "Every cut, however long it takes")->excludes(quick);
  app.add_flag("--power-cut", choices.power_cut,
               "Also lose what was written and not synced, as a power cut does");
  app.add_option("--only", choices.only, "These properties only: killed,damaged");
  app.add_option("--cut", choices.cut, "This cut only, of one property; a report names it");
  app.add_option("--seed", choices.seed, "For what is chosen by chance. Default: 1");
  app.add_option("--time-limit", choices.time_limit,
                 "How long an undisturbed run may take: 30s, 10m. Default: 1h");
  app.add_option("--checkpoint-max", choices.checkpoint_max,
                 "A checkpoint has reason to grow, up to this size: 200MB")
      ->type_name("SIZE");
  app.add_option("--jobs", choices.jobs, "Runs at a time; default: as many as there are cores")
      ->check(CLI::Range(1, 4096));
  app.add_option("--scratch", choices.scratch,
                 "A folder to work in. Default: $TMPDIR, or else /tmp");
}

void declare_answer(CLI::App& app, VerifyChoices& choices) {
  app.add_flag("--keep", choices.keep, "Leave the scratch folder for a look");
  app.add_flag("--json", choices.json, "The report as JSON");
  app.add_option("--junit", choices.junit, "Write the report to this file, for CI");
  app.add_option("--html", choices.html,
                 "Write it to this file, as a page with a timeline of runs and cuts");
  app.add_flag("--quiet", choices.quiet, "Only errors, and the exit status");
}

std::function<int()> declare(CLI::App& app, const std::vector<std::string>& rest) {
  const auto choices = std::make_shared<VerifyChoices>();
  choices->job.command = rest;
  declare_question(app, *choices);
  declare_effort(app, *choices);
  declare_answer(app, *choices);
  declare_command_options(app, choices->job);
  return [choices, &app] { return run(*choices, command_text(app)); };
}

}  // namespace

const Verb kVerify = {"verify", "Tries whether a job survives being cut off", kFooter, false,
                      declare};

}  // namespace cairn::cli
