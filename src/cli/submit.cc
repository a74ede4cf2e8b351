// `cairn submit`: the jobs of a submit file go to the background engine or to a pool, or are
// only looked at.
#include <CLI/CLI.hpp>
#include <memory>

#include "cli/submit_dry.h"
#include "cli/submit_here.h"
#include "cli/submit_pool.h"
#include "cli/submit_wrap.h"
#include "cli/verb.h"

namespace cairn::cli {
namespace {

constexpr const char* kFooter =
    "Returns at once; the jobs run in the background, here or in the pool.\n"
    "Exit status: 0 the jobs are in the queue; 2 they are not, and why.\n"
    "Examples: cairn submit sweep.sub\n"
    "          cairn submit --pool htcondor sweep.sub\n"
    "          cairn submit --wrap '--recipe gromacs --every 1h' md.sub\n"
    "          cairn submit --dry-run sweep.sub n=10";

std::function<int()> declare(CLI::App& app, const std::vector<std::string>&) {
  struct Choices {
    DryRunChoices look;
    HereChoices here;
    PoolChoices pool;
    std::string wrap;
  };
  const auto choices = std::make_shared<Choices>();
  declare_pool_options(app, choices->pool);
  declare_dry_run(app, choices->look);
  app.add_option("--name", choices->here.name, "What the batch is called in the queue");
  app.add_option("--wrap", choices->wrap,
                 "Run the program under `cairn wrap` with these options: writes FILE.wrapped.sub")
      ->type_name("OPTIONS");
  app.add_flag("--terse", choices->here.terse, "Only the first and the last job's id");
  return [choices] {
    DryRunChoices& look = choices->look;
    if (const auto sorted = sort_words(look); !sorted) return refuse(sorted.error());
    if (!choices->wrap.empty()) {
      const auto wrapped = write_wrapped(look.submission.file, choices->wrap);
      if (!wrapped) return refuse(wrapped.error());
      look.submission.file = wrapped->native();
    }
    const SubmissionChoices& submission = look.submission;
    if (look.dry_run && choices->pool.pool.empty()) return print_ads(look);
    if (choices->pool.pool.empty()) {
      choices->here.submission = submission;
      choices->here.json = look.json;
      return submit_here(choices->here);
    }
    if (!submission.assignments.empty() || !submission.append.empty() || submission.queue)
      return refuse({Errc::unsupported, "a pool is given the submit file as it is", 0,
                     "write NAME=VALUE, --append and --queue into the file"});
    choices->pool.file = submission.file;
    choices->pool.dry_run = look.dry_run;
    choices->pool.htcondor = look.contract == "htcondor";
    return submit_to_pool(choices->pool);
  };
}

}  // namespace

const Verb kSubmit = {"submit", "Puts the jobs of a submit file into the queue", kFooter, false,
                      declare};

}  // namespace cairn::cli
