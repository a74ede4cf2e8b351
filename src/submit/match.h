// $$(Name) and $$([expression]) in a job's ad, filled in when its machine is known.
#pragma once

#include "cairn/result.h"
#include "classad/evaluate.h"
#include "job/job_ad.h"

namespace cairn {

// `job` with each $$(Name) in its strings replaced by the machine's attribute of that name
// ($$(Name:default) where it has none), each $$([expression]) by its value with MY the job and
// TARGET the machine; $$(DOLLARDOLLAR) is $$.  Requirements and Rank stay as they are, and so does
// $$(CondorScratchDir), which only the sandbox knows.  What was filled in is also kept as
// MATCH_EXP_Name and MATCH_Name, as HTCondor does.
// Errors: invalid (the machine has no such attribute, or the expression no value).
Result<JobAd> fill_in_match(const JobAd& job, const classad::Ad& machine, std::int64_t now_seconds);

}  // namespace cairn
