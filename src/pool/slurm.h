// Jobs under Slurm: each runs by Cairn's own code in an allocation (solo/solo.h), from a folder on
// a file system that submit side and nodes share.
//
//   FOLDER/12/cairn-starter   the program that goes along: statically linked
//   FOLDER/12/submit-0.sh     what sbatch was given
//   FOLDER/12/settings        what it was handed over with
//   FOLDER/12/slurm-17_0.log  what the runner said
//   FOLDER/12/0/              a job: job.ad, and what its runner writes (solo/solo.h)
//   FOLDER/12/0/requests/     a journal too: what was asked and done from the submit side
//   FOLDER/12/0/handed-over   by the submit side: under which number Slurm has it
//
// The two journals are the truth about a job; Slurm is asked only whether it still has it.  A
// cluster's pool_id is the number that Cairn's queue has for it, 12.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/job_log.h"
#include "os/command.h"
#include "pool/pool.h"
#include "pool/slurm_script.h"
#include "solo/claim.h"
#include "solo/journal.h"

namespace cairn {

struct SlurmOptions {
  Path folder;         // FOLDER, absolute
  Path shared_folder;  // where a cluster's folder is, if not in FOLDER: that has a link to it then
  Path starter_program;              // the static program
  std::vector<std::string> options;  // for sbatch
  bool htcondor = false;             // the contract of the jobs
  std::string host = "localhost";    // of the submit side, for the job event log
};

// What the submit side knows of a job that it handed over.
struct HandedOver {
  std::string allocation;  // "17", "17_3"
  int lost = 0;            // how often in a row it was submitted again, without a new checkpoint
  std::optional<std::int64_t> last_checkpoint;  // when it was submitted last
  friend bool operator==(const HandedOver&, const HandedOver&) = default;
};
std::string encode(const HandedOver& handed_over);
Result<HandedOver> decode_handed_over(std::string_view text);  // errors: corrupt

// ---- what to do about a job that is not settled

enum class SlurmNext {
  wait,          // Slurm has it, or will start it again
  submit_again,  // its allocation is gone, and nobody asked for that
  cancelled,     // somebody did
  hopeless,      // it was submitted again too often without a new checkpoint
};
inline constexpr int kLostMax = 5;

//   slurm_state  of its allocation, squeue's %T; nothing: Slurm does not know it
SlurmNext slurm_next(const std::optional<std::string>& slurm_state,
                     const std::optional<Runner>& runner, const HandedOver& handed_over,
                     std::optional<std::int64_t> last_checkpoint);

// The lines of `squeue --noheader --array --format=%i|%T`: state by number.
std::map<std::string, std::string> read_squeue(std::string_view output);

// ---- the story of a job, from both its journals

struct SlurmStory {
  JobRecord record;  // without id and ad
  std::vector<EventRecord> events;
  bool held_by_runner = false;  // its journal says so; else from the submit side
  std::uint64_t seen = 0;       // the sequence of the runner's last entry
};
// As long as both only grow, a longer story begins with the shorter one.
SlurmStory slurm_story(const JournalContents& runner, const JournalContents& requests);

class SlurmPool final : public Pool {
 public:
  using CommandRunner = std::function<Result<CommandResult>(const CommandOptions&)>;
  SlurmPool(FileSystem& files, SlurmOptions options, CommandRunner run = run_command);

  std::string_view name() const override { return "slurm"; }
  Result<std::string> check() override;
  // What submit() would hand over, for people.
  Result<std::string> preview(std::span<const JobAd> jobs) const;
  // The jobs' ClusterId becomes the pool_id.  All or nothing.
  Result<PoolReceipt> submit(const PoolOrder& order) override;
  // Submits again what was lost, and holds what was cancelled.  The journals are read each time,
  // Slurm is asked every few seconds at most.
  Result<PoolNews> poll(std::span<const PoolCluster> clusters) override;
  Status hold(std::span<const PoolJob> jobs, const std::string& reason) override;
  Status release(std::span<const PoolJob> jobs, const std::string& reason) override;
  Status vacate(std::span<const PoolJob> jobs, Departure how) override;
  Status remove(std::span<const PoolJob> jobs, const std::string& reason) override;
  Result<Path> fetch(const PoolJob& job, const Path& folder) override;
  Status forget(const std::string& pool_id) override;

 private:
  using Listed = std::map<std::string, std::string>;
  // One job, while the submit side does something about it.
  struct Desk;

  Path cluster_folder(const std::string& pool_id) const { return options_.folder / pool_id; }
  Path job_folder(const PoolJob& job) const {
    return cluster_folder(job.pool_id) / std::to_string(job.proc);
  }
  SlurmSettings new_settings(const std::string& pool_id) const;
  Result<SlurmSettings> settings_of(const std::string& pool_id);
  Status make_cluster_folder(const std::string& pool_id, const SlurmSettings& settings);
  Status write_job(const PoolJob& job, const JobAd& ad);
  Result<std::string> sbatch(const SlurmScript& script, const std::string& pool_id);
  Status hand_over(const std::vector<SlurmScript>& scripts, const std::string& pool_id,
                   std::vector<std::string>& numbers);
  Result<SlurmStory> story(const PoolJob& job);
  Result<std::optional<HandedOver>> handed_over(const PoolJob& job);
  Status look_at(const PoolCluster& cluster, const std::optional<Listed>& listed,
                 std::vector<PoolUpdate>& updates);
  // Errors: not_found; io, if Slurm cannot be asked.
  Result<Listed> listed();
  Result<std::optional<std::string>> state_in_slurm(const Desk& desk);
  Result<Desk> open_desk(const PoolJob& job);
  Status note(Desk& desk, JobState state, std::optional<HoldFacts> hold, std::optional<Mark> mark,
              const std::string& text);
  Result<JobLog> log_of(const PoolJob& job);
  Status hold(const PoolJob& job, const HoldFacts& why);
  // What the job's periodic expressions say while it has no runner that asks them.
  Status ask_policy(const PoolJob& job, const JobAd& ad, const SlurmStory& story);
  Status look_after(const PoolJob& job, const std::optional<Listed>& listed);
  Status submit_again(Desk& desk, bool lost);
  Status release_from_runner(Desk& desk, const std::string& reason);
  Status command(std::vector<std::string> arguments);
  Result<CommandResult> run(std::vector<std::string> arguments, const Path& folder = {});

  FileSystem& files_;
  SlurmOptions options_;
  CommandRunner run_;
  std::chrono::seconds kill_wait_{30};
  std::optional<std::chrono::steady_clock::time_point> asked_;  // squeue, for all
};

}  // namespace cairn
