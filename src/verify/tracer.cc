#include "verify/tracer.h"

#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <mutex>

#include "base/assert.h"
#include "base/text.h"
#include "base/try.h"
#include "verify/tracee.h"

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

namespace cairn::verify {
namespace {

using namespace std::chrono_literals;

constexpr unsigned long kOptions =
    PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEVFORKDONE |
    PTRACE_O_TRACEEXEC | PTRACE_O_TRACESECCOMP | PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL;

bool is_stop_signal(int signal) {
  return signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
}

int event_of(int wait_status) { return wait_status >> 16; }

// That of a thread which PTRACE_INTERRUPT stopped, or which is new.
bool is_plain_stop(int wait_status) {
  return WIFSTOPPED(wait_status) && event_of(wait_status) == PTRACE_EVENT_STOP &&
         !is_stop_signal(WSTOPSIG(wait_status));
}

pid_t event_pid(pid_t thread) {
  unsigned long message = 0;
  ::ptrace(PTRACE_GETEVENTMSG, thread, 0, &message);
  return static_cast<pid_t>(message);
}

// Of a process that has ended and is not reaped yet.  rusage would count children twice.
std::chrono::nanoseconds cpu_of(pid_t process) {
  clockid_t clock{};
  timespec time{};
  if (::clock_getcpuclockid(process, &clock) != 0 || ::clock_gettime(clock, &time) != 0) return 0ns;
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

// --- Alarm -----------------------------------------------------------------------

int alarm_signal() { return SIGRTMAX - 3; }

void install_handler() {
  static std::once_flag once;
  std::call_once(once, [] {
    struct sigaction action {};
    action.sa_handler = [](int) {};  // and without SA_RESTART: waitid() returns
    ::sigaction(alarm_signal(), &action, nullptr);
  });
}

timespec to_timespec(std::chrono::nanoseconds time) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time);
  return {seconds.count(), (time - seconds).count()};
}

}  // namespace

Alarm::Alarm() {
  install_handler();
  sigset_t ours;
  sigemptyset(&ours);
  sigaddset(&ours, alarm_signal());
  ::pthread_sigmask(SIG_UNBLOCK, &ours, &mask_before_);
  sigevent event{};
  event.sigev_notify = SIGEV_THREAD_ID;
  event.sigev_signo = alarm_signal();
  event.sigev_notify_thread_id = static_cast<int>(::syscall(SYS_gettid));
  CAIRN_ASSERT(::timer_create(CLOCK_MONOTONIC, &event, &timer_) == 0,
               "a process may have as many timers as it has threads here");
}

Alarm::~Alarm() {
  ::timer_delete(timer_);
  ::pthread_sigmask(SIG_SETMASK, &mask_before_, nullptr);
}

// It goes on ringing: the first time may be just before waitid() begins.  One that will ring
// before `when` is left as it is, since to set it costs a system call.
void Alarm::set(Clock::time_point when) {
  const auto now = Clock::now();
  if (set_ > now && set_ <= when) return;
  set_ = when;
  itimerspec time{};
  time.it_value = to_timespec(std::max<std::chrono::nanoseconds>(when - now, 1us));
  time.it_interval = to_timespec(5ms);
  ::timer_settime(timer_, 0, &time, nullptr);
}

// --- Tracer: the loop --------------------------------------------------------------

Status Tracer::start(Child& child) {
  if (::ptrace(PTRACE_SEIZE, child.pid(), 0, kOptions) != 0) {
    const int failed = errno;
    ::kill(child.pid(), SIGKILL);
    retry_interrupted([&] { return ::waitpid(child.pid(), nullptr, 0); });
    return Error{Errc::unsupported, cat("trace a program (ptrace): ", std::strerror(failed)),
                 failed,
                 "in a container, start it with --cap-add=SYS_PTRACE; elsewhere "
                 "/proc/sys/kernel/yama/ptrace_scope must be 0 or 1"};
  }
  first_ = child.pid();
  tracees_[first_].process = first_;
  child.let_go();
  return {};
}

Tracer::~Tracer() {
  kill_all();
  while (first_ != 0 && wait(Alarm::Clock::now() + 1s) != Waited::nobody) {
  }
}

Tracer::Waited Tracer::wait(Alarm::Clock::time_point until) {
  Event event;
  if (!queue_.empty()) {
    event = queue_.front();
    queue_.pop_front();
  } else if (const Waited waited = next_event(&event, until); waited != Waited::event) {
    return waited;
  }
  handle(event);
  return Waited::event;
}

Tracer::Waited Tracer::next_event(Event* event, Alarm::Clock::time_point until) {
  siginfo_t info{};
  for (;;) {
    const bool due = Alarm::Clock::now() >= until;
    if (!due) alarm_.set(until);
    info.si_pid = 0;
    const int result = ::waitid(
        P_ALL, 0, &info, WEXITED | WSTOPPED | WNOWAIT | __WALL | __WNOTHREAD | (due ? WNOHANG : 0));
    if (result == 0 && info.si_pid != 0) break;
    if (result == -1 && errno == ECHILD) return Waited::nobody;
    if (due) return Waited::time;
  }
  event->thread = info.si_pid;
  if (info.si_code == CLD_EXITED || info.si_code == CLD_KILLED || info.si_code == CLD_DUMPED) {
    const auto found = tracees_.find(info.si_pid);
    if (found == tracees_.end() || found->second.process == info.si_pid)
      cpu_ += cpu_of(info.si_pid);
  }
  ::waitpid(info.si_pid, &event->wait_status, __WALL | WNOHANG);
  return Waited::event;
}

