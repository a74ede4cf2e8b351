// disk_full: when there is no space for a checkpoint, does the one before still serve, and is it
// said?
#include <algorithm>
#include <set>

#include "base/text.h"
#include "verify/recording.h"
#include "verify/study.h"

namespace cairn::verify {
namespace {

struct Full {
  std::string cut;  // the number of the boundary; "17h": half of the write is done
  int stretch = 0;
  int boundary = 0;
  bool tears = false;
  std::string what;
};

bool needs_space(const Event& event) {
  // Python's own files: it does not look whether they were written.
  if (event.path.find("__pycache__") != std::string::npos) return false;
  return event.call == Call::write || (event.call == Call::open && event.created) ||
         event.call == Call::make_folder;
}

// One execution's calls that a full disk refuses, of each kind the first.
//   offset  the number of boundaries before it
void add_fulls(const Study& study, int stretch, int offset, bool of_checkpoint,
               std::set<std::string>& kinds, std::vector<Full>& fulls) {
  const Stretch& here = study.watched.stretches[static_cast<std::size_t>(stretch)];
  const auto& events = here.execution.events;
  const auto paths =
      checkpoint_paths(events, here.checkpoint ? study.lab.state_names(*here.checkpoint)
                                               : std::vector<std::string>());
  for (const Event& event : events) {
    if (!needs_space(event) || is_among(event.path, paths) != of_checkpoint ||
        !kinds.insert(cat(name_of(event.call), " ", skeleton(event.path))).second)
      continue;
    Full full{.cut = std::to_string(offset + event.boundary),
              .stretch = stretch,
              .boundary = event.boundary,
              .tears = false,
              .what = cat("full from ", text_of(event), " on")};
    fulls.push_back(full);
    if (event.call != Call::write || event.bytes < 2) continue;
    full.cut += "h";
    full.tears = true;
    full.what = cat("full in the middle of ", text_of(event));
    fulls.push_back(full);
  }
}

// Checkpoint files in a middle execution, results in the last one that writes them: after that
// nothing else would fail and tell.  All of them, if there is time.
std::vector<Full> fulls(const Study& study) {
  const bool thorough = study.options.level == Level::thorough;
  // One that leaves by the clock may have had more executions the second time.
  const int count = std::min(static_cast<int>(study.watched.stretches.size()), study.stretches());
  std::vector<int> offsets = {0};
  for (const Stretch& stretch : study.watched.stretches)
    offsets.push_back(offsets.back() + (stretch.execution.events.empty()
                                            ? 0
                                            : stretch.execution.events.back().boundary));
  std::vector<Full> checkpoints;
  std::vector<Full> others;
  std::set<std::string> kinds;
  for (const int stretch : chosen_stretches(count, thorough ? count : 1)) {
    if (thorough) kinds.clear();
    add_fulls(study, stretch, offsets[static_cast<std::size_t>(stretch)], true, kinds, checkpoints);
  }
  kinds.clear();
  for (int stretch = count; stretch-- > 0;) {
    if (thorough) kinds.clear();
    add_fulls(study, stretch, offsets[static_cast<std::size_t>(stretch)], false, kinds, others);
  }
  // In turn: a half-written result is as bad as a half-written checkpoint.
  std::vector<Full> all;
  for (std::size_t i = 0; i < std::max(checkpoints.size(), others.size()); ++i) {
    if (i < checkpoints.size()) all.push_back(checkpoints[i]);
    if (i < others.size()) all.push_back(others[i]);
  }
  return all;
}

class Filling {
 public:
  Filling(Study& study, Finding& finding) : study_(study), finding_(finding) {}
  void run(const Full& full);
  std::string said() const { return said_; }

 private:
  std::optional<Flaw> answer(const Full& full, const Life& life);
  std::optional<Flaw> after_checkpoint_exit(const Full& full, const Life& life);

