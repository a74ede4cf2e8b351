#include "cli/submit_here.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/text.h"
#include "base/try.h"
#include "cli/job_source.h"
#include "cli/verb.h"
#include "engine/client.h"
#include "engine/job_log.h"
#include "engine/sandbox.h"
#include "engine/starters.h"
#include "job/event_log.h"

namespace cairn::cli {
namespace {

// The lines that only the queue's reader of one job needs are made here: its own numbers.
NewJobs compact(SubmittedCluster&& cluster) {
  NewJobs jobs{std::move(cluster.ad), std::move(cluster.changes)};
  // Whoever looks for completed jobs that stay looks at clusters first.
  constexpr const char* kStays = "LeaveJobInQueue";
  const std::string stays = cat(kStays, " = ");
  if (const auto shared = jobs.ad.get(kStays);
      shared && std::any_of(jobs.changes.begin(), jobs.changes.end(),
                            [&](const std::string& own) { return own.find(stays) != own.npos; })) {
    jobs.ad.erase(kStays);
    for (std::string& own : jobs.changes)
      if (own.find(stays) == own.npos) own += cat(stays, *shared, "\n");
  }
  for (std::size_t proc = 0; proc < jobs.changes.size(); ++proc)
    jobs.changes[proc] += cat(
        "ProcId = ", proc, "\nGlobalJobId = ",
        quote_string(cat(cluster.host, "#", cluster.id, ".", proc, "#", cluster.submitted_seconds)),
        "\n");
  return jobs;
}

// Does the job say anything of its own about where files are?
bool differs_in_places(const std::string& changes) {
  for (const char* name : {"Iwd", "Out", "Err", "UserLog", "TransferInput", "Cmd"})
    if (changes.find(name) != changes.npos) return true;
  return false;
}

// Before days of work end where they cannot be put.
Status check_runnable(const SubmittedCluster& cluster, const Home& home) {
  for (std::size_t proc = 0; proc < cluster.changes.size(); ++proc) {
    if (proc > 0 && !differs_in_places(cluster.changes[proc])) continue;
    const JobAd ad = cluster.job(proc);
    CAIRN_CHECK(check_runs_here(ad));
    CAIRN_TRY(const JobSpec job, job_spec(ad));
    CAIRN_CHECK(check_output_folders(job));
    if (job.transfer_files) CAIRN_CHECK(check_inputs(job, home.folder()));
  }
  return {};
}

// Event 000 of all, each log file written once.
void announce(const NewJobs& jobs, int cluster, std::int64_t now_ms) {
  std::map<Path, std::string> logs;
  struct Log {
    Path file;  // empty: none
    LogFormat format;
  };
  const auto log_of = [](const JobAd& ad) {
    const auto log = ad.get_string("UserLog");
    return Log{log && !log->empty() ? Path(ad.get_string("Iwd").value_or("")) / *log : Path(),
               log_format(ad)};
  };
  const Log shared = log_of(jobs.ad);
  for (int proc = 0; const std::string& changes : jobs.changes) {
    const JobId id{cluster, proc++};
    Log log = shared;
    if (changes.find("UserLog") != changes.npos || changes.find("Iwd") != changes.npos)
      if (const auto ad = JobAd::parse(jobs.ad.text() + changes)) log = log_of(*ad);
    if (!log.file.empty())
      logs[log.file] +=
          in_form(submit_event(log.format.head(id, now_ms), host_name()), log.format.form);
  }
  for (const auto& [file, text] : logs)
    if (const Status written = append_to_log(file, text); !written)
      complain("warning: " + written.error().message);
}

Result<int> submit(const HereChoices& choices) {
  PosixFileSystem files;
  CAIRN_TRY(const Path folder, Home::default_folder());
  CAIRN_TRY(const Home home, Home::open(files, folder));
  CAIRN_TRY(Queue queue, Queue::open(home.queue_file()));
  CAIRN_TRY(const auto source, open_submit_file(choices.submission));
  const std::int64_t now = wall_clock_ms();
  NewJobs jobs;
  const auto make = [&](int cluster) -> Result<NewJobs> {
    CAIRN_TRY(Submission submission, source->ads(cluster, now / 1000));
    for (const SubmitWarning& warning : submission.warnings) complain("warning: " + warning.text);
    if (submission.empty())
      return Error{Errc::invalid, fmt::format("{} queues no job", source->name()), 0,
                   "end it with a line: queue"};
    CAIRN_CHECK(check_runnable(submission.clusters.front(), home));
    if (const Path old = home.job_folder({cluster, 0}); std::filesystem::exists(old))
      return Error{Errc::misuse,
                   fmt::format("{} belongs to a job that {} does not know", old.native(),
                               home.queue_file().native()),
                   0, "bring it back with: cairn queue --rebuild"};
    jobs = compact(std::move(submission.clusters.front()));
    // Before an engine sees them: its first event comes after this one.  Should the commit fail,
    // the log has an event of jobs that never were.
    announce(jobs, cluster, now);
    return jobs;
  };
  CAIRN_TRY(
      const int cluster,
      queue.add({.key = source->key(), .created_ms = now, .runner = "engine", .name = choices.name},
                make));
  const std::size_t count = jobs.changes.size();
  if (choices.json)
    std::cout << nlohmann::json{{"cluster", cluster}, {"jobs", count}}.dump() << std::endl;
  else if (choices.terse)
    std::cout << fmt::format("{0}.0 - {0}.{1}", cluster, count - 1) << std::endl;
  else
    std::cout << fmt::format("{} job{} submitted to cluster {}.", count, count == 1 ? "" : "s",
                             cluster)
              << std::endl;
  const auto woken = ask_engine(home, {.verb = RequestVerb::wake, .jobs = {}, .reason = ""});
  if (!woken)
    complain(fmt::format("warning: the jobs are in the queue, but {}", woken.error().text()));
  return kOk;
}

}  // namespace

int submit_here(const HereChoices& choices) { return exit_status(submit(choices)); }

}  // namespace cairn::cli
