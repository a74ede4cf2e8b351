// `cairn status`: all about some jobs, in words; or about the engine.
#include <fmt/format.h>
#include <sys/sysinfo.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <memory>
#include <thread>

#include "base/try.h"
#include "base/units.h"
#include "cli/job_files.h"
#include "cli/job_source.h"
#include "cli/look.h"
#include "cli/verb.h"
#include "engine/client.h"
#include "engine/machine.h"
#include "job/match.h"
#include "job/policy.h"
#include "listing/json.h"
#include "listing/queue_table.h"
#include "listing/table.h"
#include "os/clock.h"

namespace cairn::cli {
namespace {

constexpr const char* kFooter =
    "With jobs: state and why, checkpoints, where the wall time went, what happens next.\n"
    "Without: the engine, and how many jobs there are.\n"
    "Exit status: 0; 1 none of the selected jobs is there; 2 wrong usage, no such job.\n"
    "Examples: cairn status 12.3\n"
    "          cairn status --held";

struct Choices {
  JobSelection selection;
  bool json = false;
};

listing::Resources machine(const Home& home) {
  constexpr std::uint64_t kBytesPerMib = 1 << 20;
  listing::Resources all;
  all.cpus = std::max(1U, std::thread::hardware_concurrency());
  struct sysinfo info {};
  if (::sysinfo(&info) == 0)
    all.memory_mb =
        static_cast<std::int64_t>(std::uint64_t{info.totalram} * info.mem_unit / kBytesPerMib);
  std::error_code failure;
  const auto space = std::filesystem::space(home.folder(), failure);
  if (!failure) all.disk_kb = static_cast<std::int64_t>(space.capacity / 1024);
  return all;
}

std::optional<std::int64_t> number(const JobRow& row, const char* attribute) {
  auto question = listing::Question::parse(attribute);
  if (!question) return std::nullopt;
  return question->ask(listing::SeenAd(row), wall_clock_ms() / 1000).to_integer();
}

listing::Surroundings around(Look& look, const JobRow& row) {
  const JobId id = row.record.id;
  const ClusterRow& cluster = look.cluster(id.cluster);
  const Home home = home_of(look.home(), cluster, id);
  listing::Surroundings facts;
  facts.runner = cluster.runner;
  facts.wanted = {number(row, "RequestCpus"), number(row, "RequestMemory"),
                  number(row, "RequestDisk")};
  facts.machine = machine(look.home());
  if (cluster.runner == "engine" && row.record.state == JobState::idle)
    if (const auto ad = JobAd::parse(listing::SeenAd(row).text()))
      facts.unmet =
          unmet_requirement(*ad,
                            to_classad(machine_ad(this_machine(look.home().folder()), host_name())),
                            wall_clock_ms() / 1000)
              .value_or("");
  facts.checkpoints = spooled(home, id);
  std::error_code ignored;
  if (std::filesystem::exists(home.job_folder(id), ignored)) facts.job_folder = home.job_folder(id);
  const Path sandbox = home.sandbox(id, row.record.activation);
  if (row.record.activation > 0 && std::filesystem::exists(sandbox, ignored))
    facts.sandbox = sandbox;
  if (cluster.key.find(": ") == std::string::npos) facts.submit_file = cluster.key;
  facts.log = log_file(row);
  if (auto client = Client::connect(look.home(), Client::IfNone::refuse))
    if (const auto reply = client->request({})) {
      facts.engine_runs = true;
      facts.slots_used = reply->status.running;
      facts.slots =
          reply->status.slots_max != 0 ? reply->status.slots_max : std::int64_t{reply->status.cpus};
    }
  return facts;
}

Result<int> show_jobs(Look& look, const Choices& choices) {
  std::vector<std::pair<listing::JobView, listing::Surroundings>> jobs;
  std::optional<Error> problem;
  CAIRN_CHECK(look.each(choices.selection, false, false, [&](JobRow&& row) {
    auto view = look.view(row);
    if (!view) {
      problem = view.error();
      return false;
    }
    if (choices.json) {
      jobs.emplace_back(*std::move(view), around(look, row));
    } else {
      std::cout << (jobs.empty() ? "" : "\n") << listing::status_text(*view, around(look, row));
      if (jobs.empty()) jobs.emplace_back();
    }
    return static_cast<bool>(std::cout);
  }));
  if (problem) return *std::move(problem);
  if (choices.json) std::cout << listing::status_json(jobs);
  if (jobs.empty() && !choices.json) complain("no job is selected");
  return jobs.empty() ? kNotOk : kOk;
}

// ---- without jobs

std::uint64_t bytes_below(const Path& folder) {
  std::uint64_t bytes = 0;
  std::error_code failure;
  std::filesystem::recursive_directory_iterator below(folder, failure);
  for (; !failure && below != std::filesystem::recursive_directory_iterator();
       below.increment(failure)) {
    std::error_code ignored;
    if (!below->is_regular_file(ignored)) continue;
    const auto size = below->file_size(ignored);
    if (!ignored) bytes += size;
  }
  return bytes;
}

std::optional<EngineStatus> engine_status(const Home& home) {
  auto client = Client::connect(home, Client::IfNone::refuse);
  if (!client) return std::nullopt;
  const auto reply = client->request({});
  return reply ? std::optional(reply->status) : std::nullopt;
}

std::string engine_lines(const std::optional<EngineStatus>& engine, const Home& home) {
  if (!engine) return "engine  none runs; cairn submit starts one, and so does cairn engine\n";
  const auto since =
      std::chrono::milliseconds(std::max<std::int64_t>(0, wall_clock_ms() - engine->since_ms));
  std::string text =
      fmt::format("engine  pid {}, for {}: {} running, {} waiting; its log is {}\n", engine->pid,
                  format_duration(since), engine->running, engine->waiting,
                  listing::printable((home.engine_folder() / "log").native()));
  text += fmt::format("memory  of jobs is limited by {}\n", engine->kernel_limits_memory
                                                                ? "the kernel (cgroup v2)"
                                                                : "a look at it every second");
  const auto megabytes = [](std::int64_t mb) {
    return format_size(static_cast<std::uint64_t>(std::max<std::int64_t>(mb, 0)) << 20U);
  };
  if (engine->slots_max != 0)
    return text + fmt::format("free    {} of {} slots\n",
                              std::max<std::int64_t>(0, engine->slots_max - engine->running),
                              engine->slots_max);
  return text + fmt::format("free    {} of {} cores, {} of {} memory, {} of {} disk\n",
                            engine->cpus_free, engine->cpus, megabytes(engine->memory_mb_free),
                            megabytes(engine->memory_mb), megabytes(engine->disk_kb_free / 1024),
                            megabytes(engine->disk_kb / 1024));
}

nlohmann::ordered_json engine_json(const std::optional<EngineStatus>& engine) {
  if (!engine) return nullptr;
  return {{"pid", engine->pid},
          {"since_ms", engine->since_ms},
          {"running", engine->running},
          {"waiting", engine->waiting},
          {"slots_max", engine->slots_max},
          {"cpus", engine->cpus},
          {"cpus_free", engine->cpus_free},
          {"memory_mb", engine->memory_mb},
          {"memory_mb_free", engine->memory_mb_free},
          {"disk_kb", engine->disk_kb},
          {"disk_kb_free", engine->disk_kb_free},
          {"memory_limited_by", engine->kernel_limits_memory ? "cgroup" : "polling"}};
}

Result<int> show_home(Look& look, const Choices& choices) {
  CAIRN_TRY(const listing::QueueOutline* const outline, look.outline());
  std::map<JobState, std::int64_t> counts;
  for (const StateCount& each : outline->counts) counts[each.state] += each.jobs;
  const std::uint64_t bytes = bytes_below(look.home().folder());
  const std::optional<EngineStatus> engine = engine_status(look.home());
  if (choices.json) {
    std::cout << listing::dump({{"home", look.home().folder().native()},
                                {"home_bytes", bytes},
                                {"jobs", listing::to_json(counts)},
                                {"engine", engine_json(engine)}});
    return kOk;
  }
  std::cout << fmt::format("home    {}, {}\n", listing::printable(look.home().folder().native()),
                           format_size(bytes))
            << engine_lines(engine, look.home()) << listing::totals_line(counts);
  return kOk;
}

Result<int> show(const Choices& choices) {
  CAIRN_TRY(Look look, Look::open());
  return choices.selection.empty() ? show_home(look, choices) : show_jobs(look, choices);
}

std::function<int()> declare(CLI::App& app, const std::vector<std::string>&) {
  const auto choices = std::make_shared<Choices>();
  declare_selection(app, choices->selection, "All jobs, also those that are over");
  app.add_flag("--json", choices->json, "As one JSON object");
  return [choices] { return exit_status(show(*choices)); };
}

}  // namespace

const Verb kStatus = {"status", "Says all about some jobs, or about the engine", kFooter, false,
                      declare};

}  // namespace cairn::cli
