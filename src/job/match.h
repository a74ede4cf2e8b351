// A job's ad and a machine's: does the job want it, and what the job's ad leaves to it,
// $$(Name) and $$([expression]).  Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cairn/result.h"
#include "classad/evaluate.h"
#include "job/job_ad.h"

namespace cairn {

// `job` with each $$(Name) in its strings replaced by the machine's attribute of that name
// ($$(Name:default) where it has none), each $$([expression]) by its value with MY the job and
// TARGET the machine; $$(DOLLARDOLLAR) is $$.  Requirements and Rank stay as they are, and so does
// $$(CondorScratchDir), which only the sandbox knows.  As HTCondor does, keeps an attribute that
// was filled in as MATCH_EXP_Attribute, too, and what stands for a Name as MATCH_Name. Errors:
// invalid (the machine has no such attribute, or the expression no value), in HTCondor's words.
Result<JobAd> fill_in_match(const JobAd& job, const classad::Ad& machine, std::int64_t now_seconds);

// Whether there is something to be filled in.
bool asks_for_match(const JobAd& job);

// The first part of the job's Requirements that is not true with this machine, and what it found
// there, as a clause: "Memory > 100000 is false: Memory is 24105".  Nothing: they hold, or there
// are none.
std::optional<std::string> unmet_requirement(const JobAd& job, const classad::Ad& machine,
                                             std::int64_t now_seconds);

// How far Requirements are the same for jobs of one ad.
struct RequirementsUse {
  std::vector<std::string> names;  // the attributes of the job that they look at, Requirements too
  bool changes = false;            // with the time, or by chance
};
RequirementsUse requirements_use(const JobAd& job);

}  // namespace cairn
