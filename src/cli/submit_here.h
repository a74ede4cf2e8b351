// `cairn submit` to this machine: into the queue, for the background engine.
#pragma once

#include <string>

#include "cli/submission.h"

namespace cairn::cli {

struct HereChoices {
  SubmissionChoices submission;
  std::string name;  // of the batch; empty: the submit file's
  bool terse = false, json = false;
};

// Returns the exit status of cairn.  The jobs are safe in the queue when the engine is woken: if
// that cannot be started, a warning says so.
int submit_here(const HereChoices& choices);

}  // namespace cairn::cli
