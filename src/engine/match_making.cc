#include "engine/match_making.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace cairn {

void MatchMaking::know(int number, const JobAd& shared, std::int64_t now_seconds) {
  Cluster& cluster = clusters_[number];
  cluster.shared = shared;
  const RequirementsUse use = requirements_use(shared);
  cluster.lines.clear();
  for (const std::string& name : use.names) cluster.lines.push_back(cat("\n", name, " = "));
  cluster.changes = use.changes;
  cluster.wanted = wants(shared, now_seconds);
}

bool MatchMaking::alike(int number, std::string_view own) const {
  const auto found = clusters_.find(number);
  if (found == clusters_.end() || found->second.shared.attributes().empty()) return false;
  // The first line has no line break before it.
  return std::none_of(found->second.lines.begin(), found->second.lines.end(),
                      [own](const std::string& line) {
                        return own.starts_with(std::string_view(line).substr(1)) ||
                               own.find(line) != std::string_view::npos;
                      });
}

std::optional<bool> MatchMaking::wants(const WaitingJob& job) const {
  const auto found = clusters_.find(job.id.cluster);
  if (!job.alike || found == clusters_.end()) return std::nullopt;
  return found->second.wanted;
}

void MatchMaking::put_aside(const WaitingJob& job, const JobAd* ad) {
  ++count_;
  if (job.alike)
    clusters_[job.id.cluster].aside.push_back(job);
  else if (ad != nullptr && requirements_use(*ad).changes)
    different_.push_back(job);
}

std::vector<WaitingJob> MatchMaking::ask_again(std::int64_t now_seconds) {
  std::vector<WaitingJob> again = std::exchange(different_, {});
  for (auto& [number, cluster] : clusters_) {
    if (!cluster.changes) continue;
    cluster.wanted = wants(cluster.shared, now_seconds);
    if (!cluster.wanted) continue;
    again.insert(again.end(), cluster.aside.begin(), cluster.aside.end());
    cluster.aside.clear();
  }
  count_ -= std::ssize(again);
  return again;
}

bool MatchMaking::may_change() const {
  return !different_.empty() ||
         std::any_of(clusters_.begin(), clusters_.end(), [](const auto& each) {
           return each.second.changes && !each.second.aside.empty();
         });
}

}  // namespace cairn
