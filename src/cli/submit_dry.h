// `cairn submit --dry-run`: the ads that a submit file gives, and the command-line forms of
// condor_submit.
#pragma once

#include <CLI/App.hpp>
#include <string>
#include <vector>

#include "cli/submission.h"

namespace cairn::cli {

struct DryRunChoices {
  bool dry_run = false;
  bool json = false;
  std::string contract;            // "htcondor": accept what condor_submit accepts
  std::vector<std::string> words;  // FILE and NAME=VALUE, in any order
  SubmissionChoices submission;
};

// Declares --dry-run, --json, --append, --queue and the words.
void declare_dry_run(CLI::App& app, DryRunChoices& choices);
// Which of the words is the file.  Errors: invalid.
Status sort_words(DryRunChoices& choices);
int print_ads(const DryRunChoices& choices);

// -append LINE, -queue ARGUMENTS, -dry-run FILE, -file FILE of condor_submit as Cairn's options.
std::vector<std::string> with_condor_forms(std::vector<std::string> arguments);

}  // namespace cairn::cli
