// Time, so that tests can hold it in their hand.
#pragma once

#include <chrono>

namespace cairn {

class Clock {
 public:
  virtual ~Clock() = default;
  // Never goes back, also when the machine's clock is set.
  virtual std::chrono::steady_clock::time_point now() const = 0;
};

class SystemClock final : public Clock {
 public:
  std::chrono::steady_clock::time_point now() const override {
    return std::chrono::steady_clock::now();
  }
};

}  // namespace cairn
