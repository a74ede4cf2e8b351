// `cairn submit --pool`: jobs are handed to a real pool.
#pragma once

#include <CLI/App.hpp>
#include <string>

namespace cairn::cli {

// As the user wrote it.
struct PoolChoices {
  std::string pool;  // "htcondor"; empty: none
  std::string file;
  bool lint = true;
};

// --pool and what belongs to it; of the file somebody else knows.
void declare_pool_options(CLI::App& app, PoolChoices& choices);

// Returns the exit status of cairn.
int submit_to_pool(const PoolChoices& choices);

}  // namespace cairn::cli
