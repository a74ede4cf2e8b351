#include "engine/waiting.h"

namespace cairn {

Resources& Resources::operator+=(const Resources& other) {
  cpus += other.cpus;
  memory_mb += other.memory_mb;
  disk_kb += other.disk_kb;
  return *this;
}

Resources& Resources::operator-=(const Resources& other) {
  cpus -= other.cpus;
  memory_mb -= other.memory_mb;
  disk_kb -= other.disk_kb;
  return *this;
}

void Waiting::add(const WaitingJob& job) {
  const Resources asked{job.cpus, job.memory_mb, job.disk_kb};
  if (lines_[asked].insert({job.priority, job.id, job.alike}).second) ++count_;
}

std::optional<WaitingJob> Waiting::take(const Resources& room) {
  auto best = lines_.end();
  for (auto line = lines_.begin(); line != lines_.end(); ++line) {
    if (!room.holds(line->first)) continue;
    if (best == lines_.end() || *line->second.begin() < *best->second.begin()) best = line;
  }
  if (best == lines_.end()) return std::nullopt;
  const Place place = best->second.extract(best->second.begin()).value();
  const WaitingJob job{
      place.id,   place.priority, best->first.cpus, best->first.memory_mb, best->first.disk_kb,
      place.alike};
  if (best->second.empty()) lines_.erase(best);
  --count_;
  return job;
}

std::int64_t Waiting::count_that_fit(const Resources& machine) const {
  std::int64_t count = 0;
  for (const auto& [asked, line] : lines_)
    if (machine.holds(asked)) count += static_cast<std::int64_t>(line.size());
  return count;
}

}  // namespace cairn
