// Time, so that tests can hold it in their hand.
#pragma once

#include <chrono>
#include <cstdint>

namespace cairn {

class Clock {
 public:
  virtual ~Clock() = default;
  // Never goes back, also when the machine's clock is set.
  virtual std::chrono::steady_clock::time_point now() const = 0;
  // The time of day, for people and logs; may jump when the clock is set.
  virtual std::chrono::system_clock::time_point wall() const = 0;
};

class SystemClock final : public Clock {
 public:
  std::chrono::steady_clock::time_point now() const override {
    return std::chrono::steady_clock::now();
  }
  std::chrono::system_clock::time_point wall() const override {
    return std::chrono::system_clock::now();
  }
};

// For records and logs: milliseconds since 1970.
inline std::int64_t wall_clock_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             SystemClock().wall().time_since_epoch())
      .count();
}

}  // namespace cairn
