#include "os/signals.h"

#include <array>
#include <atomic>
#include <csignal>
#include <mutex>

#include "base/assert.h"

namespace cairn {
namespace {

// How often each signal came.  All that a handler may touch is lock-free and static.
std::array<std::atomic<unsigned>, NSIG> arrivals;
static_assert(std::atomic<unsigned>::is_always_lock_free);

struct Installed {
  int users = 0;
  struct sigaction before {};
};
std::array<Installed, NSIG> installed;
std::mutex installed_mutex;

void note(int signal) {
  arrivals[static_cast<std::size_t>(signal)].fetch_add(1, std::memory_order_relaxed);
}

}  // namespace

SignalFlag::SignalFlag(int signal) : signal_(signal) {
  CAIRN_ASSERT(signal > 0 && signal < NSIG, "a signal has a number from 1 to 64");
  const std::lock_guard guard(installed_mutex);
  auto& [users, before] = installed[static_cast<std::size_t>(signal)];
  if (users == 0) {
    struct sigaction action {};
    action.sa_handler = note;
    action.sa_flags = SA_RESTART;
    sigfillset(&action.sa_mask);
    CAIRN_ASSERT(::sigaction(signal, &action, &before) == 0,
                 "SIGKILL and SIGSTOP cannot be caught");
  }
  ++users;
  clear();
}

SignalFlag::~SignalFlag() {
  const std::lock_guard guard(installed_mutex);
  auto& [users, before] = installed[static_cast<std::size_t>(signal_)];
  if (--users > 0) return;
  struct sigaction current {};
  if (::sigaction(signal_, nullptr, &current) == 0 && current.sa_handler == note)
    ::sigaction(signal_, &before, nullptr);
}

bool SignalFlag::raised() const {
  return arrivals[static_cast<std::size_t>(signal_)].load(std::memory_order_relaxed) != seen_;
}

void SignalFlag::clear() {
  seen_ = arrivals[static_cast<std::size_t>(signal_)].load(std::memory_order_relaxed);
}

}  // namespace cairn
