#include "cli/job_source.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>

#include "base/text.h"
#include "base/try.h"
#include "cli/submit_world.h"

namespace cairn::cli {
namespace {

namespace stdfs = std::filesystem;

class FileSource final : public JobSource {
 public:
  FileSource(SubmitText read, SubmissionChoices choices)
      : read_(std::move(read)), choices_(std::move(choices)) {}
  std::string key() const override { return read_.path.native(); }
  std::string name() const override { return read_.name; }
  std::string file() const override { return read_.name; }
  // Not the current folder, as condor_submit does: the same file must mean the same jobs
  // wherever it is run from, or it could not go on.
  Path directory() const override { return read_.path.parent_path(); }

 private:
  Result<Submission> parse(SubmitContext& context) const override {
    CAIRN_CHECK(apply(choices_, context));
    return parse_submit_file(read_.text, context);
  }
  SubmitText read_;
  SubmissionChoices choices_;
};

class CommandSource final : public JobSource {
 public:
  CommandSource(const JobChoices& choices, StreamFile stream_file)
      : choices_(choices), stream_file_(std::move(stream_file)) {}
  std::string key() const override {
    return fmt::format("{}: {}", directory().native(), join(choices_.command, " "));
  }
  std::string name() const override { return "-- " + join(choices_.command, " "); }
  std::string file() const override { return "command line"; }
  Path directory() const override { return stdfs::current_path(); }

 private:
  Result<Submission> parse(SubmitContext& context) const override;
  const JobChoices& choices_;
  StreamFile stream_file_;
};

// As a shell finds a command: a name without '/' is looked up in PATH.
Result<Path> find_program(const std::string& name) {
  if (name.find('/') != std::string::npos) return Path(name);
  const char* const path = std::getenv("PATH");
  for (const std::string& folder : split_list(path == nullptr ? "/usr/bin:/bin" : path, ':'))
    if (::access((Path(folder) / name).c_str(), X_OK) == 0) return Path(folder) / name;
  return Error{Errc::not_found, fmt::format("there is no program {} in PATH", name), 0,
               fmt::format("write ./{} for one in this folder", name)};
}

Result<std::pair<std::string, std::string>> split_setting(const std::string& text) {
  const auto equals = text.find('=');
  if (equals == std::string::npos || equals == 0)
    return Error{Errc::invalid, fmt::format("\"{}\" is not NAME=VALUE", text), 0, {}};
  return std::pair(std::string(trim(text.substr(0, equals))),
                   std::string(trim(text.substr(equals + 1))));
}

Result<Submission> CommandSource::parse(SubmitContext& context) const {
  CommandJob job;
  CAIRN_TRY(const Path program, find_program(choices_.command.front()));
  job.executable = program;
  // A program of the system stays where it is; one's own goes with the job.
  job.transfer_executable = choices_.command.front().find('/') != std::string::npos;
  job.arguments.assign(choices_.command.begin() + 1, choices_.command.end());
  for (const std::string& entry : choices_.environment) {
    CAIRN_TRY(auto variable, split_setting(entry));
    job.environment.push_back(std::move(variable));
  }
  job.checkpoint_exit_code = choices_.checkpoint_exit_code;
  if (choices_.checkpoint_files) job.checkpoint_files = split_list(*choices_.checkpoint_files);
  if (choices_.outputs) job.output_files = split_list(*choices_.outputs);
  if (choices_.inputs) job.input_files = split_list(*choices_.inputs);
  for (const std::string& setting : choices_.settings) {
    CAIRN_TRY(auto command, split_setting(setting));
    job.settings.push_back(std::move(command));
  }
  for (const char* stream : {"output", "error"})
    if (std::none_of(job.settings.begin(), job.settings.end(), [&](const auto& setting) {
          return equal_ignoring_case(setting.first, stream);
        }))
      job.settings.emplace_back(stream, stream_file_(context.cluster, stream));
  return command_submission(job, context);
}

}  // namespace

std::string shell_word(const std::string& word) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%+=:,./_-";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) return word;
  std::string text = "'";
  for (const char letter : word) text += letter == '\'' ? "'\\''" : std::string(1, letter);
  return text + '\'';
}

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "localhost";
}

void declare_job_file(CLI::App& app, JobChoices& choices) {
  app.add_option("FILE", choices.file,
                 fmt::format("The submit file; or give a command: cairn {} [OPTIONS] -- PROGRAM "
                             "ARGUMENT...",
                             app.get_name()));
}

void declare_command_options(CLI::App& app, JobChoices& choices) {
  const std::string group = "Options for a command (after --)";
  app.add_option("--checkpoint-exit-code", choices.checkpoint_exit_code,
                 "The exit code that says: I have a checkpoint, start me again")
      ->group(group);
  app.add_option("--checkpoint-files", choices.checkpoint_files, "What a checkpoint is: a,b,folder")
      ->group(group);
  app.add_option("--inputs", choices.inputs, "Files to take along: a,b,folder")->group(group);
  app.add_option("--outputs", choices.outputs,
                 "Files to bring back; default: all that are new or changed")
      ->group(group);
  const auto setting = [&choices](const char* name) {
    return [&choices, name](const std::string& file) {
      choices.settings.push_back(cat(name, "=", file));
    };
  };
  app.add_option_function<std::string>("--output-file", setting("output"), "For its stdout")
      ->group(group);
  app.add_option_function<std::string>("--error-file", setting("error"), "For its stderr")
      ->group(group);
  app.add_option("--env", choices.environment, "NAME=VALUE, for its environment")->group(group);
  app.add_option("--set", choices.settings, "NAME=VALUE, any other submit command")->group(group);
}

Status check(const JobChoices& choices, const std::string& verb) {
  if (choices.file.empty() && choices.command.empty())
    return Error{Errc::invalid, "nothing to " + verb, 0,
                 "name a submit file, or a command after --"};
  if (!choices.file.empty() && !choices.command.empty())
    return Error{Errc::invalid, "a submit file and a command", 0, "give one of the two"};
  const bool for_commands = choices.checkpoint_exit_code || choices.checkpoint_files ||
                            choices.inputs || choices.outputs || !choices.settings.empty() ||
                            !choices.environment.empty();
  if (for_commands && choices.command.empty())
    return Error{Errc::invalid, "options for a command are given with a submit file", 0,
                 "write them into the file"};
  return {};
}

Result<Submission> JobSource::ads(int cluster, std::int64_t now_seconds) const {
  RealWorld world(directory(), static_cast<std::uint64_t>(now_seconds) ^
                                   (static_cast<std::uint64_t>(cluster) << 40U));
  SubmitContext context = context_here(file(), directory(), cluster, now_seconds);
  context.world = &world;
  return parse(context);
}

Result<std::unique_ptr<JobSource>> open_submit_file(SubmissionChoices choices) {
  CAIRN_TRY(SubmitText read, read_submit_text(choices.file));
  return std::unique_ptr<JobSource>(
      std::make_unique<FileSource>(std::move(read), std::move(choices)));
}

Result<std::unique_ptr<JobSource>> open_source(const JobChoices& choices, StreamFile stream_file) {
  if (choices.command.empty()) return open_submit_file({.file = choices.file});
  return std::unique_ptr<JobSource>(
      std::make_unique<CommandSource>(choices, std::move(stream_file)));
}

}  // namespace cairn::cli
