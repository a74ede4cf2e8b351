#include "cli/submit_dry.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <ctime>
#include <iostream>

#include "base/try.h"
#include "cli/job_source.h"
#include "cli/verb.h"
#include "submit/dry_run.h"

namespace cairn::cli {

void declare_dry_run(CLI::App& app, DryRunChoices& choices) {
  app.add_option(
      "FILE", choices.words,
      "The submit file, - for stdin; and NAME=VALUE, macros to be set before it is read");
  app.add_flag("--dry-run", choices.dry_run, "Only print the job ads");
  app.add_flag("--json", choices.json, "With --dry-run: as JSON, every ad whole");
  app.add_option("-a,--append", choices.submission.append,
                 "A line of submit language that wins over the file's")
      ->allow_extra_args(false);
  app.add_option("-q,--queue", choices.submission.queue,
                 "What follows `queue`, for a file without a queue statement");
  app.add_option(
         "--contract", choices.contract,
         "htcondor: accept what condor_submit accepts, with a warning; under Slurm: lose and "
         "hold what a real HTCondor pool does")
      ->check(CLI::IsMember({"cairn", "htcondor"}));
}

Status sort_words(DryRunChoices& choices) {
  for (const std::string& word : choices.words) {
    if (word.find('=') != std::string::npos) {
      choices.submission.assignments.push_back(word);
    } else if (choices.submission.file.empty()) {
      choices.submission.file = word;
    } else {
      return Error{Errc::invalid,
                   fmt::format("two submit files: {} and {}", choices.submission.file, word), 0,
                   "name one; macros are given as NAME=VALUE"};
    }
  }
  if (choices.submission.file.empty())
    return Error{Errc::invalid, "nothing to submit", 0, "name a submit file, or - for stdin"};
  choices.submission.as_htcondor = choices.contract == "htcondor";
  return {};
}

int print_ads(const DryRunChoices& choices) {
  const auto read = [&]() -> Result<Submission> {
    SubmissionChoices as_condor_submit = choices.submission;
    as_condor_submit.one_cluster = false;
    CAIRN_TRY(const auto source, open_submit_file(std::move(as_condor_submit)));
    return source->ads(1, std::time(nullptr));
  };
  const auto submission = read();
  if (!submission) return refuse(submission.error());
  for (const SubmitWarning& warning : submission->warnings) complain("warning: " + warning.text);
  const auto print = [](std::string_view text) { std::cout << text; };
  if (choices.json)
    print_json(*submission, print);
  else
    print_dry_run(*submission, print);
  std::cout.flush();
  return kOk;
}

std::vector<std::string> with_condor_forms(std::vector<std::string> arguments) {
  if (arguments.empty() || arguments.front() != "submit") return arguments;
  std::vector<std::string> translated;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& word = arguments[i];
    if (word == "-append" || word == "-file" || word == "-queue") {
      // condor_submit takes all that follows -queue for its arguments, up to the next option.
      std::string value = i + 1 < arguments.size() ? arguments[++i] : std::string();
      while (word == "-queue" && i + 1 < arguments.size() && !arguments[i + 1].starts_with('-'))
        value += " " + arguments[++i];
      if (word == "-file") {
        translated.push_back(value);
      } else {
        translated.push_back("-" + word);
        translated.push_back(value);
      }
    } else if (word == "-dry-run") {
      translated.emplace_back("--dry-run");
      if (i + 1 < arguments.size() && arguments[i + 1] == "-") ++i;  // to stdout
    } else {
      translated.push_back(word);
    }
  }
  return translated;
}

}  // namespace cairn::cli
