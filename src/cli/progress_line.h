// Where `cairn verify` stands: one line on stderr, if that is a terminal, redrawn in place.
#pragma once

#include <chrono>
#include <mutex>

#include "verify/options.h"

namespace cairn::cli {

// The columns of a terminal; 0: it is none.
int columns_of(int terminal);

// Threads may share one.  Gone from the screen when it is destroyed.
class ProgressLine {
 public:
  explicit ProgressLine(bool is_wanted);
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  ~ProgressLine();
  void show(const verify::Progress& progress);

 private:
  const int columns_;
  std::mutex mutex_;
  bool is_drawn_ = false;
  std::chrono::steady_clock::time_point drawn_at_;
};

}  // namespace cairn::cli
