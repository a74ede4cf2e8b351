// `cairn submit`: the jobs of a submit file are handed to a pool.
#include <CLI/CLI.hpp>
#include <memory>

#include "cli/submit_pool.h"
#include "cli/verb.h"

namespace cairn::cli {
namespace {

constexpr const char* kFooter =
    "Exit status: 0 the pool has the jobs; 2 it has not, and why.\n"
    "Example: cairn submit --pool htcondor sweep.sub";

std::function<int()> declare(CLI::App& app, const std::vector<std::string>&) {
  const auto pool = std::make_shared<PoolChoices>();
  declare_pool_options(app, *pool);
  app.add_option("FILE", pool->file, "The submit file")->required();
  return [pool] {
    if (!pool->pool.empty()) return submit_to_pool(*pool);
    return refuse({Errc::misuse, "nobody is named who runs the jobs", 0,
                   "hand them over with --pool htcondor, or run them with cairn run"});
  };
}

}  // namespace

const Verb kSubmit = {"submit", "Hands the jobs of a submit file to a pool", kFooter, false,
                      declare};

}  // namespace cairn::cli
