#include "os/process.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <set>
#include <string_view>

#include "base/text.h"
#include "base/try.h"
#include "os/child.h"
#include "os/kernel_file.h"
#include "os/private_home.h"

namespace cairn {
namespace {

// --- spawn: the child's side -------------------------------------------------

// Everything that the child needs, made before vfork(): between it and execve()
// the child runs in its parent's memory, may call nothing that is not
// async-signal-safe, and must leave no trace there.
struct ChildPlan {
  const char* program;
  const char* working_folder;  // null: none
  char* const* argv;
  char* const* envp;
  std::array<int, 3> fds;  // all above 2
  int cgroup_fd;           // as well; -1: none
  pid_t parent;
  int report_fd;  // close-on-exec; receives a ChildFailure
  int descriptors_max;
  bool dies_with_parent;
  bool own_session;
  const PrivateHome* private_home;  // null: none
};

struct ChildFailure {
  int sys_errno;
  enum What : int { setup, group, home, chdir, exec } what;
};

[[noreturn]] void give_up(const ChildPlan& plan, ChildFailure::What what) {
  const ChildFailure failure{errno, what};
  const ssize_t written = ::write(plan.report_fd, &failure, sizeof failure);
  ::_exit(written == sizeof failure ? 127 : 126);
}

[[noreturn]] void run_child(const ChildPlan& plan) {
  if (plan.own_session && ::setsid() == -1) give_up(plan, ChildFailure::setup);
  // Before prctl: a change of user namespace may undo it.
  if (plan.private_home != nullptr && plan.private_home->enter() == -1)
    give_up(plan, ChildFailure::home);
  if (plan.dies_with_parent) {
    if (::prctl(PR_SET_PDEATHSIG, SIGKILL) == -1) give_up(plan, ChildFailure::setup);
    if (::getppid() != plan.parent) ::_exit(127);  // it died before prctl
  }
  if (plan.cgroup_fd != -1 && ::write(plan.cgroup_fd, "0", 1) == -1)
    give_up(plan, ChildFailure::group);
  for (int fd = 0; fd < 3; ++fd)
    if (::dup2(plan.fds[static_cast<std::size_t>(fd)], fd) == -1)
      give_up(plan, ChildFailure::setup);
  close_all_on_exec(plan.descriptors_max);
  if (plan.working_folder != nullptr && ::chdir(plan.working_folder) == -1)
    give_up(plan, ChildFailure::chdir);
  reset_signals();
  ::execve(plan.program, plan.argv, plan.envp);
  give_up(plan, ChildFailure::exec);
}

// --- spawn: the parent's side ------------------------------------------------

// Blocks all signals while the child shares our memory: a handler of ours must not run in it.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;
  ~SignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};

pid_t start_child(const ChildPlan& plan) {
  const SignalsBlocked blocked;
  // NOLINTNEXTLINE(clang-analyzer-security.insecureAPI.vfork): three times as fast as fork
  const pid_t child = ::vfork();
  // NOLINTNEXTLINE(clang-analyzer-unix.Vfork): all it calls is async-signal-safe
  if (child == 0) run_child(plan);
  return child;
}

Error spawn_error(const SpawnOptions& options, ChildFailure failure) {
  if (failure.what == ChildFailure::chdir)
    return system_error("change to folder", options.working_folder, failure.sys_errno);
  if (failure.what == ChildFailure::setup)
    return system_error("prepare to start", options.program, failure.sys_errno);
  if (failure.what == ChildFailure::group)
    return system_error("enter the control group for", options.program, failure.sys_errno);
  if (failure.what == ChildFailure::home)
    return Error{Errc::unsupported,
                 cat("no home of its own can be given to ", options.program.native(), ": ",
                     std::strerror(failure.sys_errno)),
                 failure.sys_errno,
                 "it takes root or user namespaces: ask whoever runs the machine; in a container "
                 "they may be switched off"};
  return exec_error(options.program, failure.sys_errno);
}

// --- /proc --------------------------------------------------------------------

struct ProcessLine {
  pid_t pid = 0;
  pid_t parent = 0;
  char state = '?';
  unsigned long long started = 0;  // with the pid: which process, whatever happens to the pid
};

// proc(5): "pid (command) state ppid …", the start time is field 22.  The command may
// hold blanks and parentheses, so fields count from the last ")".
std::optional<ProcessLine> process_line(pid_t pid) {
  const std::string text = read_proc(pid, "stat");
  const std::size_t end = text.rfind(')');
  if (end == std::string::npos) return {};
  const std::vector<std::string> fields = split_list(std::string_view(text).substr(end + 1), ' ');
  if (fields.size() < 20) return {};
  ProcessLine line;
  line.pid = pid;
  line.state = fields[0][0];
  line.parent = static_cast<pid_t>(parse_integer(fields[1]).value_or(0));
  line.started = std::strtoull(fields[19].c_str(), nullptr, 10);
  return line;
}

std::vector<pid_t> all_pids() {
  std::vector<pid_t> pids;
  DIR* const proc = ::opendir("/proc");
  if (proc == nullptr) return pids;
  while (const dirent* entry = ::readdir(proc))
    if (const auto pid = parse_integer(entry->d_name)) pids.push_back(static_cast<pid_t>(*pid));
  ::closedir(proc);
  return pids;
}

bool kernel_lists_children() {
  static const bool lists =
      ::access(cat("/proc/self/task/", ::gettid(), "/children").c_str(), R_OK) == 0;
  return lists;
}

// The children of all threads of a process (CONFIG_PROC_CHILDREN).  A list that is read while
// processes end may lack some, but it is empty only if there was none.
std::vector<pid_t> listed_children(pid_t pid) {
  std::vector<pid_t> children;
  DIR* const tasks = ::opendir(cat("/proc/", pid, "/task").c_str());
  if (tasks == nullptr) return children;  // it has ended
  while (const dirent* entry = ::readdir(tasks)) {
    if (entry->d_name[0] == '.') continue;
    for (const std::string& child :
         split_list(read_proc(pid, cat("task/", entry->d_name, "/children")), ' '))
      if (const auto number = parse_integer(child)) children.push_back(static_cast<pid_t>(*number));
  }
  ::closedir(tasks);
  return children;
}

// All below `root`, zombies too, at the cost of these alone, however many processes run here.
std::vector<ProcessLine> listed_descendants(pid_t root) {
  std::vector<ProcessLine> found;
  std::set<pid_t> seen;
  std::vector<pid_t> parents{root};
  while (!parents.empty()) {
    const pid_t parent = parents.back();
    parents.pop_back();
    for (const pid_t child : listed_children(parent)) {
      if (!seen.insert(child).second) continue;
      parents.push_back(child);
      if (const auto line = process_line(child)) found.push_back(*line);
    }
  }
  return found;
}

// The same from every process there is.
std::vector<ProcessLine> descendants_among_all(pid_t root) {
  std::vector<ProcessLine> others;
  for (const pid_t pid : all_pids())
    if (const auto line = process_line(pid)) others.push_back(*line);
  std::set<pid_t> family{root};
  std::vector<ProcessLine> found;
  for (bool grew = true; grew;) {
    const auto strangers =
        std::stable_partition(others.begin(), others.end(),
                              [&](const auto& line) { return family.contains(line.parent); });
    grew = strangers != others.begin();
    for (auto line = others.begin(); line != strangers; ++line) family.insert(line->pid);
    found.insert(found.end(), others.begin(), strangers);
    others.erase(others.begin(), strangers);
  }
  return found;
}

std::vector<ProcessLine> descendants_of(pid_t root, ProcessSearch search) {
  const bool by_lists = search == ProcessSearch::best && kernel_lists_children();
  return by_lists ? listed_descendants(root) : descendants_among_all(root);
}

bool has_children() {
  siginfo_t info{};
  return retry_interrupted([&] {
           return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT | __WALL);
         }) == 0 ||
         errno != ECHILD;
}

