// What `cairn lint` reads from this machine: files, and the version of HTCondor.
#pragma once

#include <optional>
#include <string>

#include "cairn/result.h"
#include "lint/lint.h"

namespace cairn::cli {

// A submit file as the checks want it.  Relative names start at its folder, as for `cairn run`.
//   pool_version  as the user wrote it; empty: what condor_version says, if it is in PATH
// The result refers to a FileReader that lives as long as the program.
// Errors: of reading the file; invalid, for a version that is none.
Result<lint::LintInput> lint_input(const std::string& file, const std::string& pool_version);

}  // namespace cairn::cli
