// What of each cluster lies beside the queue, so that a queue that is lost can be made anew:
//
//   HOME/clusters/12.ads     its record and the ads of its jobs, for ever as they were submitted
//   HOME/clusters/12.states  a line for each job that was held or released, or is over
//
// The ads are durable before the jobs are in the queue.  The states follow the queue's own commits
// without a wait for the disk: a power cut may take the newest lines, as long as it does not take
// the queue, too.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cairn/result.h"
#include "os/filesystem.h"
#include "queue/queue.h"

namespace cairn {

// Text, as of condor_q -long, and a checksum over all of it in its last line.
std::string encode_cluster(const ClusterRecord& cluster, const NewJobs& jobs);

struct ClusterFile {
  ClusterRecord cluster;
  NewJobs jobs;
};
// Errors: corrupt.
Result<ClusterFile> decode_cluster(std::string_view text);

// The newest state of a job for which there is a line.
struct NotedState {
  JobState state = JobState::idle;  // also held, completed, removed
  std::optional<ExitStatus> exit{};
  std::optional<HoldFacts> hold{};
  friend bool operator==(const NotedState&, const NotedState&) = default;
};
std::string state_line(const JobRecord& job);
// By proc.  What is no such line, the end of a line that was cut off for example, is left out.
std::map<int, NotedState> parse_states(std::string_view text);

// The folder of these files.  Errors of every call: io, no_space, naming the file.
class ClusterFiles {
 public:
  explicit ClusterFiles(Path folder) : folder_(std::move(folder)) {}

  // In two steps, around the queue's own: what was prepared only counts where there is nothing
  // else.  Errors: misuse, if the queue does not know a cluster that had this number.
  Status prepare(const ClusterRecord& cluster, const NewJobs& jobs);
  void publish(int cluster);
  void discard(int cluster);

  // Best effort: the queue itself has it.
  void note(const JobRecord& job);
  void remove(int cluster);

  // The numbers of all clusters that have a file.
  Result<std::vector<int>> list();
  // Errors: also not_found, corrupt.
  Result<ClusterFile> read(int cluster);
  std::map<int, NotedState> states(int cluster);

 private:
  Path ads(int cluster) const;
  Path prepared(int cluster) const;
  Path states_file(int cluster) const;

  PosixFileSystem files_;
  Path folder_;
  std::map<int, std::map<int, NotedState>> known_;  // of clusters with held jobs
};

}  // namespace cairn
