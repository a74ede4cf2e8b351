#include "wrap/criu.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/text.h"
#include "base/try.h"
#include "os/command.h"
#include "os/process.h"
#include "wrap/capsule.h"
#include "wrap/freeze.h"
#include "wrap/scratch.h"

namespace cairn::wrap {
namespace {

namespace stdfs = std::filesystem;

constexpr const char* kStreams = "cairn.streams";  // what stdout and stderr were, a line each
constexpr const char* kSaveLog = "save.log";
constexpr const char* kRestoreLog = "restore.log";
constexpr const char* kIdFile = "cairn.pid";

Error unsupported(std::string what) { return {Errc::unsupported, std::move(what), 0, {}}; }

// Why it failed: its first complaint that is not only about a process of its own.
std::string complaint(const Path& log) {
  PosixFileSystem files;
  const auto text = read_file(files, log);
  if (!text) return "it said nothing";
  for (const std::string& line : split_list(*text, '\n')) {
    constexpr std::string_view kError = "Error (";
    const auto at = line.find(kError);
    if (at == line.npos || line.find("(criu/util.c") != line.npos) continue;
    const auto said = line.find("): ", at);
    return said == line.npos ? line : line.substr(said + 3);
  }
  return "it said nothing";
}

// Debian's is for root alone, and a job's PATH is not root's.
Result<Path> find_criu() {
  auto found = find_in_path("criu");
  for (const char* const place : {"/usr/local/sbin/criu", "/usr/sbin/criu"})
    if (!found && ::access(place, X_OK) == 0) found = Path(place);
  return found;
}

void remove_folder(const Path& folder) {
  std::error_code ignored;
  stdfs::remove_all(folder, ignored);
}

// As CRIU names it; empty: it needs no mapping.
std::string stream_name(int fd) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) return {};
  std::error_code failure;
  std::string name = stdfs::read_symlink(cat("/proc/self/fd/", fd), failure);
  if (S_ISFIFO(info.st_mode)) return name;  // "pipe:[123]"
  if (S_ISREG(info.st_mode)) return name.substr(1);
  return {};
}

std::vector<std::string> common(const char* verb, const Path& folder, const char* log) {
  return {"criu", verb, "-D", folder, "-o", log, "-v2", "--file-locks",
          // Ours are the machine's and the job's, not the program's.
          "--manage-cgroups=ignore",
          // Files that have lost their name are saved with the process: they are temporary.
          "--ghost-limit", "1G"};
}

Status save(pid_t pid, const Path& folder, std::chrono::milliseconds patience) {
  std::vector<std::string> words = common("dump", folder, kSaveLog);
  CAIRN_TRY(words.front(), find_criu());
  words.insert(words.end(), {"-t", std::to_string(pid)});
  const auto done = run_command({.arguments = words, .patience = patience});
  if (!done) return done.error();
  if (!WIFEXITED(done->wait_status))
    return Error{Errc::io, cat("criu dump ", done->failure()), 0, {}};
  if (!done->succeeded()) return unsupported(cat("criu dump: ", complaint(folder / kSaveLog)));
  return {};
}

Result<pid_t> restore(const Path& folder) {
  PosixFileSystem files;
  CAIRN_CHECK(next_process_id(kFirstToolId));
  std::vector<std::string> words = common("restore", folder, kRestoreLog);
  // As our child, so that we learn how it ends.
  words.insert(words.end(), {"-d", "-S", "--pidfile", kIdFile});
  std::set<std::string> mapped;
  int fd = STDOUT_FILENO;
  const auto streams = read_file(files, folder / kStreams);
  for (std::size_t at = 0; streams && at < streams->size(); ++fd) {
    const auto end = std::min(streams->find('\n', at), streams->size());
    const std::string name = streams->substr(at, end - at);
    at = end + 1;
    if (!name.empty() && mapped.insert(name).second)
      words.insert(words.end(), {"--inherit-fd", cat("fd[", fd, "]:", name)});
  }
  ::unlink((folder / kIdFile).c_str());
  SpawnOptions options;
  CAIRN_TRY(options.program, find_criu());
  options.arguments = words;
  for (char** entry = environ; *entry != nullptr; ++entry) options.environment.emplace_back(*entry);
  options.stdin_fd = STDIN_FILENO;
  options.stdout_fd = STDOUT_FILENO;
  options.stderr_fd = STDERR_FILENO;
  CAIRN_TRY(const pid_t criu, spawn(options));
  CAIRN_TRY(const ProcessEnd end, wait_for(criu));
  const auto text = read_file(files, folder / kIdFile);
  const auto pid = static_cast<pid_t>(text ? parse_integer(trim(*text)).value_or(0) : 0);
  // What the program starts from now on, too, has ids that are free when it is restored.
  CAIRN_CHECK(next_process_id(kFirstProgramId));
  if (end.wait_status == 0 && pid > 1) return pid;
  if (pid > 1) ::kill(pid, SIGKILL);
  return unsupported(cat("criu restore: ", complaint(folder / kRestoreLog)));
}

pid_t parent_of(pid_t pid) {
  const std::string stat = read_proc(pid, "stat");
  const auto fields = split_list(std::string_view(stat).substr(stat.rfind(')') + 1), ' ');
  return fields.size() < 2 ? 0 : static_cast<pid_t>(parse_integer(fields[1]).value_or(0));
}

// One that has left its parents is no part of what CRIU takes.
std::optional<pid_t> stray(pid_t root) {
  for (const pid_t pid : descendants()) {
    pid_t at = pid;
    while (at > 1 && at != root) at = parent_of(at);
    if (at != root && process_runs(pid)) return pid;
  }
  return {};
}

}  // namespace

Status look_for_criu() {
  CAIRN_CHECK(find_criu());
  return {};
}

Status probe_criu() {
  CAIRN_TRY(const Scratch scratch, Scratch::make());
  CAIRN_CHECK(next_process_id(kFirstProgramId));
  SpawnOptions options;
  CAIRN_TRY(options.program, find_in_path("sleep"));
  options.arguments = {"sleep", "1000"};
  CAIRN_TRY(const pid_t pid, spawn(options));
  Status done = save(pid, scratch.folder(), std::chrono::seconds(30));
  ::kill(pid, SIGKILL);
  static_cast<void>(wait_for(pid).has_value());
  if (done)
    if (const auto restored = restore(scratch.folder()); !restored) done = restored.error();
  static_cast<void>(kill_descendants().has_value());
  CAIRN_CHECK(next_process_id(kFirstProgramId));
  return done;
}

Status criu_save(pid_t pid, std::chrono::milliseconds patience) {
  if (const auto left = stray(pid))
    return unsupported(cat("process ", *left, " was started by the program and has left it"));
  if (const auto name = written_outside(descendants(), kPlace))
    return unsupported(cat(*name,
                           " is open for writing, and would not be kept: only files in the "
                           "working folder are"));
  remove_folder(kImages);
  if (::mkdir(kImages, 0700) != 0) return system_error("make", kImages, errno);
  std::string streams;
  for (const int fd : {STDOUT_FILENO, STDERR_FILENO}) streams += stream_name(fd) + '\n';
  std::ofstream(Path(kImages) / kStreams) << streams;
  Status done = save(pid, kImages, patience);
  if (!done) remove_folder(kImages);
  return done;
}

void criu_forget() { remove_folder(kImages); }

Result<pid_t> criu_restore() {
  auto pid = restore(kImages);
  if (pid) criu_forget();
  return pid;
}

}  // namespace cairn::wrap
