// From the text of a submit file to the jobs that the checks look at.
#pragma once

#include "lint/check.h"

namespace cairn::lint {

// What every job of a large cluster has wrong, its first jobs have too.
constexpr int kJobsLookedAt = 100;

Subject read_subject(const LintInput& input);

}  // namespace cairn::lint
