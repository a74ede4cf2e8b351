#include "listing/selection.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "base/text.h"
#include "base/try.h"

namespace cairn::listing {
namespace {

std::optional<int> number(std::string_view text) {
  if (text.empty() || text.size() > 9) return std::nullopt;
  if (!std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; }))
    return std::nullopt;
  return static_cast<int>(*parse_integer(text));
}

std::optional<JobRange> parse_range(std::string_view text) {
  const std::size_t dot = text.find('.');
  const auto cluster = number(text.substr(0, dot));
  if (!cluster) return std::nullopt;
  if (dot == std::string_view::npos) return JobRange{.cluster = *cluster};
  const std::string_view procs = text.substr(dot + 1);
  const std::size_t dash = procs.find('-');
  const auto first = number(procs.substr(0, dash));
  const auto last = dash == std::string_view::npos ? first : number(procs.substr(dash + 1));
  if (!first || !last || *last < *first) return std::nullopt;
  return JobRange{*cluster, *first, *last};
}

// "/home/x/sweep.sub" of a submit file; "/home/x: ./sweep 1" of a command.
bool is_submit_file(const ClusterRow& cluster) {
  return cluster.key.find(": ") == std::string::npos;
}

Error no_such_range(const JobRange& range, const QueueOutline& outline) {
  int first = -1, last = -1;
  for (const StateCount& each : outline.counts) {
    if (each.cluster != range.cluster) continue;
    first = first < 0 ? each.first_proc : std::min(first, each.first_proc);
    last = std::max(last, each.last_proc);
  }
  if (first >= 0) {
    const std::string there =
        first == last ? fmt::format("{}.{} alone", range.cluster, first)
                      : fmt::format("{}.{} to {}.{}", range.cluster, first, range.cluster, last);
    return {Errc::not_found,
            fmt::format("there is no job {}.{}: cluster {} has {}", range.cluster, range.first_proc,
                        range.cluster, there),
            0,
            {}};
  }
  if (outline.clusters.empty())
    return {Errc::not_found,
            fmt::format("there is no cluster {}: the queue is empty", range.cluster),
            0,
            {}};
  return {Errc::not_found,
          fmt::format("there is no cluster {}: the newest is {}", range.cluster,
                      outline.clusters.back().cluster),
          0,
          {}};
}

Error no_such_name(const std::string& name, const QueueOutline& outline) {
  std::set<std::string> names;
  for (const ClusterRow& cluster : outline.clusters) names.insert(name_of(cluster));
  const std::vector<std::string_view> candidates(names.begin(), names.end());
  const auto near = nearest(name, candidates);
  return {Errc::not_found,
          fmt::format("there is no batch or submit file '{}' in the queue{}", name,
                      near ? fmt::format(", did you mean '{}'?", *near) : ""),
          0, near ? "" : "jobs are named 12.3, 12, 12.0-5, or by their batch"};
}

bool has_job(const JobRange& range, const QueueOutline& outline) {
  return std::any_of(outline.counts.begin(), outline.counts.end(), [&](const StateCount& each) {
    return each.cluster == range.cluster && each.last_proc >= range.first_proc &&
           each.first_proc <= range.last_proc;
  });
}

Result<std::vector<JobRange>> resolve_name(const std::string& name, const QueueOutline& outline) {
  std::set<int> unfinished;
  for (const StateCount& each : outline.counts)
    if (!is_over(each.state)) unfinished.insert(each.cluster);
  std::vector<JobRange> ranges;
  std::optional<int> newest;
  for (const ClusterRow& cluster : outline.clusters) {
    if (!is_called(cluster, name)) continue;
    newest = cluster.cluster;
    if (unfinished.contains(cluster.cluster)) ranges.push_back({.cluster = cluster.cluster});
  }
  if (!newest) return no_such_name(name, outline);
  if (ranges.empty()) ranges.push_back({.cluster = *newest});
  return ranges;
}

}  // namespace

std::variant<JobRange, std::string> parse_selector(std::string_view text) {
  if (const auto range = parse_range(text)) return *range;
  return std::string(text);
}

std::string name_of(const ClusterRow& cluster) {
  if (!cluster.name.empty()) return cluster.name;
  if (is_submit_file(cluster)) return std::filesystem::path(cluster.key).filename();
  return cluster.key.substr(cluster.key.find(": ") + 2);
}

bool is_called(const ClusterRow& cluster, std::string_view name) {
  if (name.empty()) return false;  // a batch without a name is not called by it
  if (name == cluster.name || name == cluster.key || name == name_of(cluster)) return true;
  const std::filesystem::path file = cluster.key;
  return is_submit_file(cluster) && (name == file.filename() || name == file.stem());
}

Result<std::vector<JobRange>> resolve(const std::vector<std::string>& words,
                                      const QueueOutline& outline) {
  std::vector<JobRange> all;
  // Those that meet become one, where the first of them stands.
  const auto add = [&all](JobRange range) {
    std::size_t place = all.size();
    for (std::size_t i = 0; i < all.size();) {
      const JobRange& other = all[i];
      if (other.cluster != range.cluster || other.first_proc > range.last_proc ||
          range.first_proc > other.last_proc) {
        ++i;
        continue;
      }
      range.first_proc = std::min(range.first_proc, other.first_proc);
      range.last_proc = std::max(range.last_proc, other.last_proc);
      place = std::min(place, i);
      all.erase(all.begin() + static_cast<std::ptrdiff_t>(i));
    }
    all.insert(all.begin() + static_cast<std::ptrdiff_t>(std::min(place, all.size())), range);
  };
  for (const std::string& word : words) {
    if (word.empty())
      return Error{Errc::invalid, "an empty word names no job", 0,
                   "is a variable of the shell without a value?"};
    const auto selector = parse_selector(word);
    if (const auto* range = std::get_if<JobRange>(&selector)) {
      if (!has_job(*range, outline)) return no_such_range(*range, outline);
      add(*range);
      continue;
    }
    CAIRN_TRY(const std::vector<JobRange> ranges,
              resolve_name(std::get<std::string>(selector), outline));
    for (const JobRange& range : ranges) add(range);
  }
  return all;
}

}  // namespace cairn::listing
