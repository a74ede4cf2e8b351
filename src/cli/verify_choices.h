// What the user asks of `cairn verify`, and what that means.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cairn/result.h"
#include "cli/job_source.h"
#include "verify/options.h"

namespace cairn::cli {

// As the user wrote it.
struct VerifyChoices {
  JobChoices job;
  int item = 0;  // of the submit file
  std::string reference;
  std::optional<std::string> reference_arguments, other;

  std::string compare;
  double tolerance = 0;
  std::vector<std::string> ignored;

  bool quick = false, thorough = false, power_cut = false;
  std::optional<std::string> only, cut;
  std::string seed = "1";
  std::string time_limit = "1h";
  std::optional<std::string> checkpoint_max;
  int jobs = 0;

  std::string scratch;
  bool keep = false, json = false, quiet = false;
  std::string junit, html;
};

// All of VerifyOptions but how it was called.  Reads submit files and looks at what they name, so
// that what is sure to fail is said before anything runs.
// Errors: invalid, not_found, io; those of parse_submit_file() and job_spec().
Result<verify::VerifyOptions> verify_options(const VerifyChoices& choices);

}  // namespace cairn::cli
