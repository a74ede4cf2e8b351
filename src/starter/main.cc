// The program `cairn-starter`: what goes along to a machine on which nothing is installed.
// It is linked statically; so nothing in it may ask the C library for users, hosts or locales.
//
//   cairn-starter              runs one job for a shadow, whose socket is where stdin would be
//   cairn-starter solo JOB     runs the job of the folder JOB inside an allocation of Slurm
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "base/try.h"
#include "cairn/version.h"
#include "engine/starter.h"
#include "os/standard_streams.h"
#include "solo/slurm_allocation.h"
#include "solo/solo.h"

namespace cairn {
namespace {

constexpr const char* kUsage =
    "usage: cairn-starter solo [--warned-for SECONDS] [--asked-for SECONDS] [--sandboxes FOLDER]\n"
    "         [--contract cairn|htcondor] JOB\n"
    "Runs the job of a folder that `cairn submit --pool slurm` made, inside an allocation.\n"
    "  --warned-for  after SIGUSR1 the job may take so long to leave; then it is killed\n"
    "  --asked-for   the same after SIGTERM\n"
    "  --lock-patience  how long another machine may still hold the job's lock\n"
    "  --policy-interval  how often periodic_hold and its like are asked; default: 60\n"
    "  --sandboxes   where it runs; default: $TMPDIR, else /tmp\n"
    "Exit status: the job's; 74 it could not be run; 75 it is held, or removed by its policy;\n"
    "  76 it left as asked.\n";
constexpr int kWrongUsage = 2;
constexpr std::int64_t kSecondsMax = std::int64_t{366} * 86'400;

const char* from_environment(const char* name) { return ::getenv(name); }

Status read_option(const std::string& name, const std::string& value, SoloOptions& options,
                   Path& base) {
  if (name == "--sandboxes") {
    base = value;
    return {};
  }
  if (name == "--contract" && (value == "cairn" || value == "htcondor")) {
    options.shadow.contract = value == "cairn" ? Contract::cairn : Contract::htcondor;
    return {};
  }
  std::chrono::milliseconds* patience = nullptr;
  if (name == "--warned-for") patience = &options.warned_for;
  if (name == "--asked-for") patience = &options.asked_for;
  if (name == "--lock-patience") patience = &options.lock_patience;
  if (name == "--policy-interval") patience = &options.policy_interval;
  const auto seconds = parse_integer(value);
  if (patience == nullptr || !seconds || *seconds < 0 || *seconds > kSecondsMax)
    return Error{Errc::invalid, cat(name, ' ', value, " is not understood"), 0, {}};
  *patience = std::chrono::seconds(*seconds);
  return {};
}

Result<SoloOptions> read_options(const std::vector<std::string>& words) {
  SoloOptions options;
  const char* const temporary = ::getenv("TMPDIR");
  Path base = temporary == nullptr || *temporary == '\0' ? "/tmp" : temporary;
  std::size_t at = 0;
  for (; at + 1 < words.size() && words[at].starts_with("--"); at += 2)
    CAIRN_CHECK(read_option(words[at], words[at + 1], options, base));
  if (at + 1 != words.size())
    return Error{Errc::invalid, "the job's folder is wanted, as the last word", 0, {}};
  std::error_code failure;
  options.job_folder = std::filesystem::canonical(words[at], failure);
  if (failure) return system_error("find", words[at], failure.value());
  PosixFileSystem files;
  CAIRN_TRY(options.sandbox_folder, private_folder(files, base, options.job_folder));
  return options;
}

int solo(const std::vector<std::string>& words) {
  auto options = read_options(words);
  if (!options) {
    std::cerr << "cairn-starter: " << options.error().text() << '\n';
    return options.error().code == Errc::invalid ? kWrongUsage : kSoloFailed;
  }
  SlurmAllocation allocation(from_environment);
  options->shadow.host = allocation.host();
  return run_solo(*options, allocation);
}

int run(const std::vector<std::string>& words) {
  if (words.empty()) {
    // Slurm asks every process of an allocation to end; the shadow decides when this one does.
    for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGUSR1})
      static_cast<void>(::signal(number, SIG_IGN));
    return run_starter(STDIN_FILENO);
  }
  if (words[0] == "solo") return solo({words.begin() + 1, words.end()});
  if (words[0] == "--version") {
    std::cout << "cairn-starter " CAIRN_VERSION_STRING "\n";
    return 0;
  }
  const bool help = words[0] == "--help";
  (help ? std::cout : std::cerr) << kUsage;
  return help ? 0 : kWrongUsage;
}

}  // namespace
}  // namespace cairn

int main(int argc, char** argv) {
  cairn::fill_closed_streams();
  static_cast<void>(::signal(SIGPIPE, SIG_IGN));
  try {
    return cairn::run({argv + 1, argv + argc});
  } catch (const std::exception& problem) {
    std::cerr << "cairn-starter: " << problem.what() << '\n';
    return cairn::kSoloFailed;
  }
}
