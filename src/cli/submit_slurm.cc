#include "cli/submit_slurm.h"

#include <fmt/format.h>

#include <filesystem>
#include <iostream>

#include "base/try.h"
#include "cli/job_source.h"
#include "cli/pools.h"
#include "cli/verb.h"
#include "engine/home.h"
#include "engine/job_log.h"
#include "engine/sandbox.h"
#include "os/clock.h"
#include "pool/slurm.h"

namespace cairn::cli {
namespace {

namespace stdfs = std::filesystem;

SlurmOptions slurm_options(const Home& home) {
  SlurmOptions options;
  options.folder = home.folder() / "slurm";
  std::error_code ignored;
  const Path self = stdfs::read_symlink("/proc/self/exe", ignored);
  options.starter_program = self.parent_path() / "cairn-starter";
  options.host = host_name();
  return options;
}

Result<std::vector<JobAd>> read_jobs(const JobSource& source, const Home& home, int cluster) {
  CAIRN_TRY(const Submission submission, source.ads(cluster, wall_clock_ms() / 1000));
  for (const SubmitWarning& warning : submission.warnings) complain("warning: " + warning.text);
  if (submission.empty())
    return Error{Errc::invalid, fmt::format("{} queues no job", source.name()), 0,
                 "end it with a line: queue"};
  std::vector<JobAd> jobs = submission.jobs();
  for (const JobAd& ad : jobs) {
    CAIRN_TRY(const JobSpec job, job_spec(ad));
    CAIRN_CHECK(check_output_folders(job));
    if (job.transfer_files) CAIRN_CHECK(check_inputs(job, home.folder()));
  }
  return jobs;
}

Status announce(const std::vector<JobAd>& jobs) {
  for (const JobAd& ad : jobs) {
    CAIRN_TRY(const JobSpec job, job_spec(ad));
    const Path log = job.log.empty() ? Path() : job.initial_directory / job.log;
    JobLog written(job.id, log, host_name(), {});
    written.set_format(log_format(ad));
    written.submitted(wall_clock_ms());
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Pool>> open_slurm(FileSystem& files) {
  CAIRN_TRY(const Path folder, Home::default_folder());
  CAIRN_TRY(const Home home, Home::open(files, folder));
  return std::unique_ptr<Pool>(std::make_unique<SlurmPool>(files, slurm_options(home)));
}

Result<int> hand_over_to_slurm(const PoolChoices& choices) {
  PosixFileSystem files;
  CAIRN_TRY(const Path folder, Home::default_folder());
  CAIRN_TRY(const Home home, Home::open(files, folder));
  CAIRN_TRY(const auto source, open_submit_file({.file = choices.file}));
  SlurmOptions options = slurm_options(home);
  options.options = choices.slurm_options;
  options.htcondor = choices.htcondor;
  if (!choices.shared_folder.empty())
    options.shared_folder = stdfs::absolute(choices.shared_folder);
  SlurmPool slurm(files, options);
  if (choices.dry_run) {
    CAIRN_TRY(const std::vector<JobAd> jobs, read_jobs(*source, home, 1));
    CAIRN_TRY(const std::string text, slurm.preview(jobs));
    std::cout << text << std::flush;
    return kOk;
  }
  CAIRN_TRY(Queue queue, Queue::open(home.queue_file()));
  CAIRN_TRY(const std::string version, slurm.check());
  // No look may find what is only half handed over.
  CAIRN_TRY(const FolderLock turn, take_turn(home.folder(), std::chrono::minutes(3)));
  std::vector<JobAd> jobs;
  ClusterRecord record{.key = source->key(), .created_ms = wall_clock_ms(), .runner = "slurm"};
  // First into the queue: a kill in between leaves jobs there that were never handed over, and the
  // next look says so.
  CAIRN_TRY(const int cluster, queue.add(record, [&](int number) -> Result<std::vector<JobAd>> {
    CAIRN_TRY(jobs, read_jobs(*source, home, number));
    return jobs;
  }));
  auto receipt = slurm.submit({.submit_file = source->key(), .jobs = jobs});
  if (!receipt) {
    CAIRN_CHECK(queue.remove_cluster(cluster));
    return std::move(receipt).error();
  }
  CAIRN_CHECK(announce(jobs));
  for (const std::string& warning : receipt->warnings) complain("warning: " + warning);
  std::cout << fmt::format("cluster {}: {} job{} handed to slurm {}\n", cluster, jobs.size(),
                           jobs.size() == 1 ? "" : "s", version)
            << std::flush;
  return kOk;
}

}  // namespace cairn::cli
