#include "cli/requests.h"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <optional>

#include "base/try.h"
#include "cli/job_source.h"
#include "cli/look.h"
#include "cli/pools.h"
#include "engine/client.h"
#include "engine/job_log.h"
#include "engine/sandbox.h"
#include "os/clock.h"
#include "os/lock.h"
#include "os/process.h"

namespace cairn::cli {
namespace {

constexpr int kHoldByUser = 1;  // HTCondor's code

std::string user_name() {
  const passwd* const entry = ::getpwuid(::getuid());
  return entry != nullptr ? entry->pw_name : std::to_string(::getuid());
}

JobEvent event_of(Request request) {
  switch (request) {
    case Request::hold:
      return JobEvent::hold;
    case Request::release:
      return JobEvent::release;
    case Request::remove:
      return JobEvent::remove;
    case Request::vacate:
    case Request::vacate_fast:
      break;
  }
  return JobEvent::vacate;
}

bool has_sandbox(JobState state) {
  return state != JobState::idle && state != JobState::held && !listing::is_over(state);
}

// An answer that needs no change; nothing, where one is needed.
std::optional<Answer> settled(Request request, const JobRecord& job) {
  const auto say = [&](bool sense, std::string text) {
    return Answer{job.id, sense, std::move(text)};
  };
  const std::string state(to_text(job.state));
  if (request == Request::remove && job.state == JobState::removed)
    return say(true, "was removed already");
  if (listing::is_over(job.state))
    return say(false, fmt::format("is {}; there is nothing to {}", state, to_text(request)));
  if (request == Request::hold && job.state == JobState::held)
    return say(true, fmt::format("was held already: {}", job.hold ? job.hold->reason : ""));
  if (request == Request::release && job.state != JobState::held) return say(true, "is not held");
  if (request == Request::vacate || request == Request::vacate_fast) {
    if (job.state == JobState::held) return say(false, "is held, and does not run");
    if (job.state == JobState::idle) return say(true, "does not run");
    return say(true,
               "does not run any more: what ran it is gone, and it goes on from its "
               "checkpoint");
  }
  return std::nullopt;
}

// The jobs of one cluster, which nobody runs.
class Unattended {
 public:
  Unattended(const Home& home, Queue& queue, Request what, const std::string& reason)
      : home_(home), queue_(queue), what_(what), reason_(reason) {}

  Result<Answer> request(JobRecord job);

 private:
  Status tidy(const JobRecord& job, bool had_sandbox);
  Path log_file(const JobAd& ad) const;

