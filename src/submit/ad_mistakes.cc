// The warnings of mistakes.h for the first job of a queue statement, when its ad is whole.
#include <algorithm>
#include <array>

#include "base/text.h"
#include "base/try.h"
#include "job/arguments.h"
#include "submit/ad_builder.h"
#include "submit/vocabulary.h"

namespace cairn {
namespace {

constexpr auto kConditions = std::to_array<std::pair<std::string_view, std::string_view>>(
    {{"periodic_hold", "PeriodicHold"},
     {"periodic_release", "PeriodicRelease"},
     {"periodic_remove", "PeriodicRemove"},
     {"periodic_vacate", "PeriodicVacate"},
     {"on_exit_hold", "OnExitHold"},
     {"on_exit_remove", "OnExitRemove"},
     {"retry_until", ""},
     {"leave_in_queue", "LeaveJobInQueue"}});
constexpr auto kNumbers = std::to_array<std::pair<std::string_view, std::string_view>>(
    {{"request_cpus", "RequestCpus"},
     {"request_memory", "RequestMemory"},
     {"request_disk", "RequestDisk"},
     {"request_gpus", "RequestGPUs"}});

std::string_view file_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

// Programs that run the file that their first argument names.
bool is_interpreter(std::string_view program) {
  for (const std::string_view name : {"python", "bash", "sh", "dash", "zsh", "Rscript", "perl",
                                      "julia", "octave", "node", "ruby"})
    if (program.starts_with(name) &&
        program.find_first_not_of("0123456789.", name.size()) == std::string_view::npos)
      return true;
  return false;
}

}  // namespace

bool AdBuilder::is_known_attribute(std::string_view name) {
  return is_job_attribute(name) || is_machine_attribute(name) || has(name) ||
         macros_.assigned_macro(cat("MY.", name)) != nullptr;
}

std::optional<AdBuilder::Param> AdBuilder::said(std::string_view name,
                                                std::string_view other_name) {
  auto found = said_.find(name);
  if (found == said_.end()) found = said_.find(other_name);
  if (found == said_.end()) return std::nullopt;
  place_ = found->second.second;
  return Param{found->second.first, found->first};
}

void AdBuilder::expression_mistake(std::string_view command, std::string_view attribute,
                                   Meant meant) {
  if (const auto value = said(command, attribute))
    warn_of(expression_mistakes(command, value->text, meant, [this](std::string_view name) {
      return is_known_attribute(name);
    }));
}

Status AdBuilder::mistakes() {
  if (!is_first_) return {};
  for (const auto& [command, attribute] : kConditions)
    expression_mistake(command, attribute, Meant::condition);
  expression_mistake("requirements", "", Meant::machine_condition);
  expression_mistake("rank", "preferences", Meant::machine_condition);
  for (const auto& [command, attribute] : kNumbers) {
    expression_mistake(command, attribute, Meant::number);
    const auto value = said(command, attribute);
    if (value && (command == "request_memory" || command == "request_disk"))
      warn_of(size_mistakes(command, value->text));
  }
  for (const auto& [name, value] : said_) {
    if (!starts_with_ignoring_case(name, "MY.")) continue;
    place_ = value.second;
    warn_of(attribute_mistakes(std::string_view(name).substr(3), value.first,
                               [this](std::string_view each) { return is_known_attribute(each); }));
  }
  file_mistakes();
  stream_mistakes();
  CAIRN_CHECK(program_mistake());
  // Looking makes no job different from the next.
  read_varying_ = false;
  static_cast<void>(macros_.take_varied());
  return {};
}

void AdBuilder::file_mistakes() {
  if (get_string("ShouldTransferFiles") == "NO") return;
  for (const std::string_view command :
       {"transfer_input_files", "transfer_output_files", "transfer_checkpoint_files"}) {
    const auto value = said(command);
    if (!value || value->text.starts_with('"')) continue;
    const bool are_here = command == "transfer_input_files" && context_.world != nullptr;
    warn_of(list_mistakes(command, value->text, [this, are_here](std::string_view name) {
      return are_here && context_.world->look_at(full_path(name)).has_value();
    }));
  }
  const auto remaps = said("transfer_output_remaps");
  if (!remaps) return;
  for (const std::string& pair : split_list(without_quotes(remaps->text), ';')) {
    const std::size_t comma = pair.find(',', pair.find('='));
    if (comma != std::string::npos && pair.find('=', comma) != std::string::npos)
      warn_once(cat("transfer_output_remaps: ", pair, " is one pair; write ; between pairs"));
  }
}

void AdBuilder::stream_mistakes() {
  std::vector<std::pair<std::string_view, std::string>> streams;
  for (const auto& [command, attribute] :
       std::array{std::pair{"input", "In"}, std::pair{"output", "Out"}, std::pair{"error", "Err"},
                  std::pair{"log", "UserLog"}}) {
    const auto value = said(command, attribute);
    if (!value) continue;
    if (value->text.starts_with('"'))
      warn_once(cat(command, " = ", value->text,
                    ": the quotes are letters of the file's name; take them away"));
    if (std::string_view(command) == "log")
      for (const auto& [stream, name] : streams)
        if (name == value->text && name != "/dev/null" && stream != "input")
          warn_once(cat("log and ", stream, " are both ", name,
                        ": they write over each other; give each its own file"));
    streams.emplace_back(command, value->text);
  }
}

// `executable = /usr/bin/python3`, `arguments = work.py`, and work.py stays behind.
Status AdBuilder::program_mistake() {
  const std::string program(file_name(get_string("Cmd").value_or("")));
  const auto value = said("arguments", "Args");
  if (!value) return {};
  CAIRN_TRY(const auto unquoted, unquote_arguments(value->text));
  Arguments words = split_v1(unquoted.raw);
  if (unquoted.v2) {
    CAIRN_TRY(words, split_v2(unquoted.raw));
  }
  const bool has_code = std::find(words.begin(), words.end(), "-c") != words.end();
  if (!has_code) warn_of(argument_mistakes(value->name, words));
  if (!is_interpreter(program) || has_code || context_.world == nullptr ||
      get_string("ShouldTransferFiles") == "NO" || get_bool("WantContainer").value_or(false) ||
      get_bool("WantDocker").value_or(false))
    return {};
  const auto script = std::find_if(words.begin(), words.end(),
                                   [](const std::string& word) { return !word.starts_with('-'); });
  if (script == words.end() || script->starts_with('/') ||
      script->find("$$") != std::string::npos || std::find(words.begin(), script, "-m") != script)
    return {};
  for (const std::string& input : split_list(get_string("TransferInput").value_or("")))
    if (file_name(input) == file_name(*script) || input.ends_with('/') ||
        script->starts_with(cat(file_name(input), "/")))
      return {};
  const auto facts = context_.world->look_at(full_path(*script));
  if (facts && !facts->folder)
    warn_once(cat(value->name, ": ", *script, " does not go along with the job, and ", program,
                  " will not find it; write executable = ", *script,
                  ", or add it to transfer_input_files"));
  return {};
}

}  // namespace cairn
