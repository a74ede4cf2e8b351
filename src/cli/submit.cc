// `cairn submit`: the jobs of a submit file go to the background engine, or to a pool.
#include <CLI/CLI.hpp>
#include <memory>

#include "cli/submit_here.h"
#include "cli/submit_pool.h"
#include "cli/verb.h"

namespace cairn::cli {
namespace {

constexpr const char* kFooter =
    "Returns at once; the jobs run in the background, here or in the pool.\n"
    "Exit status: 0 the jobs are in the queue; 2 they are not, and why.\n"
    "Examples: cairn submit sweep.sub\n"
    "          cairn submit --pool htcondor sweep.sub";

std::function<int()> declare(CLI::App& app, const std::vector<std::string>&) {
  const auto pool = std::make_shared<PoolChoices>();
  const auto here = std::make_shared<HereChoices>();
  declare_pool_options(app, *pool);
  app.add_flag("--dry-run", pool->dry_run, "Print what would be handed over (Slurm)");
  app.add_option("FILE", pool->file, "The submit file")->required();
  app.add_option("--name", here->name, "What the batch is called in the queue");
  app.add_flag("--terse", here->terse, "Only the first and the last job's id");
  app.add_flag("--json", here->json, "The cluster's number and the number of jobs, as JSON");
  return [pool, here] {
    if (!pool->pool.empty()) return submit_to_pool(*pool);
    here->file = pool->file;
    return submit_here(*here);
  };
}

}  // namespace

const Verb kSubmit = {"submit", "Puts the jobs of a submit file into the queue", kFooter, false,
                      declare};

}  // namespace cairn::cli
