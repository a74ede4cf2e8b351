// vacated: asked to leave (SIGTERM, or the job's kill_sig), does it leave in time, and is what it
// saves worth anything?
#include <algorithm>
#include <set>

#include "base/text.h"
#include "base/units.h"
#include "verify/recording.h"
#include "verify/study.h"

namespace cairn::verify {
namespace {

constexpr Milliseconds kGraceMin{5'000};
constexpr int kGraceFactor = 3;
constexpr Milliseconds kMoreForSavers{3'000};

struct Vacate {
  std::string cut;  // "r3"; the number of a boundary
  std::string what;
  int stretch = 0;
  std::optional<Milliseconds> after;
  std::optional<int> boundary;
};

Milliseconds grace_of(const Study& study) {
  const Milliseconds own = study.lab.job().max_vacate_time.value_or(std::chrono::seconds(600));
  return std::min(own, std::max(kGraceMin, kGraceFactor * study.undisturbed.wall));
}

// Random moments, and one boundary of each kind of call that a checkpoint consists of.
std::vector<Vacate> vacates(const Study& study) {
  const Effort effort = study.effort(Property::vacated);
  const std::size_t random =
      std::min<std::size_t>(effort.trials_max, study.options.level == Level::thorough ? 100 : 40);
  std::vector<Vacate> at_random;
  for (const Moment& moment :
       moments(study.stretches(), static_cast<int>(random), study.options.seed + 1))
    at_random.push_back({.cut = cat("r", at_random.size() + 1),
                         .what = "at a random moment",
                         .stretch = moment.stretch,
                         .after = study.part_of_time(moment),
                         .boundary = {}});
  const auto events = study.watched_events();
  std::vector<Vacate> at_calls;
  for (const CutPoint& point : spread(cut_points(events), random / 2, study.options.seed)) {
    const auto& stretch = *events[static_cast<std::size_t>(point.stretch)];
    const auto event = std::find_if(stretch.begin(), stretch.end(), [&](const Event& one) {
      return one.boundary == point.boundary;
    });
    at_calls.push_back({.cut = std::to_string(point.number),
                        .what = cat("before ", text_of(*event)),
                        .stretch = point.stretch,
                        .after = {},
                        .boundary = point.boundary});
  }
  // Two random ones, one at a call, and so on.
  std::vector<Vacate> all;
  for (std::size_t i = 0, j = 0; i < at_random.size() || j < at_calls.size();) {
    for (int twice = 0; twice < 2 && i < at_random.size(); ++twice) all.push_back(at_random[i++]);
    if (j < at_calls.size()) all.push_back(at_calls[j++]);
  }
  return all;
}

class Vacating {
 public:
  Vacating(Study& study, Finding& finding) : study_(study), finding_(finding) {}
  void run(const Vacate& vacate);
  bool has_saved() const { return saved_ > 0; }
  void conclude() const;

 private:
  std::optional<Flaw> judge(const Life& life);
  std::optional<Flaw> saved(const Life& life);
  std::optional<Flaw> in_same_folder(const Image& left);
  void report(const Vacate& vacate, Flaw flaw);

  Study& study_;
  Finding& finding_;
  std::set<std::string> seen_;
  int died_ = 0, saved_ = 0, finished_ = 0, exited_ = 0;
};

void Vacating::run(const Vacate& vacate) {
  const Milliseconds from = study_.now();
  const auto life = study_.lived(study_.once(vacate.stretch, [&](ExecutionOrder& execution) {
    execution.watch_files = vacate.boundary.has_value();
    execution.signal = study_.lab.job().kill_signal;
    execution.signal_after = vacate.after;
    execution.signal_at = vacate.boundary;
    execution.grace = grace_of(study_);
  }));
  if (!life || life->stretches.empty() || !life->last().execution.signalled)
    return;  // it was faster
  auto flaw = judge(*life);
  study_.draw(Property::vacated, cat("cut ", vacate.cut), *life, !flaw, from);
  if (flaw) report(vacate, *std::move(flaw));
}

std::optional<Flaw> Vacating::judge(const Life& life) {
  const Execution& execution = life.last().execution;
  if (execution.out_of_grace)
    return Flaw{.seen = cat("it had not left ", format_duration(grace_of(study_)), " later"),
                .difference = {},
                .cause =
                    "it does not end when asked to: it is killed at the end of its grace time, and "
                    "its work since the last checkpoint is lost",
                .repeat = {},
                .advice =
                    "leave the default action for the signal, or set a flag in the handler and "
                    "look at it in the loop"};
  const auto count = [&](int& counter) {
    const std::lock_guard lock(study_.mutex);
    ++counter;
  };
  switch (life.end) {
    case End::known:
      count(saved_);
      return saved(life);
    case End::held:
      return Flaw{
          .seen = text_of(life),
          .difference = {},
          .cause =
              "it leaves with the checkpoint exit code, and a file of its checkpoint is not there",
          .repeat = {},
          .advice = "write the whole checkpoint before leaving"};
    case End::completed: {
      count(finished_);
      auto flaw = study_.flaw_of(life, Study::Stdout::restarts_ignored);
      if (!flaw) return {};
      flaw->cause =
          "it exits with 0 when asked to leave, although its work is not done: the job counts as "
          "completed";
      flaw->advice = "leave with the checkpoint exit code after saving, or die by the signal";
      return flaw;
    }
    case End::failed:
      count(execution.exit.by_signal ? died_ : exited_);
      return in_same_folder(life.last().after);
    default:
      return {};
  }
}

// The checkpoint that it made is spooled, and the job started somewhere else.
std::optional<Flaw> Vacating::saved(const Life& life) {
  const Stretch& stretch = life.last();
  if (study_.number_of(*stretch.checkpoint)) return {};  // that of the undisturbed run
  auto flaw = study_.tried(
      study_.chain_is_good ? study_.moving(*stretch.checkpoint) : study_.in_place(stretch.after),
      Study::Stdout::restarts_ignored);
  if (!flaw) return {};
  flaw->cause =
      "the checkpoint that it makes when asked to leave is not one: it is saved where the state "
      "does not agree with itself (inside the signal handler, perhaps), or is not complete";
  flaw->advice = "let the handler only set a flag, and save at the next safe point of the loop";
  return flaw;
}

std::optional<Flaw> Vacating::in_same_folder(const Image& left) {
  {
    const std::lock_guard lock(study_.mutex);
    if (study_.place_of(left) || !seen_.insert(Lab::state_key(left)).second) return {};
  }
  auto flaw = study_.tried(study_.in_place(left), Study::Stdout::ignored);
  if (!flaw) return {};
  flaw->seen = cat("started again in the same folder: ", flaw->seen);
  flaw->cause = "what it leaves in its folder when asked to leave is no state to go on from";
  flaw->advice = "save at a safe point of the loop only, to another name that is then renamed";
  return flaw;
}

void Vacating::report(const Vacate& vacate, Flaw flaw) {
  flaw.seen = cat("cut ", vacate.cut, ", signal ", study_.lab.job().kill_signal, " ", vacate.what,
                  ": ", flaw.seen);
  flaw.repeat = study_.repeat(Property::vacated, vacate.cut);
  study_.report(finding_, std::move(flaw));
}

void Vacating::conclude() const {
  std::vector<std::string> parts;
  const auto tell = [&](int count, const char* what) {
    if (count > 0) parts.push_back(cat(count, count == 1 ? " time it " : " times it ", what));
  };
  tell(died_, "died by the signal and saved nothing");
  tell(saved_, "left with a checkpoint");
  tell(exited_, "left with another exit code");
  tell(finished_, "completed");
  finding_.evidence = parts.empty() ? "it was always faster than the signal" : join(parts, ", ");
  if (parts.empty()) finding_.verdict = Verdict::untested;
  if (saved_ > 0 && study_.lab.job().when == TransferOutput::on_exit)
    finding_.remarks.emplace_back(
        "HTCondor drops a checkpoint that is made while the job is being vacated "
        "(when_to_transfer_output = ON_EXIT); "
        "Cairn keeps it");
  if (saved_ == 0 && died_ > 0)
    finding_.remarks.emplace_back(
        "asked to leave, it saves nothing: the work since the last checkpoint is lost each time");
  if (!finding_.flaws.empty()) finding_.evidence = finding_.flaws.front().cause;
}

}  // namespace

Finding judge_vacated(Study& study) {
  Finding finding;
  finding.verdict = Verdict::pass;
  auto all = vacates(study);
  if (const auto only = study.only_cut(Property::vacated)) {
    keep_only(all, only);
    if (!all.empty() && all.front().after) all.resize(kMomentRepeats, all.front());
    for (std::size_t i = 0; i < all.size(); ++i)
      if (all[i].after)
        *all[i].after = Milliseconds(static_cast<std::int64_t>(
            moment_factor(i) * static_cast<double>(all[i].after->count())));
  }
  Vacating vacating(study, finding);
  const std::size_t done = study.spend(
      Property::vacated, all.size(), [&](std::size_t i) { vacating.run(all[i]); }, "signal");
  // It saves when asked: whether it does so at the right place shows by chance only.
  const Milliseconds until = study.now() + kMoreForSavers;
  if (vacating.has_saved() && finding.flaws.empty() && study.options.level != Level::quick)
    study.crew.run(
        all.size() - done, [&](std::size_t i) { vacating.run(all[done + i]); },
        [&](std::size_t) {
          const std::lock_guard lock(study.mutex);
          return !study.stop && finding.flaws.empty() && study.now() < until;
        });
  vacating.conclude();
  return finding;
}

}  // namespace cairn::verify
