// What Slurm says to a job about itself, and what a job may ask of it.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "solo/solo.h"

namespace cairn {

class SlurmAllocation final : public Allocation {
 public:
  // getenv(), or a test's.
  using Environment = std::function<const char*(const char* name)>;
  explicit SlurmAllocation(const Environment& environment);

  std::string number() const override { return number_; }  // "17", or "17_3" in an array
  std::int64_t restarts() const override { return restarts_; }
  std::string slot() const override { return "slot1@" + host_; }
  const std::string& host() const { return host_; }  // the node's name
  Status requeue() override;
  // Where Slurm cannot be asked: yes.
  bool still_runs(const Runner& other) override;

 private:
  std::string number_;
  std::int64_t restarts_ = 0;
  std::string host_;
};

// What squeue's word for a state (%T) says about the processes of the job.
bool has_processes(std::string_view slurm_state);

}  // namespace cairn
