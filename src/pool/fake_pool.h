// A pool in memory, for tests of what stands on Pool.  Jobs do what they are told.
#pragma once

#include <fmt/format.h>

#include <map>
#include <vector>

#include "pool/pool.h"

namespace cairn::testing {

class FakePool : public Pool {
 public:
  // ---- what happens in the pool
  void start(const PoolJob& job) {
    Job& it = at(job);
    it.record.state = JobState::running;
    ++it.record.activation;
    tell(it, Mark::execute_begin, "executes");
  }
  void checkpoint(const PoolJob& job) {
    Job& it = at(job);
    it.record.last_checkpoint = it.record.next_checkpoint++;
    tell(it, Mark::spool_end, "checkpoint");
  }
  void finish(const PoolJob& job, int code) {
    Job& it = at(job);
    it.record.state = JobState::completed;
    it.record.exit = ExitStatus{.by_signal = false, .code = code};
    tell(it, Mark::done, "completed");
  }

  // As if the job had just been submitted: its log is lost.
  void forget(const PoolJob& job) {
    at(job) = {};
    tell(at(job), Mark::queued, "submitted");
  }

  // ---- Pool
  std::string_view name() const override { return "fake"; }
  Result<std::string> check() override { return std::string("1.0"); }
  Result<PoolReceipt> submit(const PoolOrder& order) override {
    const std::string id = std::to_string(++last_);
    for (std::size_t proc = 0; proc < order.jobs.size(); ++proc) {
      Job& job = jobs_[{id, static_cast<int>(proc)}];
      job.record.ad = order.jobs[proc];
      tell(job, Mark::queued, "submitted");
    }
    return PoolReceipt{id};
  }
  Result<PoolNews> poll(std::span<const PoolCluster> clusters) override {
    PoolNews news;
    for (const PoolCluster& cluster : clusters)
      for (const JobRecord& job : cluster.jobs) {
        const auto found = jobs_.find({cluster.pool_id, job.id.proc});
        if (found == jobs_.end()) continue;
        PoolUpdate update = {found->second.record, found->second.events};
        update.job.id = job.id;
        news.updates.push_back(std::move(update));
      }
    return news;
  }
  Status hold(std::span<const PoolJob> jobs, const std::string& reason) override {
    return each(jobs, [&](Job& job) {
      job.record.state = JobState::held;
      job.record.hold = HoldFacts{1, 0, reason};
      tell(job, Mark::evicted, "held");
    });
  }
  Status release(std::span<const PoolJob> jobs, const std::string&) override {
    return each(jobs, [&](Job& job) {
      job.record.state = JobState::idle;
      job.record.hold.reset();
      tell(job, Mark::queued, "released");
    });
  }
  Status vacate(std::span<const PoolJob> jobs, Departure) override {
    return each(jobs, [&](Job& job) {
      job.record.state = JobState::idle;
      ++job.record.evictions;
      tell(job, Mark::evicted, "evicted");
    });
  }
  Status remove(std::span<const PoolJob> jobs, const std::string&) override {
    return each(jobs, [&](Job& job) {
      job.record.state = JobState::removed;
      tell(job, Mark::evicted, "removed");
    });
  }
  Result<std::filesystem::path> fetch(const PoolJob& job,
                                      const std::filesystem::path& folder) override {
    if (!at(job).record.last_checkpoint) return Error{Errc::not_found, "no checkpoint", 0, {}};
    const auto copy = folder / fmt::format("{}.{}", job.pool_id, job.proc);
    std::filesystem::create_directories(copy);
    return copy;
  }

 private:
  struct Job {
    JobRecord record;
    std::vector<EventRecord> events;
  };
  Job& at(const PoolJob& job) { return jobs_.at({job.pool_id, job.proc}); }
  void tell(Job& job, Mark mark, std::string text) {
    job.events.push_back({static_cast<std::int64_t>(++clock_ms_), mark, std::move(text)});
  }
  template <class Act>
  Status each(std::span<const PoolJob> jobs, Act act) {
    for (const PoolJob& job : jobs) {
      const auto found = jobs_.find({job.pool_id, job.proc});
      if (found == jobs_.end())
        return Error{Errc::io, fmt::format("there is no job {}.{}", job.pool_id, job.proc), 0, {}};
      act(found->second);
    }
    return {};
  }

  std::map<std::pair<std::string, int>, Job> jobs_;
  int last_ = 0;
  int clock_ms_ = 0;
};

}  // namespace cairn::testing
