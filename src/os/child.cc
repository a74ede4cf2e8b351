#include "os/child.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace cairn {

std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> result;
  for (const std::string& text : strings) result.push_back(const_cast<char*>(text.c_str()));
  result.push_back(nullptr);
  return result;
}

Result<Descriptor> high_copy(int fd) {
  Descriptor opened;
  if (fd == -1) {
    opened.reset(::open("/dev/null", O_RDWR | O_CLOEXEC));
    if (!opened) return system_error("open", "/dev/null", errno);
    fd = opened.get();
  }
  Descriptor copy(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
  if (!copy) return system_error("copy descriptor", std::to_string(fd), errno);
  return copy;
}

void reset_signals() {
  struct sigaction by_default {};
  by_default.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) ::sigaction(signal, &by_default, nullptr);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

void close_all_on_exec(int descriptors_max) {
  if (::syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC) == 0) return;
  for (int fd = 3; fd < descriptors_max; ++fd) ::fcntl(fd, F_SETFD, FD_CLOEXEC);
}

Error exec_error(const Path& program, int sys_errno) {
  Error error = system_error("start", program, sys_errno);
  if (sys_errno == EACCES) error.hint = "make it executable (chmod +x)";
  if (sys_errno == ENOEXEC)
    error.hint =
        "a script needs a first line such as #!/bin/sh, a program must be for this machine";
  if (sys_errno == ENOENT)
    error.hint = "if it is there, the interpreter in its first line (#!) is not";
  return error;
}

}  // namespace cairn
