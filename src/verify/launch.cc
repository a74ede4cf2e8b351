#include "verify/launch.h"

#include <fcntl.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "base/text.h"
#include "base/try.h"
#include "os/child.h"

namespace cairn::verify {
namespace {

// Everything that the child needs, made before fork(): other threads of ours may hold locks at
// that moment, so the child calls nothing that is not async-signal-safe.
struct ChildPlan {
  const char* program;
  const char* working_folder;
  char* const* argv;
  char* const* envp;
  std::array<int, 3> fds;  // all above 2
  sock_fprog filter;
  const Entry* entry;
  pid_t parent;
  int go_fd, report_fd;  // close-on-exec
  int descriptors_max;
};

constexpr const char* kChdir = "change to folder";
constexpr const char* kExec = "start";
constexpr const char* kFilter = "watch system calls (seccomp)";

struct ChildFailure {
  int sys_errno;
  const char* what;  // the child's memory is a copy of ours: it means the same there and here
};

[[noreturn]] void give_up(const ChildPlan& plan, int sys_errno, const char* what) {
  const ChildFailure failure{sys_errno, what};
  const ssize_t written = ::write(plan.report_fd, &failure, sizeof failure);
  ::_exit(written == sizeof failure ? 127 : 126);
}

void await_go(const ChildPlan& plan) {
  char word = 0;
  const ssize_t got = retry_interrupted([&] { return ::read(plan.go_fd, &word, 1); });
  if (got != 1) ::_exit(127);  // our parent is gone, or may not trace us
}

[[noreturn]] void run_child(const ChildPlan& plan) {
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || ::setsid() == -1)
    give_up(plan, errno, "prepare to start");
  if (::getppid() != plan.parent) ::_exit(127);  // it died before prctl
  await_go(plan);
  for (int fd = 0; fd < 3; ++fd)
    if (::dup2(plan.fds[static_cast<std::size_t>(fd)], fd) == -1)
      give_up(plan, errno, "prepare to start");
  const char* what = nullptr;
  if (const int failed = plan.entry->enter(&what)) give_up(plan, failed, what);
  close_all_on_exec(plan.descriptors_max);
  if (::chdir(plan.working_folder) != 0) give_up(plan, errno, kChdir);
  // A core file in the sandbox would be one more file that the job wrote.
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  reset_signals();
  if (plan.filter.len != 0 &&
      (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
       ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &plan.filter) != 0))
    give_up(plan, errno, kFilter);
  // Another thread may have forked while this one's sandbox was laid out: until its child is at
  // its own execve() it holds our program open for writing.
  constexpr int kTries = 1000;
  const timespec pause{0, 5'000'000};
  for (int tries = 0; tries < kTries; ++tries) {
    ::execve(plan.program, plan.argv, plan.envp);
    if (errno != ETXTBSY) break;
    ::nanosleep(&pause, nullptr);
  }
  give_up(plan, errno, kExec);
}

struct Pipe {
  Descriptor from, to;
};
Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) == -1) return system_error("make", "a pipe", errno);
  Pipe pipe{Descriptor(ends[0]), Descriptor(ends[1])};
  CAIRN_TRY(pipe.from, high_copy(pipe.from.get()));
  CAIRN_TRY(pipe.to, high_copy(pipe.to.get()));
  return pipe;
}

}  // namespace

Result<Child> Child::fork(const Launch& launch, const Entry& entry) {
  const std::vector<char*> argv = pointers(launch.arguments);
  const std::vector<char*> envp = pointers(launch.environment);
  CAIRN_TRY(const Descriptor in, high_copy(launch.streams[0]));
  CAIRN_TRY(const Descriptor out, high_copy(launch.streams[1]));
  CAIRN_TRY(const Descriptor err, high_copy(launch.streams[2]));
  CAIRN_TRY(Pipe go, make_pipe());
  CAIRN_TRY(Pipe report, make_pipe());
  const ChildPlan plan{
      .program = launch.program.c_str(),
      .working_folder = launch.working_folder.c_str(),
      .argv = argv.data(),
      .envp = envp.data(),
      .fds = {in.get(), out.get(), err.get()},
      .filter = {static_cast<unsigned short>(launch.filter.size()),
                 const_cast<sock_filter*>(launch.filter.data())},
      .entry = &entry,
      .parent = ::getpid(),
      .go_fd = go.from.get(),
      .report_fd = report.to.get(),
      .descriptors_max = static_cast<int>(::sysconf(_SC_OPEN_MAX)),
  };
  Child child;
  child.pid_ = ::fork();
  if (child.pid_ == 0) run_child(plan);
  if (child.pid_ == -1) return system_error("start", launch.program, errno);
  child.go_ = std::move(go.to);
  child.report_ = std::move(report.from);
  ::fcntl(child.report_.get(), F_SETFL, O_NONBLOCK);
  return child;
}

void Child::let_go() {
  retry_interrupted([&] { return ::write(go_.get(), "g", 1); });
}

Error Child::failure(const Launch& launch) const {
  ChildFailure failure{};
  if (::read(report_.get(), &failure, sizeof failure) != sizeof failure)
    return {Errc::io, cat("start ", launch.program.native(), ": it was killed before it began")};
  if (failure.what == kChdir)
    return system_error(failure.what, launch.working_folder, failure.sys_errno);
  if (failure.what == kExec) return exec_error(launch.program, failure.sys_errno);
  if (failure.what == kFilter)
    return {Errc::unsupported,
            cat("could not ", failure.what, ": ", std::strerror(failure.sys_errno)),
            failure.sys_errno, "cairn verify needs a Linux kernel with seccomp filters"};
  return system_error(failure.what, launch.program, failure.sys_errno);
}

}  // namespace cairn::verify
