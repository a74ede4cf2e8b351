#include "cli/submit_here.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/text.h"
#include "base/try.h"
#include "cli/job_source.h"
#include "cli/verb.h"
#include "engine/client.h"
#include "engine/sandbox.h"
#include "engine/starters.h"
#include "job/event_log.h"

namespace cairn::cli {
namespace {

// What the jobs share, and in what each differs from that.
NewJobs compact(const std::vector<JobAd>& ads) {
  NewJobs jobs;
  for (const auto& [name, expression] : ads.front().attributes())
    if (!equal_ignoring_case(name, "ProcId")) jobs.ad.set(name, expression);
  // An attribute that one of them does not have is no shared one.
  for (const JobAd& ad : ads)
    if (ad.attributes().size() != ads.front().attributes().size())
      for (const auto& [name, expression] : ads.front().attributes())
        if (!ad.get(name)) jobs.ad.erase(name);
  for (const JobAd& ad : ads) {
    std::string changes;
    for (const auto& [name, expression] : ad.attributes())
      if (jobs.ad.get(name) != expression) changes += cat(name, " = ", expression, "\n");
    jobs.changes.push_back(std::move(changes));
  }
  return jobs;
}

// Before days of work end where they cannot be put.  Jobs that differ in nothing but their
// numbers are looked at once.
Status check_runnable(const std::vector<JobAd>& ads, const Home& home) {
  std::set<std::string> seen;
  for (const JobAd& ad : ads) {
    CAIRN_TRY(const JobSpec job, job_spec(ad));
    const std::string places =
        cat(job.initial_directory.native(), "\n", job.output.parent_path().native(), "\n",
            job.error.parent_path().native(), "\n", ad.get("TransferInput").value_or(""), "\n",
            ad.get("TransferOutputRemaps").value_or(""), "\n", job.log.parent_path().native());
    if (!seen.insert(places).second) continue;
    CAIRN_CHECK(check_output_folders(job));
    if (job.transfer_files) CAIRN_CHECK(check_inputs(job, home.folder()));
  }
  return {};
}

// Event 000 of all, each log file written once.
void announce(const std::vector<JobAd>& ads, int cluster, std::int64_t now_ms) {
  std::map<Path, std::string> logs;
  for (int proc = 0; const JobAd& ad : ads) {
    const JobId id{cluster, proc++};
    const auto log = ad.get_string("UserLog");
    if (!log || log->empty()) continue;
    logs[Path(ad.get_string("Iwd").value_or("")) / *log] +=
        submit_event({id, now_ms / 1000}, host_name());
  }
  for (const auto& [file, text] : logs) {
    const Descriptor fd(
        ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0666));
    if (!fd || ::write(fd.get(), text.data(), text.size()) != std::ssize(text))
      complain(fmt::format("warning: the event log {} cannot be written: {}", file.native(),
                           std::strerror(errno)));
  }
}

Result<int> submit(const HereChoices& choices) {
  PosixFileSystem files;
  CAIRN_TRY(const Path folder, Home::default_folder());
  CAIRN_TRY(const Home home, Home::open(files, folder));
  CAIRN_TRY(Queue queue, Queue::open(home.queue_file()));
  CAIRN_TRY(const auto source, open_submit_file(choices.file));
  const std::int64_t now = wall_clock_ms();
  std::vector<JobAd> ads;
  const auto make = [&](int cluster) -> Result<NewJobs> {
    CAIRN_TRY(Submission submission, source->ads(cluster, now / 1000));
    for (const SubmitWarning& warning : submission.warnings) complain("warning: " + warning.text);
    if (submission.jobs.empty())
      return Error{Errc::invalid, fmt::format("{} queues no job", source->name()), 0,
                   "end it with a line: queue"};
    ads = std::move(submission.jobs);
    CAIRN_CHECK(check_runnable(ads, home));
    if (const Path old = home.job_folder({cluster, 0}); std::filesystem::exists(old))
      return Error{Errc::misuse,
                   fmt::format("{} belongs to a job that {} does not know", old.native(),
                               home.queue_file().native()),
                   0, fmt::format("move {} away", home.folder().native())};
    return compact(ads);
  };
  CAIRN_TRY(const int cluster, queue.add({.key = source->key(),
                                          .created_ms = now,
                                          .runner = "engine",
                                          .name = choices.name},
                                         make));
  announce(ads, cluster, now);
  if (choices.json)
    std::cout << nlohmann::json{{"cluster", cluster}, {"jobs", ads.size()}}.dump() << std::endl;
  else if (choices.terse)
    std::cout << fmt::format("{0}.0 - {0}.{1}", cluster, ads.size() - 1) << std::endl;
  else
    std::cout << fmt::format("{} job{} submitted to cluster {}.", ads.size(),
                             ads.size() == 1 ? "" : "s", cluster)
              << std::endl;
  auto client = Client::connect(home, Client::IfNone::start);
  auto woken = client ? client->request({.verb = RequestVerb::wake, .jobs = {}, .reason = ""})
                      : client.error();
  if (!woken)
    complain(fmt::format("warning: the jobs are in the queue, but {}", woken.error().text()));
  return kOk;
}

}  // namespace

int submit_here(const HereChoices& choices) {
  const auto status = submit(choices);
  return status ? *status : refuse(status.error());
}

}  // namespace cairn::cli
