// `cairn engine`: the background engine, started by hand, or looked after by systemd.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "base/try.h"
#include "base/units.h"
#include "cli/job_source.h"
#include "cli/verb.h"
#include "engine/client.h"
#include "engine/machine.h"
#include "engine/service.h"
#include "os/clock.h"

namespace cairn::cli {
namespace {

constexpr const char* kFooter =
    "It starts by itself with the first `cairn submit`.\n"
    "Exit status: 0 an engine runs, or has ended as it was asked to; 1 none runs to be stopped;\n"
    "  2 it cannot run, and why.\n"
    "Example: cairn engine --foreground --slots 4";

struct Choices {
  bool foreground = false, stop = false;
  int slots = 0;
  std::string idle_exit = "5m", max_vacate_time = "10m", contract = "cairn",
              policy_interval = "60s";

  bool operator==(const Choices&) const = default;
};

Result<Home> open_home() {
  static PosixFileSystem files;
  CAIRN_TRY(const Path folder, Home::default_folder());
  return Home::open(files, folder);
}

Result<int> serve(const Choices& choices, const Home& home) {
  CAIRN_TRY(Queue queue, Queue::open(home.queue_file()));
  ServiceOptions options;
  options.machine = this_machine(home.folder());
  options.slots_max = choices.slots;
  options.shadow.contract = choices.contract == "htcondor" ? Contract::htcondor : Contract::cairn;
  options.shadow.host = host_name();
  options.shadow.machine = machine_ad(options.machine, options.shadow.host);
  CAIRN_TRY(options.shadow.vacate_time_max, parse_duration(choices.max_vacate_time));
  CAIRN_TRY(options.policy_interval, parse_duration(choices.policy_interval));
  if (choices.idle_exit != "never") {
    CAIRN_TRY(options.idle_exit, parse_duration(choices.idle_exit));
  }
  CAIRN_CHECK(Service(queue, home, std::move(options)).serve());
  return kOk;
}

Result<int> stop(const Home& home) {
  auto client = Client::connect(home, Client::IfNone::refuse);
  if (!client && client.error().code == Errc::not_found) {
    complain(client.error().text());
    return kNotOk;
  }
  if (!client) return std::move(client).error();
  CAIRN_TRY(const EngineReply reply,
            client->request({.verb = RequestVerb::stop, .jobs = {}, .reason = ""}));
  std::cout << fmt::format("engine {} ends{}\n", reply.status.pid,
                           reply.status.running == 0 ? "" : " when its jobs have left")
            << std::flush;
  CAIRN_CHECK(client->wait_for_end());
  return kOk;
}

// In the background, unless one runs.
Result<int> start(const Choices& choices, const Home& home) {
  std::vector<std::string> options = {
      "--idle-exit",       choices.idle_exit,       "--max-vacate-time", choices.max_vacate_time,
      "--policy-interval", choices.policy_interval, "--contract",        choices.contract};
  if (choices.slots != 0) options.insert(options.end(), {"--slots", std::to_string(choices.slots)});
  const std::int64_t asked_ms = wall_clock_ms();
  CAIRN_TRY(const EngineReply reply,
            ask_engine(home, {.verb = RequestVerb::wake, .jobs = {}, .reason = ""}, options));
  const bool ran_already = reply.status.since_ms < asked_ms;
  std::cout << fmt::format("engine {} serves {}{}\n", reply.status.pid, home.folder().native(),
                           ran_already ? " already" : "");
  if (ran_already && choices != Choices{})
    complain(
        "the options of an engine that runs stay as they are: end it first, with: "
        "cairn engine --stop");
  return kOk;
}

std::function<int()> declare(CLI::App& app, const std::vector<std::string>&) {
  const auto choices = std::make_shared<Choices>();
  app.add_flag("--foreground", choices->foreground, "Stay, and say what happens");
  app.add_flag("--stop", choices->stop,
               "Ask the jobs to leave, and wait until the engine has ended");
  app.add_option("--slots", choices->slots,
                 "So many jobs at a time, whatever they ask for; default: cores, memory and disk "
                 "of the machine divided by request_*")
      ->check(CLI::Range(1, 100'000));
  app.add_option("--idle-exit", choices->idle_exit,
                 "End after so long without anything to do, or: never. Default: 5m");
  app.add_option("--max-vacate-time", choices->max_vacate_time,
                 "How long a job that is asked may take to leave. Default: 10m");
  app.add_option("--policy-interval", choices->policy_interval,
                 "How often periodic_hold and its like are asked. Default: 60s");
  app.add_option("--contract", choices->contract,
                 "htcondor: lose and hold what a real pool does. Default: cairn")
      ->check(CLI::IsMember({"cairn", "htcondor"}));
  return [choices] {
    const auto act = [&]() -> Result<int> {
      CAIRN_TRY(const Home home, open_home());
      if (choices->stop) return stop(home);
      return choices->foreground ? serve(*choices, home) : start(*choices, home);
    };
    return exit_status(act());
  };
}

}  // namespace

const Verb kEngine = {"engine", "Runs what was submitted, in the background", kFooter, false,
                      declare};

}  // namespace cairn::cli
