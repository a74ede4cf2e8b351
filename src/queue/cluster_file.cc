#include "queue/cluster_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "base/checksum.h"
#include "base/text.h"
#include "base/try.h"
#include "job/job_ad.h"
#include "os/descriptor.h"

namespace cairn {
namespace {

constexpr std::string_view kFirstLine = "# A cluster of Cairn's queue, form 1\n";
constexpr std::string_view kSum = "sum ";
constexpr std::string_view kAds = ".ads", kPrepared = ".ads.tmp", kStates = ".states";

Error damaged(const char* what) {
  return {Errc::corrupt, cat("the cluster's file is damaged: ", what), 0, {}};
}

// The next lines up to an empty one, which is taken, too.
std::optional<std::string> take_section(std::string_view& text) {
  std::string section;
  for (;;) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view line = text.substr(0, end + 1);
    text.remove_prefix(end + 1);
    if (line == "\n") return section;
    section += line;
  }
}

std::optional<JobState> noted_state(std::string_view word) {
  for (const JobState state :
       {JobState::idle, JobState::held, JobState::completed, JobState::removed})
    if (to_text(state) == word) return state;
  return std::nullopt;
}

// Its words, the last with all that follows.
std::vector<std::string> words_of(std::string_view line, std::size_t most) {
  std::vector<std::string> words;
  while (words.size() + 1 < most) {
    const auto end = line.find(' ');
    if (end == std::string_view::npos) break;
    words.emplace_back(line.substr(0, end));
    line.remove_prefix(end + 1);
  }
  words.emplace_back(line);
  return words;
}

}  // namespace

std::string encode_cluster(const ClusterRecord& cluster, const NewJobs& jobs) {
  JobAd head;
  head.set_integer("Cluster", cluster.cluster);
  head.set_string("Key", cluster.key);
  head.set_integer("CreatedMs", cluster.created_ms);
  head.set_string("Runner", cluster.runner);
  head.set_string("PoolId", cluster.pool_id);
  head.set_string("BatchName", cluster.name);
  head.set_integer("Jobs", std::ssize(jobs.changes));
  std::string text = cat(kFirstLine, head.text(), "\n", jobs.ad.text(), "\n");
  for (const std::string& changes : jobs.changes) text += cat(changes, "\n");
  return text += cat(kSum, to_hex(checksum(as_bytes(text))), "\n");
}

Result<ClusterFile> decode_cluster(std::string_view text) {
  const auto last = text.size() < 2 ? std::string_view::npos : text.rfind('\n', text.size() - 2);
  if (!text.starts_with(kFirstLine) || last == std::string_view::npos) return damaged("its form");
  const std::string_view covered = text.substr(0, last + 1);
  if (text.substr(last + 1) != cat(kSum, to_hex(checksum(as_bytes(covered))), "\n"))
    return damaged("its checksum");
  std::string_view rest = covered.substr(kFirstLine.size());
  const auto head_text = take_section(rest), shared = take_section(rest);
  if (!head_text || !shared) return damaged("it has no jobs");
  CAIRN_TRY(const JobAd head, JobAd::parse(*head_text));
  ClusterFile file;
  CAIRN_TRY(file.jobs.ad, JobAd::parse(*shared));
  file.cluster = {.cluster = static_cast<int>(head.get_integer("Cluster").value_or(0)),
                  .key = head.get_string("Key").value_or(""),
                  .created_ms = head.get_integer("CreatedMs").value_or(0),
                  .runner = head.get_string("Runner").value_or(""),
                  .pool_id = head.get_string("PoolId").value_or(""),
                  .name = head.get_string("BatchName").value_or("")};
  while (!rest.empty()) {
    auto changes = take_section(rest);
    if (!changes) return damaged("its end");
    file.jobs.changes.push_back(*std::move(changes));
  }
  if (std::ssize(file.jobs.changes) != head.get_integer("Jobs").value_or(-1))
    return damaged("the number of its jobs");
  return file;
}

std::string state_line(const JobRecord& job) {
  std::string line = cat(job.id.proc, " ", to_text(job.state));
  if (job.state == JobState::held && job.hold) {
    std::string reason = job.hold->reason;
    std::replace(reason.begin(), reason.end(), '\n', ' ');
    line += fmt::format(" {} {} {}", job.hold->code, job.hold->subcode, reason);
  }
  if (job.state == JobState::completed && job.exit)
    line += job.exit->by_signal ? fmt::format(" signal {}", job.exit->signal)
                                : fmt::format(" code {}", job.exit->code);
  return line += '\n';
}

