// The words that a submit file may use: HTCondor's commands and the attributes of a job.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cairn {

struct CommandWord {
  std::string_view command;    // max_retries; empty: there is none for the attribute
  std::string_view attribute;  // JobMaxRetries; empty: none, or not one alone
  bool is_contract = false;    // about checkpoints, transfers and retries: a slip loses work
};

const std::vector<CommandWord>& command_words();

// The command itself, or the one that `name` is another name of: env -> environment.
std::optional<std::string_view> command_of(std::string_view name);
const CommandWord* word_of_command(std::string_view command);
const CommandWord* word_of_attribute(std::string_view attribute);

bool is_job_attribute(std::string_view name);      // those of a job's ad
bool is_machine_attribute(std::string_view name);  // those of a machine's

// The word that `name` is a slip of: one or two letters wrong, missing or too many, or the same
// letters without regard to case and _.  Stricter than nearest(): what it says is believed.
std::optional<std::string> slip_of(std::string_view name,
                                   const std::vector<std::string_view>& words);
const std::vector<std::string_view>& all_commands();
const std::vector<std::string_view>& all_attributes();  // of jobs and machines

}  // namespace cairn