  const Home& home_;
  Queue& queue_;
  const Request what_;
  const std::string& reason_;
  PosixFileSystem files_;
};

Path Unattended::log_file(const JobAd& ad) const {
  const auto log = ad.get_string("UserLog");
  return log && !log->empty() ? Path(ad.get_string("Iwd").value_or("")) / *log : Path();
}

// What a dead engine left of it.
Status Unattended::tidy(const JobRecord& job, bool had_sandbox) {
  std::ignore = sweep_parts(files_, home_.job_folder(job.id));
  if (job.state == JobState::removed) return remove_tree(files_, home_.job_folder(job.id));
  return had_sandbox ? remove_tree(files_, home_.sandbox(job.id, job.activation)) : Status();
}

Result<Answer> Unattended::request(JobRecord job) {
  if (auto answer = settled(what_, job)) return *std::move(answer);
  const JobEvent event = event_of(what_);
  const bool had_sandbox = has_sandbox(job.state);
  const std::optional<HoldFacts> was = job.hold;
  job.state = transition(job.state, event).next;
  if (what_ == Request::hold) job.hold = HoldFacts{kHoldByUser, 0, reason_};
  if (what_ != Request::hold) job.hold.reset();
  if (what_ == Request::release) job.crashes = job.evictions = 0;

  // First what it started dies: nothing may run under a state that says it does not.
  if (had_sandbox) CAIRN_CHECK(kill_marked(home_.mark(job.id, job.activation)));
  const std::int64_t now = wall_clock_ms();
  std::vector<EventRecord> events = {
      {now, std::nullopt, fmt::format("{}: {}", cairn::to_text(event), reason_)}};
  if (had_sandbox) events.push_back({now, Mark::evicted, ""});
  CAIRN_CHECK(queue_.store(job, events));

  JobLog log(job.id, log_file(job.ad), host_name(), "");
  log.set_format(log_format(job.ad));
  Answer answer{job.id, true, ""};
  if (what_ == Request::hold) {
    log.held_by_policy(now, reason_, kHoldByUser, 0);
    answer.text = "is held";
  } else if (what_ == Request::release) {
    log.released(now, reason_);
    answer.text = was ? fmt::format("is released; it was held (code {}/{}): {}", was->code,
                                    was->subcode, was->reason)
                      : "is released";
  } else {
    log.aborted(now, reason_);
    answer.text = "is removed";
  }
  if (const std::string problem = log.take_problem(); !problem.empty())
    answer.text += "; " + problem;
  CAIRN_CHECK(tidy(job, had_sandbox));
  return answer;
}

}  // namespace

std::string_view to_text(Request request) {
  switch (request) {
    case Request::hold:
      return "hold";
    case Request::release:
      return "release";
    case Request::vacate:
    case Request::vacate_fast:
      return "vacate";
    case Request::remove:
      return "remove";
  }
  return "";
}

namespace {

Result<std::vector<Answer>> ask_engine(const Home& home, Request what,
                                       const std::vector<JobId>& jobs, const std::string& reason) {
  constexpr std::array kVerbs = {RequestVerb::hold, RequestVerb::release, RequestVerb::vacate,
                                 RequestVerb::vacate_fast, RequestVerb::remove};
  // In portions: between them the engine has time for its jobs.
  constexpr std::size_t kPortion = 1000;
  std::vector<Answer> answers;
  for (std::size_t done = 0; done < jobs.size(); done += kPortion) {
    const auto begin = jobs.begin() + static_cast<std::ptrdiff_t>(done);
    const auto end = begin + static_cast<std::ptrdiff_t>(std::min(kPortion, jobs.size() - done));
    CAIRN_TRY(
        const EngineReply reply,
        cairn::ask_engine(home, {kVerbs.at(static_cast<std::size_t>(what)), {begin, end}, reason}));
    for (const JobAnswer& answer : reply.answers)
      answers.push_back({answer.id, answer.makes_sense, answer.text});
  }
  return answers;
}

// What becomes of it, the next look will say.
Result<std::vector<Answer>> ask_pool(const Home& home, Queue& queue, const ClusterRecord& cluster,
                                     Request what, const std::vector<JobId>& ids,
                                     const std::string& reason) {
  std::vector<Answer> answers;
  std::vector<JobId> jobs;
  for (const JobId id : ids) {
    CAIRN_TRY(const JobRecord job, queue.job(id));
    auto answer = has_sandbox(job.state) ? std::nullopt : settled(what, job);
    if (answer)
      answers.push_back(*std::move(answer));
    else
      jobs.push_back(id);
  }
  if (jobs.empty()) return answers;
  constexpr std::array kVerbs = {PoolVerb::hold, PoolVerb::release, PoolVerb::vacate,
                                 PoolVerb::vacate_fast, PoolVerb::remove};
  constexpr std::array kDone = {"held", "released", "vacated", "vacated", "removed"};
  const auto at = static_cast<std::size_t>(what);
  const PoolVerb verb = kVerbs.at(at);
  const Status asked = cli::ask_pool(home.folder(), cluster, verb, jobs, reason);
  for (const JobId id : jobs)
    answers.push_back({id, asked.has_value(),
                       asked
                           ? fmt::format("is to be {}: {} was asked", kDone.at(at), cluster.runner)
                           : "could not be asked for: " + asked.error().text()});
  return answers;
}

}  // namespace

Result<std::vector<Answer>> request(const Home& home, Request what, std::span<const JobId> jobs,
                                    const std::string& reason) {
  const std::string why = reason.empty()
                              ? fmt::format("via cairn {} (by user {})", to_text(what), user_name())
                              : reason;
  std::map<int, std::vector<JobId>> clusters;
  for (const JobId id : jobs) clusters[id.cluster].push_back(id);
  std::map<JobId, Answer> answers;
  PosixFileSystem files;
  CAIRN_TRY(Queue queue, Queue::open(home.queue_file()));
  for (const auto& [cluster, ids] : clusters) {
    CAIRN_TRY(const ClusterRecord record, queue.cluster(cluster));
    if (record.runner == "engine" || is_pool(record.runner)) {
      CAIRN_TRY(std::vector<Answer> told, record.runner == "engine"
                                              ? ask_engine(home, what, ids, why)
                                              : ask_pool(home, queue, record, what, ids, why));
      for (Answer& answer : told) answers[answer.id] = std::move(answer);
      continue;
    }
    const Path folder = home.cluster_folder(cluster);
    const bool was_there = std::filesystem::exists(folder);
    CAIRN_CHECK(files.make_folder(folder));
    auto lock = FolderLock::take(folder);
    if (!lock && lock.error().code == Errc::locked) {
      for (const JobId id : ids)
        answers[id] = {id, false,
                       fmt::format("is being run {}; interrupt that first (Ctrl-C)",
                                   locked_by_whom(lock.error()))};
      continue;
    }
    if (!lock) return std::move(lock).error();
    Unattended unattended(home, queue, what, why);
    CAIRN_TRY(const std::vector<JobRecord> records, queue.jobs(cluster));
    bool over = true;
    for (const JobRecord& job : records) {
      JobState state = job.state;
      if (std::find(ids.begin(), ids.end(), job.id) != ids.end()) {
        CAIRN_TRY(Answer answer, unattended.request(job));
        if (what == Request::remove && answer.makes_sense) state = JobState::removed;
        answers[job.id] = std::move(answer);
      }
      over = over && listing::is_over(state);
    }
    // A folder that stays says that a result is still to be told: of removed jobs there is none.
    if (!was_there || (over && what == Request::remove)) {
      std::optional<FolderLock> held(*std::move(lock));
      held.reset();
      CAIRN_CHECK(remove_tree(files, folder));
    }
  }
  std::vector<Answer> all;
  for (const JobId id : jobs) {
    const auto found = answers.find(id);
    all.push_back(found == answers.end() ? Answer{id, false, "is not in the queue any more"}
                                         : found->second);
  }
  return all;
}

}  // namespace cairn::cli
