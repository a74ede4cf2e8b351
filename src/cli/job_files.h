// The files of a job that people may want to see: what it printed, its log, its checkpoints.
#pragma once

#include <string>
#include <vector>

#include "cli/look.h"

namespace cairn::cli {

enum class Stream { output, error };

// What the job printed so far: in the sandbox while it has one, else where the submit file says.
// Empty: nowhere.
Path stream_file(const Home& home, const JobRow& row, Stream stream);

// The job event log; empty: it has none.
Path log_file(const JobRow& row);

// Where the job's folder is: jobs under Slurm have a home of their own each.
Home home_of(const Home& home, const ClusterRow& cluster, JobId id);

// The checkpoints in the spool, newest first, as the folders say: not verified.
std::vector<listing::SpooledFacts> spooled(const Home& home, JobId id);
Path checkpoint_folder(const Home& home, JobId id, int number);

}  // namespace cairn::cli
