// Which of the states are shown: the telling ones, and a sample of the others.
#include "verify/disk.h"

#include <algorithm>
#include <functional>
#include <random>
#include <set>
#include <utility>

#include "base/try.h"
#include "verify/disk_model.h"
#include "verify/disk_words.h"

namespace cairn::verify {
namespace {

using disk::Change;
using disk::Fate;
using disk::Fates;
using disk::NodeId;

constexpr int kDrawsInVain = 200;  // after so many in a row all states are taken as seen
constexpr std::size_t kMany = 100'000;

// The states worth a look, as recipes: there may be as many as changes, each as long.
class Recipes {
 public:
  explicit Recipes(const std::vector<Change>& pending) : pending_(pending) {
    std::set<NodeId> seen;
    for (std::size_t i = pending.size(); i-- > 0;) {
      if (pending[i].durable) continue;
      open_.push_back(i);
      if (!pending[i].of_data())
        names_.push_back(i);
      else if (seen.insert(pending[i].node).second)
        files_.push_back(pending[i].node);
    }
  }

  bool nothing_is_open() const { return open_.empty(); }

  // Or kMany.
  std::size_t combinations() const {
    std::size_t count = names_.size() + 1;
    for (const std::size_t i : open_)
      if (of_data(i)) count = std::min(kMany, count * (of_bytes(i) ? 4 : 2));
    return count;
  }

  Fates everything() const {
    return made([](std::size_t) { return Fate::present; });
  }
  Fates nothing() const {
    return made([](std::size_t) { return Fate::absent; });
  }

  // In the order in which they are to be tried.
  std::vector<std::function<Fates()>> all(std::size_t limit) const {
    std::vector<std::function<Fates()>> recipes{
        [this] { return nothing(); }, [this] { return names_and(Fate::zeros, Fate::present); },
        [this] { return names_and(Fate::absent, Fate::present); },
        [this] { return names_and(Fate::absent, Fate::absent); },
        [this] {
          return made([&](std::size_t i) { return of_data(i) ? Fate::present : Fate::absent; });
        }};
    const auto of_files = spread(files_, limit);
    const auto of_names = spread(names_, limit);
    const auto prefixes = spread(open_, limit);
    for (std::size_t n = 0; n < std::max({of_files.size(), of_names.size(), prefixes.size()});
         ++n) {
      if (n < of_files.size()) add_of_file(of_files[n], recipes);
      if (n < of_names.size())
        recipes.push_back([this, name = of_names[n]] {
          return made(
              [&](std::size_t i) { return of_data(i) || i < name ? Fate::present : Fate::absent; });
        });
      if (n < prefixes.size())
        recipes.push_back([this, last = prefixes[n]] { return torn_at(last); });
    }
    return recipes;
  }

  // Of the names half of the times all.  Each file's writes share a fate more often than not, as
  // the system writes files back one by one.
  Fates random(std::mt19937_64& source) const {
    const std::size_t missing = source() % 2 == 0 ? 0 : source() % (names_.size() + 1);
    const std::size_t first_missing = missing == 0 ? pending_.size() : names_[missing - 1];
    const auto any = [&] { return static_cast<Fate>(source() % 4); };
    std::map<NodeId, std::pair<std::uint64_t, Fate>> of_files;
    for (const NodeId file : files_) of_files[file] = {source() % 3, any()};
    return made([&](std::size_t i) {
      if (!of_data(i)) return i < first_missing ? Fate::present : Fate::absent;
      const auto& [mixed, shared] = of_files[pending_[i].node];
      return mixed == 0 ? any() : shared;
    });
  }

 private:
  using List = std::vector<std::function<Fates()>>;

  bool of_data(std::size_t i) const { return pending_[i].of_data(); }
  bool of_bytes(std::size_t i) const { return pending_[i].of == Change::Of::bytes; }

  // What is durable is there; torn and zeros are fates of bytes only.
  template <class Choose>
  Fates made(Choose choose) const {
    Fates fates(pending_.size(), Fate::present);
    for (const std::size_t i : open_) {
      fates[i] = choose(i);
      if (!of_bytes(i) && fates[i] != Fate::absent) fates[i] = Fate::present;
    }
    return fates;
  }

  Fate of_bytes_or_length(std::size_t i, Fate bytes, Fate length) const {
    return of_bytes(i) ? bytes : length;
  }

