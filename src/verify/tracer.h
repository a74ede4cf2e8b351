// A program and all that it starts, traced by the calling thread: who there is, and what stops
// them.  What a stop at a call means, the watcher decides.
//
// The tracee is seized (PTRACE_SEIZE), so that stop signals and SIGCONT do what they do without a
// tracer.  The calling thread must have no other children meanwhile.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <csignal>
#include <ctime>
#include <deque>
#include <map>
#include <set>

#include "cairn/result.h"
#include "verify/launch.h"

namespace cairn::verify {

struct Tracee {
  pid_t process = 0;
  bool running = true;         // false: it is stopped, by us or by a stop signal
  bool awaits_return = false;  // the watcher wants to see the call's return
  bool in_vfork = false;       // it sleeps until its child has let go of its memory
};

// What a stopped thread does next.
enum class Next {
  go_on,
  go_on_until_return,  // of the call that it is at
  stay,                // until resume()
};

class Watcher {
 public:
  virtual ~Watcher() = default;
  virtual void on_start() = 0;  // the program has begun: the execve has succeeded
  virtual Next on_call(pid_t thread) = 0;
  virtual void on_return(pid_t thread) = 0;
  // It has ended, or lost its call by another thread's execve.
  virtual void on_gone(pid_t thread) = 0;
  //   wait_status  raw; processes only, not threads
  virtual void on_exit(pid_t process, int wait_status) = 0;
};

// Interrupts waitpid() at a time: a signal to this thread alone, which does nothing else.
class Alarm {
 public:
  using Clock = std::chrono::steady_clock;
  Alarm();
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;
  ~Alarm();
  void set(Clock::time_point when);  // and every few milliseconds from then on

 private:
  timer_t timer_{};
  sigset_t mask_before_{};
  Clock::time_point set_{};
};

class Tracer {
 public:
  Tracer(Watcher& watcher, Alarm& alarm) : watcher_(watcher), alarm_(alarm) {}
  Tracer(const Tracer&) = delete;
  Tracer& operator=(const Tracer&) = delete;
  ~Tracer();  // kills what is left, and reaps it

  // Errors: unsupported, if nothing may be traced here; else io.
  Status start(Child& child);

  enum class Waited { event, time, nobody };
  // Deals with one event, if there is one before `until`.
  Waited wait(Alarm::Clock::time_point until);

  void resume(pid_t thread, Next next);  // one that on_call() let stay
  void kill_all();  // wait() reaps them; the watcher hears only of exits from now on
  const std::map<pid_t, Tracee>& tracees() const { return tracees_; }  // by thread
  std::set<pid_t> processes() const;
  std::chrono::nanoseconds cpu() const { return cpu_; }  // of the processes that have ended

  // Stops the running threads of these processes until thaw().
  void freeze(const std::set<pid_t>& processes);
  void thaw();

 private:
  struct Event {
    pid_t thread = 0;
    int wait_status = 0;
  };
  Waited next_event(Event* event, Alarm::Clock::time_point until);
  void handle(const Event& event);
  void handle_stop(pid_t thread, int wait_status);
  void handle_end(pid_t thread, int wait_status);
  void handle_exec(pid_t process);
  void handle_call(pid_t thread);
  void handle_birth(pid_t parent, bool vfork);
  void forget(pid_t thread);
  void go_on(pid_t thread, int signal = 0);

  Watcher& watcher_;
  Alarm& alarm_;
  pid_t first_ = 0;
  bool started_ = false, killing_ = false;
  std::map<pid_t, Tracee> tracees_;
  std::set<pid_t> early_;    // stopped before we heard of their birth
  std::deque<Event> queue_;  // arrived while others were being frozen
  std::set<pid_t> frozen_;
  std::chrono::nanoseconds cpu_{0};
};

}  // namespace cairn::verify
