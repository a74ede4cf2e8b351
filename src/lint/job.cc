#include "lint/job.h"

#include <algorithm>

#include "base/text.h"
#include "submit/vocabulary.h"

namespace cairn::lint {

const Command* Job::find(std::string_view command) const {
  const auto found = commands_.find(command);
  const Command* const given = found == commands_.end() ? nullptr : &found->second;
  if (given != nullptr && !given->text.empty()) return given;
  if (const CommandWord* word = word_of_command(command);
      word != nullptr && !word->attribute.empty())
    if (const Command* const set = attribute(word->attribute)) return set;
  return given;
}

const Command* Job::attribute(std::string_view name) const {
  const auto found = commands_.find(cat("MY.", name));
  return found == commands_.end() ? nullptr : &found->second;
}

std::string Job::text(std::string_view command) const {
  if (const auto found = commands_.find(command);
      found != commands_.end() && !found->second.text.empty())
    return found->second.text;
  const Command* const value = find(command);
  if (value == nullptr) return {};
  return unquote_string(value->text).value_or(value->text);  // +Name = "text"
}

int Job::line(std::string_view command) const {
  const Command* const value = find(command);
  return value == nullptr ? queue_line_ : value->line;
}

std::optional<std::int64_t> Job::number(std::string_view command) const {
  std::string value = text(command);
  bool is_negative = false;
  if (value.starts_with('-')) {
    is_negative = true;
    value.erase(0, 1);
  }
  const auto number = parse_integer(value);
  if (!number) return std::nullopt;
  return is_negative ? -*number : *number;
}

bool Job::says(std::string_view command, std::string_view value) const {
  return equal_ignoring_case(text(command), value);
}

bool Job::is_true(std::string_view command) const {
  return says(command, "true") || says(command, "yes") || says(command, "t") || says(command, "1");
}

bool Job::is_false(std::string_view command) const {
  return says(command, "false") || says(command, "no") || says(command, "f") || says(command, "0");
}

std::optional<std::vector<std::string>> Job::list(std::string_view command) const {
  if (!is_set(command)) return std::nullopt;
  const std::string value = text(command);
  if (value == "\"\"") return std::vector<std::string>{};
  return split_list(value);
}

bool Job::has_signal_exit() const {
  const Command* const by_signal = attribute("SuccessCheckpointExitBySignal");
  return by_signal != nullptr && equal_ignoring_case(by_signal->text, "true");
}

bool Job::makes_checkpoints() const {
  if (const auto found = commands_.find("checkpoint_exit_code");
      found != commands_.end() && !found->second.text.empty())
    return true;
  const Command* const wanted = attribute("WantFTOnCheckpoint");
  return wanted != nullptr && equal_ignoring_case(wanted->text, "true");
}

std::optional<std::vector<std::string>> Job::checkpoint_files() const {
  if (auto files = list("transfer_checkpoint_files")) return files;
  return list("transfer_output_files");
}

std::filesystem::path Job::initial_directory() const {
  return input_->directory / text("initialdir");
}

const Program* Job::main_program() const {
  return !programs_.empty() && programs_.front().is_main ? &programs_.front() : nullptr;
}

bool Job::uses_libcairn() const {
  return std::any_of(programs_.begin(), programs_.end(), [](const Program& program) {
    return program.links_libcairn || program.python.imports_module("cairn");
  });
}

bool Job::is_transparent() const {
  return main_program() != nullptr &&
         std::all_of(programs_.begin(), programs_.end(), [](const Program& program) {
           return program.kind == ProgramKind::shell || program.kind == ProgramKind::python;
         });
}

bool Job::is_named(std::string_view word) const {
  if (word.empty()) return true;
  for (const std::string_view command : {"arguments", "environment"})
    if (text(command).find(word) != std::string::npos) return true;
  return std::any_of(programs_.begin(), programs_.end(), [word](const Program& program) {
    return program.text.find(word) != std::string::npos;
  });
}

std::string plain_name(std::string_view name) {
  return std::filesystem::path(name).lexically_normal().string();
}

bool covers(std::string_view entry, std::string_view file) {
  std::string folder = plain_name(entry);
  while (folder.ends_with('/')) folder.pop_back();
  const std::string name = plain_name(file);
  if (folder == ".") return true;
  return name == folder || name.starts_with(folder + "/");
}

bool is_covered(const std::vector<std::string>& entries, std::string_view file) {
  return std::any_of(entries.begin(), entries.end(),
                     [file](const std::string& entry) { return covers(entry, file); });
}

std::string arrival_name(std::string_view entry) {
  return std::filesystem::path(entry).filename().string();
}

}  // namespace cairn::lint
