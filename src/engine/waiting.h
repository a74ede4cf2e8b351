// The idle jobs of the background engine: who starts next.  Small, since there may be hundreds
// of thousands, and quick: jobs that ask for the same wait in one line.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <set>

#include "queue/queue.h"

namespace cairn {

// Of a machine, or what a job asks of one.
struct Resources {
  int cpus = 1;
  std::int64_t memory_mb = 0, disk_kb = 0;

  bool holds(const Resources& other) const {
    return cpus >= other.cpus && memory_mb >= other.memory_mb && disk_kb >= other.disk_kb;
  }
  Resources& operator+=(const Resources& other);
  Resources& operator-=(const Resources& other);
  friend auto operator<=>(const Resources&,
                          const Resources&) = default;  // NOLINT(modernize-use-nullptr)
};

class Waiting {
 public:
  void add(const WaitingJob& job);
  // Takes the next one out for which there is room: of the highest priority, and of those the
  // one that was submitted first.  A job that asks for more than `room` holds up nobody.
  std::optional<WaitingJob> take(const Resources& room);
  std::int64_t count() const { return count_; }
  // Without those that `machine` could never hold.
  std::int64_t count_that_fit(const Resources& machine) const;

 private:
  struct Place {
    int priority;
    JobId id;
    bool alike;
    friend bool operator<(const Place& left, const Place& right) {
      return left.priority != right.priority ? left.priority > right.priority : left.id < right.id;
    }
  };
  std::map<Resources, std::set<Place>> lines_;
  std::int64_t count_ = 0;
};

}  // namespace cairn
