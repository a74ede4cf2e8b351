// Submit files: text in, job ads out.  Pure: what the text needs to know of the
// world comes in a SubmitContext.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cairn/result.h"
#include "job/arguments.h"
#include "job/job_ad.h"
#include "submit/world.h"

namespace cairn {

class Macros;

// What $(ARCH) and its like stand for, and what HTCondor's configuration says.
struct SubmitMachine {
  std::string arch = "X86_64", opsys = "LINUX";
  std::string opsys_version = "1200", opsys_and_version = "Debian12", opsys_major_version = "12";
  std::string spool = "/var/lib/condor/spool";
  int lease_seconds = 2400, schedd_interval_seconds = 300;
};

struct SubmitContext {
  std::string file = "job.sub";     // the name for messages and for JobSubmitFile
  std::filesystem::path directory;  // absolute; where relative names start
  int cluster = 1;                  // of the first job; a further cluster has the next number
  std::string owner = "user";
  std::string host = "localhost";
  std::int64_t now_seconds = 0;  // since 1970, for QDate
  int utc_offset_seconds = 0;    // of the local time, for $(DAY)
  SubmitMachine machine = {};
  std::string pool_version = "23.9.6";  // for `if version`
  int jobs_max = 10'000'000;            // refused beyond
  // Of files, commands and environment; nullptr: there are none, and no file is asked for.
  SubmitWorld* world = nullptr;
  // Refuse an executable or an initialdir that is not there.  `cairn lint` says it itself, and
  // wants to see the rest of the file.
  bool checks_files = true;

  // From condor_submit's command line: name=value, -append LINE, -queue ARGUMENTS.
  std::vector<std::pair<std::string, std::string>> assignments = {};
  std::vector<std::string> append = {};
  std::optional<std::string> queue = {};

  // All jobs in one cluster, also where HTCondor would begin another (a new executable).
  bool one_cluster = true;
  // Accept what condor_submit accepts, where Cairn would rather refuse (a checkpoint exit code
  // of 0, names that lead out of the sandbox, checkpoint_destination): with a warning.
  bool as_htcondor = false;

  // Called for each job before its ad is made (and so also for one that is refused then), with
  // all that is assigned at its queue statement: values with their lines, for `cairn lint`.
  std::function<void(int proc, int queue_line, const Macros& macros)> each_job = {};
};

struct SubmitWarning {
  int line = 0;
  std::string
      text;  // "job.sub:4: unknown command transfer_chekpoint_files is ignored; did you mean …"
};

// The jobs of one cluster: what they share, and how each differs.
struct SubmittedCluster {
  int id = 0;
  std::string host;
  std::int64_t submitted_seconds = 0;
  JobAd ad;                          // as of its first job, without ProcId and GlobalJobId
  std::vector<std::string> changes;  // by proc: lines `Name = expression`, often none

  JobAd job(std::size_t proc) const;
};

struct Submission {
  std::vector<SubmittedCluster> clusters;
  std::vector<SubmitWarning> warnings;

  std::size_t size() const;  // in jobs
  bool empty() const { return size() == 0; }
  std::vector<JobAd> jobs() const;  // every ad whole
};

// The language is that of condor_submit, described in docs/submit.md.
// Errors: invalid, unsupported ("file:line: what; what to do"); those of context.world.
Result<Submission> parse_submit_file(std::string_view text, const SubmitContext& context);

// The other form, `cairn run … -- PROGRAM ARG…`: the same commands, without a file.
struct CommandJob {
  std::string executable;  // relative: to context.directory; a name to look up in PATH is not
  bool transfer_executable = true;
  Arguments arguments;
  Environment environment;
  std::optional<int> checkpoint_exit_code;
  std::optional<std::vector<std::string>> checkpoint_files, output_files, input_files;
  // Any other submit command: {"output", "sweep.out"}, {"max_retries", "3"}.
  std::vector<std::pair<std::string, std::string>> settings;
};
// Errors: as parse_submit_file(), "file: what; what to do"; say "command line" as context.file.
Result<JobAd> command_ad(const CommandJob& job, const SubmitContext& context);
Result<Submission> command_submission(const CommandJob& job, const SubmitContext& context);

// Whether Cairn's own engine can run it: no containers, no universe but vanilla.
// Errors: unsupported, with what to do.
Status check_runs_here(const JobAd& ad);

// The commands that parse_submit_file() knows, for `did you mean` and the docs.
const std::vector<std::string_view>& submit_commands();

}  // namespace cairn
