#include "os/command.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <utility>

#include "base/text.h"
#include "base/try.h"
#include "os/process.h"

namespace cairn {
namespace {

using Clock = std::chrono::steady_clock;

struct Pipe {
  Descriptor read, write;
};

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) == -1)
    return system_error("make a pipe for", "a command", errno);
  return Pipe{Descriptor(ends[0]), Descriptor(ends[1])};
}

// Until both are at their end.  False: the time was over first.
bool drain(const Pipe& out, const Pipe& err, const CommandOptions& options, CommandResult& result,
           Clock::time_point deadline) {
  std::array<pollfd, 3> waiting = {pollfd{out.read.get(), POLLIN, 0},
                                   pollfd{err.read.get(), POLLIN, 0},
                                   pollfd{options.event, POLLIN, 0}};
  const std::array<std::string*, 2> texts = {&result.output, &result.errors};
  while (waiting[0].fd != -1 || waiting[1].fd != -1) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return false;
    if (::poll(waiting.data(), waiting.size(), static_cast<int>(left)) == -1 && errno != EINTR)
      return false;
    if (waiting[2].fd != -1 && waiting[2].revents != 0) {
      waiting[2].fd = -1;
      options.on_event();
    }
    for (std::size_t i = 0; i < texts.size(); ++i) {
      if (waiting[i].fd == -1 || waiting[i].revents == 0) continue;
      std::array<char, 4096> bytes{};
      const auto got =
          retry_interrupted([&] { return ::read(waiting[i].fd, bytes.data(), bytes.size()); });
      if (got > 0)
        texts[i]->append(bytes.data(), static_cast<std::size_t>(got));
      else
        waiting[i].fd = -1;
    }
  }
  return true;
}

}  // namespace

std::string CommandResult::failure() const {
  std::string text = WIFSIGNALED(wait_status) ? cat("died by signal ", WTERMSIG(wait_status))
                                              : cat("exited with ", WEXITSTATUS(wait_status));
  const std::string_view said = trim(errors);
  const std::size_t line = said.rfind('\n');
  if (!said.empty()) text += cat(": ", line == said.npos ? said : said.substr(line + 1));
  return text;
}

Result<Path> find_in_path(std::string_view name) {
  if (name.find('/') != name.npos) return Path(name);
  const char* const path = std::getenv("PATH");
  for (const std::string& folder : split_list(path == nullptr ? "/usr/bin:/bin" : path, ':'))
    if (Path file = Path(folder) / name; ::access(file.c_str(), X_OK) == 0) return file;
  return Error{Errc::not_found, cat("there is no program ", name, " in PATH"), ENOENT, {}};
}

Result<CommandResult> run_command(const CommandOptions& options) {
  CAIRN_TRY(const Path program, find_in_path(options.arguments.front()));
  CAIRN_TRY(Pipe out, make_pipe());
  CAIRN_TRY(Pipe err, make_pipe());
  SpawnOptions spawned;
  spawned.program = program;
  spawned.arguments = options.arguments;
  for (char** entry = ::environ; *entry != nullptr; ++entry)
    spawned.environment.emplace_back(*entry);
  spawned.environment.insert(spawned.environment.end(), options.more_environment.begin(),
                             options.more_environment.end());
  spawned.working_folder = options.working_folder;
  spawned.stdout_fd = out.write.get();
  spawned.stderr_fd = err.write.get();
  const auto deadline = Clock::now() + options.patience;
  CAIRN_TRY(const pid_t pid, spawn(spawned));
  out.write.reset();
  err.write.reset();
  CommandResult result;
  const bool in_time = drain(out, err, options, result, deadline);
  if (!in_time) ::kill(pid, SIGKILL);
  CAIRN_TRY(const ProcessEnd end, wait_for(pid));
  if (!in_time)
    return Error{Errc::io,
                 cat(options.arguments.front(), " did not end within ",
                     options.patience.count() / 1000, " s"),
                 ETIMEDOUT,
                 {}};
  result.wait_status = end.wait_status;
  return result;
}

}  // namespace cairn
