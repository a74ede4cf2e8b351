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

namespace cairn {

class Macros;

struct SubmitContext {
  std::string file = "job.sub";     // the name for messages and for JobSubmitFile
  std::filesystem::path directory;  // absolute; where relative names start
  int cluster = 1;
  std::string owner = "user";
  std::string host = "localhost";
  std::int64_t now_seconds = 0;  // since 1970, for QDate
  int jobs_max = 100'000;        // refused beyond: each ad takes some kilobytes
  // Called for each job before its ad is made (and so also for one that is refused then), with
  // all that is assigned at its queue statement: values with their lines, for `cairn lint`.
  std::function<void(int proc, int queue_line, const Macros& macros)> each_job = {};
};

struct SubmitWarning {
  int line = 0;
  std::string
      text;  // "job.sub:4: unknown command transfer_chekpoint_files is ignored; did you mean …"
};

struct Submission {
  std::vector<JobAd> jobs;  // ClusterId = context.cluster, ProcId from 0
  std::vector<SubmitWarning> warnings;
};

// The part of the language that is there: comments, continuations, name = value, +Attribute and
// MY.Attribute, $(macros) with defaults, queue and queue N, several of them.  What is not there
// yet (if, include, queue in …, functions) is refused, never read in another sense.
// Errors: invalid, unsupported ("file:line: what; what to do").
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

// The commands that parse_submit_file() knows, for `did you mean` and the docs.
const std::vector<std::string_view>& submit_commands();

}  // namespace cairn
