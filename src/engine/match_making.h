// Which idle jobs do not want this machine, by their Requirements.  They wait aside, so that of
// hundreds of thousands only those are looked at that differ from their cluster.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "classad/expression.h"
#include "job/match.h"
#include "queue/queue.h"

namespace cairn {

class MatchMaking {
 public:
  explicit MatchMaking(classad::Ad machine) : machine_(std::move(machine)) {}

  // A cluster with the ad that its jobs share; an empty one: nothing is known of it.
  void know(int cluster, const JobAd& shared, std::int64_t now_seconds);
  bool knows(int cluster) const { return clusters_.contains(cluster); }
  // Whether a job that says `own` beside that needs no look of its own.
  bool alike(int cluster, std::string_view own) const;

  // Does a job want this machine?  Of one that is alike its cluster's answer is taken; of another
  // nothing is known before its ad is seen.
  std::optional<bool> wants(const WaitingJob& job) const;
  bool wants(const JobAd& ad, std::int64_t now_seconds) const {
    return !unmet_requirement(ad, machine_, now_seconds);
  }

  // `ad` decides whether time alone may change its mind.
  void put_aside(const WaitingJob& job, const JobAd* ad);
  // Those that may want it by now, to be asked again.
  std::vector<WaitingJob> ask_again(std::int64_t now_seconds);
  std::int64_t count() const { return count_; }
  // Of those time may change the mind of some.
  bool may_change() const;

 private:
  struct Cluster {
    JobAd shared;
    std::vector<std::string> lines;  // "\nName =" of what its Requirements look at
    bool changes = false, wanted = true;
    std::vector<WaitingJob> aside;
  };
  classad::Ad machine_;
  std::map<int, Cluster> clusters_;
  std::vector<WaitingJob> different_;  // put aside, each for itself; time may change their minds
  std::int64_t count_ = 0;
};

}  // namespace cairn
