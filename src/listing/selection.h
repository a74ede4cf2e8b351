// Which jobs a command line means: ids, clusters, ranges, names, a constraint, states.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "cairn/result.h"
#include "listing/seen_ad.h"
#include "queue/reader.h"

namespace cairn::listing {

// "12", "12.3", "12.0-5" are ranges; anything else is a name.
std::variant<JobRange, std::string> parse_selector(std::string_view text);

// What a cluster is called: its batch's name, else the submit file's, else the command.
std::string name_of(const ClusterRow& cluster);
// `name` is the batch's, or the submit file's with or without its folder and its ending.
bool is_called(const ClusterRow& cluster, std::string_view name);

struct QueueOutline {
  std::vector<ClusterRow> clusters;  // by number
  std::vector<StateCount> counts;    // in any order
};
using cairn::is_over;

// The jobs that `words` name, in their order, each once.  A name
// means all clusters of that name that are not finished; if there is none, the newest one.
// Errors: not_found, with what comes nearest; invalid, an empty word.
Result<std::vector<JobRange>> resolve(const std::vector<std::string>& words,
                                      const QueueOutline& outline);

}  // namespace cairn::listing
