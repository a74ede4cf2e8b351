// From submit commands to job ads: what submit files and `cairn run -- PROGRAM` share.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "cairn/result.h"
#include "job/job_ad.h"
#include "submit/macro.h"
#include "submit/places.h"
#include "submit/submit.h"

namespace cairn {

class AdBuilder;

// Makes one ad after the other.  What cannot differ between the jobs of a queue statement is
// made once: a job costs what is different in it.
class AdMaker {
 public:
  using Warn = std::function<void(Place, std::string_view)>;

  // All but `warn` are referred to, and must outlive it.
  AdMaker(const SubmitContext& context, Macros& macros, const SubmitPlaces& places, Warn warn);
  ~AdMaker();
  AdMaker(const AdMaker&) = delete;
  AdMaker& operator=(const AdMaker&) = delete;

  void begin_cluster(int id);  // as in HTCondor, it inherits from the one before
  void begin_statement();      // something may have been assigned since the last job
  // The ad that a real condor_submit makes of what the macros are now, as lines of what differs
  // from cluster_ad(): "" for the first job of a cluster.
  // Errors: invalid or unsupported ("file:line: …").
  Result<std::string> make(int proc, Place queue);
  const JobAd& cluster_ad() const;

 private:
  std::unique_ptr<AdBuilder> builder_;
};

}  // namespace cairn
