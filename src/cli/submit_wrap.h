// `cairn submit --wrap`: the submit file that runs the program of another one under cairn-wrap.
#pragma once

#include <string>

#include "os/filesystem.h"

namespace cairn::cli {

// Writes NAME.wrapped.sub beside NAME.sub.  Returns its path.
//   options  of cairn-wrap, as a shell splits words
// Errors: not_found; invalid, with file and line; unsupported (stdin).
Result<Path> write_wrapped(const std::string& submit_file, const std::string& options);

}  // namespace cairn::cli
