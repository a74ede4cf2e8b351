#include "pool/slurm.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/text.h"
#include "base/try.h"
#include "engine/home.h"
#include "engine/shadow.h"
#include "engine/spool.h"
#include "job/live_ad.h"
#include "job/policy.h"
#include "os/atomic_file.h"
#include "os/clock.h"

namespace cairn {
namespace {

using Json = nlohmann::json;
namespace stdfs = std::filesystem;

constexpr const char* kHandedOverName = "handed-over";
constexpr const char* kSettingsName = "settings";
constexpr const char* kStarterName = "cairn-starter";
constexpr int kHoldSystemPolicy = 26;  // HTCondor's code
constexpr auto kAskEvery = std::chrono::seconds(5);
constexpr auto kDeskPatience = std::chrono::seconds(20);

bool over(JobState state) { return state == JobState::completed || state == JobState::removed; }

// The allocation has processes, or Slurm will give it some.
bool goes_on(const std::optional<std::string>& slurm_state) {
  static constexpr std::array<std::string_view, 9> kEnded = {
      "CANCELLED", "FAILED",        "TIMEOUT",  "NODE_FAIL", "BOOT_FAIL",
      "COMPLETED", "OUT_OF_MEMORY", "DEADLINE", "PREEMPTED"};
  return slurm_state && std::find(kEnded.begin(), kEnded.end(), *slurm_state) == kEnded.end();
}

// A runner's shadow that is only asked, and never starts anything.
class NoHost final : public ShadowHost {
 public:
  std::int64_t now_ms() override { return wall_clock_ms(); }
  Status start_starter(JobId, int, const std::string&) override {
    return Error{Errc::misuse, "nothing is started on the submit side", 0, {}};
  }
  void send(JobId, const Order&) override {}
  void kill_starter(JobId) override {}
  void release_starter(JobId) override {}
  Status kill_left_over(const std::string&) override { return {}; }
  Status remove_job_folder(JobId) override { return {}; }
  void arm_vacate_timer(JobId, std::chrono::milliseconds) override {}
  void tell(JobId, const std::string&, Weight) override {}
};

class JournalStore final : public JobStore {
 public:
  explicit JournalStore(Journal journal) : journal_(std::move(journal)) {}
  Status store(const JobRecord& record, std::span<const EventRecord> events) override {
    return journal_.store(record, events);
  }

