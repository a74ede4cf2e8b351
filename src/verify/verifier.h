// The order of things: what `cairn verify` tries, one property after the other.
#pragma once

#include <atomic>
#include <functional>

#include "cairn/result.h"
#include "verify/finding.h"
#include "verify/options.h"

namespace cairn::verify {

// Errors: what keeps it from beginning (a job that cannot be staged, no tracing, no scratch).
// What the job does wrong is no error but a finding.
//   stop  becomes true: everything is killed and what is known is returned, undecided
Result<Findings> verify(const VerifyOptions& options,
                        const std::function<void(const Progress&)>& watch,
                        const std::atomic<bool>& stop);

}  // namespace cairn::verify