  Fates names_and(Fate bytes, Fate length) const {
    return made([&](std::size_t i) {
      return of_data(i) ? of_bytes_or_length(i, bytes, length) : Fate::present;
    });
  }

  // Everything is there but this file's bytes; and but the half of its last write.
  void add_of_file(NodeId file, List& recipes) const {
    const auto lost = [this, file](Fate bytes, Fate length) {
      return made([&](std::size_t i) {
        return of_data(i) && pending_[i].node == file ? of_bytes_or_length(i, bytes, length)
                                                      : Fate::present;
      });
    };
    recipes.push_back([=] { return lost(Fate::absent, Fate::present); });
    recipes.push_back([this, file] {
      const auto last = std::find_if(open_.begin(), open_.end(), [&](std::size_t i) {
        return of_data(i) && pending_[i].node == file;
      });
      return made([&](std::size_t i) { return i == *last ? Fate::torn : Fate::present; });
    });
    recipes.push_back([=] { return lost(Fate::zeros, Fate::present); });
    recipes.push_back([=] { return lost(Fate::absent, Fate::absent); });
  }

  // In order up to `last`, of which only a half is there.
  Fates torn_at(std::size_t last) const {
    return made([&](std::size_t i) {
      return i < last ? Fate::present : (i == last ? Fate::torn : Fate::absent);
    });
  }

  // All, or as many as `limit`, evenly.
  template <class T>
  static std::vector<T> spread(const std::vector<T>& all, std::size_t limit) {
    if (all.size() <= limit) return all;
    std::vector<T> some;
    for (std::size_t n = 0; n < limit; ++n) some.push_back(all[n * all.size() / limit]);
    return some;
  }

  const std::vector<Change>& pending_;
  std::vector<std::size_t> open_, names_;  // changes, the latest first
  std::vector<NodeId> files_;              // the one that was last written to first
};

}  // namespace

Disk::Disk(const Image& before) : model_(std::make_unique<disk::Model>(before)) {}
Disk::Disk(Disk&&) noexcept = default;
Disk& Disk::operator=(Disk&&) noexcept = default;
Disk::~Disk() = default;

void Disk::happened(const Event& event) { model_->happened(event); }

Result<std::vector<PowerCut>> Disk::power_cuts(int boundary, std::size_t limit, std::uint64_t seed,
                                               ImageStore& store, const Image* now) {
  if (now != nullptr) CAIRN_CHECK(model_->seen(*now, store));
  const Recipes recipes(model_->pending());
  std::vector<PowerCut> cuts;
  if (recipes.nothing_is_open()) return cuts;
  CAIRN_TRY(const disk::State full, model_->state_of(recipes.everything(), store));
  std::set<Fates> drawn{full.fates};
  std::set<std::string> seen{key_of(full.image)};
  const auto try_state = [&](Fates fates) -> Status {
    if (!drawn.insert(fates).second) return {};
    CAIRN_TRY(disk::State state, model_->state_of(std::move(fates), store));
    if (!seen.insert(key_of(state.image)).second) return {};
    std::string what = disk::words(*model_, state, full);
    cuts.push_back({boundary, std::move(what), std::move(state.image)});
    return {};
  };
  for (const auto& recipe : recipes.all(limit)) {
    if (cuts.size() >= limit) return cuts;
    CAIRN_CHECK(try_state(recipe()));
  }
  const std::size_t combinations = recipes.combinations();
  const auto all_are_known = [&] { return combinations < kMany && drawn.size() == combinations; };
  std::mt19937_64 source(seed + 0x9e3779b97f4a7c15U * static_cast<std::uint64_t>(boundary));
  for (int in_vain = 0; in_vain < kDrawsInVain && cuts.size() < limit && !all_are_known();
       ++in_vain) {
    const std::size_t shown = cuts.size();
    CAIRN_CHECK(try_state(recipes.random(source)));
    if (cuts.size() > shown) in_vain = 0;
  }
  return cuts;
}

Result<std::vector<PowerCut>> power_cuts(const Image& before, const std::vector<Event>& events,
                                         int boundary, std::size_t limit, std::uint64_t seed,
                                         ImageStore& store, const Image* now) {
  Disk disk(before);
  for (const Event& event : events)
    if (event.boundary < boundary) disk.happened(event);
  return disk.power_cuts(boundary, limit, seed, store, now);
}

}  // namespace cairn::verify
