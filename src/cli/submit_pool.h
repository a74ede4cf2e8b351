// `cairn submit --pool`: jobs are handed to a real pool.
#pragma once

#include <CLI/App.hpp>
#include <string>
#include <vector>

namespace cairn::cli {

// As the user wrote it.
struct PoolChoices {
  std::string pool;  // "htcondor", "slurm"; empty: none
  std::string file;
  bool dry_run = false;                      // Slurm: print the scripts
  std::vector<std::string> slurm_options{};  // for sbatch, in order
  std::string shared_folder{};               // Slurm: that all nodes see; empty: in Cairn's home
  bool htcondor = false;                     // Slurm: the contract is HTCondor's
  bool lint = true;                          // --no-lint: handed over whatever Cairn thinks of it
};

// --pool and what belongs to it; of the file somebody else knows.
void declare_pool_options(CLI::App& app, PoolChoices& choices);

// Returns the exit status of cairn.
int submit_to_pool(const PoolChoices& choices);

}  // namespace cairn::cli
