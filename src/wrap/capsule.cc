#include "wrap/capsule.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <utility>
#include <vector>

#include "base/text.h"
#include "base/try.h"
#include "os/descriptor.h"
#include "os/kernel_file.h"
#include "wrap/execution.h"
#include "wrap/program.h"
#include "wrap/wrapper.h"

namespace cairn::wrap {
namespace {

namespace stdfs = std::filesystem;

int outside = -1;  // a pipe to the parent, if there is one

Error unsupported(const char* what, int sys_errno) {
  return {Errc::unsupported,
          cat(what, ": ", std::error_code(sys_errno, std::system_category()).message()),
          sys_errno,
          {}};
}

// ---- outside

[[noreturn]] void stand_outside(pid_t child, Descriptor report, Descriptor signals) {
  for (;;) {
    pollfd news{signals.get(), POLLIN, 0};
    ::poll(&news, 1, -1);
    signalfd_siginfo info{};
    while (::read(signals.get(), &info, sizeof info) == sizeof info)
      if (info.ssi_signo != SIGCHLD) ::kill(child, static_cast<int>(info.ssi_signo));
    int status = 0;
    if (::waitpid(child, &status, WNOHANG) != child) continue;
    int signal = 0;
    if (::read(report.get(), &signal, sizeof signal) == sizeof signal) end_by_signal(signal);
    if (WIFSIGNALED(status)) end_by_signal(WTERMSIG(status));
    ::_exit(WEXITSTATUS(status));
  }
}

// ---- inside

// By its name in here: a mount outside is unknown to who looks from in here.
Status open_anew(int fd, const Path& before) {
  struct stat was {};
  if (::fstat(fd, &was) != 0) return {};  // closed
  if (S_ISFIFO(was.st_mode) && fd == STDIN_FILENO)
    return Error{Errc::unsupported,
                 "its standard input is a pipe, which cannot be read twice: give it a file",
                 0,
                 {}};
  if (S_ISFIFO(was.st_mode)) return {};
  std::error_code failure;
  const std::string name = stdfs::read_symlink(cat("/proc/self/fd/", fd), failure);
  // In a job there is nobody to type, either.
  if (fd == STDIN_FILENO && ::isatty(fd) == 1) {
    const Descriptor nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    return ::dup2(nothing.get(), fd) == -1 ? Status(system_error("open", "/dev/null", errno))
                                           : Status();
  }
  if (!S_ISREG(was.st_mode) && name != "/dev/null")
    return Error{
        Errc::unsupported,
        cat("its standard stream ", fd, " is ", S_ISCHR(was.st_mode) ? "a terminal" : "a socket",
            ", which cannot be saved: send it to a file or through a pipe"),
        0,
        {}};
  const int flags = ::fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND);
  const std::string inside = moved_names(name, before.native(), kPlace);
  const Descriptor anew(::open(inside.c_str(), flags | O_CLOEXEC));
  struct stat is {};
  if (!anew || ::fstat(anew.get(), &is) != 0 || is.st_ino != was.st_ino)
    return Error{Errc::unsupported,
                 cat("the standard stream ", fd, ", ", name, ", cannot be opened by its name"),
                 0,
                 {}};
  if ((flags & O_APPEND) == 0 && S_ISREG(was.st_mode))
    ::lseek(anew.get(), ::lseek(fd, 0, SEEK_CUR), SEEK_SET);
  ::dup2(anew.get(), fd);
  return {};
}

Status go_inside() {
  if (::unshare(CLONE_NEWNS) != 0) return unsupported("make a mount namespace", errno);
  std::error_code failure;
  const Path before = stdfs::current_path(failure);
  if (failure) return system_error("find", "the working folder", failure.value());
  if (::mkdir(kPlace, 0755) != 0 && errno != EEXIST) return unsupported(kPlace, errno);
  if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      ::mount(".", kPlace, nullptr, MS_BIND | MS_REC, nullptr) != 0 ||
      ::mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) != 0)
    return unsupported("mount", errno);
  if (::chdir(kPlace) != 0) return system_error("change to", kPlace, errno);
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    CAIRN_CHECK(open_anew(fd, before));
  std::vector<std::pair<std::string, std::string>> changed;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const auto equals = text.find('=');
    if (equals == text.npos) continue;
    std::string value = moved_names(text.substr(equals + 1), before.native(), kPlace);
    if (value != text.substr(equals + 1))
      changed.emplace_back(text.substr(0, equals), std::move(value));
  }
  for (const auto& [name, value] : changed) ::setenv(name.c_str(), value.c_str(), 1);
  return {};
}

}  // namespace

Status enter_capsule() {
  if (::geteuid() != 0)
    return Error{Errc::unsupported, "only root may save processes from outside", 0, {}};
  CAIRN_TRY(Descriptor signals, take_signals());
  std::array<int, 2> report{}, alive{};
  if (::pipe2(report.data(), O_CLOEXEC) != 0) return system_error("make", "a pipe", errno);
  const Descriptor report_end(report[1]);
  Descriptor reported(report[0]);
  if (::pipe2(alive.data(), O_CLOEXEC) != 0) return system_error("make", "a pipe", errno);
  const Descriptor alive_end(alive[0]);
  Descriptor living(alive[1]);
  if (::unshare(CLONE_NEWPID) != 0) return unsupported("make a process id namespace", errno);
  const pid_t child = ::fork();
  if (child == -1) return unsupported("fork", errno);
  if (child != 0) {
    ::close(report[1]);
    stand_outside(child, std::move(reported), std::move(signals));
  }
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  living.reset();
  // The parent may have died before that.
  if (pollfd gone{alive_end.get(), POLLIN, 0}; ::poll(&gone, 1, 0) != 0) ::_exit(kFailed);
  outside = ::fcntl(report_end.get(), F_DUPFD_CLOEXEC, 3);
  return go_inside();
}

bool in_capsule() { return outside != -1; }

void die_outside(int signal) {
  if (outside != -1) static_cast<void>(::write(outside, &signal, sizeof signal) == 0);
}

Status next_process_id(int id) {
  const std::string text = std::to_string(id - 1);
  if (write_kernel_file("/proc/sys/kernel/ns_last_pid", text) != 0)
    return unsupported("choose process ids", errno);
  return {};
}

std::string moved_names(std::string_view value, std::string_view from, std::string_view to) {
  std::string moved;
  if (from.empty() || from == "/") return std::string(value);
  for (std::size_t begin = 0; begin <= value.size();) {
    const std::size_t end = std::min(value.find(':', begin), value.size());
    const std::string_view name = value.substr(begin, end - begin);
    const bool inside =
        name.starts_with(from) && (name.size() == from.size() || name[from.size()] == '/');
    moved += inside ? cat(to, name.substr(from.size())) : std::string(name);
    if (end < value.size()) moved += ':';
    begin = end + 1;
  }
  return moved;
}

}  // namespace cairn::wrap
