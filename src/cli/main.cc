// The program `cairn`: a table of verbs.
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstdio>
#include <iostream>

#include "base/text.h"
#include "cairn/version.h"
#include "cli/submit_dry.h"
#include "cli/verb.h"
#include "engine/starter.h"
#include "os/standard_streams.h"
#include "wrap/command_line.h"

namespace cairn::cli {
namespace {

constexpr std::array kVerbs = {&kRun,     &kSubmit, &kQueue,  &kStatus,  &kLog,    &kWait,   &kHold,
                               &kRelease, &kVacate, &kRemove, &kHistory, &kFetch,  &kEngine, &kWrap,
                               &kVerify,  &kLint,   &kShow,   &kVersion, &kStarter};

// As HTCondor's tools write them; CLI11 would take each for several letters.
constexpr std::array<std::string_view, 6> kOneDash = {"-af",     "-autoformat", "-long",
                                                      "-format", "-constraint", "-limit"};

constexpr const char* kFooter =
    "Exit status: 0 all is well; 1 the verb's own no (a job failed, a file is damaged);\n"
    "  2 wrong usage; 3 interrupted, the same command goes on (verify: undecided).\n"
    "Example: cairn run sweep.sub --evict-every 3s";

// "--option: message" of CLI11 has several lines at times.
std::string one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return std::string(trim(text));
}

int run(std::vector<std::string> arguments) {
  const auto dashes = std::find(arguments.begin(), arguments.end(), "--");
  const std::vector<std::string> rest(dashes == arguments.end() ? dashes : dashes + 1,
                                      arguments.end());
  arguments.erase(dashes, arguments.end());
  for (std::string& word : arguments)
    if (std::find(kOneDash.begin(), kOneDash.end(), word) != kOneDash.end()) word.insert(0, "-");
  arguments = wrap::join_dashed_values(with_condor_forms(std::move(arguments)));

  CLI::App app("Cairn runs programs that save their own state, and loses nothing.", "cairn");
  app.footer(kFooter);
  app.require_subcommand(1);
  app.set_version_flag("--version", CAIRN_VERSION_STRING);
  std::function<int()> action;
  for (const Verb* verb : kVerbs) {
    CLI::App* const sub = app.add_subcommand(verb->name, verb->summary);
    sub->footer(verb->footer);
    if (verb->hidden) sub->group("");
    const auto act = verb->declare(*sub, rest);
    sub->final_callback([&action, act] { action = act; });
  }
  try {
    std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants them
    app.parse(arguments);
  } catch (const CLI::Success& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& problem) {
    complain(one_line(problem.what()) + "; see cairn --help");
    return kUsage;
  }
  return action();
}

std::function<int()> declare_starter(CLI::App&, const std::vector<std::string>&) {
  return [] { return run_starter(0); };  // its socket is where stdin would be
}

std::function<int()> declare_version(CLI::App&, const std::vector<std::string>&) {
  return [] {
    std::cout << "cairn " CAIRN_VERSION_STRING "\n";
    return 0;
  };
}

}  // namespace

const Verb kStarter = {"starter", "Runs one job for the engine", "", true, declare_starter};
const Verb kVersion = {"version", "Says which Cairn this is",
                       "Exit status: 0.\nExample: cairn version", false, declare_version};

// What a name or a damaged file brings must not move the cursor.
void complain(const std::string& text) {
  std::string line = "cairn: ";
  for (const char letter : text) {
    const auto code = static_cast<unsigned char>(letter);
    if (code < 0x20 || code == 0x7F)
      line += fmt::format("\\x{:02x}", code);
    else
      line += letter;
  }
  std::cerr << line + "\n";
}

int refuse(const Error& error) {
  complain(error.text());
  return kUsage;
}

int exit_status(const Result<int>& status) {
  std::cout << std::flush;
  return status ? *status : refuse(status.error());
}

// A table that is not whole is no success.  Who closed a pager has seen enough.
int after_output(int status) {
  const bool written = std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
  pollfd out{STDOUT_FILENO, 0, 0};
  const bool pager_is_closed = ::poll(&out, 1, 0) == 1 && (out.revents & POLLERR) != 0;
  if (written || pager_is_closed || status != kOk) return status;
  complain("not all could be written to standard output: see that its disk has room");
  return kUsage;
}

}  // namespace cairn::cli

int main(int argc, char** argv) {
  cairn::fill_closed_streams();
  static_cast<void>(::signal(SIGPIPE, SIG_IGN));  // a closed pager must not end the jobs
  try {
    return cairn::cli::after_output(cairn::cli::run({argv + 1, argv + argc}));
  } catch (const std::exception& problem) {
    cairn::cli::complain(problem.what());
    return cairn::cli::kUsage;
  }
}
