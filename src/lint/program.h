// The programs of a job, as far as they can be seen: its executable and the scripts that come
// along with it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lint/elf_libraries.h"
#include "lint/lint.h"
#include "lint/python_script.h"
#include "lint/shell_script.h"

namespace cairn::lint {

enum class ProgramKind { missing, folder, elf, shell, python, other_script, unknown };

struct Program {
  std::string name;            // as the submit file names it
  std::filesystem::path path;  // absolute
  ProgramKind kind = ProgramKind::unknown;
  bool is_main = false;                // the executable
  bool is_executable = false;          // its mode says so
  bool is_run_by_interpreter = false;  // `python3 work.py`: needs no #! line
  bool is_whole = true;                // false: longer than what was read
  std::string interpreter;             // the #! line without #!, trimmed; empty: none
  bool has_crlf = false;               // its first line ends in CR LF
  std::string text;                    // of scripts
  ShellScript shell;
  PythonScript python;
  bool links_libcairn = false;  // ELF: needs libcairn.so, or holds it
  ElfLibraries libraries;

  bool is_script() const {
    return kind == ProgramKind::shell || kind == ProgramKind::python ||
           kind == ProgramKind::other_script;
  }
};

// Reads and parses one program.
//   runner  what runs it, where that is not its #! line: "python3"; empty: nothing
Program look_at_program(const FileReader& files, const std::filesystem::path& path,
                        std::string name, std::string_view runner = {});

// python for python3.11, shell for bash; unknown for what is no interpreter that is read here.
ProgramKind kind_of_interpreter(std::string_view program);

}  // namespace cairn::lint
