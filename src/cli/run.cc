// `cairn run`: the jobs of a submit file, or of one command, from wherever they are
// to their end.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <memory>
#include <set>
#include <thread>

#include "base/text.h"
#include "base/try.h"
#include "base/units.h"
#include "cli/job_source.h"
#include "cli/verb.h"
#include "cli/view.h"
#include "engine/engine.h"
#include "engine/home.h"
#include "engine/machine.h"
#include "engine/sandbox.h"
#include "job/match.h"
#include "job/policy.h"
#include "os/atomic_file.h"
#include "os/clock.h"
#include "os/lock.h"
#include "os/process.h"

namespace cairn::cli {
namespace {

namespace stdfs = std::filesystem;

constexpr const char* kFooter =
    "The same command again goes on where the jobs were, also after Ctrl-C or kill -9.\n"
    "Exit status: 0 every job completed with exit code 0; 1 some job did not, or is held;\n"
    "  2 wrong usage or submit file; 3 interrupted, the same command goes on.\n"
    "Examples: cairn run sweep.sub --evict-every 3s\n"
    "          cairn run --checkpoint-exit-code 77 --checkpoint-files state.ckpt -- ./sweep 0 "
    "20000";

// As the user wrote it.
struct Choices {
  JobChoices job;

  std::string evict_every, evict_after, evict_how = "soft";
  std::string max_vacate_time = "10m", policy_interval = "60s";
  std::string contract = "cairn";
  int slots = 0;
  bool fresh = false, quiet = false;
  std::string report;
};

// What a command prints goes to the terminal when it ends, unless it has files for it.
Path captured(const Home& home, int cluster, const char* stream) {
  return home.cluster_folder(cluster) / stream;
}

// ---- where it stands

struct Standing {
  int cluster = 0;
  bool is_new = false;
};

class Run {
 public:
  explicit Run(const Choices& choices) : choices_(choices) {}
  Result<int> go();

 private:
  Result<EngineOptions> engine_options() const;
  Result<Standing> stand();
  Result<Standing> submit(std::optional<int> newest_seen);
  Status check_runnable(const JobAd& ad) const;
  void warn_of_requirements(const std::vector<JobAd>& jobs) const;
  Status check_unused(int cluster, std::size_t jobs) const;
  Status compare(const std::vector<JobRecord>& jobs) const;
  Status discard(int cluster, const std::vector<JobRecord>& jobs);
  Status lock(int cluster);
  Status tidy(const RunResult& result, int cluster);
  int conclude(const RunResult& result, int cluster);
  Status print_captured(int cluster) const;

