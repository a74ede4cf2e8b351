// A hidden verb for tests: looks at the pools, asks something of the jobs of a cluster there, and
// prints one line for each.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <memory>

#include "base/try.h"
#include "cli/pools.h"
#include "cli/verb.h"
#include "engine/home.h"
#include "queue/queue.h"

namespace cairn::cli {
namespace {

struct Choices {
  int cluster = 0;
  std::string request;
};

Result<int> poll(const Choices& choices) {
  PosixFileSystem files;
  CAIRN_TRY(const Path folder, Home::default_folder());
  CAIRN_TRY(const Home home, Home::open(files, folder));
  CAIRN_TRY(Queue queue, Queue::open(home.queue_file()));
  CAIRN_CHECK(look_at_pools(home.queue_file()));
  CAIRN_TRY(const std::vector<JobRecord> jobs, queue.jobs(choices.cluster));
  for (const JobRecord& job : jobs)
    fmt::print(
        "{} {} {} {}\n", to_text(job.id), to_text(job.state), job.last_checkpoint.value_or(-1),
        job.hold ? fmt::format("{}/{} {}", job.hold->code, job.hold->subcode, job.hold->reason)
                 : "");
  if (choices.request.empty()) return kOk;
  static const std::map<std::string, PoolVerb> kVerbs = {{"hold", PoolVerb::hold},
                                                         {"release", PoolVerb::release},
                                                         {"vacate", PoolVerb::vacate},
                                                         {"vacate_fast", PoolVerb::vacate_fast},
                                                         {"remove", PoolVerb::remove}};
  CAIRN_TRY(const std::vector<ClusterRecord> clusters, queue.clusters());
  const auto cluster = std::find_if(clusters.begin(), clusters.end(), [&](const auto& each) {
    return each.cluster == choices.cluster;
  });
  std::vector<JobId> ids;
  for (const JobRecord& job : jobs) ids.push_back(job.id);
  CAIRN_CHECK(ask_pool(*cluster, kVerbs.at(choices.request), ids, "by request"));
  return kOk;
}

std::function<int()> declare(CLI::App& app, const std::vector<std::string>&) {
  const auto choices = std::make_shared<Choices>();
  app.add_option("CLUSTER", choices->cluster)->required();
  app.add_option("REQUEST", choices->request)
      ->check(CLI::IsMember({"hold", "release", "vacate", "vacate_fast", "remove"}));
  return [choices] {
    const auto status = poll(*choices);
    return status ? *status : refuse(status.error());
  };
}

}  // namespace

const Verb kPoll = {"poll", "Looks at the pools", "", true, declare};

}  // namespace cairn::cli
