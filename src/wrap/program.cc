#include "wrap/program.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <span>

#include "base/signal_names.h"
#include "base/text.h"
#include "base/try.h"
#include "os/private_home.h"
#include "os/process.h"
#include "wrap/file_set.h"

namespace cairn::wrap {
namespace {

namespace stdfs = std::filesystem;

std::vector<std::string> whole_environment() {
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) all.emplace_back(*entry);
  return all;
}

// Reads backwards from the end in pieces: a mark stands there.
bool file_contains(const std::string& name, const std::string& text) {
  PosixFileSystem files;
  const auto file = files.open(name);
  if (!file) return false;
  const auto size = (*file)->size();
  if (!size) return false;
  constexpr std::uint64_t kPiece = 1 << 20;
  std::string piece;
  for (std::uint64_t end = *size;;) {
    const std::uint64_t begin = end > kPiece ? end - kPiece : 0;
    const std::uint64_t until = std::min(*size, end + text.size());
    piece.resize(static_cast<std::size_t>(until - begin));
    const auto got = (*file)->read_at(begin, std::as_writable_bytes(std::span(piece)));
    if (!got) return false;
    piece.resize(*got);
    if (piece.find(text) != piece.npos) return true;
    if (begin == 0) return false;
    end = begin;
  }
}

}  // namespace

Result<Path> find_program(const std::string& name) {
  if (name.find('/') != name.npos) {
    if (::access(name.c_str(), X_OK) != 0) return system_error("run", name, errno);
    return Path(name);
  }
  auto found = find_in_path(name);
  if (!found && ::access(name.c_str(), X_OK) == 0) return Path("./" + name);
  return found;
}

Result<std::string> mark_of(const Path& folder) {
  const Path parent = folder.has_parent_path() ? folder.parent_path() : Path(".");
  struct stat info {};
  if (::stat(parent.c_str(), &info) != 0) return system_error("look at", parent, errno);
  return cat(info.st_dev, ":", info.st_ino, "/", folder.filename().native());
}

Result<pid_t> start_program(const std::vector<std::string>& words, const Path& home) {
  SpawnOptions spawning;
  CAIRN_TRY(spawning.program, find_program(words.front()));
  spawning.arguments = words;
  spawning.environment = whole_environment();
  spawning.stdin_fd = STDIN_FILENO;
  spawning.stdout_fd = STDOUT_FILENO;
  spawning.stderr_fd = STDERR_FILENO;
  if (home.empty()) return spawn(spawning);
  PosixFileSystem files;
  CAIRN_TRY(const PrivateHome own, PrivateHome::make(files, home));
  std::erase_if(spawning.environment,
                [](const std::string& entry) { return entry.starts_with("HOME="); });
  spawning.environment.push_back("HOME=" + own.folder().native());
  spawning.private_home = &own;
  return spawn(spawning);
}

Result<CommandResult> run_shell(const std::string& line, std::chrono::milliseconds patience,
                                int event, std::function<void()> on_event) {
  return run_command({.arguments = {"/bin/sh", "-c", line},
                      .patience = patience,
                      .event = event,
                      .on_event = std::move(on_event)});
}

std::string in_a_line(const std::string& command) {
  return command.find('\n') == command.npos ? cat(" '", command, "'") : std::string();
}

void end_by_signal(int signal) {
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  ::signal(signal, SIG_DFL);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signal);
  ::sigprocmask(SIG_UNBLOCK, &set, nullptr);
  ::raise(signal);
  ::_exit(128 + signal);
}

std::string exit_text(int wait_status) {
  if (WIFSIGNALED(wait_status)) {
    const int number = WTERMSIG(wait_status);
    const auto name = signal_name(number);
    return cat("was killed by ", name ? *name : cat("signal ", number));
  }
  return cat("exited with ", WEXITSTATUS(wait_status));
}

std::optional<std::string> content_of(const std::string& name) {
  constexpr std::uintmax_t kMax = 16 << 20;
  std::error_code failure;
  if (stdfs::file_size(name, failure) > kMax || failure) return {};
  PosixFileSystem files;
  auto text = read_file(files, name);
  if (!text) return {};
  return *std::move(text);
}

bool any_exists(const std::string& patterns) {
  for (const std::string& pattern : split_list(patterns)) {
    const auto found = find_files(".", {pattern});
    if (found && !found->empty()) return true;
  }
  return false;
}

bool mark_is_there(const std::string& file_and_text) {
  const auto colon = file_and_text.find(kMarkBetween);
  const auto found = find_files(".", {file_and_text.substr(0, colon)});
  if (!found || found->empty()) return false;
  if (colon == file_and_text.npos) return true;
  const std::string text = file_and_text.substr(colon + kMarkBetween.size());
  return std::any_of(found->begin(), found->end(),
                     [&](const auto& entry) { return file_contains(entry.first, text); });
}

}  // namespace cairn::wrap
