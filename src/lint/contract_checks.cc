// CL1…: what the submit file promises, and in which words.
#include <algorithm>
#include <array>
#include <cctype>

#include "base/text.h"
#include "job/arguments.h"
#include "lint/check.h"
#include "submit/vocabulary.h"

namespace cairn::lint {
namespace {

// 85 is what HTCondor's manual uses, 77 what Cairn does.
constexpr std::string_view kWriteCode =
    "write checkpoint_exit_code = 77, and let the program exit with 77";

void list_without_code(const Job& job, Report& report) {
  if (job.makes_checkpoints() || job.has_signal_exit() || !job.list("transfer_checkpoint_files"))
    return;
  if (job.attribute("SuccessCheckpointExitCode") != nullptr) return;  // CL105
  report.add(job.line("transfer_checkpoint_files"),
             "transfer_checkpoint_files is given, but no checkpoint_exit_code: no exit is ever a "
             "checkpoint, and nothing is saved",
             std::string(kWriteCode));
}

void code_zero(const Job& job, Report& report) {
  if (job.code() != 0) return;
  report.add(job.line("checkpoint_exit_code"),
             "the exit code of a checkpoint is 0, which is that of success: the job is started "
             "again whenever it has finished, for ever",
             "choose a code that nothing else uses: checkpoint_exit_code = 77");
}

void code_out_of_range(const Job& job, Report& report) {
  const auto code = job.code();
  if (!code || (*code >= 0 && *code <= 255)) return;
  report.add(
      job.line("checkpoint_exit_code"),
      cat("no program can exit with ", *code, ": exit codes are 0 to 255 (the system would see ",
          ((*code % 256) + 256) % 256, "), so no exit is ever a checkpoint"),
      "choose a code from 1 to 255: checkpoint_exit_code = 77");
}

void want_without_code(const Job& job, Report& report) {
  const Command* const wanted = job.attribute("WantFTOnCheckpoint");
  if (wanted == nullptr || !equal_ignoring_case(wanted->text, "true")) return;
  if (job.is_set("checkpoint_exit_code") || job.has_signal_exit()) return;
  report.add(wanted->line,
             "+WantFTOnCheckpoint without a code makes exit 0 mean \"checkpoint\": the job can "
             "never finish",
             "take the line out and write checkpoint_exit_code = 77, which sets it by itself");
}

void attributes_without_want(const Job& job, Report& report) {
  if (job.makes_checkpoints()) return;
  for (const std::string_view name : {"SuccessCheckpointExitCode", "SuccessCheckpointExitBySignal",
                                      "SuccessCheckpointExitSignal"})
    if (const Command* const given = job.attribute(name)) {
      report.add(given->line,
                 cat("+", name,
                     " does nothing without +WantFTOnCheckpoint = True: such an exit is an "
                     "ordinary one, and the job is over"),
                 name == "SuccessCheckpointExitCode"
                     ? cat("write checkpoint_exit_code = ", given->text, " instead")
                     : std::string("add +WantFTOnCheckpoint = True"));
      return;
    }
}

struct OldName {
  std::string_view old_name, new_name;
};
constexpr std::array kRenamed = {
    OldName{"CheckpointExitCode", "SuccessCheckpointExitCode"},
    OldName{"CheckpointExitBySignal", "SuccessCheckpointExitBySignal"},
    OldName{"CheckpointExitSignal", "SuccessCheckpointExitSignal"},
};

bool is_renamed(std::string_view attribute) {
  return std::any_of(kRenamed.begin(), kRenamed.end(), [attribute](const OldName& name) {
    return equal_ignoring_case(name.old_name, attribute);
  });
}

void renamed_attribute(const Job& job, Report& report) {
  for (const OldName& name : kRenamed)
    if (const Command* const given = job.attribute(name.old_name))
      report.add(given->line,
                 cat("+", name.old_name, " was renamed +", name.new_name,
                     " in HTCondor 8.7.3; the old name is ignored without a word"),
                 name.old_name == "CheckpointExitCode"
                     ? cat("write checkpoint_exit_code = ", given->text)
                     : cat("write +", name.new_name, " = ", given->text));
}

// Whether $(name) stands anywhere: then the assignment is a macro of the user's own.
bool is_used_as_macro(const Job& job, std::string_view name) {
  const std::string text = lower(job.input().text), word = lower(name);
  for (const char* const opening :
       {"$(", "$$(", "$f(", "$int(", "$real(", "$string(", "$choice(", "$substr(", "$basename(",
        "$dirname(", "$eval(", "defined ", ","}) {
    for (std::size_t at = text.find(opening + word); at != text.npos;
         at = text.find(opening + word, at + 1)) {
      const std::size_t end = at + std::string_view(opening).size() + word.size();
      if (end >= text.size() || (std::isalnum(static_cast<unsigned char>(text[end])) == 0 &&
                                 text[end] != '_' && text[end] != '.'))
        return true;
    }
  }
  // $Fnx(name), $RANDOM_CHOICE(name) and whatever else takes a name.
  return text.find(cat("(", word, ")")) != text.npos || text.find(cat("(", word, ",")) != text.npos;
}

bool is_attribute_of(const Commands::value_type& entry) {
  return starts_with_ignoring_case(entry.first, "MY.");
}

void attribute_for_command(const Job& job, Report& report) {
  for (const auto& entry : job.commands()) {
    const auto& [name, command] = entry;
    if (is_attribute_of(entry)) {
      // +checkpoint_exit_code = 77
      const std::string_view attribute = std::string_view(name).substr(3);
      const auto meant = command_of(attribute);
      const CommandWord* const word = meant ? word_of_command(*meant) : nullptr;
      if (word == nullptr || is_job_attribute(attribute) || !word->is_contract) continue;
      report.add(command.line,
                 cat("+", attribute, " makes an attribute of that name, which nothing reads: ",
                     *meant, " is a command"),
                 cat("write it without the +: ", *meant, " = ",
                     unquote_string(command.text).value_or(command.text)));
      continue;
    }
    // WantFTOnCheckpoint = True
    if (command_of(name)) continue;
    const CommandWord* word = word_of_attribute(name);
    std::string_view meant = name;
    if (word == nullptr && lower(name).find('_') != std::string::npos) {  // want_ft_on_checkpoint
      std::vector<std::string_view> attributes;
      for (const CommandWord& each : command_words())
        if (each.command.empty() && each.is_contract) attributes.push_back(each.attribute);
      if (const auto slip = slip_of(name, attributes)) word = word_of_attribute(*slip);
    }
    if (word == nullptr || !word->is_contract || is_used_as_macro(job, name)) continue;
    meant = word->attribute;
    report.add(command.line,
               cat(name, " is no command: this sets a macro that nothing uses; ", meant,
                   " is an attribute of the job"),
               word->command.empty() ? cat("write it with a +: +", meant, " = ", command.text)
                                     : cat("write ", word->command, " = ", command.text));
  }
}

struct Misspelling {
  std::string word, meant;
  int line = 0;
  bool is_contract = false;
  bool is_attribute = false;
};

std::vector<Misspelling> misspellings(const Job& job) {
  std::vector<Misspelling> found;
  for (const auto& entry : job.commands()) {
    const auto& [name, command] = entry;
    if (is_attribute_of(entry)) {
      const std::string_view attribute = std::string_view(name).substr(3);
      if (is_job_attribute(attribute) || is_machine_attribute(attribute) || is_renamed(attribute))
        continue;
      if (command_of(attribute)) continue;  // CL107
      if (const auto meant = slip_of(attribute, all_attributes())) {
        const CommandWord* const word = word_of_attribute(*meant);
        found.push_back({cat("+", attribute), cat("+", *meant), command.line,
                         word != nullptr && word->is_contract, true});
      }
      continue;
    }
    if (command_of(name) || word_of_attribute(name) != nullptr || is_used_as_macro(job, name))
      continue;
    if (const auto meant = slip_of(name, all_commands())) {
      const CommandWord* const word = word_of_command(*meant);
      found.push_back({name, *meant, command.line, word != nullptr && word->is_contract, false});
    }
  }
  return found;
}

void misspelt_contract(const Job& job, Report& report) {
  for (const Misspelling& slip : misspellings(job))
    if (slip.is_contract)
      report.add(slip.line,
                 cat(slip.word, " is unknown and is ignored: ", slip.meant, " is not set"),
                 cat("write ", slip.meant));
}

void misspelt_name(const Job& job, Report& report) {
  for (const Misspelling& slip : misspellings(job))
    if (!slip.is_contract)
      report.add(
          slip.line,
          cat(slip.word, " is unknown and has no effect", slip.is_attribute ? " on HTCondor" : ""),
          cat("write ", slip.meant, ", if that was meant"));
}

void unknown_command(const Job& job, Report& report) {
  const auto slips = misspellings(job);
  for (const auto& entry : job.commands()) {
    const std::string& name = entry.first;
    if (is_attribute_of(entry) || command_of(name) || word_of_attribute(name) != nullptr ||
        is_used_as_macro(job, name))
      continue;
    if (std::any_of(slips.begin(), slips.end(),
                    [&name](const Misspelling& slip) { return slip.word == name; }))
      continue;
    if (name.find('.') != std::string::npos) continue;  // SUBMIT.x: configuration
    if (lower(name).find("want_ft") == 0) continue;     // CL107
    report.add(entry.second.line,
               cat(name, " is no submit command, and no $(", name, ") uses it: it has no effect"),
               cat("take it out; an attribute of your own is +", name));
  }
}

void code_and_signal(const Job& job, Report& report) {
  if (!job.has_signal_exit() || !job.is_set("checkpoint_exit_code")) return;
  report.add(job.attribute("SuccessCheckpointExitBySignal")->line,
             "with +SuccessCheckpointExitBySignal the code is never looked at: only the signal "
             "makes a checkpoint",
             "keep one of the two; the code is the more reliable");
}

std::string_view other_meaning(std::int64_t code) {
  if (code == 1) return "what Python and most programs exit with when something is wrong";
  if (code == 2) return "what shells and argument parsers exit with when they are called wrongly";
  if (code == 124) return "what timeout exits with, also when it was the program that hung";
  if (code == 125) return "what timeout and docker exit with when they fail themselves";
  if (code == 126) return "what a shell says of a program that cannot be executed";
  if (code == 127) return "what a shell says of a program that is not there";
  if (code == 255) return "what exit(-1), ssh and many crashed scripts give";
  if (code > 128 && code <= 128 + 64) return "what a shell says of a program that a signal killed";
  return {};
}

void ambiguous_code(const Job& job, Report& report) {
  const auto code = job.code();
  if (!code) return;
  const std::string_view meaning = other_meaning(*code);
  if (meaning.empty()) return;
  report.add(job.line("checkpoint_exit_code"),
             cat("checkpoint_exit_code = ", *code, " is ", meaning,
                 ": a failure then counts as a checkpoint, and the job starts again and again"),
             "choose a code that nothing else uses: 77 or 85");
}

constexpr std::int64_t kLongSeconds = std::int64_t{4} * 3600;

void long_without_checkpoint(const Job& job, Report& report) {
  if (job.makes_checkpoints()) return;
  if (job.attribute("SuccessCheckpointExitCode") != nullptr || job.has_signal_exit() ||
      job.list("transfer_checkpoint_files"))
    return;  // CL101, CL105
  if (job.says("when_to_transfer_output", "ON_EXIT_OR_EVICT")) return;
  for (const std::string_view command : {"allowed_execute_duration", "allowed_job_duration"}) {
    const auto seconds = job.number(command);
    if (!seconds || *seconds < kLongSeconds) continue;
    report.add(job.line(command),
               cat("the job may run ", *seconds / 3600,
                   " hours and makes no checkpoint: an eviction at the end loses all of it"),
               "let the program save its state and exit with 77; write checkpoint_exit_code = 77 "
               "and transfer_checkpoint_files");
    return;
  }
}

void resumable(const Job& job, Report& report) {
  const Command* const given =
      job.attribute("is_resumable") ? job.attribute("is_resumable") : job.attribute("IsResumable");
  if (given == nullptr || job.makes_checkpoints()) return;
  report.add(given->line,
             "+is_resumable only tells some pools where they may run the job; it saves nothing",
             std::string(kWriteCode));
}

void signal_nobody_sends(const Job& job, Report& report) {
  const Command* const given = job.attribute("WantCheckpointSignal");
  if (given == nullptr || !equal_ignoring_case(given->text, "true")) return;
  report.add(given->line,
             "+WantCheckpointSignal waits for a signal that pools do not send unless their "
             "administrator sets PERIODIC_CHECKPOINT: no checkpoint is made",
             "let the program itself decide when to save and exit with its checkpoint_exit_code");
}

void universe(const Job& job, Report& report) {
  if (!job.makes_checkpoints()) return;
  for (const std::string_view name :
       {"local", "scheduler", "grid", "parallel", "java", "vm", "7", "9", "10", "11", "12", "13"})
    if (job.says("universe", name))
      report.add(job.line("universe"),
                 cat("universe = ", name,
                     " makes no checkpoints: HTCondor does so in the vanilla, docker and container "
                     "universes only"),
                 "take the line out, or take checkpoint_exit_code out");
}

void comment_behind_value(const Job& job, Report& report) {
  for (const auto& entry : job.commands()) {
    const auto& [name, command] = entry;
    if (equal_ignoring_case(name, "arguments") || equal_ignoring_case(name, "environment") ||
        is_attribute_of(entry))
      continue;
    const auto at = std::min(command.text.find(" #"), command.text.find("\t#"));
    if (at == command.text.npos || command.text.find('"') < at) continue;
    report.add(command.line,
               cat("a # behind a value begins no comment: ", name, " is \"", command.text, "\""),
               "put the comment on a line of its own");
  }
}

void contradicting_environment(const Job& job, Report& report) {
  if (!job.is_set("environment")) return;
  const auto unquoted = unquote_environment(job.text("environment"));
  if (!unquoted) return;
  const auto environment =
      unquoted->v2 ? split_environment_v2(unquoted->raw) : split_environment_v1(unquoted->raw);
  if (!environment) return;
  for (const auto& [name, value] : *environment) {
    if (name == "CAIRN_CHECKPOINT_EXIT_CODE") {
      const auto code = job.code();
      if (code && value == cat(*code)) continue;
      report.add(job.line("environment"),
                 code ? cat("the program is told by CAIRN_CHECKPOINT_EXIT_CODE to leave with ",
                            value, ", but checkpoint_exit_code is ", *code)
                      : cat("CAIRN_CHECKPOINT_EXIT_CODE promises the program a restart, but there "
                            "is no checkpoint_exit_code: it leaves, and is not started again"),
                 "take it out of the environment: libcairn reads the promise from the job's ad");
    } else if (name.starts_with("_CONDOR_")) {
      report.add(job.line("environment"),
                 cat(name, " is set by the execute side for every job; this value is replaced"),
                 "take it out, or use another name");
    }
  }
}

constexpr std::array kChecks = {
    Check{"CL101", Severity::error, "List without an exit code", list_without_code},
    Check{"CL102", Severity::error, "Exit code 0", code_zero},
    Check{"CL103", Severity::error, "Exit code that no program can have", code_out_of_range},
    Check{"CL104", Severity::error, "WantFTOnCheckpoint without a code", want_without_code},
    Check{"CL105", Severity::error, "Checkpoint attributes without WantFTOnCheckpoint",
          attributes_without_want},
    Check{"CL106", Severity::error, "Renamed attribute", renamed_attribute},
    Check{"CL107", Severity::error, "Attribute for a command, or command for an attribute",
          attribute_for_command},
    Check{"CL108", Severity::error, "Misspelt word of the contract", misspelt_contract},
    Check{"CL109", Severity::warning, "Misspelt name", misspelt_name},
    Check{"CL110", Severity::warning, "Unknown command", unknown_command},
    Check{"CL111", Severity::warning, "Exit code and exit signal", code_and_signal},
    Check{"CL112", Severity::warning, "Exit code that means something else", ambiguous_code},
    Check{"CL113", Severity::warning, "Long job without a checkpoint", long_without_checkpoint},
    Check{"CL114", Severity::hint, "is_resumable saves nothing", resumable},
    Check{"CL115", Severity::warning, "Signal that nobody sends", signal_nobody_sends},
    Check{"CL116", Severity::error, "Universe without checkpoints", universe},
    Check{"CL117", Severity::error, "Comment behind a value", comment_behind_value},
    Check{"CL118", Severity::warning, "Environment against the promise", contradicting_environment},
};

}  // namespace

std::span<const Check> contract_checks() { return kChecks; }

}  // namespace cairn::lint
