// From submit commands to a job ad: what submit files and `cairn run -- PROGRAM` share.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "cairn/result.h"
#include "job/job_ad.h"
#include "submit/submit.h"

namespace cairn {

struct CommandValue {
  std::string text;  // expanded and trimmed
  int line = 0;      // 0: not from a file
};
// By command (max_retries) or attribute (MY.Project).
using CommandValues = std::map<std::string, CommandValue, LessIgnoringCase>;

// The ad that a real condor_submit makes of these values, without what follows from files
// on disk (sizes) and from the pool (version and platform).
// Errors: invalid or unsupported ("file:line: …").
Result<JobAd> build_ad(const CommandValues& values, const SubmitContext& context, int proc);

// The command that `name` means: itself, or the one that it is another name of.
std::optional<std::string_view> known_command(std::string_view name);
// Commands of HTCondor's that Cairn does not have.  Some would change what a job does, so
// that going on without them is wrong.
bool is_foreign_command(std::string_view name);
bool is_refused_command(std::string_view name);

// "file:line: message".
Error at_line(const SubmitContext& context, int line, Error error);

}  // namespace cairn
