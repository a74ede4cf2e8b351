// For the tests: sessions over a simulated disk, a clock in the hand and an
// environment made up.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "session/session_state.h"
#include "support/sim_filesystem.h"

namespace cairn::testing {

class FakeClock final : public Clock {
 public:
  std::chrono::steady_clock::time_point now() const override { return now_; }
  std::chrono::system_clock::time_point wall() const override { return {}; }
  void pass(std::chrono::steady_clock::duration time) { now_ += time; }

 private:
  std::chrono::steady_clock::time_point now_{std::chrono::hours(1)};
};

// What a process finds when it starts.  Everything is borrowed.
struct World {
  FileSystem& disk;
  FakeClock clock = {};
  std::map<std::string, std::string> variables = {};
  std::vector<std::string> arguments = {"0", "40000"};

  detail::Rim rim() {
    const auto borrow = [](auto& object) {
      return std::shared_ptr<std::remove_reference_t<decltype(object)>>(std::shared_ptr<void>(),
                                                                        &object);
    };
    return {.files = borrow(disk),
            .clock = borrow(clock),
            .environment = {.variable = [this](const char* name) -> std::optional<std::string> {
                              const auto found = variables.find(name);
                              if (found == variables.end()) return std::nullopt;
                              return found->second;
                            },
                            .arguments = arguments},
            .lock_folder = false};
  }
  Result<Session> open(Options options = {}) {
    return detail::SessionAccess::open(std::move(options), rim());
  }
};

// Options that save only when the test says so.
inline Options by_hand() { return {.policy = {.commit_interval = {}, .leave_interval = {}}}; }
inline Options each_point() {
  return {.policy = {.commit_every = 1, .commit_interval = {}, .leave_interval = {}}};
}

}  // namespace cairn::testing
