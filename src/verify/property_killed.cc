// killed, power_cut: is what a kill or a power cut leaves good enough to go on from?
//
// A recording has the folder as it was before each call that changes files: that is what a
// SIGKILL there leaves.  So one run serves all cuts of an execution, and states that are equal
// are tried once.  Real SIGKILLs at random moments come on top.
#include <algorithm>
#include <numeric>
#include <set>

#include "base/text.h"
#include "verify/disk.h"
#include "verify/recording.h"
#include "verify/study.h"

namespace cairn::verify {
namespace {

// The kernel writes page by page, and a kill may come between two.
constexpr std::uint64_t kPageBytes = 4096;

// A folder as some cut leaves it.
struct State {
  std::string cut;   // for --cut
  std::string what;  // "killed before the rename of state.tmp to state.dat"
  const Recording* recording = nullptr;
  int boundary = 0;
  Image image;
};

// ---- causes

std::vector<std::string> state_names(const Study& study) {
  std::set<std::string> names;
  for (const Stretch& stretch : study.undisturbed.stretches)
    if (stretch.checkpoint)
      for (const auto& [name, entry] : study.lab.state_only(*stretch.checkpoint).entries)
        if (entry.kind == ImageEntry::Kind::file) names.insert(name);
  return {names.begin(), names.end()};
}

bool is_state_part(const std::vector<std::string>& names, const std::string& part) {
  const auto name = name_in_sandbox(part);
  return name && is_among(*name, names);
}

// What of the listed state was new already when it was cut.
std::size_t replaced_states(const Recording& recording, int boundary,
                            const std::vector<std::string>& names) {
  std::set<std::string> replaced;
  for (const Event& event : recording.events)
    if (event.boundary < boundary && event.call == Call::rename && event.error == 0 &&
        is_state_part(names, event.target))
      replaced.insert(event.target);
  return replaced.size();
}

// A file of the checkpoint that was there when the execution began, and now is not.
std::optional<std::string> removed_state(const State& state,
                                         const std::vector<std::string>& names) {
  if (state.recording == nullptr) return {};
  for (const std::string& name : names) {
    const std::string part = in_sandbox(name);
    if (state.recording->before.find(part) != nullptr && state.image.find(part) == nullptr)
      return name;
  }
  return {};
}

// A file or folder that is there neither when an execution begins nor when it ends.
std::optional<std::string> left_behind(const Study& study, const State& state) {
  const Image first = study.lab.fresh();
  for (const auto& entry : Lab::state_of(state.image).entries) {
    const std::string& name = entry.first;
    const bool ordinary =
        std::any_of(study.undisturbed.stretches.begin(), study.undisturbed.stretches.end(),
                    [&](const Stretch& stretch) { return stretch.after.find(name) != nullptr; });
    if (!ordinary && first.find(name) == nullptr && name.find('/') != std::string::npos)
      return seen_name(name);
  }
  return {};
}

void explain_kill(const Study& study, const State& state, Flaw& flaw) {
  const auto names = state_names(study);
  const Event* const last =
      state.recording == nullptr ? nullptr : state.recording->change_before(state.boundary);
  const bool lines_twice = flaw.difference && !flaw.difference->twice.empty();
  if (const auto gone = removed_state(state, names)) {
    flaw.cause =
        cat("the old checkpoint ", *gone, " is removed before the new one is in its place");
    flaw.advice = "rename the new one over the old one: that needs no removal";
  } else if (last != nullptr && is_state_part(names, last->path) && last->call != Call::rename) {
    flaw.cause = cat(
        "the checkpoint ", seen_name(last->path),
        " is overwritten in place: a kill in the middle leaves neither the old nor the new one");
    flaw.advice = "write to another name, sync, then rename it over the old one";
  } else if (last != nullptr && last->call == Call::rename && names.size() > 1 &&
             is_state_part(names, last->target) && !lines_twice &&
             replaced_states(*state.recording, state.boundary, names) < names.size()) {
    flaw.cause =
        cat(seen_name(last->target),
            " is new and other files of the checkpoint are old: they do not match each other");
    flaw.advice =
        "write all of a checkpoint into one file, or into a new folder that is renamed as a whole";
  } else if (lines_twice) {
    flaw.cause =
        cat(flaw.difference->file,
            " is appended to and, after a kill, not cut back to where it was at the checkpoint");
    flaw.advice =
        "save the file's length in the checkpoint, and truncate it to that at the restart";
  } else if (flaw.difference && !flaw.difference->missing.empty()) {
    flaw.cause = cat("the checkpoint says that lines of ", flaw.difference->file,
                     " are done which were not yet written");
    flaw.advice = "flush the outputs before the checkpoint is renamed into its place";
  } else if (const auto left = left_behind(study, state)) {
    flaw.cause =
        cat("a killed run leaves ", *left, " behind, and the next one does not go on from there");
    flaw.advice =
        "remove or ignore at the start what an interrupted run has left; lock with flock(), which "
        "ends with its process";
  } else if (last != nullptr) {
    flaw.cause = cat("the program does not go on from what ", text_of(*last), " leaves");
    flaw.advice = "begin the program by removing or ignoring what an interrupted run has left";
  } else {
    flaw.cause = "the program does not go on from what a kill leaves in its folder";
    flaw.advice = "begin the program by removing or ignoring what an interrupted run has left";
  }
}

// ---- states

// The state with the first half of a large write done.
std::optional<State> half_written(Study& study, const State& whole, const Event& event) {
  if (event.call != Call::write || event.bytes <= kPageBytes || event.data.empty()) return {};
  const ImageEntry* const file = whole.image.find(event.path);
  if (file == nullptr) return {};
  const std::string data = study.lab.text(
      {.kind = ImageEntry::Kind::file, .mode = 0, .bytes = event.bytes, .content = event.data});
  const std::uint64_t half = (event.bytes / 2 + kPageBytes - 1) / kPageBytes * kPageBytes;
  if (half >= data.size()) return {};
  std::string content = study.lab.text(*file);
  if (content.size() < event.offset + half) content.resize(event.offset + half);
  content.replace(event.offset, half, data, 0, half);
  auto entry = study.lab.store().add(as_bytes(content), file->mode);
  if (!entry) {
    study.note_error(entry.error());
    return {};
  }
  State torn = whole;
  torn.cut += "h";
  torn.what = cat("killed in the middle of ", text_of(event));
  torn.image.entries[event.path] = *entry;
  return torn;
}

std::vector<State> states_of(Study& study, const std::vector<Recording>& recordings,
                             const std::vector<CutPoint>& points) {
  std::vector<State> states;
  for (const CutPoint& point : points)
    for (const Recording& recording : recordings) {
      if (recording.stretch != point.stretch) continue;
      const Event* const event = recording.event_at(point.boundary);
      const auto snapshot =
          std::find_if(recording.snapshots.begin(), recording.snapshots.end(),
                       [&](const Snapshot& one) { return one.boundary == point.boundary; });
      if (event == nullptr || snapshot == recording.snapshots.end()) continue;
      State state{.cut = std::to_string(point.number),
                  .what = cat("killed before ", text_of(*event)),
                  .recording = &recording,
                  .boundary = point.boundary,
                  .image = snapshot->image};
      if (auto torn = half_written(study, state, *event)) states.push_back(*std::move(torn));
      states.push_back(std::move(state));
    }
  return states;
}

// Each state once, and none from which the future is known.
std::vector<State> worth_trying(const Study& study, std::vector<State> states) {
  std::set<std::string> seen;
  std::erase_if(states, [&](const State& state) {
    return study.place_of(state.image) || !seen.insert(Lab::state_key(state.image)).second;
  });
  return states;
}

// Goes on from the folder as it lies, in the same place, as Slurm's requeue does.  Standard output
// is not compared: whether it is cut, appended to or begun again is the batch system's choice.
void try_state(Study& study, Finding& finding, const State& state) {
  auto flaw = study.tried(Property::killed, cat("cut ", state.cut), study.in_place(state.image),
                          Study::Stdout::ignored);
  if (!flaw) return;
  explain_kill(study, state, *flaw);
  flaw->seen = cat("cut ", state.cut, ", ", state.what,
                   ", then started again in the same folder: ", flaw->seen);
  flaw->repeat = study.repeat(Property::killed, state.cut);
  study.report(finding, *std::move(flaw));
}

// ---- real kills

struct Kill {
  std::string cut;  // "r3"
  Moment moment;
};

// What the killed program left on its machine besides the sandbox.
Image left_outside(const Image& folder) {
  Image rest = folder;
  std::erase_if(rest.entries, [](const auto& entry) {
    return entry.first == kSandboxPart || name_in_sandbox(entry.first) ||
           entry.second.kind == ImageEntry::Kind::folder;
  });
  return rest;
}

// HTCondor: a new sandbox from the last checkpoint, perhaps on the same machine.  If nothing was
// left outside of the sandbox, that is what `sufficient` has tried.
void try_new_sandbox(Study& study, Finding& finding, const Kill& kill, const Image& left) {
  if (left_outside(left).entries.empty() || !study.chain_is_good) return;
  const int stretch = kill.moment.stretch;
  LifeOrder order = study.moving(stretch == 0 ? Image() : study.checkpoint(stretch - 1));
  Image start = left;
  start = with_part(std::move(start), kSandboxPart, part_of(order.start, kSandboxPart));
  order.start = std::move(start);
  auto flaw = study.tried(Property::killed, cat("cut ", kill.cut, ", new sandbox"), order,
                          Study::Stdout::compared);
  if (!flaw) return;
  flaw->seen =
      cat("cut ", kill.cut, ", then started in a new sandbox on the same machine: ", flaw->seen);
  flaw->cause =
      cat("what the killed run left in ", seen_name(left_outside(left).entries.begin()->first),
          " keeps the next one from going on");
  flaw->advice =
      "keep such files in the working folder; a lock must not outlive its process (flock)";
  flaw->repeat = study.repeat(Property::killed, kill.cut);
  study.report(finding, *std::move(flaw));
}

void try_kill(Study& study, Finding& finding, const Kill& kill, std::set<std::string>& seen) {
  const auto killed = study.lived(study.once(kill.moment.stretch, [&](ExecutionOrder& execution) {
    execution.kill_after = study.part_of_time(kill.moment);
  }));
  if (!killed || killed->end != End::cut) return;  // it was faster
  const Image& left = killed->last().after;
  try_new_sandbox(study, finding, kill, left);
  {
    const std::lock_guard lock(study.mutex);
    if (study.place_of(left) || !seen.insert(Lab::state_key(left)).second) return;
  }
  State state{.cut = kill.cut,
              .what = "killed at a random moment",
              .recording = nullptr,
              .boundary = 0,
              .image = left};
  try_state(study, finding, state);
}

// Could this call have changed the file, or a folder that it is in?
bool may_change(const Event& event, const std::string& part) {
  if (event.call == Call::sync || event.call == Call::close || event.call == Call::mode)
    return false;
  if (event.call == Call::open && !event.created && !event.truncated) return false;
  return part == event.path || part == event.target || part.starts_with(event.path + "/") ||
         (!event.target.empty() && part.starts_with(event.target + "/"));
}

// Has an execution changed a file of its state without a call?  Then it is mapped into memory,
// and no boundary shows what a kill between two calls leaves.
bool is_state_mapped(const Study& study) {
  const auto names = state_names(study);
  const auto watched = study.watched_events();
  for (std::size_t k = 0; k < watched.size() && k < study.undisturbed.stretches.size(); ++k) {
    const auto& checkpoint = study.undisturbed.stretches[k].checkpoint;
    if (!checkpoint) continue;
    const Image before = study.begin_of(static_cast<int>(k));
    for (const std::string& name : names) {
      const std::string part = cat("sandbox/", name);
      const ImageEntry* was = before.find(part);
      const ImageEntry* is = checkpoint->find(name);
      if (was == nullptr || is == nullptr || *was == *is) continue;
      if (std::none_of(watched[k]->begin(), watched[k]->end(),
                       [&](const Event& event) { return may_change(event, part); }))
        return true;
    }
  }
  return false;
}

std::vector<Kill> kills(const Study& study) {
  int count = study.options.level == Level::quick      ? 1
              : study.options.level == Level::standard ? 4
                                                       : 40;
  constexpr int kForMapped = 24;
  if (study.options.level == Level::standard && is_state_mapped(study)) count = kForMapped;
  std::vector<Kill> all;
  for (const Moment& moment : moments(study.stretches(), count, study.options.seed))
    all.push_back({cat("r", all.size() + 1), moment});
  return all;
}

// ---- which points

std::vector<CutPoint> points_of(const Study& study, Property property) {
  auto points = cut_points(study.watched_events());
  std::erase_if(points, [&](const CutPoint& point) { return point.stretch >= study.stretches(); });
  if (const auto only = study.only_cut(property)) {
    std::erase_if(points, [&](const CutPoint& point) {
      const std::string number = std::to_string(point.number);
      return only->substr(0, only->find_first_not_of("0123456789")) != number;
    });
    return points;
  }
  constexpr int kStretches = 8;
  if (study.options.level != Level::thorough) {
    const auto chosen = chosen_stretches(study.stretches(), kStretches);
    std::erase_if(points, [&](const CutPoint& point) {
      return std::find(chosen.begin(), chosen.end(), point.stretch) == chosen.end();
    });
  }
  return spread(std::move(points), study.effort(property).trials_max, study.options.seed);
}

std::size_t boundaries_of(const Life& life) {
  std::size_t count = 0;
  for (const Stretch& stretch : life.stretches) count += stretch.execution.events.size();
  return count;
}

}  // namespace

Finding judge_killed(Study& study) {
  Finding finding;
  finding.verdict = Verdict::pass;
  const auto only = study.only_cut(Property::killed);
  const auto points = points_of(study, Property::killed);
  const auto recordings = record(study, Property::killed, points, true);
  auto states = worth_trying(study, states_of(study, recordings, points));
  keep_only(states, only);
  const std::size_t tried = study.spend(
      Property::killed, states.size(), [&](std::size_t i) { try_state(study, finding, states[i]); },
      "cut");
  std::set<std::string> seen;
  for (const State& state : states) seen.insert(Lab::state_key(state.image));
  auto random = kills(study);
  keep_only(random, only);
  if (only) {
    if (!random.empty()) random.resize(kMomentRepeats, random.front());
    for (std::size_t i = 0; i < random.size(); ++i) random[i].moment.part *= moment_factor(i);
  }
  study.crew.run(
      random.size(), [&](std::size_t i) { try_kill(study, finding, random[i], seen); },
      [&](std::size_t) { return !study.stop; });
  if (only && states.empty() && random.empty()) {
    finding.verdict = Verdict::untested;
    finding.evidence =
        cat("there is no cut ", *only, " whose folder differs from one that is known to be good");
    return finding;
  }
  finding.evidence =
      cat(points.size(), " of ", boundaries_of(study.watched), " calls on files and ",
          random.size(), random.size() == 1 ? " random moment: " : " random moments: ", tried,
          " different states, all went on to the same result");
  if (tried < states.size())
    finding.remarks.push_back(
        cat(states.size() - tried, " more states were left out for time (--thorough tries all)"));
  if (!finding.flaws.empty()) finding.evidence = finding.flaws.front().cause;
  return finding;
}

// ---- power_cut

namespace {

// As it was seen, mapped memory and all: each point has a snapshot, but equal ones are kept once.
const Image* folder_at(const Recording& recording, int boundary) {
  const Image* folder = nullptr;
  if (recording.event_at(boundary) != nullptr)
    for (const Snapshot& snapshot : recording.snapshots)
      if (snapshot.boundary <= boundary) folder = &snapshot.image;
  return folder;
}

std::vector<State> disk_states_at(Study& study, const Recording& recording, Disk& disk,
                                  const CutPoint& point, std::size_t limit) {
  std::vector<State> states;
  auto cuts = disk.power_cuts(point.boundary, limit, study.options.seed, study.lab.store(),
                              folder_at(recording, point.boundary));
  if (!cuts) {
    study.note_error(cuts.error());
    return states;
  }
  for (PowerCut& cut : *cuts)
    states.push_back({.cut = cat(point.number, ".", states.size() + 1),
                      .what = std::move(cut.what),
                      .recording = &recording,
                      .boundary = point.boundary,
                      .image = std::move(cut.image)});
  return states;
}

std::vector<State> disk_states(Study& study, const std::vector<Recording>& recordings,
                               const std::vector<CutPoint>& points) {
  const std::size_t each = study.options.level == Level::thorough ? 64 : 12;
  std::vector<std::size_t> in_time(points.size());
  std::iota(in_time.begin(), in_time.end(), std::size_t{0});
  std::sort(in_time.begin(), in_time.end(), [&](std::size_t left, std::size_t right) {
    return points[left].boundary < points[right].boundary;
  });
  std::vector<std::vector<State>> by_point(points.size());
  for (const Recording& recording : recordings) {
    Disk disk(recording.before);
    auto event = recording.events.begin();
    for (const std::size_t i : in_time) {
      if (points[i].stretch != recording.stretch) continue;
      for (; event != recording.events.end() && event->boundary < points[i].boundary; ++event)
        disk.happened(*event);
      by_point[i] = disk_states_at(study, recording, disk, points[i], each);
    }
  }
  // The first of every point, then the second, …
  std::vector<State> states;
  for (std::size_t round = 0; round < each; ++round)
    for (auto& point : by_point)
      if (round < point.size()) states.push_back(std::move(point[round]));
  return states;
}

void try_disk(Study& study, Finding& finding, const State& state) {
  auto flaw = study.tried(Property::power_cut, cat("cut ", state.cut), study.in_place(state.image),
                          Study::Stdout::ignored);
  if (!flaw) return;
  flaw->seen = cat("cut ", state.cut, ", ", state.what, ": ", flaw->seen);
  flaw->cause =
      "what the checkpoint relies on was not yet synced to the disk when it was renamed, or "
      "counted on";
  flaw->advice =
      "sync each file (fsync) before it is renamed, and outputs before the checkpoint that counts "
      "on them; then sync the folder";
  flaw->repeat = study.repeat(Property::power_cut, state.cut);
  study.report(finding, *std::move(flaw));
}

}  // namespace

Finding judge_power_cut(Study& study) {
  Finding finding;
  if (!study.options.power_cut) {
    finding.evidence = "not asked for (--power-cut)";
    return finding;
  }
  finding.verdict = Verdict::pass;
  const auto only = study.only_cut(Property::power_cut);
  const auto points = points_of(study, Property::power_cut);
  const auto recordings = record(study, Property::power_cut, points, true);
  auto states = worth_trying(study, disk_states(study, recordings, points));
  keep_only(states, only);
  const std::size_t tried = study.spend(
      Property::power_cut, states.size(),
      [&](std::size_t i) { try_disk(study, finding, states[i]); }, "cut");
  finding.evidence = cat(tried, " states of the disk at ", points.size(),
                         " moments, all went on to the same result");
  if (tried < states.size())
    finding.remarks.push_back(
        cat(states.size() - tried, " more states were left out for time (--thorough tries all)"));
  if (!finding.flaws.empty()) finding.evidence = finding.flaws.front().seen;
  return finding;
}

}  // namespace cairn::verify
