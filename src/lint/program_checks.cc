// CL3…: the programs themselves, whatever language they are in.
#include <algorithm>
#include <array>
#include <cctype>
#include <set>

#include "base/text.h"
#include "lint/check.h"
#include "lint/foreign_library.h"
#include "lint/program_facts.h"

namespace cairn::lint {
namespace {

// ---- what can be seen of a program's end

// Modules that never exit with a code of their own.
constexpr auto kQuietModules = std::to_array<std::string_view>(
    {"abc",        "argparse", "array",    "ast",         "base64",       "binascii",
     "bisect",     "bz2",      "cmath",    "collections", "configparser", "contextlib",
     "copy",       "csv",      "ctypes",   "dataclasses", "datetime",     "decimal",
     "enum",       "errno",    "fcntl",    "fractions",   "functools",    "glob",
     "gzip",       "hashlib",  "heapq",    "io",          "itertools",    "json",
     "logging",    "lzma",     "marshal",  "math",        "mmap",         "operator",
     "os",         "pathlib",  "pickle",   "platform",    "pprint",       "pwd",
     "random",     "re",       "resource", "shelve",      "shutil",       "signal",
     "socket",     "sqlite3",  "stat",     "statistics",  "string",       "struct",
     "sys",        "tempfile", "textwrap", "threading",   "time",         "timeit",
     "traceback",  "typing",   "uuid",     "warnings",    "zipfile",      "zlib",
     "__future__", "numpy",    "np",       "scipy",       "pandas",       "h5py",
     "matplotlib", "sklearn",  "torch",    "joblib",      "yaml",         "tqdm",
     "numba",      "sympy",    "networkx", "PIL",         "xarray",       "netCDF4",
     "tables"});

bool is_local_module(const Job& job, const Program& importer, const std::string& module) {
  return std::any_of(job.programs().begin(), job.programs().end(), [&](const Program& program) {
    return &program != &importer && program.path.stem() == module;
  });
}

// Nothing that decides the exit code, or writes files, is out of sight.
bool is_all_seen(const Job& job) {
  if (!job.is_transparent() || job.uses_libcairn()) return false;
  for (const Program& program : job.programs()) {
    if (!program.is_whole) return false;
    if (program.kind == ProgramKind::python) {
      for (const std::string& module : program.python.imports)
        if (std::find(kQuietModules.begin(), kQuietModules.end(), module) == kQuietModules.end() &&
            !is_local_module(job, program, module))
          return false;
      for (const std::string_view name : {"exec", "eval", "__import__", "import_module", "ERESTART",
                                          "execv", "execvp", "system", "spawnv"})
        if (program.python.mentions(name)) return false;
    }
    if (program.kind == ProgramKind::shell && runs_something_unseen(job, program)) return false;
  }
  return true;
}

struct Exit {
  const Program* program = nullptr;
  int line = 0;
  std::int64_t code = 0;
};

std::vector<Exit> literal_exits(const Job& job) {
  std::vector<Exit> exits;
  for (const Program& program : job.programs()) {
    for (const PythonCall& call : program.python.calls) {
      const bool is_exit = call.callee == "sys.exit" || call.callee == "os._exit" ||
                           call.callee == "exit" || call.callee == "quit" ||
                           call.callee == "SystemExit" || call.callee == "_exit";
      if (is_exit && !call.arguments.empty() && call.arguments[0].number)
        exits.push_back({&program, call.line, *call.arguments[0].number});
    }
    for (const ShellCommand& command : program.shell.commands)
      if (command.is("exit") && command.words.size() == 2 && command.words[1].is_plain)
        if (const auto code = parse_integer(command.words[1].text))
          exits.push_back({&program, command.line, *code});
  }
  return exits;
}

// `stem` as the beginning or the whole of a name: state_1 and "state", not statement.
bool names_stem(const Job& job, std::string_view stem) {
  const auto holds = [stem](std::string_view text) {
    const auto is_letter = [&text](std::size_t at) {
      return at < text.size() && std::isalpha(static_cast<unsigned char>(text[at])) != 0;
    };
    for (std::size_t at = text.find(stem); at != text.npos; at = text.find(stem, at + 1))
      if ((at == 0 || !is_letter(at - 1)) && !is_letter(at + stem.size())) return true;
    return false;
  };
  return holds(job.text("arguments")) || holds(job.text("environment")) ||
         std::any_of(job.programs().begin(), job.programs().end(),
                     [&holds](const Program& program) { return holds(program.text); });
}

bool names_code(const Job& job, std::int64_t code) {
  for (const std::string_view command : {"arguments", "environment"})
    if (holds_number(job.text(command), code)) return true;
  return std::any_of(job.programs().begin(), job.programs().end(), [code](const Program& program) {
    return program.kind == ProgramKind::python
               ? program.python.has_number(code) || program.python.has_string(cat(code))
               : holds_number(program.text, code);
  });
}

// A code that looks as if it were chosen for checkpoints.
const Exit* other_checkpoint_exit(const std::vector<Exit>& exits, std::int64_t code) {
  for (const Exit& exit : exits)
    if (exit.code >= 10 && exit.code < 124 && exit.code != code) return &exit;
  return nullptr;
}

constexpr auto kSourceEndings =
    std::to_array<std::string_view>({".c", ".cc", ".cpp", ".cxx", ".f90", ".f", ".go", ".rs"});

bool is_url_like(std::string_view name) {
  return name.find("://") != name.npos || name.find("$$") != name.npos;
}

// ---- the checks

void executable_missing(const Job& job, Report& report) {
  const Program* const program = job.main_program();
  if (program == nullptr ||
      (program->kind != ProgramKind::missing && program->kind != ProgramKind::folder))
    return;
  const std::string executable = job.text("executable");
  if (job.is_false("transfer_executable") || is_url_like(executable)) return;
  const bool has_source =
      job.input().files != nullptr &&
      std::any_of(kSourceEndings.begin(), kSourceEndings.end(), [&](std::string_view ending) {
        return job.input().files->look(program->path.string() + std::string(ending)).has_value();
      });
  report.add(job.line("executable"),
             cat("the executable ", executable,
                 program->kind == ProgramKind::folder ? " is a folder" : " does not exist",
                 ": the job cannot start"),
             has_source ? "compile it first"
                        : "make it, or correct its name (it starts at the submit file's folder)");
}

void not_executable(const Job& job, Report& report) {
  const Program* const program = job.main_program();
  if (program == nullptr || program->kind == ProgramKind::missing ||
      program->kind == ProgramKind::folder || program->is_executable)
    return;
  if (!job.is_false("transfer_executable") && !job.transfers_nothing())
    return;  // else it arrives executable
  report.add(job.line("executable"),
             cat(program->name, " is not executable, and is started where it is"),
             cat("chmod +x ", program->name));
}

void no_interpreter(const Job& job, Report& report) {
  const Program* const program = job.main_program();
  if (program == nullptr || program->text.empty() || !program->interpreter.empty() ||
      program->text.starts_with("#!"))
    return;
  if (program->is_run_by_interpreter) return;
  report.add(*program, 1,
             cat(program->name,
                 " is a text without a #! line: the system cannot execute it, and the job is held"),
             program->kind == ProgramKind::python ? "begin it with #!/usr/bin/env python3"
                                                  : "begin it with #!/bin/bash");
}

void carriage_return(const Job& job, Report& report) {
  for (const Program& program : job.programs())
    if (program.has_crlf && !program.interpreter.empty())
      report.add(program, 1,
                 cat("the lines of ", program.name,
                     " end in CR LF: the system looks for a program named \"",
                     program.interpreter.substr(0, program.interpreter.find(' ')), "\\r\""),
                 cat("sed -i 's/\\r$//' ", program.name));
}

void private_interpreter(const Job& job, Report& report) {
  const Program* const program = job.main_program();
  if (program == nullptr || program->interpreter.empty()) return;
  const std::string path = program->interpreter.substr(0, program->interpreter.find(' '));
  const bool is_private =
      std::any_of(kPrivateFolders.begin(), kPrivateFolders.end(),
                  [&path](std::string_view folder) { return path.starts_with(folder); });
  if (path.starts_with('/') && !is_private) return;
  report.add(*program, 1,
             cat("the interpreter ", path,
                 path.starts_with('/') ? " is one of this machine" : " has no absolute path",
                 ": where the job runs it is not there"),
             program->kind == ProgramKind::python
                 ? "begin the script with #!/usr/bin/env python3, and bring its packages along or "
                   "run in a container"
                 : "begin the script with #!/bin/bash or #!/usr/bin/env NAME");
}

void code_never_seen(const Job& job, Report& report) {
  const auto code = job.code();
  if (!code || *code < 1 || *code > 255 || !is_all_seen(job) || names_code(job, *code)) return;
  if (other_checkpoint_exit(literal_exits(job), *code) != nullptr) return;  // CL307
  report.add(job.line("checkpoint_exit_code"),
             cat("nothing in ", job.main_program()->name, " exits with ", *code,
                 ": it never makes a checkpoint"),
             cat("let it exit with ", *code, " when it has saved its state"));
}

void other_code(const Job& job, Report& report) {
  const auto code = job.code();
  if (!code || *code < 1 || *code > 255 || job.uses_libcairn() || names_code(job, *code)) return;
  const std::vector<Exit> exits = literal_exits(job);
  const Exit* const exit = other_checkpoint_exit(exits, *code);
  if (exit == nullptr) return;
  report.add(*exit->program, exit->line,
             cat(exit->program->name, " leaves with ", exit->code, ", but checkpoint_exit_code is ",
                 *code, ": its exit is no checkpoint, and the job is over"),
             cat("write checkpoint_exit_code = ", exit->code, ", or exit with ", *code));
}

void listed_but_unknown(const Job& job, Report& report) {
  if (!job.makes_checkpoints() || !is_all_seen(job)) return;
  const auto entries = job.list("transfer_checkpoint_files");
  if (!entries) return;
  for (const std::string& entry : *entries) {
    const std::filesystem::path path(plain_name(entry));
    const std::string name = path.filename().string(), stem = path.stem().string();
    if (is_url_like(entry) || name.empty() || name == "." || job.is_named(name) ||
        (stem.size() >= 3 && names_stem(job, stem)))
      continue;
    if (job.text("output") == entry || job.text("error") == entry) continue;  // CL201
    const auto inputs = job.list("transfer_input_files").value_or(std::vector<std::string>{});
    if (std::any_of(inputs.begin(), inputs.end(),
                    [&name](const std::string& input) { return arrival_name(input) == name; }))
      continue;
    report.add(job.line("transfer_checkpoint_files"),
               cat("no program of the job names ", entry,
                   ": if it is not there at a checkpoint, the job is held"),
               "list what the program writes, letter by letter");
  }
}

void libcairn_folder(const Job& job, Report& report) {
  if (!job.makes_checkpoints() || job.transfers_nothing()) return;
  for (const Program& program : job.programs())
    for (const CairnFile& file : cairn_files(program)) {
      const auto entries = job.checkpoint_files();
      if (entries ? is_covered(*entries, file.name) : !file.is_folder) continue;
      report.add(program, file.line,
                 entries ? cat(file.is_folder ? "libcairn's checkpoint folder " : "", file.name,
                               file.is_folder ? "" : ", which a checkpoint cuts back,",
                               " is not in transfer_checkpoint_files: it is gone after an eviction")
                         : cat("without a list of files folders are not saved: ", file.name,
                               " is gone after an eviction"),
                 cat("add it: transfer_checkpoint_files = ",
                     entries && !entries->empty() ? join(*entries, ", ") + ", " : std::string(),
                     file.name));
    }
}

void save_is_dropped(const Job& job, Report& report) {
  if (job.says("when_to_transfer_output", "ON_EXIT_OR_EVICT")) return;  // CL604
  for (const Program& program : job.programs())
    if (const auto line = saves_on_sigterm(program)) {
      report.add(program, *line,
                 "what the program saves when it is asked to leave (SIGTERM) is dropped by "
                 "HTCondor, whatever it exits with; only Cairn keeps it",
                 "make checkpoints often enough in between; or write when_to_transfer_output = "
                 "ON_EXIT_OR_EVICT with the checkpoint in transfer_output_files too");
      return;
    }
}

void path_in_program(const Job& job, Report& report) {
  if (job.transfers_nothing()) return;
  for (const Program& program : job.programs()) {
    std::set<std::string> said;
    for (const FileUse& use : file_uses(program)) {
      const bool is_home = use.name.starts_with("~") || use.name.starts_with("$HOME") ||
                           use.name.starts_with("${HOME}");
      const bool is_private =
          std::any_of(kPrivateFolders.begin(), kPrivateFolders.end(),
                      [&use](std::string_view folder) { return use.name.starts_with(folder); });
      if ((!is_home && !is_private) || !said.insert(use.name).second) continue;
      report.add(program, use.line,
                 cat(use.name, is_home ? " lies in the home folder" : " is a path of this machine",
                     ": where the job runs, and after each move, there is another disk"),
                 "bring inputs along with transfer_input_files, and keep everything in the working "
                 "folder");
    }
  }
}

void foreign_library(const Job& job, Report& report) {
  if (job.transfers_nothing() || job.input().files == nullptr) return;
  // In a container there are other files; where LD_LIBRARY_PATH leads is not known.
  if (!job.text("container_image").empty() || !job.text("docker_image").empty() ||
      !job.text("getenv").empty() || job.is_named("LD_LIBRARY_PATH"))
    return;
  for (const Program& program : job.programs()) {
    if (program.is_main && job.is_false("transfer_executable")) continue;
    const auto libraries = foreign_libraries(job, program);
    if (libraries.empty()) continue;
    const ForeignLibrary& first = libraries.front();
    const std::string path = first.path.empty() ? first.name : first.path;
    const std::string link = "link it with -Wl,-rpath,'$ORIGIN', so that it looks beside itself";
    report.add(job.line(program.is_main ? "executable" : "transfer_input_files"),
               cat(program.name, " needs the shared library ", path,
                   libraries.size() > 1 ? cat(" and ", libraries.size() - 1, " more") : "",
                   first.goes_along ? ", which goes along, but the program does not look for it "
                                      "beside itself"
                                    : ": where the job runs it is not there"),
               first.goes_along        ? link
               : looks_beside(program) ? cat("send it along: transfer_input_files = ", path)
                                       : cat("send it along, transfer_input_files = ", path,
                                             ", and ", link, "; or link it statically"));
  }
}

void unlisted_state(const Job& job, Report& report) {
  const auto entries = job.checkpoint_files();
  if (!job.makes_checkpoints() || !entries || job.transfers_nothing()) return;
  for (const Program& program : job.programs()) {
    std::set<std::string> said;
    const auto uses = file_uses(program);
    for (const FileUse& read : uses) {
      if (!read.reads || is_covered(*entries, read.name) || !said.insert(read.name).second)
        continue;
      const auto inputs = job.list("transfer_input_files").value_or(std::vector<std::string>{});
      if (is_covered(inputs, read.name)) continue;
      // Appended to, or read before it is written: that is meant to outlive a restart.
      const auto kept = std::find_if(uses.begin(), uses.end(), [&read](const FileUse& use) {
        return use.name == read.name && (use.appends || (use.writes && use.order > read.order));
      });
      if (kept == uses.end()) continue;
      report.add(program, kept->line,
                 cat(read.name, " is written and read again, but is not in ",
                     job.list("transfer_checkpoint_files") ? "transfer_checkpoint_files"
                                                           : "transfer_output_files",
                     ": after an eviction it is not there"),
                 cat("add it: transfer_checkpoint_files = ",
                     entries->empty() ? std::string() : join(*entries, ", ") + ", ", read.name));
    }
  }
}

void unlisted_results(const Job& job, Report& report) {
  const auto entries = job.list("transfer_checkpoint_files");
  const auto outputs = job.list("transfer_output_files");
  if (!job.makes_checkpoints() || !entries || !outputs || job.transfers_nothing()) return;
  for (const Program& program : job.programs())
    for (const FileUse& use : file_uses(program)) {
      if (!use.appends || is_covered(*entries, use.name) || !is_covered(*outputs, use.name))
        continue;
      report.add(program, use.line,
                 cat("the output ", use.name,
                     " is appended to, but is not in transfer_checkpoint_files: after an eviction "
                     "the lines before it are lost"),
                 cat("add it: transfer_checkpoint_files = ",
                     entries->empty() ? std::string() : join(*entries, ", ") + ", ", use.name));
      break;
    }
}

void removed_output(const Job& job, Report& report) {
  const auto outputs = job.list("transfer_output_files");
  if (!outputs || job.transfers_nothing()) return;
  for (const Program& program : job.programs()) {
    const auto uses = file_uses(program);
    for (const FileUse& use : uses) {
      if (!use.removes || std::find(outputs->begin(), outputs->end(), use.name) == outputs->end())
        continue;
      if (std::any_of(uses.begin(), uses.end(), [&use](const FileUse& other) {
            return other.name == use.name && other.writes && other.order > use.order;
          }))
        continue;
      report.add(program, use.line,
                 cat(use.name,
                     " is removed, and is in transfer_output_files: at the end it is missing, and "
                     "the finished job is held"),
                 job.list("transfer_checkpoint_files")
                     ? cat("take ", use.name,
                           " out of transfer_output_files: transfer_checkpoint_files is enough")
                     : cat("write transfer_checkpoint_files = ", use.name,
                           ", and only results in transfer_output_files"));
    }
  }
}

constexpr std::array kChecks = {
    Check{"CL301", Severity::error, "Executable that does not exist", executable_missing},
    Check{"CL302", Severity::error, "Executable that cannot be executed", not_executable},
    Check{"CL303", Severity::error, "Script without #!", no_interpreter},
    Check{"CL304", Severity::error, "Line ends of Windows", carriage_return},
    Check{"CL305", Severity::warning, "Interpreter of this machine", private_interpreter},
    Check{"CL306", Severity::warning, "Code that no program exits with", code_never_seen},
    Check{"CL307", Severity::error, "Two different codes", other_code},
    Check{"CL308", Severity::warning, "Listed file that no program names", listed_but_unknown},
    Check{"CL309", Severity::error, "libcairn's files not in the list", libcairn_folder},
    Check{"CL310", Severity::warning, "Saved on SIGTERM, and dropped", save_is_dropped},
    Check{"CL311", Severity::warning, "Path of this machine in a program", path_in_program},
    Check{"CL312", Severity::warning, "State that is not in the list", unlisted_state},
    Check{"CL313", Severity::error, "Appended output that is not in the checkpoint",
          unlisted_results},
    Check{"CL314", Severity::error, "Output that is removed at the end", removed_output},
    Check{"CL315", Severity::warning, "Shared library of this machine", foreign_library},
};

}  // namespace

std::span<const Check> program_checks() { return kChecks; }

}  // namespace cairn::lint
