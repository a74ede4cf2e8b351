#include "pool/htcondor.h"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <map>
#include <optional>

#include "base/text.h"
#include "base/try.h"
#include "pool/follow_log.h"

namespace cairn {
namespace {

constexpr std::size_t kJobsPerCommand = 500;  // far below what an argv may hold

std::int64_t local_seconds(std::tm date) { return std::mktime(&date); }

// What a tool said, on one line: its last words are the ones that count, but they are often
// spread over several.
std::string words_of(const CommandResult& result) {
  std::string words = join(split_list(result.errors, '\n'), " ");
  if (words.empty()) words = join(split_list(result.output, '\n'), " ");
  return words.empty() ? result.failure() : words;
}

std::string id_of(const PoolJob& job) { return cat(job.pool_id, ".", job.proc); }

// condor_submit -terse: "38.0 - 38.2", a line for each queue statement.
std::optional<std::string> cluster_of(std::string_view output) {
  for (const std::string& line : split_list(output, '\n')) {
    const auto dot = line.find('.');
    if (dot == 0 || dot == std::string::npos || line.find(" - ") == std::string::npos) continue;
    std::string number = line.substr(0, dot);
    if (parse_integer(number)) return number;
  }
  return std::nullopt;
}

Error refused(const CommandResult& result) {
  return {Errc::invalid, cat("condor_submit: ", words_of(result)), 0, "nothing was handed over"};
}

}  // namespace

Path user_log(const JobAd& ad) {
  const auto log = ad.get_string("UserLog");
  if (!log || log->empty()) return {};
  return Path(ad.get_string("Iwd").value_or("")) / *log;
}

HTCondorPool::HTCondorPool(FileSystem& files, CommandRunner run)
    : files_(files), run_(std::move(run)) {}

Result<CommandResult> HTCondorPool::run(std::vector<std::string> arguments,
                                        const Path& folder) const {
  const std::string name = arguments.front();
  auto result = run_({.arguments = std::move(arguments), .working_folder = folder});
  if (!result && result.error().code == Errc::not_found)
    return Error{Errc::not_found, cat(name, ": no such command"), 0,
                 "put HTCondor's commands on PATH, on a machine that may submit to the pool"};
  return result;
}

Result<std::string> HTCondorPool::check() {
  CAIRN_TRY(const CommandResult version, run({"condor_version"}));
  if (!version.succeeded())
    return Error{Errc::io, cat("condor_version: ", words_of(version)), 0, {}};
  CAIRN_TRY(const CommandResult queue, run({"condor_q", "-totals"}));
  if (!queue.succeeded())
    return Error{Errc::io, cat("the pool does not answer: condor_q: ", words_of(queue)), 0,
                 "is its schedd running on this machine?"};
  // "$CondorVersion: 23.9.6 2026-07-12 …"
  const std::vector<std::string> words = split_list(version.output, ' ');
  return words.size() > 1 ? words[1] : std::string("unknown");
}

// Without a log there is nothing to follow.  condor_submit knows best what the file says.
Result<std::vector<std::string>> HTCondorPool::log_arguments(const PoolOrder& order) const {
  CAIRN_TRY(const CommandResult result,
            run({"condor_submit", "-dry-run", "-", order.submit_file.filename().native()},
                order.submit_file.parent_path()));
  if (!result.succeeded()) return refused(result);
  for (const std::string& line : split_list(result.output, '\n'))
    if (starts_with_ignoring_case(line, "UserLog=") || starts_with_ignoring_case(line, "UserLog ="))
      return std::vector<std::string>{};
  const Path log = order.log_folder / "htcondor-$(Cluster).log";
  return std::vector<std::string>{"-append", cat("log = ", log.native())};
}

Result<PoolReceipt> HTCondorPool::submit(const PoolOrder& order) {
  CAIRN_TRY(const std::vector<std::string> log, log_arguments(order));
  std::vector<std::string> arguments = {"condor_submit", "-terse"};
  arguments.insert(arguments.end(), log.begin(), log.end());
  // Relative names start where the file is, as they do for Cairn.
  arguments.push_back(order.submit_file.filename().native());
  CAIRN_TRY(const CommandResult result, run(std::move(arguments), order.submit_file.parent_path()));
  if (!result.succeeded()) return refused(result);
  const auto cluster = cluster_of(result.output);
  if (!cluster)
    return Error{Errc::io, cat("condor_submit gave no cluster number: ", words_of(result)), 0,
                 "see with condor_q whether it took the jobs"};
  CAIRN_TRY(std::vector<JobAd> jobs, ads(*cluster));
  return PoolReceipt{*cluster, std::move(jobs), split_list(result.errors, '\n')};
}

// Sorted by proc.  A job that is over already stands in the history.
Result<std::vector<JobAd>> HTCondorPool::ads(const std::string& cluster) const {
  std::map<std::int64_t, JobAd> by_proc;
  for (const char* tool : {"condor_q", "condor_history"}) {
    CAIRN_TRY(const CommandResult result, run({tool, cluster, "-long"}));
    if (!result.succeeded()) return Error{Errc::io, cat(tool, ": ", words_of(result)), 0, {}};
    std::string_view rest = result.output;
    while (!trim(rest).empty()) {
      const std::size_t end = std::min(rest.find("\n\n"), rest.size());
      CAIRN_TRY(JobAd ad, JobAd::parse(rest.substr(0, end)));
      if (const auto proc = ad.get_integer("ProcId")) by_proc.emplace(*proc, std::move(ad));
      rest.remove_prefix(std::min(end + 2, rest.size()));
    }
    const auto total =
        by_proc.empty() ? std::nullopt : by_proc.begin()->second.get_integer("TotalSubmitProcs");
    if (total && *total == std::ssize(by_proc)) break;
  }
  std::vector<JobAd> jobs;
  jobs.reserve(by_proc.size());
  for (auto& [proc, ad] : by_proc) jobs.push_back(std::move(ad));
  if (jobs.empty())
    return Error{Errc::io, cat("the pool took cluster ", cluster, " and does not know it"), 0,
                 cat("see condor_q ", cluster)};
  return jobs;
}

Result<PoolNews> HTCondorPool::poll(std::span<const PoolCluster> clusters) {
  PoolNews news;
  for (const PoolCluster& cluster : clusters)
    if (auto read = read_logs(cluster, news.updates); !read) news.trouble = std::move(read).error();
  return news;
}

Status HTCondorPool::read_logs(const PoolCluster& cluster, std::vector<PoolUpdate>& updates) {
  const auto number = parse_integer(cluster.pool_id);
  if (!number)
    return Error{
        Errc::invalid, cat("\"", cluster.pool_id, "\" is no cluster of HTCondor's"), 0, {}};
  std::map<Path, std::vector<JobRecord>> by_log;
  for (const JobRecord& job : cluster.jobs)
    if (const Path log = user_log(job.ad); !log.empty()) by_log[log].push_back(job);
  for (const auto& [log, jobs] : by_log) {
    const auto text = read_file(files_, log);
    if (!text && text.error().code == Errc::not_found) continue;  // not begun yet
    if (!text) return text.error();
    auto told = follow_log(*text, static_cast<int>(*number), jobs, local_seconds);
    if (!told)
      return Error{told.error().code, cat(log.native(), ": ", told.error().message), 0, {}};
    std::move(told->begin(), told->end(), std::back_inserter(updates));
  }
  return {};
}

Status HTCondorPool::request(std::vector<std::string> command,
                             std::span<const PoolJob> jobs) const {
  for (std::size_t i = 0; i < jobs.size(); i += kJobsPerCommand) {
    std::vector<std::string> arguments = command;
    for (const PoolJob& job : jobs.subspan(i, std::min(kJobsPerCommand, jobs.size() - i)))
      arguments.push_back(id_of(job));
    CAIRN_TRY(const CommandResult result, run(std::move(arguments)));
    if (!result.succeeded())
      return Error{Errc::io, cat(command.front(), ": ", words_of(result)), 0, {}};
  }
  return {};
}

Status HTCondorPool::hold(std::span<const PoolJob> jobs, const std::string& reason) {
  if (reason.empty()) return request({"condor_hold"}, jobs);
  return request({"condor_hold", "-reason", reason}, jobs);
}

Status HTCondorPool::release(std::span<const PoolJob> jobs, const std::string& reason) {
  if (reason.empty()) return request({"condor_release"}, jobs);
  return request({"condor_release", "-reason", reason}, jobs);
}

Status HTCondorPool::vacate(std::span<const PoolJob> jobs, Departure how) {
  if (how == Departure::fast) return request({"condor_vacate_job", "-fast"}, jobs);
  return request({"condor_vacate_job"}, jobs);
}

Status HTCondorPool::remove(std::span<const PoolJob> jobs, const std::string& reason) {
  if (reason.empty()) return request({"condor_rm"}, jobs);
  return request({"condor_rm", "-reason", reason}, jobs);
}

// condor_evicted_files copies the job's spool folder to ./38.0, and is content if there is none.
Result<Path> HTCondorPool::fetch(const PoolJob& job, const Path& folder) {
  CAIRN_TRY(const CommandResult result, run({"condor_evicted_files", "get", id_of(job)}, folder));
  const Path copy = folder / id_of(job);
  if (result.succeeded() && result.output.find("Copied to") != std::string::npos) return copy;
  const std::string words = words_of(result);
  if (words.find("never evicted") != std::string::npos)
    return Error{Errc::not_found, cat("the pool has no checkpoint of ", id_of(job)), 0,
                 "it has made none yet, or has left the queue"};
  return Error{Errc::io, cat("condor_evicted_files: ", words), 0, {}};
}

}  // namespace cairn
