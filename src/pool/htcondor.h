// A real HTCondor pool, by its own commands and the job event log.
//
// The log is the truth: it is read whole at each poll.  A job whose submit file names none
// gets one.  Commands are called with an argv, never through a shell.
#pragma once

#include <functional>

#include "os/command.h"
#include "os/filesystem.h"
#include "pool/pool.h"

namespace cairn {

// run_command(), or what tests put in its place.
using CommandRunner = std::function<Result<CommandResult>(const CommandOptions&)>;

class HTCondorPool final : public Pool {
 public:
  explicit HTCondorPool(FileSystem& files, CommandRunner run = run_command);

  std::string_view name() const override { return "htcondor"; }
  Result<std::string> check() override;
  Result<PoolReceipt> submit(const PoolOrder& order) override;
  // Errors besides: invalid, for a log that is none.
  Result<PoolNews> poll(std::span<const PoolCluster> clusters) override;
  Status hold(std::span<const PoolJob> jobs, const std::string& reason) override;
  Status release(std::span<const PoolJob> jobs, const std::string& reason) override;
  Status vacate(std::span<const PoolJob> jobs, Departure how) override;
  Status remove(std::span<const PoolJob> jobs, const std::string& reason) override;
  Result<Path> fetch(const PoolJob& job, const Path& folder) override;

 private:
  Status read_logs(const PoolCluster& cluster, std::vector<PoolUpdate>& updates);
  Result<std::vector<std::string>> log_arguments(const PoolOrder& order) const;
  Result<std::vector<JobAd>> ads(const std::string& cluster) const;
  Result<CommandResult> run(std::vector<std::string> arguments, const Path& folder = {}) const;
  Status request(std::vector<std::string> command, std::span<const PoolJob> jobs) const;

  FileSystem& files_;
  CommandRunner run_;
};

// Where the pool writes the job's event log; empty: nowhere.
Path user_log(const JobAd& ad);

}  // namespace cairn
