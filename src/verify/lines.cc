#include "verify/lines.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <unordered_map>

#include "verify/numbers.h"

namespace cairn::verify {
namespace {

constexpr int kForeign = -1;

std::string_view without_end(std::string_view line) {
  if (line.ends_with('\n')) line.remove_suffix(1);
  return line;
}

// Gives equal lines of the reference one number, and finds those that a candidate's lines are.
class Catalogue {
 public:
  Catalogue(const std::vector<Line>& reference, double tolerance)
      : reference_(reference), tolerance_(tolerance) {
    ids_.reserve(reference.size());
    for (const Line& line : reference) {
      const auto id = ids_.try_emplace(without_end(line.text), static_cast<int>(ids_.size()));
      of_reference.push_back(id.first->second);
    }
    if (tolerance > 0) arrange_by_skeleton();
  }

  std::size_t size() const { return ids_.size(); }

  // Of several lines that it may be within the tolerance: the one that is due.
  int find(std::string_view line) {
    const int id = search(without_end(line));
    if (id != kForeign && tolerance_ > 0) {
      const auto& places = places_[static_cast<std::size_t>(id)];
      const auto place = std::lower_bound(places.begin(), places.end(), due_);
      due_ = (place == places.end() ? places.front() : *place) + 1;
    }
    return id;
  }

  std::vector<int> of_reference;

 private:
  struct Numbers {
    double sum;
    int id;
  };

  void arrange_by_skeleton() {
    places_.resize(ids_.size());
    for (std::size_t i = 0; i < of_reference.size(); ++i)
      places_[static_cast<std::size_t>(of_reference[i])].push_back(i);
    for (const auto& [text, id] : ids_) {
      const Skeleton skeleton = skeleton_of(text);
      by_skeleton_[skeleton.text].push_back({skeleton.sum, id});
    }
    for (auto& [skeleton, lines] : by_skeleton_)
      std::sort(lines.begin(), lines.end(), [](const Numbers& one, const Numbers& other) {
        return one.sum != other.sum ? one.sum < other.sum : one.id < other.id;
      });
  }

  int search(std::string_view line) const {
    if (tolerance_ > 0 && due_ < reference_.size() &&
        equal_lines(without_end(reference_[due_].text), line, tolerance_))
      return of_reference[due_];
    if (const auto known = ids_.find(line); known != ids_.end()) return known->second;
    return tolerance_ > 0 ? search_near(line) : kForeign;
  }

  int search_near(std::string_view line) const {
    const Skeleton skeleton = skeleton_of(line);
    const auto same = by_skeleton_.find(skeleton.text);
    if (same == by_skeleton_.end()) return kForeign;
    const double range = 2 * tolerance_ * skeleton.size;
    const auto less = [](const Numbers& one, double sum) { return one.sum < sum; };
    auto near =
        std::lower_bound(same->second.begin(), same->second.end(), skeleton.sum - range, less);
    // A bound, for texts in which all lines are alike.
    for (int left = 1000; left > 0 && near != same->second.end(); ++near, --left) {
      if (near->sum > skeleton.sum + range) break;
      const std::size_t place = places_[static_cast<std::size_t>(near->id)].front();
      if (equal_lines(without_end(reference_[place].text), line, tolerance_)) return near->id;
    }
    return kForeign;
  }

  const std::vector<Line>& reference_;
  const double tolerance_;
  std::unordered_map<std::string_view, int> ids_;
  std::vector<std::vector<std::size_t>> places_;  // by id, where in the reference; with a tolerance
  std::unordered_map<std::string, std::vector<Numbers>> by_skeleton_;
  std::size_t due_ = 0;  // the reference's line behind the one that was found last
};

}  // namespace

std::optional<Line> LineReader::next() {
  while (!rest_.empty()) {
    const std::size_t end = rest_.find('\n');
    const Line line{number_++, rest_.substr(0, end == std::string_view::npos ? end : end + 1)};
    rest_.remove_prefix(line.text.size());
    if (!left_out_ || !left_out_(without_end(line.text))) return line;
  }
  return {};
}

std::vector<Line> LineReader::all() {
  std::vector<Line> lines;
  while (const auto line = next()) lines.push_back(*line);
  return lines;
}

Alignment align(const std::vector<Line>& reference, const std::vector<Line>& candidate,
                double tolerance) {
  Catalogue catalogue(reference, tolerance);
  std::vector<int> ids;
  for (const Line& line : candidate) ids.push_back(catalogue.find(line.text));
  // By id: how much more often the candidate has it.
  std::vector<std::ptrdiff_t> surplus(catalogue.size());
  for (const int id : catalogue.of_reference) surplus[static_cast<std::size_t>(id)]--;
  for (const int id : ids)
    if (id != kForeign) surplus[static_cast<std::size_t>(id)]++;

  Alignment result;
  std::size_t i = 0, j = 0, behind_match = 0;
  while (i < reference.size() || j < candidate.size()) {
    if (j < candidate.size() && ids[j] == kForeign) {
      result.foreign.push_back(j++);
      continue;
    }
    const bool both = i < reference.size() && j < candidate.size();
    if (both && ids[j] == catalogue.of_reference[i]) {
      ++i, behind_match = ++j;
      continue;
    }
    if (!result.parting) result.parting = {i, j, behind_match};
    std::ptrdiff_t* const here =
        j < candidate.size() ? &surplus[static_cast<std::size_t>(ids[j])] : nullptr;
    std::ptrdiff_t* const there =
        i < reference.size() ? &surplus[static_cast<std::size_t>(catalogue.of_reference[i])]
                             : nullptr;
    if (here != nullptr && *here > 0) {
      --*here;
      result.twice.push_back(j++);
    } else if (there != nullptr && *there < 0) {
      ++*there;
      result.missing.push_back(i++);
    } else {
      result.in_order = false;
      break;
    }
  }
  return result;
}

}  // namespace cairn::verify
