// The ads of a submission as text, without handing them to anybody.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "submit/submit.h"

namespace cairn {

// As condor_submit -dry-run prints them: the first ad of a cluster is whole, a later one has
// ProcId, JobStatus and what differs from it.  Attributes are sorted.
//   print  gets the text in pieces: a submission may have millions of jobs
void print_dry_run(const Submission& submission,
                   const std::function<void(std::string_view)>& print);

// A JSON array with one object per job, each whole; what is no literal is "/Expr(…)/", as
// condor_q -json writes it.
void print_json(const Submission& submission, const std::function<void(std::string_view)>& print);

}  // namespace cairn