// Exactly the process that was seen: its pid may by now be another's.  Returns a
// descriptor that tells when it has ended; none if it has.
Descriptor kill_seen(const ProcessLine& seen) {
  auto watch = watch_process(seen.pid);
  if (!watch) return {};
  const auto now = process_line(seen.pid);
  if (!now || now->started != seen.started) return {};
  ::syscall(SYS_pidfd_send_signal, watch->get(), SIGKILL, nullptr, 0);
  return *std::move(watch);
}

using Clock = std::chrono::steady_clock;
constexpr auto kDeathTakesAtMost = std::chrono::seconds(30);  // on a busy machine

void await_end(const Descriptor& watch, Clock::time_point deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
  pollfd ended{watch.get(), POLLIN, 0};
  retry_interrupted([&] { return ::poll(&ended, 1, std::max(0, static_cast<int>(left.count()))); });
}

// Kills what `find` finds until it finds nothing: a process may fork while it is being killed.
template <class Find>
Status kill_until_none(Find find) {
  const auto deadline = Clock::now() + kDeathTakesAtMost;
  for (;;) {
    const std::vector<ProcessLine> found = find();
    if (found.empty()) return {};
    if (Clock::now() > deadline) {
      std::vector<std::string> pids;
      for (const ProcessLine& line : found) pids.push_back(std::to_string(line.pid));
      return Error{Errc::io, cat("kill process ", join(pids, ", "), ": still there after SIGKILL"),
                   0, "they hang in the kernel, on a dead network file system perhaps"};
    }
    std::vector<Descriptor> dying;
    for (const ProcessLine& line : found) dying.push_back(kill_seen(line));
    for (const Descriptor& watch : dying)
      if (watch) await_end(watch, deadline);
  }
}

bool has_entry(std::string_view environment, std::string_view entry) {
  while (!environment.empty()) {
    const std::size_t end = std::min(environment.find('\0'), environment.size());
    if (environment.substr(0, end) == entry) return true;
    environment.remove_prefix(std::min(end + 1, environment.size()));
  }
  return false;
}

bool is_ours(pid_t pid) {
  struct stat status {};
  return ::stat(cat("/proc/", pid).c_str(), &status) == 0 && status.st_uid == ::geteuid();
}

}  // namespace