void Tracer::handle(const Event& event) {
  if (WIFSTOPPED(event.wait_status))
    handle_stop(event.thread, event.wait_status);
  else
    handle_end(event.thread, event.wait_status);
}

void Tracer::handle_stop(pid_t thread, int wait_status) {
  if (!tracees_.contains(thread)) {
    tracees_[thread].process = process_of(thread);
    early_.insert(thread);
  }
  tracees_[thread].running = false;
  if (killing_) {  // it may have been born meanwhile
    ::kill(tracees_[thread].process, SIGKILL);
    return;
  }
  const int signal = WSTOPSIG(wait_status);
  switch (event_of(wait_status)) {
    case PTRACE_EVENT_SECCOMP:
      return handle_call(thread);
    case PTRACE_EVENT_EXEC:
      handle_exec(thread);
      break;
    case PTRACE_EVENT_VFORK:
      handle_birth(thread, true);
      break;
    case PTRACE_EVENT_FORK:
    case PTRACE_EVENT_CLONE:
      handle_birth(thread, false);
      break;
    case PTRACE_EVENT_VFORK_DONE:
      tracees_[thread].in_vfork = false;
      break;
    case PTRACE_EVENT_STOP:
      if (!is_stop_signal(signal)) break;
      ::ptrace(PTRACE_LISTEN, thread, 0, 0);
      return;
    default:
      if (signal != (SIGTRAP | 0x80)) return go_on(thread, signal);  // it is delivered
      if (tracees_[thread].awaits_return) {
        tracees_[thread].awaits_return = false;
        watcher_.on_return(thread);
      }
  }
  if (!killing_) go_on(thread);
}

void Tracer::handle_call(pid_t thread) { resume(thread, watcher_.on_call(thread)); }

// Of the other threads only their ends are heard of, of the first not even that.
void Tracer::handle_exec(pid_t process) {
  const pid_t before = event_pid(process);
  if (before != process && before != 0) forget(before);
  watcher_.on_gone(process);
  tracees_[process] = {.process = process, .running = false};
  if (started_ || process != first_) return;
  started_ = true;
  watcher_.on_start();
}

void Tracer::handle_birth(pid_t parent, bool vfork) {
  tracees_[parent].in_vfork = vfork;
  const pid_t child = event_pid(parent);
  if (child == 0 || early_.erase(child) != 0) return;
  tracees_[child].process = process_of(child);
}

void Tracer::handle_end(pid_t thread, int wait_status) {
  const auto found = tracees_.find(thread);
  const bool is_process = found == tracees_.end() || found->second.process == thread;
  forget(thread);
  if (is_process) watcher_.on_exit(thread, wait_status);
}

void Tracer::forget(pid_t thread) {
  tracees_.erase(thread);
  frozen_.erase(thread);
  watcher_.on_gone(thread);
}

void Tracer::go_on(pid_t thread, int signal) {
  const auto found = tracees_.find(thread);
  if (found == tracees_.end()) return;
  found->second.running = true;
  const auto request = found->second.awaits_return ? PTRACE_SYSCALL : PTRACE_CONT;
  ::ptrace(request, thread, 0, signal);  // fails only if it was killed: its end will be reported
}

// --- Tracer: what the watcher asks for ----------------------------------------------

void Tracer::resume(pid_t thread, Next next) {
  const auto found = tracees_.find(thread);
  if (killing_ || next == Next::stay || found == tracees_.end()) return;
  found->second.awaits_return = next == Next::go_on_until_return;
  go_on(thread);
}

std::set<pid_t> Tracer::processes() const {
  std::set<pid_t> found;
  for (const auto& [thread, tracee] : tracees_) found.insert(tracee.process);
  return found;
}

void Tracer::kill_all() {
  killing_ = true;
  for (const pid_t process : processes()) ::kill(process, SIGKILL);
}

void Tracer::freeze(const std::set<pid_t>& processes) {
  std::set<pid_t> awaited;
  for (const auto& [thread, tracee] : tracees_)
    if (tracee.running && !tracee.in_vfork && processes.contains(tracee.process) &&
        ::ptrace(PTRACE_INTERRUPT, thread, 0, 0) == 0)
      awaited.insert(thread);
  // One that the kernel does not let go of within this time changes no memory.
  const auto deadline = Alarm::Clock::now() + 5s;
  Event event;
  while (!awaited.empty() && next_event(&event, deadline) == Waited::event) {
    const bool asked = awaited.erase(event.thread) != 0;
    if (asked && is_plain_stop(event.wait_status)) {
      frozen_.insert(event.thread);
      tracees_[event.thread].running = false;
    } else {
      queue_.push_back(event);  // it is stopped as well, or has ended
      tracees_[event.thread].running = false;
    }
  }
}

void Tracer::thaw() {
  for (const pid_t thread : std::exchange(frozen_, {}))
    if (!killing_) go_on(thread);
}

}  // namespace cairn::verify
