// What is to be run, as the user names it: a submit file, or a command after "--".
#pragma once

#include <CLI/App.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cairn/result.h"
#include "cli/submission.h"
#include "os/filesystem.h"
#include "submit/submit.h"

namespace cairn::cli {

// As the user wrote it.
struct JobChoices {
  std::string file;
  std::vector<std::string> command;  // behind "--"

  // Of a command; a submit file says these itself.
  std::optional<int> checkpoint_exit_code;
  std::optional<std::string> checkpoint_files, inputs, outputs;
  std::vector<std::string> environment, settings;
};

// Declares FILE and the options for a command.
void declare_job_file(CLI::App& app, JobChoices& choices);
void declare_command_options(CLI::App& app, JobChoices& choices);

// Errors: invalid, unless it is one file, or one command and its options.
//   verb  "run", for the message
Status check(const JobChoices& choices, const std::string& verb);

// A submit file or a command: where its ads come from.
class JobSource {
 public:
  virtual ~JobSource() = default;
  // The same work has the same key.
  virtual std::string key() const = 0;
  virtual std::string name() const = 0;
  virtual std::string file() const = 0;  // for messages about what stands in it
  virtual Path directory() const = 0;

  // Errors: those of parse_submit_file() and command_ad(); not_found, for a program.
  Result<Submission> ads(int cluster, std::int64_t now_seconds) const;

 private:
  virtual Result<Submission> parse(SubmitContext& context) const = 0;
};

// Where a command's stdout ("output") or stderr ("error") goes that has no file for it.
using StreamFile = std::function<Path(int cluster, const char* stream)>;

// `choices` must outlive the source.
// Errors: of reading the file; invalid.
Result<std::unique_ptr<JobSource>> open_source(const JobChoices& choices, StreamFile stream_file);
Result<std::unique_ptr<JobSource>> open_submit_file(SubmissionChoices choices);

// A word as one writes it for a shell.
std::string shell_word(const std::string& word);

std::string host_name();

}  // namespace cairn::cli
