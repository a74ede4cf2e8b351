// A queue made anew, where its file is lost or damaged, from what lies beside it: the clusters'
// files for the ads, the spools for the checkpoints.  Nothing is removed: a damaged queue is kept
// aside.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "cairn/result.h"
#include "engine/home.h"
#include "job/transition.h"

namespace cairn {

struct Rebuilt {
  int clusters = 0;  // that were brought back
  std::map<JobState, std::int64_t> jobs;
  std::vector<std::string> notes;  // sentences about what is not as it was
  Path kept;                       // the damaged queue; empty: there was none
};

// Clusters that the queue knows stay as they are; all others of the home come back.  Jobs are idle
// and go on from their newest checkpoint that verifies, but for those that were held, or are over;
// jobs whose ad is lost are held.
// Errors: locked, if an engine or a `cairn run` is at work there.
Result<Rebuilt> rebuild_queue(const Home& home, std::int64_t now_ms);

}  // namespace cairn
