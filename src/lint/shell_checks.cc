// CL4…: shell scripts that run the program: whether signals reach it, and its exit code gets out.
#include <algorithm>
#include <array>

#include "base/text.h"
#include "lint/check.h"
#include "lint/program_facts.h"

namespace cairn::lint {
namespace {

using ShellCommands = std::vector<ShellCommand>;

const Program* main_script(const Job& job) {
  const Program* const program = job.main_program();
  return program != nullptr && program->kind == ProgramKind::shell ? program : nullptr;
}

bool holds_status(const ShellCommand& command) {
  const auto has = [](const std::string& text) {
    return text.find("$?") != text.npos || text.find("${?}") != text.npos ||
           text.find("PIPESTATUS") != text.npos;
  };
  return std::any_of(command.words.begin(), command.words.end(),
                     [&has](const ShellWord& word) { return has(word.text); }) ||
         std::any_of(command.values.begin(), command.values.end(), has);
}

bool exits_with(const ShellCommands& commands, std::int64_t code) {
  return std::any_of(commands.begin(), commands.end(), [code](const ShellCommand& command) {
    return (command.is("exit") || command.is("return")) && command.words.size() == 2 &&
           command.words[1].text == cat(code);
  });
}

bool is_sequence(ShellJoin join) { return join == ShellJoin::end || join == ShellJoin::semicolon; }

// Whether nothing that is certain to run comes behind the command at `index`.
bool is_last(const ShellCommands& commands, std::size_t index) {
  for (std::size_t i = index + 1; i < commands.size(); ++i) {
    if (commands[i].function != commands[index].function) continue;
    if (commands[i].before == ShellJoin::pipe || commands[i].before == ShellJoin::and_then)
      continue;
    return false;
  }
  return true;
}

const ShellRun* last_foreground(const std::vector<ShellRun>& runs, const ShellCommands& commands) {
  for (auto run = runs.rbegin(); run != runs.rend(); ++run)
    if (commands[run->command].after != ShellJoin::background) return &*run;
  return nullptr;
}

// ---- CL401

void signals_swallowed(const Job& job, Report& report) {
  const Program* const script = main_script(job);
  if (script == nullptr || handles_sigterm(*script)) return;
  const auto runs = shell_runs(script->shell);
  const ShellRun* const run = last_foreground(runs, script->shell.commands);
  if (run == nullptr || run->by_exec) return;
  // Only where the signal is for something: HTCondor keeps what is saved then, or the program heeds
  // it.
  const bool is_asked_for =
      job.says("when_to_transfer_output", "ON_EXIT_OR_EVICT") || job.is_set("kill_sig") ||
      job.attribute("WantCheckpointSignal") != nullptr || job.attribute("CheckpointSig") != nullptr;
  const bool is_heeded =
      std::any_of(job.programs().begin(), job.programs().end(), [script](const Program& program) {
        return &program != script && (handles_sigterm(program) || program.links_libcairn ||
                                      program.python.imports_module("cairn"));
      });
  if (!is_asked_for && !is_heeded) return;
  report.add(*script, script->shell.commands[run->command].line,
             cat("only the shell gets the signal of an eviction: ", run->what(),
                 " is killed without having been asked to save"),
             cat("end the script with exec ", script->shell.commands[run->command].raw,
                 "; or start it with &, trap 'kill -TERM $!' TERM, and wait $!"));
}

// ---- CL402, CL403

// What ends the pipeline that begins at `index`.
std::size_t pipeline_end(const ShellCommands& commands, std::size_t index) {
  while (index + 1 < commands.size() && commands[index].after == ShellJoin::pipe) ++index;
  return index;
}

void code_lost(const Job& job, Report& report) {
  const Program* const script = main_script(job);
  const auto code = job.code();
  if (script == nullptr || !code || *code < 1) return;
  const ShellCommands& commands = script->shell.commands;
  const auto runs = shell_runs(script->shell);
  const ShellRun* const run = last_foreground(runs, commands);
  if (run == nullptr || run->by_exec || script->shell.sets('e') || exits_with(commands, *code))
    return;
  const ShellCommand& command = commands[run->command];
  if (command.is_condition || command.after == ShellJoin::pipe ||
      command.before == ShellJoin::pipe || !command.function.empty())
    return;
  if (command.after == ShellJoin::or_else && run->command + 1 < commands.size()) {
    const ShellCommand& other = commands[run->command + 1];
    if (!other.is("true") && !other.is(":") && !other.is("echo")) return;
    report.add(*script, command.line,
               cat("|| ", other.name(), " hides the exit code of ", run->what(), ": an exit with ",
                   *code, " is never seen, and the job is over"),
               cat("take it out, or write: ", run->what(), " …; exit $?"));
    return;
  }
  if (!is_sequence(command.after) || is_last(commands, run->command)) return;
  for (std::size_t i = run->command + 1; i < commands.size(); ++i)
    if (holds_status(commands[i])) return;
  const ShellCommand& last = commands.back();
  if (last.is("exit") && last.words.size() > 1 && !last.words[1].is_plain)
    return;  // decided elsewhere
  report.add(
      *script, last.line,
      cat("the script ends with the status of ",
          last.name().empty() ? std::string_view("an assignment") : last.name(), ": that ",
          run->what(), " exited with ", *code,
          " is never seen, and the job is over at its first checkpoint"),
      cat("behind line ", command.line, " write status=$?, and end the script with exit $status"));
}

void code_lost_in_pipe(const Job& job, Report& report) {
  const Program* const script = main_script(job);
  const auto code = job.code();
  if (script == nullptr || !code || *code < 1 || script->shell.sets_pipefail()) return;
  const ShellCommands& commands = script->shell.commands;
  for (const ShellRun& run : shell_runs(script->shell)) {
    const ShellCommand& command = commands[run.command];
    if (command.after != ShellJoin::pipe || !command.function.empty()) continue;
    const std::size_t end = pipeline_end(commands, run.command);
    bool is_heeded = script->text.find("PIPESTATUS") != std::string::npos ||
                     script->text.find("pipestatus") != std::string::npos;
    const bool is_read = end + 1 < commands.size() && holds_status(commands[end + 1]);
    is_heeded = is_heeded || (!is_read && exits_with(commands, *code));
    if (is_heeded || (!is_read && !is_last(commands, end))) continue;
    report.add(*script, command.line,
               cat("the status of this pipe is that of ", commands[end].name(), ", not of ",
                   run.what(), ": an exit with ", *code, " is never seen"),
               "write set -o pipefail at the beginning (bash)");
    return;
  }
}

// ---- CL404, CL406, CL410: timeout

std::string timeout_idiom(std::int64_t code) {
  return cat("write behind it: status=$?; [ $status -eq 124 ] && exit ", code, "; exit $status");
}

void timeout_not_translated(const Job& job, Report& report) {
  const auto code = job.code();
  if (!code || *code < 1 || *code == 124) return;
  if (std::filesystem::path(job.text("executable")).filename() == "timeout") {
    report.add(
        job.line("executable"),
        cat("timeout exits with 124 when the time is up, not with ", *code,
            ": the job is over then"),
        cat("write a script as executable, and in it: timeout … program; [ $? -eq 124 ] && exit ",
            *code));
    return;
  }
  const Program* const script = main_script(job);
  if (script == nullptr) return;
  const ShellCommands& commands = script->shell.commands;
  for (const ShellRun& run : shell_runs(script->shell)) {
    if (!run.by_timeout || run.preserves_status || holds_number(script->text, 124) ||
        holds_number(script->text, 137) || exits_with(commands, *code))
      continue;
    const ShellCommand& command = commands[run.command];
    if (command.is_condition || command.after == ShellJoin::or_else) continue;
    report.add(*script, command.line,
               cat("timeout exits with 124 when the time is up, and nothing makes that ", *code,
                   ": the job fails instead of making a checkpoint"),
               timeout_idiom(*code));
    return;
  }
}

void timeout_kills(const Job& job, Report& report) {
  const auto code = job.code();
  const Program* const script = main_script(job);
  if (script == nullptr || !code || *code < 1) return;
  for (const ShellRun& run : shell_runs(script->shell)) {
    if (!run.by_timeout || !run.kills || holds_number(script->text, 137) ||
        !holds_number(script->text, 124))
      continue;
    report.add(
        *script, script->shell.commands[run.command].line,
        cat("where timeout has to kill, it exits with 137, not with 124: such an end is no "
            "checkpoint, and the program had no time to finish one"),
        "give the program more time before the kill (-k 10m), and treat 137 as the failure it is");
    return;
  }
}

void status_after_set_e(const Job& job, Report& report) {
  const Program* const script = main_script(job);
  const auto code = job.code();
  if (script == nullptr || !code || *code < 1) return;
  const ShellCommands& commands = script->shell.commands;
  bool is_on = script->interpreter.find(" -e") != std::string::npos;
  const auto runs = shell_runs(script->shell);
  for (std::size_t i = 0; i < commands.size(); ++i) {
    if (commands[i].is("set") && commands[i].words.size() > 1) {
      const std::string& option = commands[i].words[1].text;
      if (option.starts_with('-') && !option.starts_with("--") && option.find('e') != option.npos)
        is_on = true;
      if (option.starts_with('+') && option.find('e') != option.npos) is_on = false;
    }
    const auto run = std::find_if(runs.begin(), runs.end(),
                                  [i](const ShellRun& each) { return each.command == i; });
    if (!is_on || run == runs.end() || i + 1 >= commands.size()) continue;
    if (commands[i].is_condition || !is_sequence(commands[i].after) ||
        !holds_status(commands[i + 1]))
      continue;
    if (!run->by_timeout && !exits_with(commands, *code)) continue;
    report.add(*script, commands[i].line,
               cat("with set -e the script ends here when ", run->what(),
                   " exits with anything but 0: its status is never looked at"),
               "write: status=0; PROGRAM … || status=$?");
    return;
  }
}

// ---- CL405

bool has_status_of_its_own(const ShellCommand& command) {
  for (const std::string_view name :
       {"echo",   "printf", "date",  "test", "[",   "[[",       "true", ":",      "sleep",
        "cd",     "cp",     "mv",    "rm",   "ls",  "touch",    "sync", "logger", "sed",
        "export", "cat",    "mkdir", "tar",  "pwd", "hostname", "wc"})
    if (command.is(name)) return true;
  return false;
}

void status_of_another(const Job& job, Report& report) {
  const Program* const script = main_script(job);
  if (script == nullptr || !job.makes_checkpoints()) return;
  const ShellCommands& commands = script->shell.commands;
  const auto runs = shell_runs(script->shell);
  for (const ShellRun& run : runs) {
    if (commands[run.command].is_condition) continue;
    // The first command behind it that reads $?, if none in between has kept it.
    bool was_kept = false;
    for (std::size_t i = run.command + 1; i < commands.size() && i <= run.command + 6; ++i) {
      if (commands[i].function != commands[run.command].function ||
          commands[run.command].after == ShellJoin::background)
        break;
      const bool reads = holds_status(commands[i]);
      if (i == run.command + 1 && reads && (!commands[i].values.empty() || commands[i].is("exit")))
        was_kept = true;
      if (was_kept) break;
      if (!reads || i == run.command + 1) continue;
      // Behind `[ $? -eq 124 ] && exit 85` comes the status of [.
      std::size_t before = i - 1;
      while (before > run.command + 1 && (commands[before].before == ShellJoin::and_then ||
                                          commands[before].before == ShellJoin::or_else))
        --before;
      if (!is_sequence(commands[i].before) || before == run.command ||
          !has_status_of_its_own(commands[before]))
        break;
      report.add(*script, commands[i].line,
                 cat("$? is here the status of ", commands[before].name(), " in line ",
                     commands[before].line, ", not of ", run.what()),
                 cat("keep it at once: status=$? behind line ", commands[run.command].line,
                     ", then use $status"));
      return;
    }
  }
}

// ---- CL407, CL408

// The first command that can never run; nothing: there is none.
std::optional<std::size_t> first_dead(const ShellCommands& commands) {
  for (std::size_t i = 0; i < commands.size(); ++i) {
    const ShellCommand& command = commands[i];
    if (!command.function.empty() || command.depth > 0 || command.is_condition ||
        !is_sequence(command.before) || !is_sequence(command.after))
      continue;
    const bool ends = command.is("exit") || (command.is("exec") && command.words.size() > 1 &&
                                             !command.words[1].text.starts_with('-'));
    if (!ends) continue;
    for (std::size_t next = i + 1; next < commands.size(); ++next)
      if (commands[next].function.empty() && !commands[next].is(":"))
        return next;  // : <<text is a comment
    return std::nullopt;
  }
  return std::nullopt;
}

bool packs(const Job& job, const ShellCommand& command) {
  bool is_packing = false;
  for (const std::string_view name :
       {"tar", "cp", "mv", "zip", "gzip", "rsync", "zstd", "xz", "bzip2", "sync"})
    is_packing = is_packing || command.is(name);
  const auto entries = job.checkpoint_files().value_or(std::vector<std::string>{});
  return is_packing &&
         std::any_of(entries.begin(), entries.end(), [&command](const std::string& entry) {
           return command.raw.find(arrival_name(entry)) != std::string::npos;
         });
}

std::optional<std::size_t> dead_packing(const Job& job, const ShellCommands& commands) {
  const auto dead = first_dead(commands);
  if (!dead) return std::nullopt;
  for (std::size_t i = *dead; i < commands.size(); ++i)
    if (packs(job, commands[i])) return i;
  return std::nullopt;
}

void dead_code(const Job& job, Report& report) {
  for (const Program& program : job.programs()) {
    if (program.kind != ProgramKind::shell || dead_packing(job, program.shell.commands)) continue;
    const auto dead = first_dead(program.shell.commands);
    if (!dead) continue;
    const ShellCommand& command = program.shell.commands[*dead];
    report.add(program, command.line,
               cat("this is never reached: the script has ended before it (",
                   command.raw.substr(0, 40), ")"),
               "move it before the exit, or take it out");
  }
}

void packed_after_exit(const Job& job, Report& report) {
  if (!job.makes_checkpoints()) return;
  for (const Program& program : job.programs()) {
    if (program.kind != ProgramKind::shell) continue;
    const auto dead = dead_packing(job, program.shell.commands);
    if (!dead) continue;
    report.add(program, program.shell.commands[*dead].line,
               cat("the checkpoint is made behind the exit, and so never: ",
                   program.shell.commands[*dead].raw),
               "make it first, then exit");
  }
}

// ---- CL409

void plain_failure(const Job& job, Report& report) {
  const auto code = job.code();
  const Program* const script = main_script(job);
  if (script == nullptr || !code || *code < 1) return;
  const ShellCommands& commands = script->shell.commands;
  for (std::size_t i = 0; i < commands.size(); ++i) {
    const ShellCommand& test = commands[i];
    if (!test.is("[") && !test.is("[[") && !test.is("test") && !test.is("((")) continue;
    const bool is_meant = holds_number(test.raw, 124) || holds_number(test.raw, *code);
    if (!is_meant || test.raw.find("-ne") != std::string::npos ||
        test.raw.find("!=") != std::string::npos || test.raw.find("-lt") != std::string::npos ||
        test.after == ShellJoin::or_else)
      continue;
    for (std::size_t next = i + 1; next < commands.size() && next <= i + 5; ++next) {
      if (!commands[next].is("exit")) continue;
      if (commands[next].words.size() == 2 && commands[next].words[1].is_plain &&
          commands[next].words[1].text != cat(*code) && commands[next].words[1].text != "124" &&
          commands[next].before != ShellJoin::or_else)
        report.add(*script, commands[next].line,
                   cat("exit ", commands[next].words[1].text,
                       " where the time is up: that is no checkpoint, and the job is over"),
                   cat("write exit ", *code));
      break;
    }
  }
}

// ---- CL411 to CL417

void unbalanced(const Job& job, Report& report) {
  for (const Program& program : job.programs())
    if (program.kind == ProgramKind::shell && program.is_whole && !program.shell.imbalance.empty())
      report.add(program, program.shell.imbalance_line,
                 cat(program.shell.imbalance, ": the shell stops there with a syntax error"),
                 cat("bash -n ", program.name, " says what it expects"));
}

void nobody_waits(const Job& job, Report& report) {
  const Program* const script = main_script(job);
  if (script == nullptr || !job.makes_checkpoints()) return;
  const ShellCommands& commands = script->shell.commands;
  for (const ShellRun& run : shell_runs(script->shell)) {
    if (commands[run.command].after != ShellJoin::background) continue;
    const auto wait =
        std::find_if(commands.begin() + static_cast<std::ptrdiff_t>(run.command), commands.end(),
                     [](const ShellCommand& command) { return command.is("wait"); });
    if (wait == commands.end()) {
      if (!is_last(commands, run.command) &&
          last_foreground(shell_runs(script->shell), commands) != nullptr)
        continue;
      report.add(*script, commands[run.command].line,
                 cat(run.what(),
                     " runs in the background, and nobody waits for it: when the script ends it is "
                     "killed"),
                 "write wait $! at the end, or take the & out");
    } else if (wait->words.size() == 1 && job.code() && !exits_with(commands, *job.code())) {
      report.add(*script, wait->line,
                 cat("wait alone always gives 0: that ", run.what(), " exited with ", *job.code(),
                     " is never seen"),
                 "write pid=$! behind the &, then wait $pid; exit $?");
    }
    return;
  }
}

void every_failure_leaves(const Job& job, Report& report) {
  const auto code = job.code();
  const Program* const script = main_script(job);
  if (script == nullptr || !code || *code < 1) return;
  const ShellCommands& commands = script->shell.commands;
  for (const ShellRun& run : shell_runs(script->shell)) {
    if (commands[run.command].after != ShellJoin::or_else || run.command + 1 >= commands.size())
      continue;
    const ShellCommand& next = commands[run.command + 1];
    if (!next.is("exit") || next.words.size() != 2 || next.words[1].text != cat(*code)) continue;
    report.add(*script, next.line,
               cat("whatever goes wrong in ", run.what(),
                   " is called a checkpoint: a program that cannot work is started again for ever"),
               cat("pass its own code on: ", run.what(), " …; exit $?"));
    return;
  }
}

void program_stays_behind(const Job& job, Report& report) {
  if (job.transfers_nothing() || job.input().files == nullptr) return;
  const Program* const script = main_script(job);
  if (script == nullptr) return;
  const ShellCommands& commands = script->shell.commands;
  // What unpacks, builds, fetches or changes the folder may bring it.
  for (const ShellCommand& command : commands)
    for (const std::string_view name :
         {"tar",  "unzip",   "gunzip",       "git",     "make",   "cmake", "gcc", "g++",
          "cc",   "c++",     "clang",        "curl",    "wget",   "cp",    "mv",  "ln",
          "cd",   "install", "rsync",        "scp",     "pip",    "conda", "cat", "module",
          "zstd", "xz",      "condor_chirp", "stashcp", "pelican"})
      if (command.is(name) && !(name == "cat" && command.redirects.empty())) return;
  const auto inputs = job.list("transfer_input_files").value_or(std::vector<std::string>{});
  for (const ShellRun& run : shell_runs(script->shell)) {
    const ShellCommand& command = commands[run.command];
    std::string name = run.what();
    if (name.find(' ') != name.npos || name.find('$') != name.npos || name.find('*') != name.npos)
      continue;
    const bool is_here =
        name.starts_with("./") ||
        (!run.script.empty() && name.find('/') == name.npos && name.find('.') != name.npos);
    if (!is_here) continue;
    name = plain_name(name);
    const std::string top = name.substr(0, name.find('/'));
    const bool comes = std::any_of(inputs.begin(), inputs.end(), [&](const std::string& input) {
      return input.ends_with('/') || input.find("://") != input.npos || arrival_name(input) == top;
    });
    if (comes || top == std::filesystem::path(script->name).filename() ||
        is_covered(job.checkpoint_files().value_or(std::vector<std::string>{}), name))
      continue;
    const auto uses = file_uses(*script);
    if (std::any_of(uses.begin(), uses.end(),
                    [&](const FileUse& use) { return use.writes && use.name == name; }))
      continue;
    report.add(*script, command.line,
               cat(name, " does not come along: it is not in transfer_input_files"),
               cat("add it: transfer_input_files = ",
                   inputs.empty() ? std::string() : join(inputs, ", ") + ", ", name));
  }
}

void overwritten_in_place(const Job& job, Report& report) {
  const auto entries = job.list("transfer_checkpoint_files");
  if (!job.makes_checkpoints() || !entries) return;
  const auto outputs = job.list("transfer_output_files").value_or(std::vector<std::string>{});
  for (const Program& program : job.programs()) {
    if (program.kind != ProgramKind::shell) continue;
    const auto uses = file_uses(program);
    for (const FileUse& use : uses) {
      if (!use.writes || use.appends || use.is_replaced ||
          (use.how != ">" && use.how != "tee" && use.how != "tar" && use.how != "cp"))
        continue;
      if (std::find(entries->begin(), entries->end(), use.name) == entries->end() ||
          is_covered(outputs, use.name))
        continue;
      report.add(program, use.line,
                 cat("the checkpoint ", use.name,
                     " is overwritten in place: a kill in the middle leaves neither the old nor "
                     "the new one"),
                 cat("write ", use.name, ".tmp, then: sync ", use.name, ".tmp && mv ", use.name,
                     ".tmp ", use.name));
      break;
    }
  }
}

void trap_changes_code(const Job& job, Report& report) {
  const auto code = job.code();
  const Program* const script = main_script(job);
  if (script == nullptr || !code || *code < 1) return;
  for (const ShellCommand& command : script->shell.commands) {
    if (!command.is("trap") || command.words.size() < 3) continue;
    const bool on_exit =
        std::any_of(command.words.begin() + 2, command.words.end(),
                    [](const ShellWord& word) { return word.text == "EXIT" || word.text == "0"; });
    if (!on_exit) continue;
    const std::string& action = command.words[1].text;
    const auto at = action.find("exit ");
    if (at == action.npos || at + 5 >= action.size() || action[at + 5] < '0' ||
        action[at + 5] > '9')
      continue;
    const std::string number =
        action.substr(at + 5, action.find_first_not_of("0123456789", at + 5) - at - 5);
    if (number == cat(*code)) continue;
    report.add(*script, command.line,
               cat("the trap on EXIT ends every run with ", number, ": an exit with ", *code,
                   " never gets out"),
               "take the exit out of the trap");
  }
}

constexpr std::array kChecks = {
    Check{"CL401", Severity::warning, "Signals that do not reach the program", signals_swallowed},
    Check{"CL402", Severity::error, "Exit code that is lost", code_lost},
    Check{"CL403", Severity::error, "Exit code that is lost in a pipe", code_lost_in_pipe},
    Check{"CL404", Severity::error, "timeout's 124 is not the code", timeout_not_translated},
    Check{"CL405", Severity::error, "$? of another command", status_of_another},
    Check{"CL406", Severity::warning, "timeout that kills", timeout_kills},
    Check{"CL407", Severity::warning, "Dead code", dead_code},
    Check{"CL408", Severity::error, "Checkpoint made behind the exit", packed_after_exit},
    Check{"CL409", Severity::error, "Failure for a checkpoint", plain_failure},
    Check{"CL410", Severity::error, "set -e ends the script too early", status_after_set_e},
    Check{"CL411", Severity::error, "Block without its end", unbalanced},
    Check{"CL412", Severity::error, "Program nobody waits for", nobody_waits},
    Check{"CL413", Severity::warning, "Every failure is a checkpoint", every_failure_leaves},
    Check{"CL414", Severity::warning, "Program that does not come along", program_stays_behind},
    Check{"CL415", Severity::warning, "Checkpoint overwritten by a shell script",
          overwritten_in_place},
    Check{"CL416", Severity::error, "Trap that changes the exit code", trap_changes_code},
};

}  // namespace

std::span<const Check> shell_checks() { return kChecks; }

}  // namespace cairn::lint