std::map<int, NotedState> parse_states(std::string_view text) {
  std::map<int, NotedState> states;
  for (std::size_t end = 0; (end = text.find('\n')) != std::string_view::npos;) {
    const auto words = words_of(text.substr(0, end), 5);
    text.remove_prefix(end + 1);
    const auto proc = parse_integer(words[0]);
    const auto state = words.size() > 1 ? noted_state(words[1]) : std::nullopt;
    if (!proc || !state) continue;
    NotedState noted{.state = *state};
    const auto number = [&](std::size_t at) {
      return static_cast<int>(words.size() > at ? parse_integer(words[at]).value_or(0) : 0);
    };
    if (*state == JobState::held)
      noted.hold = HoldFacts{number(2), number(3), words.size() > 4 ? words[4] : ""};
    if (*state == JobState::completed && words.size() > 3)
      noted.exit =
          words[2] == "signal" ? ExitStatus{true, 0, number(3)} : ExitStatus{false, number(3), 0};
    states[static_cast<int>(*proc)] = std::move(noted);
  }
  return states;
}

// ----

Path ClusterFiles::ads(int cluster) const { return folder_ / cat(cluster, kAds); }
Path ClusterFiles::prepared(int cluster) const { return folder_ / cat(cluster, kPrepared); }
Path ClusterFiles::states_file(int cluster) const { return folder_ / cat(cluster, kStates); }

Status ClusterFiles::prepare(const ClusterRecord& cluster, const NewJobs& jobs) {
  CAIRN_CHECK(files_.make_folder(folder_));
  if (files_.info(ads(cluster.cluster)))
    return Error{
        Errc::misuse,
        cat(ads(cluster.cluster).native(), " is of a cluster that the queue does not know"), 0,
        "bring its jobs back with: cairn queue --rebuild"};
  CAIRN_TRY(auto file, files_.create(prepared(cluster.cluster), 0600));
  CAIRN_CHECK(file->append(as_bytes(encode_cluster(cluster, jobs))));
  CAIRN_CHECK(file->sync());
  return file->close();
}

// Where this fails, the file is found under the name it has.
void ClusterFiles::publish(int cluster) {
  if (files_.rename(prepared(cluster), ads(cluster))) std::ignore = files_.sync_directory(folder_);
}

void ClusterFiles::discard(int cluster) { std::ignore = files_.remove(prepared(cluster)); }

void ClusterFiles::note(const JobRecord& job) {
  if (job.state != JobState::idle && job.state != JobState::held &&
      job.state != JobState::completed && job.state != JobState::removed)
    return;
  // An eviction is no news; a release is.
  auto [known, first] = known_.try_emplace(job.id.cluster);
  if (first) known->second = states(job.id.cluster);
  if (job.state == JobState::idle) {
    const auto before = known->second.find(job.id.proc);
    if (before == known->second.end() || before->second.state != JobState::held) return;
    known->second.erase(before);
  } else if (job.state == JobState::held) {
    known->second[job.id.proc].state = JobState::held;
  } else {
    known->second.erase(job.id.proc);
  }
  const std::string line = state_line(job);
  const Descriptor fd(
      ::open(states_file(job.id.cluster).c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (fd) std::ignore = ::write(fd.get(), line.data(), line.size());
}

void ClusterFiles::remove(int cluster) {
  known_.erase(cluster);
  for (const Path& file : {ads(cluster), prepared(cluster), states_file(cluster)})
    std::ignore = files_.remove(file);
}

Result<std::vector<int>> ClusterFiles::list() {
  const auto names = files_.list(folder_);
  if (!names && names.error().code == Errc::not_found) return std::vector<int>();
  if (!names) return names.error();
  std::vector<int> clusters;
  for (const std::string& name : *names)
    for (const std::string_view end : {kAds, kPrepared})
      if (name.ends_with(end))
        if (const auto number = parse_integer(name.substr(0, name.size() - end.size())))
          clusters.push_back(static_cast<int>(*number));
  std::sort(clusters.begin(), clusters.end());
  clusters.erase(std::unique(clusters.begin(), clusters.end()), clusters.end());
  return clusters;
}

Result<ClusterFile> ClusterFiles::read(int cluster) {
  auto text = read_file(files_, ads(cluster));
  if (!text && text.error().code == Errc::not_found) text = read_file(files_, prepared(cluster));
  if (!text) return std::move(text).error();
  auto file = decode_cluster(*text);
  if (file && file->cluster.cluster != cluster) return damaged("its number");
  return file;
}

std::map<int, NotedState> ClusterFiles::states(int cluster) {
  const auto text = read_file(files_, states_file(cluster));
  return text ? parse_states(*text) : std::map<int, NotedState>();
}

}  // namespace cairn