Result<pid_t> spawn(const SpawnOptions& options) {
  const std::vector<char*> argv = pointers(options.arguments);
  const std::vector<char*> envp = pointers(options.environment);
  CAIRN_TRY(const Descriptor in, high_copy(options.stdin_fd));
  CAIRN_TRY(const Descriptor out, high_copy(options.stdout_fd));
  CAIRN_TRY(const Descriptor err, high_copy(options.stderr_fd));
  Descriptor group;
  if (options.cgroup_fd != -1) {
    CAIRN_TRY(group, high_copy(options.cgroup_fd));
  }
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) == -1)
    return system_error("make a pipe for", options.program, errno);
  const Descriptor report(ends[0]);
  Descriptor report_end(ends[1]);
  // Above 2 as well: if the caller has closed 0, pipe2 returns it.
  CAIRN_TRY(report_end, high_copy(report_end.get()));
  const pid_t child = start_child({
      .program = options.program.c_str(),
      .working_folder = options.working_folder.empty() ? nullptr : options.working_folder.c_str(),
      .argv = argv.data(),
      .envp = envp.data(),
      .fds = {in.get(), out.get(), err.get()},
      .cgroup_fd = group.get(),
      .parent = ::getpid(),
      .report_fd = report_end.get(),
      .descriptors_max = static_cast<int>(::sysconf(_SC_OPEN_MAX)),
      .dies_with_parent = options.dies_with_parent,
      .own_session = options.own_session,
      .private_home = options.private_home,
  });
  if (child == -1) return system_error("start", options.program, errno);
  report_end.reset();
  // The pipe closes at execve; bytes in it mean that there was none.
  ChildFailure failure{};
  const ssize_t got =
      retry_interrupted([&] { return ::read(report.get(), &failure, sizeof failure); });
  if (got != sizeof failure) return child;
  retry_interrupted([&] { return ::waitpid(child, nullptr, 0); });
  return spawn_error(options, failure);
}

Result<ProcessEnd> wait_for(pid_t child) {
  ProcessEnd end;
  end.pid = retry_interrupted([&] { return ::wait4(child, &end.wait_status, 0, &end.usage); });
  if (end.pid == -1) return system_error("wait for process", std::to_string(child), errno);
  return end;
}

Result<Descriptor> watch_process(pid_t pid) {
  Descriptor watch(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (watch) return watch;
  Error error = system_error("watch process", std::to_string(pid), errno);
  if (errno == ESRCH) error.code = Errc::not_found;
  return error;
}

std::string command_of(pid_t pid) { return std::string(trim(read_proc(pid, "comm"))); }

std::string read_proc(pid_t pid, const std::string& name) {
  return read_kernel_file(cat("/proc/", pid, "/", name));
}

std::vector<pid_t> children_of(pid_t pid) { return listed_children(pid); }

bool heeds_signal(pid_t pid, int signal) {
  const std::string status = read_proc(pid, "status");
  for (const char* const name : {"SigBlk:", "SigIgn:", "SigCgt:"})
    if (const auto at = status.find(name); at != status.npos)
      if ((std::strtoull(status.c_str() + at + 7, nullptr, 16) >> (signal - 1) & 1) != 0)
        return true;
  return false;
}

Status become_subreaper() {
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1) == 0) return {};
  return system_error("become subreaper", std::to_string(::getpid()), errno);
}

std::vector<pid_t> descendants(ProcessSearch search) {
  std::vector<pid_t> living;
  for (const ProcessLine& line : descendants_of(::getpid(), search))
    if (line.state != 'Z' && line.state != 'X') living.push_back(line.pid);
  return living;
}

Status kill_descendants(pid_t unreaped, ProcessSearch search) {
  const pid_t self = ::getpid();
  return kill_until_none([&] {
    for (;;) {
      std::vector<ProcessLine> found;
      if (!has_children()) return found;  // so nothing is below them either
      found = descendants_of(self, search);
      bool reaped = false;
      std::erase_if(found, [&](const ProcessLine& line) {
        if (line.state != 'Z' && line.state != 'X') return false;
        if (line.pid == unreaped) return true;
        // A zombie of ours goes by being reaped, one of a descendant with its parent.
        if (line.parent != self || ::waitpid(line.pid, nullptr, WNOHANG) != line.pid) return false;
        return reaped = true;
      });
      // What it left has become ours since we looked.
      if (!found.empty() || !reaped) return found;
    }
  });
}

Status kill_marked(const std::string& entry, const std::vector<pid_t>& spared) {
  return kill_until_none([&] {
    std::vector<ProcessLine> found;
    for (const pid_t pid : all_pids()) {
      if (pid == ::getpid() || std::find(spared.begin(), spared.end(), pid) != spared.end())
        continue;
      if (!is_ours(pid)) continue;
      // The line first: if the pid changes hands after it, kill_seen() notices.
      const auto line = process_line(pid);
      if (line && line->state != 'Z' && has_entry(read_proc(pid, "environ"), entry))
        found.push_back(*line);
    }
    return found;
  });
}

bool process_runs(pid_t pid) {
  const auto line = process_line(pid);
  return line && line->state != 'Z' && line->state != 'X';
}

}  // namespace cairn
