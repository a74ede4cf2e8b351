// One job of a submit file as the checks see it: commands with their lines, and its programs.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "job/job_ad.h"
#include "lint/lint.h"
#include "lint/program.h"

namespace cairn::lint {

struct Command {
  std::string text;  // expanded and trimmed
  int line = 0;
};
// By command (max_retries) or attribute (MY.Project); other names are resolved.
using Commands = std::map<std::string, Command, LessIgnoringCase>;

class Job {
 public:
  Job(const LintInput& input, Commands commands, int proc, int queue_line)
      : input_(&input), commands_(std::move(commands)), proc_(proc), queue_line_(queue_line) {}

  int proc() const { return proc_; }
  int queue_line() const { return queue_line_; }
  const LintInput& input() const { return *input_; }
  const Commands& commands() const { return commands_; }

  // What a command says, or the attribute (+Name) that it stands for.
  bool is_given(std::string_view command) const { return find(command) != nullptr; }
  bool is_set(std::string_view command) const { return !text(command).empty(); }
  std::string text(std::string_view command) const;
  int line(std::string_view command) const;  // of the queue statement, where it is not given
  std::optional<std::int64_t> number(std::string_view command) const;
  bool is_true(std::string_view command) const;
  bool is_false(std::string_view command) const;
  bool says(std::string_view command, std::string_view value) const;  // without regard to case
  // Nothing: not given.  `""` is the empty list.
  std::optional<std::vector<std::string>> list(std::string_view command) const;
  const Command* attribute(std::string_view name) const;  // +Name

  // ---- the contract
  std::optional<std::int64_t> code() const { return number("checkpoint_exit_code"); }
  bool has_signal_exit() const;
  // An exit is taken for a checkpoint: with a code, or by signal and +WantFTOnCheckpoint.
  bool makes_checkpoints() const;
  // What a checkpoint is; nothing: neither list is given.
  std::optional<std::vector<std::string>> checkpoint_files() const;
  bool transfers_nothing() const { return says("should_transfer_files", "NO"); }

  std::filesystem::path initial_directory() const;
  std::filesystem::path on_disk(std::string_view name) const { return initial_directory() / name; }

  // ---- its programs: the executable first, then scripts that come along and are named
  const std::vector<Program>& programs() const { return programs_; }
  void set_programs(std::vector<Program> programs) { programs_ = std::move(programs); }
  const Program* main_program() const;
  bool uses_libcairn() const;
  // Every program can be read, so that what is in none of them is not there at all.
  bool is_transparent() const;
  // Whether any program, argument or environment value holds `word`.
  bool is_named(std::string_view word) const;

 private:
  const Command* find(std::string_view command) const;

  const LintInput* input_;
  Commands commands_;
  int proc_;
  int queue_line_;
  std::vector<Program> programs_;
};

// Whether `file` is `entry`, or lies in the folder that it names: "state" covers "state/a".
bool covers(std::string_view entry, std::string_view file);
bool is_covered(const std::vector<std::string>& entries, std::string_view file);
// The name that an entry has where it arrives: a/b -> b, a/ -> what is in it (nothing).
std::string arrival_name(std::string_view entry);
// "./a//b" -> "a/b".
std::string plain_name(std::string_view name);

}  // namespace cairn::lint
