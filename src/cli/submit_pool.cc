#include "cli/submit_pool.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <iostream>

#include "base/try.h"
#include "cli/job_source.h"
#include "cli/lint_input.h"
#include "cli/pools.h"
#include "cli/submit_slurm.h"
#include "cli/verb.h"
#include "engine/home.h"
#include "os/clock.h"
#include "queue/queue.h"

namespace cairn::cli {
namespace {

// What is wrong with the file is said on stderr; an error stops the hand-over.
Status check_file(const PoolChoices& choices) {
  CAIRN_TRY(const lint::LintInput input, lint_input(choices.file, ""));
  const lint::Findings findings = lint::lint(input);
  for (const lint::Finding& finding : findings.list)
    if (finding.severity != lint::Severity::hint) std::cerr << finding.headline() << '\n';
  if (!findings.has_errors()) return {};
  const std::size_t errors = findings.count(lint::Severity::error);
  return Error{Errc::invalid,
               fmt::format("{} has {} error{}, so nothing was handed over", choices.file, errors,
                           errors == 1 ? "" : "s"),
               0,
               fmt::format("cairn lint {} says what to write instead; --no-lint hands it over as "
                           "it is",
                           choices.file)};
}

Result<int> hand_over(const PoolChoices& choices) {
  if (choices.dry_run)
    return Error{Errc::unsupported, "--dry-run says nothing of HTCondor", 0,
                 "ask it: condor_submit -dry-run - FILE"};
  PosixFileSystem files;
  CAIRN_TRY(const auto pool, open_pool(choices.pool, files));
  CAIRN_TRY(const Path folder, Home::default_folder());
  CAIRN_TRY(const Home home, Home::open(files, folder));
  CAIRN_TRY(Queue queue, Queue::open(home.queue_file()));
  CAIRN_TRY(const auto source, open_submit_file({.file = choices.file}));
  if (choices.lint) CAIRN_CHECK(check_file(choices));
  CAIRN_TRY(const std::string version, pool->check());
  const Path logs = home.folder() / "pool";
  CAIRN_CHECK(files.make_folder(logs));
  CAIRN_TRY(const PoolReceipt receipt,
            pool->submit({.submit_file = source->key(), .log_folder = logs}));
  for (const std::string& warning : receipt.warnings)
    complain(fmt::format("{}: {}", choices.pool, warning));
  const std::vector<JobAd>& jobs = receipt.jobs;
  const std::string name = jobs.empty() ? "" : jobs.front().get_string("JobBatchName").value_or("");
  auto cluster = queue.add({.key = source->key(),
                            .created_ms = wall_clock_ms(),
                            .runner = choices.pool,
                            .pool_id = receipt.pool_id,
                            .name = name},
                           jobs);
  if (!cluster) {
    Error problem = std::move(cluster).error();
    problem.hint = fmt::format("the pool has it as {}", receipt.pool_id);
    return problem;
  }
  std::cout << fmt::format("cluster {}: {} job{} handed to {} {}, where it is {}\n", *cluster,
                           jobs.size(), jobs.size() == 1 ? "" : "s", choices.pool, version,
                           receipt.pool_id);
  return kOk;
}

}  // namespace

void declare_pool_options(CLI::App& app, PoolChoices& choices) {
  app.add_option("--pool", choices.pool, "Hand the jobs to this pool: htcondor, slurm")
      ->check(CLI::IsMember(pool_names()));
  app.add_flag("!--no-lint", choices.lint,
               "Without the checks of cairn lint, whose errors would stop it");
  const std::string group = "Options for Slurm";
  app.add_option("--slurm-option", choices.slurm_options,
                 "An option for sbatch, as it wants it: --slurm-option=--partition=long")
      ->allow_extra_args(false)
      ->group(group);
  app.add_option("--shared-folder", choices.shared_folder,
                 "A folder that all nodes see; default: in Cairn's home")
      ->group(group);
}

int submit_to_pool(const PoolChoices& choices) {
  const auto hand = [&choices]() -> Result<int> {
    if (choices.pool != "slurm" && choices.htcondor)
      return Error{Errc::misuse, "--contract is not for --pool htcondor", 0,
                   "a pool of HTCondor keeps its own"};
    if (choices.pool != "slurm") return hand_over(choices);
    if (choices.lint) CAIRN_CHECK(check_file(choices));
    return hand_over_to_slurm(choices);
  };
  return exit_status(hand());
}

}  // namespace cairn::cli
