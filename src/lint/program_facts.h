// What programs are seen to do: with files, with signals, with other programs.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lint/job.h"
#include "lint/program.h"

namespace cairn::lint {

// Folders that are another one, or none, on each machine.
inline constexpr auto kPrivateFolders = std::to_array<std::string_view>(
    {"/home/", "/Users/", "/root/", "/scratch/", "/data/", "/mnt/", "/media/", "/work/", "/nfs/",
     "/gpfs/", "/lustre/", "/project/", "/projects/", "/export/"});

// A file that is named letter by letter.  All flags false: it is only mentioned.
struct FileUse {
  std::string name;
  int line = 0;
  int order = 0;  // as in the text
  bool reads = false, writes = false, appends = false, removes = false;
  bool is_replaced = false;  // written by a rename onto it
  std::string how;           // the call or command, for messages: "open", "np.save", ">"
};
std::vector<FileUse> file_uses(const Program& program);

// What a program with libcairn keeps (Python only: compiled ones do not show it).
struct CairnFile {
  std::string name;
  int line = 0;
  bool is_folder = true;
};
std::vector<CairnFile> cairn_files(const Program& program);

// Where a program sees to it that SIGTERM makes it save; nothing: it is not seen to.
std::optional<int> saves_on_sigterm(const Program& program);
bool handles_sigterm(const Program& program);

struct PythonHandler {
  int line = 0;
  std::vector<std::string> signals;      // "SIGTERM"
  std::vector<const PythonCall*> calls;  // what it calls itself
  bool is_known = false;                 // its body was found
  bool does_more_than_exit = false;
};
// save, dump, write_checkpoint: a call that seems to put state on the disk.
bool is_saving_call(std::string_view callee);
std::vector<PythonHandler> python_handlers(const PythonScript& script);

// A command of a shell script that runs a program which is not a tool of every system.
struct ShellRun {
  std::size_t command = 0;  // index into the script's commands
  std::string program;      // as written: "./sim", "$1", "python3"
  std::string script;       // what an interpreter is given: "work.py"
  bool by_exec = false;
  bool by_timeout = false, preserves_status = false, kills = false;  // kills: -s KILL or -k
  const std::string& what() const { return script.empty() ? program : script; }
};
std::vector<ShellRun> shell_runs(const ShellScript& script);
// Whether it runs, sources or evaluates what is not among the job's programs.
bool runs_something_unseen(const Job& job, const Program& program);

// `number` as a number of its own, not a part of another.
bool holds_number(std::string_view text, std::int64_t number);

}  // namespace cairn::lint
