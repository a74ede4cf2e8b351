// All about one job, in words: what it is, how it stands and why, and what happens next.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "listing/job_view.h"

namespace cairn::listing {

struct SpooledFacts {
  int number = 0;
  std::uint64_t bytes = 0;
  std::int64_t time_ms = 0;  // since 1970
};

// What the job asks for and what there is.  Unset: not known.
struct Resources {
  std::optional<std::int64_t> cpus, memory_mb, disk_kb;
};

// What stands around the job; the caller looks.
struct Surroundings {
  std::string runner;  // of its cluster: run, engine, htcondor, slurm; empty: not known
  bool engine_runs = false;
  Resources wanted, machine;
  std::string unmet;  // the part of its requirements that is not true of this machine; empty: none
  std::optional<std::int64_t> slots_used, slots;
  std::vector<SpooledFacts> checkpoints;  // newest first
  std::string job_folder;                 // empty: there is none (any more)
  std::string sandbox;                    // likewise
  std::string submit_file, log;           // empty: none
};

// Lines "label  text", with a newline at the end.
std::string status_text(const JobView& job, const Surroundings& around);

// Why the job does not run, as a sentence; empty, if it does or is over.
std::string why_waiting(const JobView& job, const Surroundings& around);
// What happens next, or what to do.
std::string next_step(const JobView& job, const Surroundings& around);
// What HTCondor's code means and what helps; empty, for codes that say it themselves.
std::string advice_for_hold(int code, const JobView& job);

// The table "where the wall time went" of one job, without a heading.
std::string wall_time_line(const Goodput& goodput);

std::string status_json(const std::vector<std::pair<JobView, Surroundings>>& jobs);

}  // namespace cairn::listing
