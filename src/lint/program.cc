#include "lint/program.h"

#include <array>

#include "base/text.h"

namespace cairn::lint {
namespace {

constexpr std::size_t kBytesMax = 4U << 20U;  // a script larger than that is data
constexpr std::size_t kElfBytesMax = 256U << 20U;

// "/usr/bin/env -S python3 -u": the first word that is neither env nor an option.
ProgramKind kind_by_line(std::string_view line) {
  for (const std::string& word : split_list(line, ' ')) {
    const std::string base = std::filesystem::path(word).filename().string();
    if (base == "env" || base.starts_with('-') || base.find('=') != base.npos) continue;
    const ProgramKind kind = kind_of_interpreter(word);
    return kind == ProgramKind::unknown ? ProgramKind::other_script : kind;
  }
  return ProgramKind::other_script;
}

bool is_text(std::string_view bytes) { return bytes.find('\0') == bytes.npos; }

}  // namespace

ProgramKind kind_of_interpreter(std::string_view program) {
  const std::string base = std::filesystem::path(program).filename().string();
  if (base.starts_with("python") || base.starts_with("pypy")) return ProgramKind::python;
  for (const std::string_view shell : {"sh", "bash", "dash", "ksh", "zsh", "ash"})
    if (base == shell) return ProgramKind::shell;
  return ProgramKind::unknown;
}

Program look_at_program(const FileReader& files, const std::filesystem::path& path,
                        std::string name, std::string_view runner) {
  Program program;
  program.name = std::move(name);
  program.path = path;
  const auto facts = files.look(path);
  if (!facts) {
    program.kind = ProgramKind::missing;
    return program;
  }
  program.is_executable = facts->is_executable;
  if (facts->is_folder) {
    program.kind = ProgramKind::folder;
    return program;
  }
  auto bytes = files.read(path, kBytesMax);
  if (!bytes) return program;
  program.is_whole = bytes->size() < kBytesMax;
  if (bytes->starts_with("\x7f"
                         "ELF")) {
    program.kind = ProgramKind::elf;
    program.links_libcairn =
        bytes->find("libcairn.so") != bytes->npos || bytes->find("cairn_open") != bytes->npos;
    if (!program.is_whole) bytes = files.read(path, kElfBytesMax);
    program.libraries = read_elf_libraries(std::move(bytes).value_or(""));
    return program;
  }
  if (!is_text(*bytes)) return program;
  const std::string_view first = std::string_view(*bytes).substr(0, bytes->find('\n'));
  program.has_crlf = first.ends_with('\r');
  const std::string extension = lower(path.extension().string());
  if (first.starts_with("#!")) {
    program.interpreter = std::string(trim(first.substr(2)));
    program.kind = kind_by_line(program.interpreter);
  } else if (extension == ".py") {
    program.kind = ProgramKind::python;
  } else if (extension == ".sh" || extension == ".bash") {
    program.kind = ProgramKind::shell;
  }
  if (!runner.empty()) {
    program.kind = kind_of_interpreter(runner);
    program.is_run_by_interpreter = true;
  }
  program.text = std::move(*bytes);
  if (program.kind == ProgramKind::python) program.python = read_python(program.text);
  if (program.kind == ProgramKind::shell) program.shell = read_shell(program.text);
  return program;
}

}  // namespace cairn::lint
