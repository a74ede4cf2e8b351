// A submit file with what stands on the command line beside it.
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
  std::string file;                        // "-": stdin
  std::vector<std::string> assignments{};  // name=value, read before the file
  std::vector<std::string> append{};       // lines that win over the file's
  std::optional<std::string> queue{};      // what follows `queue`, where the file has none
  bool as_htcondor = false;                // accept what condor_submit accepts
  bool one_cluster = true;
};

// A submit file as it was read: once, however often its jobs are made.
struct SubmitText {
  std::string text;
  std::string name;  // for messages: "stdin" for "-"
  Path path;         // absolute
};
// Errors: of reading it; invalid (a byte order mark).
Result<SubmitText> read_submit_text(const std::string& file);

// Puts what the command line says into the context.  Errors: invalid, of an assignment.
Status apply(const SubmissionChoices& choices, SubmitContext& context);

// The context of this machine, user and time, without world and command line.
SubmitContext context_here(std::string file, Path directory, int cluster, std::int64_t now_seconds);

}  // namespace cairn::cli