  Study& study_;
  Finding& finding_;
  std::string said_;
};

void Filling::run(const Full& full) {
  const Milliseconds from = study_.now();
  const auto life = study_.lived(study_.once(full.stretch, [&](ExecutionOrder& execution) {
    execution.watch_files = true;
    execution.disk_full_from = full.boundary;
    execution.full_disk_tears = full.tears;
  }));
  if (!life || life->stretches.empty()) return;
  auto flaw = answer(full, *life);
  study_.draw(Property::disk_full, cat("cut ", full.cut), *life, !flaw, from);
  if (!flaw) return;
  flaw->seen = cat("cut ", full.cut, ", the disk ", full.what, ": ", flaw->seen);
  flaw->repeat = study_.repeat(Property::disk_full, full.cut);
  study_.report(finding_, *std::move(flaw));
}

std::optional<Flaw> Filling::answer(const Full& full, const Life& life) {
  const Stretch& stretch = life.last();
  const auto& events = stretch.execution.events;
  const bool refused = std::any_of(events.begin(), events.end(),
                                   [](const Event& event) { return event.error == ENOSPC; });
  if (!refused && !full.tears) return {};  // it did something else this time
  Flaw flaw;
  if (life.end == End::known || life.end == End::held) return after_checkpoint_exit(full, life);
  if (life.end == End::completed) {
    auto wrong = study_.flaw_of(life, Study::Stdout::ignored);
    if (!wrong) return {};
    wrong->cause = "it exits with 0 although its results could not be written";
    wrong->advice =
        "look at the result of every write and close, and exit with another code when one fails";
    return wrong;
  }
  if (life.end == End::out_of_time) {
    flaw.seen = "it hung";
    flaw.cause = "it does not end when there is no space";
    flaw.advice = "give up with a message when a write fails";
    return flaw;
  }
  if (stretch.last_words().empty()) {
    flaw.seen = cat(text_of(stretch.execution.exit), ", and not a word");
    flaw.cause = "it fails on a full disk without saying why";
    flaw.advice = "print the error (strerror) of a write that fails";
    return flaw;
  }
  {
    const std::lock_guard lock(study_.mutex);
    if (said_.empty()) said_ = stretch.last_words();
  }
  auto later = study_.tried(study_.in_place(stretch.after), Study::Stdout::ignored);
  if (!later) return {};
  later->seen = cat("with space again, in the same folder: ", later->seen);
  later->cause = "the attempt to save has spoilt the checkpoint before";
  later->advice = "write to another name, and rename it only when all of it was written and synced";
  return later;
}

std::optional<Flaw> Filling::after_checkpoint_exit(const Full& full, const Life& life) {
  Flaw flaw;
  if (life.end == End::held) {
    flaw.seen = text_of(life);
    flaw.cause =
        "it leaves with the checkpoint exit code although the checkpoint could not be written";
    flaw.advice =
        "use the checkpoint exit code only when every write, the sync and the rename succeeded";
    return flaw;
  }
  const Image& checkpoint = *life.last().checkpoint;
  const bool nothing_new =
      full.stretch > 0 && study_.lab.state_only(checkpoint) ==
                              study_.lab.state_only(study_.checkpoint(full.stretch - 1));
  if (nothing_new) {
    flaw.seen = "it leaves with the checkpoint exit code and no new checkpoint";
    flaw.cause =
        "a failed save is reported as a checkpoint: while the disk stays full the job restarts for "
        "ever";
    flaw.advice = "exit with another code and a message when the checkpoint cannot be written";
    return flaw;
  }
  auto later = study_.tried(
      study_.chain_is_good ? study_.moving(checkpoint) : study_.in_place(life.last().after),
      Study::Stdout::ignored);
  if (!later) return {};
  later->seen = cat("it leaves with the checkpoint exit code; from that checkpoint: ", later->seen);
  later->cause = "a checkpoint that could not be written whole takes the place of the good one";
  later->advice = "look at the result of every write, sync and close before the rename";
  return later;
}

}  // namespace

Finding judge_disk_full(Study& study) {
  Finding finding;
  auto all = fulls(study);
  keep_only(all, study.only_cut(Property::disk_full));
  if (all.empty()) {
    finding.evidence = "no write to a file was seen (mapped memory is not)";
    return finding;
  }
  finding.verdict = Verdict::pass;
  Filling filling(study, finding);
  const std::size_t tried = study.spend(
      Property::disk_full, all.size(), [&](std::size_t i) { filling.run(all[i]); }, "full disk");
  finding.evidence = cat("the disk was full ", tried, " times: the checkpoint before still served",
                         filling.said().empty() ? "" : cat(" (\"", filling.said(), "\")"));
  if (!finding.flaws.empty()) finding.evidence = finding.flaws.front().cause;
  return finding;
}

}  // namespace cairn::verify
