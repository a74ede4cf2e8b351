#include "verify/plan.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <random>
#include <sstream>

#include "base/text.h"
#include "verify/machine.h"

namespace cairn::verify {

bool changes_files(const Event& event) {
  if (event.error != 0) return false;
  switch (event.call) {
    case Call::open:
      return event.created || event.truncated;
    case Call::write:
      return event.bytes > 0;
    case Call::truncate:
    case Call::rename:
    case Call::link:
    case Call::symlink:
    case Call::unlink:
    case Call::make_folder:
    case Call::mode:
      return true;
    case Call::sync:
    case Call::sync_disk:
    case Call::close:
    case Call::exit:
      return false;
  }
  return false;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::string skeleton(const std::string& text) {
  std::string result;
  for (const char letter : text) {
    if (std::isdigit(static_cast<unsigned char>(letter)) == 0)
      result += letter;
    else if (result.empty() || result.back() != '#')
      result += '#';
  }
  return result;
}

std::string glob_of_line(const std::string& line) {
  std::string glob;
  for (const char letter : skeleton(line)) {
    if (std::string_view("*?[]\\").find(letter) != std::string_view::npos) glob += '\\';
    glob += letter == '#' ? '*' : letter;
  }
  return glob;
}

std::vector<CutPoint> cut_points(const std::vector<const std::vector<Event>*>& stretches) {
  std::vector<CutPoint> points;
  int number = 0;
  int stretch = 0;
  for (const std::vector<Event>* const events : stretches) {
    const Event* before = nullptr;
    for (const Event& event : *events) {
      if (before != nullptr && changes_files(*before))
        points.push_back({number + event.boundary, stretch, event.boundary,
                          cat(name_of(before->call), " ", skeleton(before->path), ", ",
                              name_of(event.call), " ", skeleton(event.path))});
      before = &event;
    }
    if (before != nullptr) number += before->boundary;
    ++stretch;
  }
  return points;
}

std::vector<CutPoint> spread(std::vector<CutPoint> points, std::size_t limit, std::uint64_t seed) {
  if (points.size() <= limit) limit = points.size();
  std::map<std::string, std::vector<CutPoint>> kinds;
  std::vector<std::string> order;  // as they first come
  for (CutPoint& point : points) {
    auto& kind = kinds[point.kind];
    if (kind.empty()) order.push_back(point.kind);
    kind.push_back(std::move(point));
  }
  // The middle one first: a first or last checkpoint is often a special case.  Then at random.
  std::mt19937_64 random(seed);
  for (auto& [name, kind] : kinds) {
    std::swap(kind.front(), kind[kind.size() / 2]);
    std::shuffle(kind.begin() + 1, kind.end(), random);
  }
  std::vector<CutPoint> chosen;
  for (std::size_t round = 0; chosen.size() < limit; ++round)
    for (const std::string& name : order)
      if (const auto& kind = kinds[name]; round < kind.size() && chosen.size() < limit)
        chosen.push_back(kind[round]);
  return chosen;
}

std::vector<int> chosen_stretches(int count, int limit) {
  std::vector<int> chosen;
  const auto take = [&](int stretch) {
    if (stretch >= 0 && stretch < count && static_cast<int>(chosen.size()) < limit &&
        std::find(chosen.begin(), chosen.end(), stretch) == chosen.end())
      chosen.push_back(stretch);
  };
  take(count / 2);
  take(count - 1);
  take(0);
  const int wanted = std::min(count, limit);
  for (int i = 1; i < wanted; ++i) take(i * count / wanted);
  for (int i = 0; i < count; ++i) take(i);
  return chosen;
}

std::vector<Moment> moments(int stretches, int count, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<Moment> chosen;
  // One in each of `count` equal parts of the whole run, in a mixed order.
  for (int i = 0; i < count; ++i) {
    const double at = (i + std::uniform_real_distribution<>(0, 1)(random)) * stretches / count;
    const int stretch = std::min(static_cast<int>(at), stretches - 1);
    chosen.push_back({stretch, at - stretch});
  }
  std::shuffle(chosen.begin(), chosen.end(), random);
  return chosen;
}

bool is_among(const std::string& path, const std::vector<std::string>& paths) {
  return std::any_of(paths.begin(), paths.end(), [&](const std::string& other) {
    return path == other || path.starts_with(other + "/");
  });
}

std::vector<std::string> checkpoint_paths(const std::vector<Event>& events,
                                          const std::vector<std::string>& names) {
  std::vector<std::string> paths;
  for (const std::string& name : names) paths.push_back(in_sandbox(name));
  const auto leads_in = [&](const std::string& target) {
    return is_among(target, paths) ||
           std::any_of(paths.begin(), paths.end(), [&](const std::string& path) {
             return path.starts_with(target + "/");  // a folder was renamed
           });
  };
  // From the end: state.a -> state.b -> state.dat.
  for (auto event = events.rbegin(); event != events.rend(); ++event)
    if (event->call == Call::rename && event->error == 0 && leads_in(event->target) &&
        !is_among(event->path, paths))
      paths.push_back(event->path);
  return paths;
}

}  // namespace cairn::verify
