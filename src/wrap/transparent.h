// Programs that cannot save anything: the whole process is saved from outside, by CRIU or DMTCP,
// where one is installed and works on this kernel.
#pragma once

#include "cairn/result.h"
#include "wrap/options.h"

namespace cairn::wrap {

// Fills in how to stop the program and how it goes on, by the first tool that has just saved and
// restored a tiny process.  With CRIU, it is a child of the caller that returns: see capsule.h.
// Errors: unsupported, with what each tool said.
Status make_transparent(WrapOptions& options);

}  // namespace cairn::wrap