 private:
  Journal journal_;
};

Error refused(const PoolJob& job, JobState state, std::string_view what) {
  return {
      Errc::misuse,
      fmt::format("job {}.{} is {} and cannot be {}", job.pool_id, job.proc, to_text(state), what),
      0,
      {}};
}

// Two who ask something of one job take turns.
Result<FolderLock> lock_desk(const Path& folder) {
  const auto deadline = std::chrono::steady_clock::now() + kDeskPatience;
  for (;;) {
    auto lock = FolderLock::take(folder);
    if (lock || lock.error().code != Errc::locked || std::chrono::steady_clock::now() >= deadline)
      return lock;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

}  // namespace

// ---- what the submit side knows

std::string encode(const HandedOver& handed_over) {
  Json json = {{"allocation", handed_over.allocation}, {"lost", handed_over.lost}};
  if (handed_over.last_checkpoint) json["last_checkpoint"] = *handed_over.last_checkpoint;
  return json.dump(1) + "\n";
}

Result<HandedOver> decode_handed_over(std::string_view text) {
  try {
    const Json json = Json::parse(text);
    HandedOver handed_over;
    json.at("allocation").get_to(handed_over.allocation);
    json.at("lost").get_to(handed_over.lost);
    if (json.contains("last_checkpoint"))
      handed_over.last_checkpoint = json["last_checkpoint"].get<std::int64_t>();
    return handed_over;
  } catch (const Json::exception& problem) {
    return Error{Errc::corrupt, cat("where the job was handed over to: ", problem.what()), 0, {}};
  }
}

SlurmNext slurm_next(const std::optional<std::string>& slurm_state,
                     const std::optional<Runner>& runner, const HandedOver& handed_over,
                     std::optional<std::int64_t> last_checkpoint) {
  if (goes_on(slurm_state)) return SlurmNext::wait;
  // Of this allocation there was no runner: what an earlier one said does not count.
  const bool never_ran = !runner || runner->allocation != handed_over.allocation;
  const bool cancelled = !slurm_state || *slurm_state == "CANCELLED";
  if (never_ran && cancelled) return SlurmNext::cancelled;
  const std::string_view ending = never_ran ? std::string_view() : runner->ending;
  if (cancelled && (ending == kEndedAsked || ending == kEndedRequeued)) return SlurmNext::cancelled;
  const bool progress = last_checkpoint != handed_over.last_checkpoint;
  if (handed_over.lost >= kLostMax && !progress) return SlurmNext::hopeless;
  return SlurmNext::submit_again;
}

std::map<std::string, std::string> read_squeue(std::string_view output) {
  std::map<std::string, std::string> states;
  for (const std::string& line : split_list(output, '\n')) {
    const auto bar = line.find('|');
    if (bar != std::string::npos) states[line.substr(0, bar)] = line.substr(bar + 1);
  }
  return states;
}

// ---- the story

SlurmStory slurm_story(const JournalContents& runner, const JournalContents& requests) {
  SlurmStory story;
  if (runner.record) story.record = *runner.record;
  if (!runner.entries.empty()) story.seen = runner.entries.back().sequence;
  story.held_by_runner = story.record.state == JobState::held;
  // A request stands behind what its author had seen of the runner.
  auto next = runner.entries.begin();
  const auto tell = [&story](const JournalEntry& entry) {
    story.events.insert(story.events.end(), entry.events.begin(), entry.events.end());
  };
  for (const JournalEntry& request : requests.entries) {
    for (; next != runner.entries.end() && next->sequence <= request.after; ++next) tell(*next);
    tell(request);
  }
  for (; next != runner.entries.end(); ++next) tell(*next);
  if (!requests.record || over(story.record.state)) return story;
  const JobRecord& asked = *requests.record;
  if (asked.state != JobState::held && asked.state != JobState::removed) return story;
  story.record.state = asked.state;
  story.record.hold = asked.hold;
  story.held_by_runner = false;
  return story;
}

Result<SlurmStory> SlurmPool::story(const PoolJob& job) {
  // In this order: what the submit side had seen is there, too.
  CAIRN_TRY(const JournalContents requests, read_journal(files_, job_folder(job) / "requests"));
  CAIRN_TRY(const JournalContents runner, read_journal(files_, job_folder(job) / "journal"));
  return slurm_story(runner, requests);
}

// ---- commands

SlurmPool::SlurmPool(FileSystem& files, SlurmOptions options, CommandRunner run)
    : files_(files), options_(std::move(options)), run_(std::move(run)) {}

Result<CommandResult> SlurmPool::run(std::vector<std::string> arguments, const Path& folder) {
  const std::string program = arguments.front();
  auto result = run_({.arguments = std::move(arguments), .working_folder = folder});
  if (!result && result.error().code == Errc::not_found)
    return Error{Errc::not_found, program + ": no such command", 0,
                 "Slurm's commands must be in PATH; on some clusters: module load slurm"};
  return result;
}

Status SlurmPool::command(std::vector<std::string> arguments) {
  const std::string said = join(arguments, " ");
  CAIRN_TRY(const CommandResult result, run(std::move(arguments)));
  if (result.succeeded()) return {};
  return Error{Errc::io, cat(said, ' ', result.failure()), 0, {}};
}

Result<std::string> SlurmPool::check() {
  if (!files_.info(options_.starter_program))
    return Error{Errc::not_found,
                 cat("there is no program ", options_.starter_program.native(), " to send along"),
                 0, "install Cairn as a whole"};
  CAIRN_TRY(const CommandResult result, run({"scontrol", "show", "config"}));
  if (!result.succeeded())
    return Error{Errc::io, cat("Slurm does not answer: scontrol ", result.failure()), 0, {}};
  // "KillWait                = 30 sec", among others.
  std::string version;
  for (const std::string& line : split_list(result.output, '\n')) {
    const auto words = split_list(line, ' ');
    if (words.size() < 3) continue;
    if (words[0] == "SLURM_VERSION") version = words[2];
    if (words[0] != "KillWait") continue;
    if (const auto seconds = parse_integer(words[2])) kill_wait_ = std::chrono::seconds(*seconds);
  }
  return version;
}

Result<SlurmPool::Listed> SlurmPool::listed() {
  CAIRN_TRY(const CommandResult result,
            run({"squeue", "--noheader", "--array", "--states=all",
                 fmt::format("--user={}", ::getuid()), "--format=%i|%T"}));
  if (!result.succeeded())
    return Error{Errc::io, cat("Slurm does not answer: squeue ", result.failure()), 0, {}};
  return read_squeue(result.output);
}

// ---- handing over

SlurmSettings SlurmPool::new_settings(const std::string& pool_id) const {
  SlurmSettings settings;
  settings.folder =
      options_.shared_folder.empty() ? cluster_folder(pool_id) : options_.shared_folder / pool_id;
  settings.options = options_.options;
  settings.kill_wait = kill_wait_;
  settings.htcondor = options_.htcondor;
  return settings;
}

// For a job that is submitted again, by whomever and with whatever options.
Result<SlurmSettings> SlurmPool::settings_of(const std::string& pool_id) {
  const Path folder = cluster_folder(pool_id);
  CAIRN_TRY(const std::string text, read_file(files_, folder / kSettingsName));
  std::error_code failure;
  SlurmSettings settings;
  settings.folder = stdfs::canonical(folder, failure);
  if (failure) return system_error("find", folder, failure.value());
  try {
    const Json json = Json::parse(text);
    json.at("options").get_to(settings.options);
    settings.kill_wait = std::chrono::seconds(json.at("kill_wait").get<std::int64_t>());
    settings.htcondor = json.value("htcondor", false);
    return settings;
  } catch (const Json::exception& problem) {
    return Error{
        Errc::corrupt, cat((folder / kSettingsName).native(), ": ", problem.what()), 0, {}};
  }
}

Status SlurmPool::make_cluster_folder(const std::string& pool_id, const SlurmSettings& settings) {
  CAIRN_TRY(const Home home, Home::open(files_, options_.folder));  // made, for its owner only
  const Path folder = cluster_folder(pool_id);
  for (const Path& path : {folder, settings.folder})
    if (files_.info(path))
      return Error{Errc::misuse,
                   path.native() + " belongs to a cluster that the queue does not know", 0,
                   "move it away"};
  if (settings.folder != folder) {
    CAIRN_TRY(const Home shared, Home::open(files_, options_.shared_folder));
    std::error_code failure;
    stdfs::create_directory_symlink(settings.folder, folder, failure);
    if (failure) return system_error("link to", folder, failure.value());
  }
  CAIRN_CHECK(files_.make_folder(settings.folder));
  CAIRN_CHECK(files_.sync_directory(settings.folder.parent_path()));
  CAIRN_CHECK(files_.sync_directory(options_.folder));
  const Json json = {{"options", settings.options},
                     {"kill_wait", settings.kill_wait.count()},
                     {"htcondor", settings.htcondor}};
  const std::string text = json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
  return write_file_atomically(files_, folder / kSettingsName, as_bytes(text), 0600);
}

Result<std::string> SlurmPool::preview(std::span<const JobAd> jobs) const {
  const std::string pool_id = jobs.empty() ? "" : jobs.front().get("ClusterId").value_or("");
  CAIRN_TRY(const auto scripts, slurm_scripts(jobs, new_settings(pool_id)));
  std::string text;
  for (const SlurmScript& script : scripts) text += script.text;
  return text;
}

Status SlurmPool::write_job(const PoolJob& job, const JobAd& ad) {
  const Path folder = job_folder(job);
  CAIRN_CHECK(files_.make_folder(folder));
  CAIRN_CHECK(write_file_atomically(files_, folder / "job.ad", as_bytes(ad.text()), 0600));
  Journal requests(files_, folder / "requests", {});
  const EventRecord queued{wall_clock_ms(), Mark::queued, "submitted"};
  JobRecord first;
  if (is_on_hold(ad)) {
    first.state = JobState::held;
    first.hold = HoldFacts{kHoldSubmitted, 0, ad.get_string("HoldReason").value_or("")};
  }
  CAIRN_CHECK(requests.store(first, {&queued, 1}));
  return files_.sync_directory(folder.parent_path());
}

Result<std::string> SlurmPool::sbatch(const SlurmScript& script, const std::string& pool_id) {
  const Path file = cluster_folder(pool_id) / script.name;
  CAIRN_CHECK(write_file_atomically(files_, file, as_bytes(script.text), 0700));
  CAIRN_TRY(const CommandResult result,
            run({"sbatch", "--parsable", file.native()}, cluster_folder(pool_id)));
  if (!result.succeeded())
    return Error{Errc::io, cat("sbatch ", result.failure()), 0, "nothing was handed over"};
  // "17", or "17;cluster"
  const std::string said(trim(result.output));
  const std::string number = said.substr(0, said.find(';'));
  if (!parse_integer(number))
    return Error{
        Errc::io, cat("sbatch said \"", said, "\" where a job's number was expected"), 0, {}};
  return number;
}

Status SlurmPool::hand_over(const std::vector<SlurmScript>& scripts, const std::string& pool_id,
                            std::vector<std::string>& numbers) {
  for (const SlurmScript& script : scripts) {
    CAIRN_TRY(const std::string number, sbatch(script, pool_id));
    numbers.push_back(number);
    for (const int proc : script.procs) {
      HandedOver handed;
      handed.allocation = script.array ? cat(number, '_', proc - script.first) : number;
      CAIRN_CHECK(write_file_atomically(files_, job_folder({pool_id, proc}) / kHandedOverName,
                                        as_bytes(encode(handed)), 0600));
    }
  }
  return {};
}

Result<PoolReceipt> SlurmPool::submit(const PoolOrder& order) {
  if (order.jobs.empty())
    return Error{Errc::invalid, order.submit_file.native() + " queues no job", 0,
                 "end it with a line: queue"};
  const auto cluster = order.jobs.front().get_integer("ClusterId");
  PoolReceipt receipt;
  receipt.pool_id = std::to_string(cluster.value_or(0));
  receipt.warnings = not_translated(order.jobs.front());
  const SlurmSettings settings = new_settings(receipt.pool_id);
  CAIRN_TRY(const auto scripts, slurm_scripts(order.jobs, settings));
  CAIRN_CHECK(make_cluster_folder(receipt.pool_id, settings));
  const Path folder = settings.folder;
  CAIRN_TRY(const std::string program, read_file(files_, options_.starter_program));
  CAIRN_CHECK(write_file_atomically(files_, folder / kStarterName, as_bytes(program), 0700));
  for (int proc = 0; const JobAd& ad : order.jobs)
    CAIRN_CHECK(write_job({receipt.pool_id, proc++}, ad));
  std::vector<std::string> numbers;
  const Status handed = hand_over(scripts, receipt.pool_id, numbers);
  if (handed) return receipt;
  if (!numbers.empty()) {
    numbers.insert(numbers.begin(), "scancel");
    static_cast<void>(command(std::move(numbers)).has_value());
  }
  static_cast<void>(remove_tree(files_, folder).has_value());
  static_cast<void>(remove_tree(files_, cluster_folder(receipt.pool_id)).has_value());
  return handed.error();
}

Result<std::optional<HandedOver>> SlurmPool::handed_over(const PoolJob& job) {
  const auto text = read_file(files_, job_folder(job) / kHandedOverName);
  if (!text && text.error().code == Errc::not_found) return std::optional<HandedOver>();
  if (!text) return text.error();
  CAIRN_TRY(HandedOver handed, decode_handed_over(*text));
  return std::optional(std::move(handed));
}

// ---- looking after, and requests

struct SlurmPool::Desk {
  PoolJob job;
  FolderLock lock;  // of its requests
  Journal requests;
  SlurmStory story;
  HandedOver handed;
};

Result<SlurmPool::Desk> SlurmPool::open_desk(const PoolJob& job) {
  const Path folder = job_folder(job);
  if (!files_.info(folder))
    return Error{
        Errc::not_found, fmt::format("Slurm was given no job {}.{}", job.pool_id, job.proc), 0, {}};
  CAIRN_TRY(FolderLock lock, lock_desk(folder / "requests"));
  CAIRN_TRY(const JournalContents requests, read_journal(files_, folder / "requests"));
  CAIRN_TRY(const JournalContents runner, read_journal(files_, folder / "journal"));
  CAIRN_TRY(auto handed, handed_over(job));
  return Desk{job, std::move(lock), Journal(files_, folder / "requests", requests),
              slurm_story(runner, requests), std::move(handed).value_or(HandedOver{})};
}

Status SlurmPool::note(Desk& desk, JobState state, std::optional<HoldFacts> hold,
                       std::optional<Mark> mark, const std::string& text) {
  JobRecord record;
  record.state = state;
  record.hold = std::move(hold);
  const EventRecord event{wall_clock_ms(), mark, text};
  return desk.requests.store(record, {&event, 1}, desk.story.seen);
}

Status SlurmPool::submit_again(Desk& desk, bool lost) {
  CAIRN_TRY(const std::string text, read_file(files_, job_folder(desk.job) / "job.ad"));
  CAIRN_TRY(const JobAd ad, JobAd::parse(text));
  CAIRN_TRY(const SlurmSettings as_before, settings_of(desk.job.pool_id));
  // What it asks for may depend on what it was seen to use.
  const JobAd now = LiveAd(ad, desk.story.record.live).whole();
  CAIRN_TRY(const SlurmScript script, slurm_script(now, as_before));
  CAIRN_TRY(const std::string number, sbatch(script, desk.job.pool_id));
  HandedOver next = desk.handed;
  const bool progress = desk.story.record.last_checkpoint != next.last_checkpoint;
  next.lost = !lost ? 0 : progress ? 1 : next.lost + 1;
  next.last_checkpoint = desk.story.record.last_checkpoint;
  next.allocation = number;
  CAIRN_CHECK(write_file_atomically(files_, job_folder(desk.job) / kHandedOverName,
                                    as_bytes(encode(next)), 0600));
  return note(desk, JobState::idle, std::nullopt, std::nullopt,
              lost ? fmt::format("Slurm's job {} is gone; submitted again as {}",
                                 desk.handed.allocation, number)
                   : fmt::format("submitted to Slurm as {}", number));
}

Status SlurmPool::look_after(const PoolJob& job, const std::optional<Listed>& listed_now) {
  CAIRN_TRY(const auto handed, handed_over(job));
  std::optional<std::string> state;
  if (handed && listed_now)
    if (const auto found = listed_now->find(handed->allocation); found != listed_now->end())
      state = found->second;
  if (goes_on(state)) return {};
  CAIRN_TRY(Desk desk, open_desk(job));
  if (desk.handed != handed.value_or(HandedOver{})) return {};  // somebody was faster
  if (over(desk.story.record.state) || desk.story.record.state == JobState::held) return {};
  if (desk.handed.allocation.empty())
    return note(desk, JobState::held,
                HoldFacts{kHoldSystemPolicy, 0,
                          "It was never handed over to Slurm. Release it to submit it again."},
                Mark::evicted, "hold: never handed over");
  CAIRN_TRY(const auto runner, last_runner(files_, job_folder(job)));
  switch (slurm_next(state, runner, desk.handed, desk.story.record.last_checkpoint)) {
    case SlurmNext::wait:
      return {};
    case SlurmNext::submit_again:
      return submit_again(desk, true);
    case SlurmNext::cancelled:
      return note(desk, JobState::held,
                  HoldFacts{kHoldByUser, 0,
                            fmt::format("Slurm's job {} was cancelled. Release it to submit it "
                                        "again, or remove it.",
                                        desk.handed.allocation)},
                  Mark::evicted, "hold: cancelled in Slurm");
    case SlurmNext::hopeless:
      return note(desk, JobState::held,
                  HoldFacts{kHoldSystemPolicy, 0,
                            fmt::format("Slurm's job {} ended {} times in a row without a new "
                                        "checkpoint; see {}/slurm-*.log.",
                                        desk.handed.allocation, desk.handed.lost + 1,
                                        cluster_folder(job.pool_id).native())},
                  Mark::evicted, "hold: lost too often");
  }
  return {};
}

Result<PoolNews> SlurmPool::poll(std::span<const PoolCluster> clusters) {
  PoolNews news;
  std::optional<Listed> listed_now;
  // Asked before the journals are read: a job that is not listed has written its last entry.
  if (const auto now = std::chrono::steady_clock::now(); !asked_ || now >= *asked_ + kAskEvery) {
    if (auto answer = listed())
      listed_now = *std::move(answer);
    else
      news.trouble = std::move(answer).error();
    asked_ = now;
  }
  for (const PoolCluster& cluster : clusters)
    if (auto looked = look_at(cluster, listed_now, news.updates); !looked)
      news.trouble = std::move(looked).error();
  return news;
}

Status SlurmPool::look_at(const PoolCluster& cluster, const std::optional<Listed>& listed_now,
                          std::vector<PoolUpdate>& updates) {
  if (!files_.info(cluster_folder(cluster.pool_id))) return {};
  for (const JobRecord& known : cluster.jobs) {
    const PoolJob job{cluster.pool_id, known.id.proc};
    CAIRN_TRY(SlurmStory now, story(job));
    const bool settled = over(now.record.state) || now.record.state == JobState::held;
    if (!settled && listed_now) {
      CAIRN_CHECK(look_after(job, listed_now));
      CAIRN_TRY(now, story(job));
    }
    if (listed_now && has_periodic_policy(known.ad)) {
      CAIRN_CHECK(ask_policy(job, known.ad, now));
      CAIRN_TRY(now, story(job));
    }
    now.record.id = known.id;
    now.record.ad = known.ad;
    // As HTCondor says it of jobs that another system runs.
    if (const auto handed = handed_over(job); handed && *handed)
      now.record.live.set_string("GridJobId", "slurm " + (*handed)->allocation);
    updates.push_back({std::move(now.record), std::move(now.events)});
  }
  return {};
}

Result<std::optional<std::string>> SlurmPool::state_in_slurm(const Desk& desk) {
  CAIRN_TRY(const Listed now, listed());
  const auto found = now.find(desk.handed.allocation);
  if (found == now.end()) return std::optional<std::string>();
  return std::optional(found->second);
}

Status SlurmPool::hold(std::span<const PoolJob> jobs, const std::string& reason) {
  for (const PoolJob& job : jobs) CAIRN_CHECK(hold(job, {kHoldByUser, 0, reason}));
  return {};
}

Status SlurmPool::hold(const PoolJob& job, const HoldFacts& why) {
  CAIRN_TRY(Desk desk, open_desk(job));
  const JobState state = desk.story.record.state;
  if (over(state) || state == JobState::held) return refused(job, state, "held");
  CAIRN_TRY(const auto in_slurm, state_in_slurm(desk));
  CAIRN_CHECK(note(desk, JobState::held, why, Mark::evicted, "hold: " + why.reason));
  CAIRN_TRY(JobLog log, log_of(job));
  log.held_by_policy(wall_clock_ms(), why.reason, why.code, why.subcode);
  if (!goes_on(in_slurm)) return {};
  return command(
      {"scontrol", *in_slurm == "PENDING" ? "hold" : "requeuehold", desk.handed.allocation});
}

// The job's own event log, for what its runner does not say.
Result<JobLog> SlurmPool::log_of(const PoolJob& job) {
  CAIRN_TRY(const std::string text, read_file(files_, job_folder(job) / "job.ad"));
  CAIRN_TRY(const JobAd ad, JobAd::parse(text));
  CAIRN_TRY(const JobSpec spec, job_spec(ad));
  const Path file = spec.log.empty() ? Path() : spec.initial_directory / spec.log;
  JobLog log(spec.id, file, options_.host, {});
  log.set_format(log_format(ad));
  return log;
}

Status SlurmPool::ask_policy(const PoolJob& job, const JobAd& ad, const SlurmStory& story) {
  const JobRecord& record = story.record;
  const bool held = record.state == JobState::held;
  if (!held && record.state != JobState::idle) return {};
  const std::int64_t now = wall_clock_ms();
  LiveAd live(ad, record.live);
  if (held && record.hold && !story.held_by_runner)
    live.held(record.hold->code, record.hold->subcode, record.hold->reason);
  live.entered(condor_status(record.state),
               story.events.empty() ? now / 1000 : story.events.back().time_ms / 1000);
  const classad::Ad asked = to_classad(ad, live.take());
  const PolicyVerdict verdict = periodic_policy(
      {.job = asked, .now_seconds = now / 1000, .random_seed = static_cast<std::uint64_t>(now)}, {},
      held);
  if (verdict.action == PolicyAction::hold)
    return hold(job, {verdict.code, verdict.subcode, verdict.reason});
  if (verdict.action == PolicyAction::release) return release({&job, 1}, verdict.reason);
  if (verdict.action == PolicyAction::remove) return remove({&job, 1}, verdict.reason);
  return {};
}

// Held by its runner, which is gone: its journal is ours as long as we have the claim.
Status SlurmPool::release_from_runner(Desk& desk, const std::string& reason) {
  const Path folder = job_folder(desk.job);
  CAIRN_TRY(Claim claim, Claim::take(
                             files_, folder, this_runner({}, 0),
                             [](const Runner&) { return false; }, kDeskPatience));
  CAIRN_TRY(const JournalContents journal, read_journal(files_, folder / "journal"));
  CAIRN_TRY(const std::string text, read_file(files_, folder / "job.ad"));
  CAIRN_TRY(JobAd ad, JobAd::parse(text));
  CAIRN_TRY(JobSpec spec, job_spec(ad));
  CAIRN_TRY(const Home home, Home::open(files_, folder));
  JobRecord held = journal.record.value_or(JobRecord{});
  held.ad = std::move(ad);
  JournalStore store(Journal(files_, folder / "journal", journal));
  NoHost host;
  ShadowOptions options;
  options.host = options_.host;
  Shadow shadow(store, host, home, options, std::move(held), std::move(spec), {});
  CAIRN_CHECK(shadow.release(reason));
  return claim.end(kEndedSettled, {});
}

Status SlurmPool::release(std::span<const PoolJob> jobs, const std::string& reason) {
  for (const PoolJob& job : jobs) {
    CAIRN_TRY(Desk desk, open_desk(job));
    if (desk.story.record.state != JobState::held)
      return refused(job, desk.story.record.state, "released");
    CAIRN_TRY(const auto in_slurm, state_in_slurm(desk));
    if (desk.story.held_by_runner) {
      CAIRN_CHECK(release_from_runner(desk, reason));
    } else {
      CAIRN_CHECK(note(desk, JobState::idle, std::nullopt, Mark::queued, "release: " + reason));
      CAIRN_TRY(JobLog log, log_of(job));
      log.released(wall_clock_ms(), reason);
      // Held in Slurm, too, and still there.
      if (goes_on(in_slurm)) {
        CAIRN_CHECK(command({"scontrol", "release", desk.handed.allocation}));
        continue;
      }
    }
    CAIRN_CHECK(submit_again(desk, false));
  }
  return {};
}

Status SlurmPool::vacate(std::span<const PoolJob> jobs, Departure how) {
  for (const PoolJob& job : jobs) {
    CAIRN_TRY(const Desk desk, open_desk(job));
    const JobState state = desk.story.record.state;
    if (over(state) || state == JobState::held || state == JobState::idle)
      return refused(job, state, "vacated");
    // Soft as near the time limit: the job may save its state, then the runner asks to be requeued.
    std::vector<std::string> words = {"scontrol", "requeue"};
    if (how == Departure::soft) words = {"scancel", "--batch", "--signal=USR1"};
    words.push_back(desk.handed.allocation);
    CAIRN_CHECK(command(std::move(words)));
  }
  return {};
}

Status SlurmPool::remove(std::span<const PoolJob> jobs, const std::string& reason) {
  for (const PoolJob& job : jobs) {
    CAIRN_TRY(Desk desk, open_desk(job));
    if (over(desk.story.record.state)) return refused(job, desk.story.record.state, "removed");
    CAIRN_TRY(const auto in_slurm, state_in_slurm(desk));
    CAIRN_CHECK(note(desk, JobState::removed, std::nullopt, Mark::evicted, "remove: " + reason));
    CAIRN_TRY(JobLog log, log_of(job));
    log.aborted(wall_clock_ms(), reason);
    if (goes_on(in_slurm)) CAIRN_CHECK(command({"scancel", desk.handed.allocation}));
  }
  return {};
}

Result<Path> SlurmPool::fetch(const PoolJob& job, const Path& folder) {
  CAIRN_TRY(const std::string text, read_file(files_, job_folder(job) / "job.ad"));
  CAIRN_TRY(const JobAd ad, JobAd::parse(text));
  const JobId id{static_cast<int>(ad.get_integer("ClusterId").value_or(0)), job.proc};
  Spool spool(files_, job_folder(job) / to_text(id) / "spool");
  CAIRN_TRY(const Spool::Newest newest, spool.newest());
  if (!newest.checkpoint)
    return Error{Errc::not_found, fmt::format("job {} has no checkpoint", to_text(id)), 0, {}};
  const Path target =
      folder / fmt::format("{}-checkpoint-{}", to_text(id), newest.checkpoint->number);
  std::error_code failure;
  stdfs::create_directories(target, failure);
  for (const std::string& name : newest.checkpoint->files) {
    const Path to = target / name;
    stdfs::create_directories(to.parent_path(), failure);
    if (!failure)
      stdfs::copy_file(newest.checkpoint->folder / name, to,
                       stdfs::copy_options::overwrite_existing, failure);
    if (failure) break;
  }
  if (failure) return system_error("copy the checkpoint to", target, failure.value());
  return target;
}

// Not while a runner may still write there.
Status SlurmPool::forget(const std::string& pool_id) {
  const Path folder = cluster_folder(pool_id);
  if (!files_.info(folder)) return {};
  CAIRN_TRY(const Listed now, listed());
  CAIRN_TRY(const std::vector<std::string> names, files_.list(folder));
  for (const std::string& name : names) {
    const auto proc = parse_integer(name);
    if (!proc) continue;
    CAIRN_TRY(const auto handed, handed_over({pool_id, static_cast<int>(*proc)}));
    if (!handed) continue;
    const auto found = now.find(handed->allocation);
    if (found != now.end() && goes_on(found->second)) return {};
  }
  // Under a link, if the user wanted it elsewhere.
  std::error_code ignored;
  const Path real = stdfs::canonical(folder, ignored);
  CAIRN_CHECK(remove_tree(files_, ignored ? folder : real));
  return remove_tree(files_, folder);
}

}  // namespace cairn
