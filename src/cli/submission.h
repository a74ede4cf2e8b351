// A submit file with what stands on the command line beside it, read into job ads.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cairn/result.h"
#include "os/filesystem.h"
#include "submit/submit.h"

namespace cairn::cli {

// As condor_submit takes them.
struct SubmissionChoices {
  std::string file;                      // "-": stdin
  std::vector<std::string> assignments;  // name=value, read before the file
  std::vector<std::string> append;       // lines that win over the file's
  std::optional<std::string> queue;      // what follows `queue`, where the file has none
  bool as_htcondor = false;              // accept what condor_submit accepts
  bool one_cluster = false;
};

// Relative names start at the file's folder, as for `cairn run`; of stdin, in the current one.  The
// same file, cluster and time give the same ads, chance included. Errors: of reading the file;
// those of parse_submit_file().
Result<Submission> read_submission(const SubmissionChoices& choices, int cluster,
                                   std::int64_t now_seconds);

// The context of this machine, user and time, without world and command line.
SubmitContext context_here(std::string file, Path directory, int cluster, std::int64_t now_seconds);

}  // namespace cairn::cli