  const Choices& choices_;
  PosixFileSystem files_;
  std::optional<Home> home_;
  std::optional<Queue> queue_;
  std::unique_ptr<JobSource> source_;
  std::optional<FolderLock> lock_;
  JobAd machine_;
};

Result<std::optional<std::chrono::milliseconds>> optional_duration(const std::string& text) {
  std::optional<std::chrono::milliseconds> duration;
  if (text.empty()) return duration;
  CAIRN_TRY(duration, parse_duration(text));
  return duration;
}

Result<EngineOptions> Run::engine_options() const {
  EngineOptions options;
  options.slots = choices_.slots;
  options.shadow.contract = choices_.contract == "htcondor" ? Contract::htcondor : Contract::cairn;
  options.shadow.host = host_name();
  options.shadow.machine = machine_;
  CAIRN_TRY(options.shadow.vacate_time_max, parse_duration(choices_.max_vacate_time));
  CAIRN_TRY(options.policy_interval, parse_duration(choices_.policy_interval));
  CAIRN_TRY(options.evict_every, optional_duration(choices_.evict_every));
  CAIRN_TRY(options.evict_after, optional_duration(choices_.evict_after));
  options.evict_how = choices_.evict_how == "fast" ? Vacate::fast : Vacate::soft;
  return options;
}

Status Run::lock(int cluster) {
  CAIRN_CHECK(files_.make_folder(home_->cluster_folder(cluster)));
  auto taken = FolderLock::take(home_->cluster_folder(cluster));
  if (!taken && taken.error().code == Errc::locked)
    return Error{Errc::locked,
                 fmt::format("cluster {} is being run {}", cluster, locked_by_whom(taken.error())),
                 0, "wait for it, or stop it first"};
  if (!taken) return std::move(taken).error();
  lock_.emplace(*std::move(taken));
  return {};
}

// The newest cluster of this source if it is not finished, else a new one.  Its folder goes
// last of all: as long as it is there, nobody has been told the result.
Result<Standing> Run::stand() {
  CAIRN_TRY(const std::optional<int> cluster, queue_->find_cluster(source_->key()));
  if (!cluster) return submit(std::nullopt);
  CAIRN_TRY(std::vector<JobRecord> jobs, queue_->jobs(*cluster));
  const auto finished = [](const JobRecord& job) { return is_over(job.state); };
  const auto done = std::count_if(jobs.begin(), jobs.end(), finished);
  const bool told = !stdfs::exists(home_->cluster_folder(*cluster));
  if (done == std::ssize(jobs) && told) return submit(cluster);
  CAIRN_CHECK(lock(*cluster));
  if (choices_.fresh) {
    CAIRN_CHECK(discard(*cluster, jobs));
    return stand();
  }
  CAIRN_CHECK(compare(jobs));
  if (!choices_.quiet)
    std::cout << fmt::format("cluster {} goes on where it was: {} of {} jobs are done", *cluster,
                             done, jobs.size())
              << std::endl;
  return Standing{*cluster, false};
}

Status Run::check_runnable(const JobAd& ad) const {
  CAIRN_CHECK(check_runs_here(ad));
  CAIRN_TRY(const JobSpec job, job_spec(ad));
  CAIRN_CHECK(check_output_folders(job));
  return job.transfer_files ? check_inputs(job, home_->folder()) : Status();
}

// A file that is meant for a pool may ask for machines that this one is not: it is tried here all
// the same, and told.
void Run::warn_of_requirements(const std::vector<JobAd>& jobs) const {
  const classad::Ad machine = to_classad(machine_);
  std::set<std::string> said;
  for (const JobAd& ad : jobs)
    if (const auto unmet = unmet_requirement(ad, machine, wall_clock_ms() / 1000);
        unmet && said.insert(*unmet).second)
      complain(
          fmt::format("warning: requirements do not hold on this machine: {}; cairn run "
                      "runs it all the same",
                      *unmet));
}

// A job takes what its spool holds for its own: after a queue was lost, that of another.
Status Run::check_unused(int cluster, std::size_t jobs) const {
  for (int proc = 0; proc < static_cast<int>(jobs); ++proc)
    if (const Path folder = home_->job_folder({cluster, proc}); stdfs::exists(folder))
      return Error{Errc::misuse,
                   fmt::format("{} belongs to a job that {} does not know", folder.native(),
                               home_->queue_file().native()),
                   0, "bring it back with: cairn queue --rebuild"};
  return {};
}

Result<Standing> Run::submit(std::optional<int> newest_seen) {
  const std::int64_t now = wall_clock_ms();
  const auto make = [&](int cluster) -> Result<std::vector<JobAd>> {
    CAIRN_TRY(const Submission submission, source_->ads(cluster, now / 1000));
    for (const SubmitWarning& warning : submission.warnings) complain("warning: " + warning.text);
    if (submission.empty())
      return Error{Errc::invalid, fmt::format("{} queues no job", source_->name()), 0,
                   "end it with a line: queue"};
    CAIRN_CHECK(lock(cluster));  // before anyone else can see it
    std::vector<JobAd> jobs = submission.jobs();
    for (const JobAd& ad : jobs) CAIRN_CHECK(check_runnable(ad));
    warn_of_requirements(jobs);
    CAIRN_CHECK(check_unused(cluster, jobs.size()));
    return jobs;
  };
  CAIRN_TRY(const std::optional<int> cluster,
            queue_->submit(source_->key(), newest_seen, now, make));
  if (!cluster) return stand();  // somebody was faster: what there is now is looked at
  return Standing{*cluster, true};
}

Status Run::compare(const std::vector<JobRecord>& jobs) const {
  const JobRecord& first = jobs.front();
  CAIRN_TRY(const Submission now,
            source_->ads(first.id.cluster, first.ad.get_integer("QDate").value_or(0)));
  const auto difference = first_difference(jobs, now.jobs());
  if (!difference) return {};
  return Error{Errc::mismatch,
               fmt::format("{} has changed while cluster {} is not finished: {}", source_->name(),
                           first.id.cluster, *difference),
               0, "change it back to go on, or start over with --fresh"};
}

// Says what it throws away before it does.
Status Run::discard(int cluster, const std::vector<JobRecord>& jobs) {
  std::chrono::milliseconds work{0};
  std::vector<std::string> checkpoints;
  for (const JobRecord& job : jobs) {
    CAIRN_TRY(const std::vector<TimedMark> marks, queue_->marks(job.id));
    work += account(marks).useful;
    if (job.last_checkpoint)
      checkpoints.push_back(fmt::format("{} of {}", *job.last_checkpoint, to_text(job.id)));
  }
  constexpr std::size_t kNamed = 5;
  std::string newest = checkpoints.empty() ? "no checkpoint" : "checkpoint ";
  newest += join({checkpoints.begin(),
                  checkpoints.begin() + std::min<std::ptrdiff_t>(kNamed, std::ssize(checkpoints))},
                 ", ");
  if (checkpoints.size() > kNamed)
    newest += fmt::format(" and of {} more jobs", checkpoints.size() - kNamed);
  std::cout << fmt::format("--fresh discards cluster {}: {} job{}, {}, {} of work", cluster,
                           jobs.size(), jobs.size() == 1 ? "" : "s", newest, format_duration(work))
            << std::endl;
  for (const JobRecord& job : jobs) {
    CAIRN_CHECK(kill_marked(home_->mark(job.id, job.activation)));
    CAIRN_CHECK(remove_tree(files_, home_->job_folder(job.id)));
  }
  CAIRN_CHECK(queue_->remove_cluster(cluster));
  lock_.reset();
  return remove_tree(files_, home_->cluster_folder(cluster));
}

// ---- the end

Status copy_to(FileSystem& files, const Path& from, std::ostream& to) {
  auto text = read_file(files, from);
  if (!text && text.error().code == Errc::not_found) return {};
  if (!text) return std::move(text).error();
  to << *text << std::flush;
  return {};
}

Status Run::print_captured(int cluster) const {
  PosixFileSystem files;
  CAIRN_CHECK(copy_to(files, captured(*home_, cluster, "output"), std::cout));
  return copy_to(files, captured(*home_, cluster, "error"), std::cerr);
}

// What is not needed any more.  Most of it has gone already; killed starters leave the rest.
Status Run::tidy(const RunResult& result, int cluster) {
  bool over = true;
  for (const JobStatus& job : result.jobs) {
    over = over && job.state == JobState::completed;
    if (job.state != JobState::completed) continue;
    CAIRN_CHECK(remove_tree(files_, home_->job_folder(job.id)));
  }
  if (!over) return {};
  lock_.reset();
  return remove_tree(files_, home_->cluster_folder(cluster));
}

int Run::conclude(const RunResult& result, int cluster) {
  if (auto printed = print_captured(cluster); !printed) complain(printed.error().text());
  for (const JobStatus& job : result.jobs)
    if (job.hold)
      complain(fmt::format("job {} is held (code {}/{}): {}", to_text(job.id), job.hold->code,
                           job.hold->subcode, job.hold->reason));
  if (!choices_.quiet) std::cout << '\n' << wall_time_table(result.jobs) << std::flush;
  if (!choices_.report.empty()) {
    const std::string json = report_json(result, cluster);
    auto written = write_file_atomically(files_, choices_.report, as_bytes(json));
    if (!written) complain(written.error().text());
  }
  if (result.ending == Ending::interrupted) {
    complain(fmt::format("interrupted; to go on: cairn run {}", source_->name()));
    return kInterrupted;
  }
  if (auto tidied = tidy(result, cluster); !tidied) complain(tidied.error().text());
  return result.ending == Ending::completed ? kOk : kNotOk;
}

Result<int> Run::go() {
  CAIRN_TRY(const Path folder, Home::default_folder());
  CAIRN_TRY(home_, Home::open(files_, folder));
  machine_ = machine_ad(this_machine(home_->folder()), host_name());
  CAIRN_TRY(EngineOptions options, engine_options());
  CAIRN_TRY(queue_, Queue::open(home_->queue_file()));
  CAIRN_TRY(source_, open_source(choices_.job, [this](int cluster, const char* stream) {
              return captured(*home_, cluster, stream);
            }));
  CAIRN_TRY(const Standing standing, stand());
  CAIRN_TRY(const std::vector<JobRecord> jobs, queue_->jobs(standing.cluster));
  if (options.slots == 0) {
    const auto cpus =
        std::max<std::int64_t>(1, jobs.front().ad.get_integer("RequestCpus").value_or(1));
    options.slots = std::max(1, static_cast<int>(std::thread::hardware_concurrency() / cpus));
  }
  ViewKind kind = ::isatty(STDOUT_FILENO) == 1 ? ViewKind::live : ViewKind::plain;
  if (choices_.quiet) kind = ViewKind::quiet;
  const auto view = make_view(kind, std::cout, STDOUT_FILENO);
  Engine engine(*queue_, *home_, std::move(options), *view);
  if (standing.is_new) CAIRN_CHECK(engine.announce(standing.cluster));
  CAIRN_TRY(const RunResult result, engine.run(standing.cluster, !standing.is_new));
  return conclude(result, standing.cluster);
}

int run(const Choices& choices) {
  if (auto usable = check(choices.job, "run"); !usable) return refuse(usable.error());
  return exit_status(Run(choices).go());
}

std::function<int()> declare(CLI::App& app, const std::vector<std::string>& rest) {
  const auto choices = std::make_shared<Choices>();
  choices->job.command = rest;
  declare_job_file(app, choices->job);
  app.add_flag("--fresh", choices->fresh, "Start over, and say what that discards");
  app.add_option("--slots", choices->slots, "Jobs at a time; default: as many as there are cores")
      ->check(CLI::Range(1, 4096));
  app.add_option("--evict-every", choices->evict_every,
                 "Make a job leave this long after each start: 3s, 500ms, 10m");
  app.add_option("--evict-after", choices->evict_after,
                 "Make each job leave once, this long after its first start");
  app.add_option("--evict", choices->evict_how,
                 "soft: ask by signal and wait; fast: kill. Default: soft")
      ->check(CLI::IsMember({"soft", "fast"}));
  app.add_option("--max-vacate-time", choices->max_vacate_time,
                 "How long a job that is asked may take to leave. Default: 10m");
  app.add_option("--policy-interval", choices->policy_interval,
                 "How often periodic_hold and its like are asked; default: 60s");
  app.add_option("--contract", choices->contract,
                 "htcondor: lose and hold what a real pool does. Default: cairn")
      ->check(CLI::IsMember({"cairn", "htcondor"}));
  app.add_flag("--quiet", choices->quiet, "Only errors");
  app.add_option("--report", choices->report, "Write a summary to this file, as JSON");

  declare_command_options(app, choices->job);
  return [choices] { return run(*choices); };
}

}  // namespace

const Verb kRun = {"run", "Runs the jobs of a submit file, or a command", kFooter, false, declare};

}  // namespace cairn::cli
