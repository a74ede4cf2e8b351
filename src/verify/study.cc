#include "verify/study.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/assert.h"
#include "base/text.h"
#include "base/try.h"

namespace cairn::verify {
namespace {

constexpr std::size_t kFlawsMax = 5;

// What a hang costs at most: other executions took far less.
constexpr Milliseconds kPatienceMin{6'000};
constexpr int kPatienceFactor = 4;
constexpr int kHangsMax = 2;
constexpr Milliseconds kLongRun{2'000};

std::string text_in(const std::optional<ImageEntry>& entry, const Lab& lab) {
  return entry ? lab.text(*entry) : std::string();
}

}  // namespace

Study::Study(const VerifyOptions& its_options, Lab& its_lab, Crew its_crew,
             std::function<void(const Progress&)> watch, const std::atomic<bool>& its_stop)
    : options(its_options),
      lab(its_lab),
      crew(its_crew),
      stop(its_stop),
      comparison(its_options.comparison),
      watch_(std::move(watch)) {}

// ---- the undisturbed run

void Study::learn() {
  std::vector<const Image*> checkpoints;
  for (const Stretch& stretch : undisturbed.stretches) {
    if (!stretch.checkpoint) continue;
    const int number = static_cast<int>(checkpoints.size());
    places_.emplace(Lab::state_key(stretch.after), number);
    checkpoints_.emplace(Lab::state_key(*stretch.checkpoint), number);
    checkpoints.push_back(&*stretch.checkpoint);
  }
  lab.learn_state(checkpoints, part_of(undisturbed.last().after, kSandboxPart),
                  undisturbed.outcome.outputs);
  learn_restart_lines();
}

// Lines that each execution prints at most once and several do print: "going on from step 30",
// "checkpoint written".  They stand elsewhere when the restarts are elsewhere.
void Study::learn_restart_lines() {
  std::map<std::string, int> executions;
  std::set<std::string> several_times;
  std::size_t begin = 0;
  for (const Stretch& stretch : undisturbed.stretches) {
    const ImageEntry* const entry = stretch.after.find(in_sandbox(lab.stdout_name()));
    if (entry == nullptr) continue;
    const std::string text = lab.text(*entry);
    std::map<std::string, int> here;
    for (const std::string& line : lines_of(text.substr(std::min(begin, text.size()))))
      if (++here[glob_of_line(line)] > 1) several_times.insert(glob_of_line(line));
    for (const auto& [glob, count] : here) ++executions[glob];
    begin = text.size();
  }
  for (const auto& [glob, count] : executions)
    if (count > 1 && !several_times.contains(glob)) restart_lines_.push_back(glob);
}

Image Study::begin_of(int stretch) const {
  CAIRN_ASSERT(stretch >= 0 && stretch < stretches(), "a cut is in an execution that was seen");
  return stretch == 0 ? lab.fresh() : undisturbed.stretches[stretch - 1].after;
}

std::optional<int> Study::place_of(const Image& folder) const {
  const auto place = places_.find(Lab::state_key(folder));
  if (place == places_.end()) return {};
  return place->second;
}

std::optional<int> Study::number_of(const Image& checkpoint) const {
  const auto number = checkpoints_.find(Lab::state_key(checkpoint));
  if (number == checkpoints_.end()) return {};
  return number->second;
}

Milliseconds Study::part_of_time(const Moment& moment) const {
  const auto whole = undisturbed.stretches[moment.stretch].execution.wall;
  return Milliseconds(static_cast<std::int64_t>(moment.part * static_cast<double>(whole.count())));
}

// ---- lives

LifeOrder Study::order(Image start) const {
  LifeOrder order;
  order.start = std::move(start);
  order.executions_max = 2 * stretches() + 10;
  order.execution_limit = std::max(kPatienceMin, kPatienceFactor * undisturbed.wall);
  return order;
}

LifeOrder Study::in_place(Image start) const {
  LifeOrder life = order(std::move(start));
  life.known = [this](const Stretch& stretch) { return place_of(stretch.after).has_value(); };
  return life;
}

LifeOrder Study::moving(const Image& checkpoint) const {
  LifeOrder life = order(lab.fresh(checkpoint));
  life.moves = true;
  life.site = Lab::Site::another;
  if (chain_is_good)
    life.known = [this](const Stretch& stretch) {
      return number_of(*stretch.checkpoint).has_value();
    };
  return life;
}

Result<std::optional<Difference>> Study::stdout_differs(const Outcome& from,
                                                        const Outcome& candidate, Stdout how,
                                                        Comparison lines) const {
  if (how == Stdout::ignored || !lab.compares_stdout()) return std::optional<Difference>();
  if (how == Stdout::restarts_ignored)
    lines.ignore.insert(lines.ignore.end(), restart_lines_.begin(), restart_lines_.end());
  return stdout_difference(text_in(from.standard_output, lab),
                           text_in(candidate.standard_output, lab), lines);
}

Result<std::optional<Difference>> Study::differs(const Outcome& from, const Outcome& candidate,
                                                 Stdout how, double tolerance) const {
  Comparison with = comparison;
  with.tolerance = std::max(with.tolerance, tolerance);
  const Path scratch = options.scratch / cat("compare-", ++comparisons_);
  Outcome one{lab.results_of(from.outputs, from.outputs), from.standard_output};
  Outcome other{lab.results_of(candidate.outputs, from.outputs), candidate.standard_output};
  if (with.command.empty()) {
    one.standard_output.reset();
    other.standard_output.reset();
  }
  CAIRN_TRY(auto difference, first_difference(one, other, with, lab.store(), scratch));
  if (difference || !with.command.empty()) return difference;
  return stdout_differs(from, candidate, how, with);
}

Result<std::optional<Flaw>> Study::judge(const Life& life, Stdout how) const {
  Flaw flaw;
  if (life.end == End::stopped) return std::optional<Flaw>();
  if (life.end == End::out_of_time) ++hangs_;
  if (life.end == End::known) {
    if (how == Stdout::ignored) return std::optional<Flaw>();
    const auto number = number_of(*life.last().checkpoint);
    if (!number) return std::optional<Flaw>();
    const std::string name = in_sandbox(lab.stdout_name());
    Outcome then;
    Outcome now;
    if (const ImageEntry* entry = undisturbed.stretches[*number].after.find(name))
      then.standard_output = *entry;
    if (const ImageEntry* entry = life.last().after.find(name)) now.standard_output = *entry;
    CAIRN_TRY(flaw.difference, stdout_differs(then, now, how, comparison));
    if (!flaw.difference) return std::optional<Flaw>();
    flaw.seen = "what it prints differs";
    return std::optional(flaw);
  }
  if (life.end != End::completed) {
    flaw.seen = text_of(life);
    return std::optional(flaw);
  }
  if (!life.missing_outputs.empty()) {
    flaw.seen = cat("it completed without its output ", life.missing_outputs.front());
    return std::optional(flaw);
  }
  CAIRN_TRY(flaw.difference, differs(undisturbed.outcome, life.outcome, how));
  if (!flaw.difference) return std::optional<Flaw>();
  flaw.seen = "it completed with another result";
  return std::optional(flaw);
}

LifeOrder Study::once(int stretch, std::function<void(ExecutionOrder&)> adjust) const {
  LifeOrder life = order(begin_of(stretch));
  life.known = [](const Stretch&) { return true; };
  life.adjust = [adjust = std::move(adjust)](ExecutionOrder& execution, int) { adjust(execution); };
  return life;
}

std::vector<const std::vector<Event>*> Study::watched_events() const {
  std::vector<const std::vector<Event>*> events;
  for (const Stretch& stretch : watched.stretches)
    if (events.size() < undisturbed.stretches.size()) events.push_back(&stretch.execution.events);
  return events;
}

std::optional<Life> Study::lived(const LifeOrder& order) {
  auto life = live(lab, order, stop);
  if (life) return *std::move(life);
  note_error(life.error());
  return {};
}

std::optional<Flaw> Study::flaw_of(const Life& life, Stdout how) {
  auto flaw = judge(life, how);
  if (flaw) return *std::move(flaw);
  note_error(flaw.error());
  return {};
}

std::optional<Flaw> Study::tried(const LifeOrder& order, Stdout how) {
  const auto life = lived(order);
  return life ? flaw_of(*life, how) : std::nullopt;
}

std::optional<Flaw> Study::tried(Property property, const std::string& label,
                                 const LifeOrder& order, Stdout how) {
  const Milliseconds from = now();
  const auto life = lived(order);
  if (!life) return {};
  auto flaw = flaw_of(*life, how);
  draw(property, label, *life, !flaw, from);
  return flaw;
}

void Study::report(Finding& finding, Flaw flaw) {
  const std::lock_guard lock(mutex);
  add_flaw(finding, std::move(flaw));
}

// ---- effort

// Shares of the third run's time, and what even a very short run gets.
Effort Study::effort(Property property) const {
  struct Share {
    std::size_t quick, least, most, thorough;
    double part;
    Milliseconds least_time;
  };
  const auto share = [&]() -> Share {
    switch (property) {
      case Property::killed:
        return {8, 16, 400, 100'000, 0.5, Milliseconds(800)};
      case Property::vacated:
        return {3, 8, 60, 200, 0.2, Milliseconds(400)};
      case Property::power_cut:
        return {10, 24, 400, 5'000, 0.5, Milliseconds(1500)};
      case Property::damaged:
        return {6, 14, 60, 1'000, 0.2, Milliseconds(400)};
      case Property::disk_full:
        return {2, 6, 12, 200, 0.1, Milliseconds(200)};
      default:
        return {1, 1, 1, 1, 0, Milliseconds(0)};
    }
  }();
  switch (options.level) {
    case Level::quick:
      return {share.quick, share.quick, Milliseconds(0)};
    case Level::thorough:
      return {share.thorough, share.thorough, Milliseconds::max()};
    case Level::standard:
      break;
  }
  const auto part = Milliseconds(
      static_cast<std::int64_t>(share.part * static_cast<double>(undisturbed.wall.count())));
  // Where one trial takes a second, a third of them is what three runs' time allows.
  const std::size_t least = undisturbed.wall > kLongRun ? (share.least + 2) / 3 : share.least;
  return {least, share.most, std::max(share.least_time, part)};
}

std::size_t Study::spend(Property property, std::size_t trials,
                         const std::function<void(std::size_t)>& trial, const std::string& what) {
  const Effort effort = this->effort(property);
  const Milliseconds began = now();
  const auto wanted = std::min(trials, effort.trials_max);
  hangs_ = 0;
  return crew.run(wanted, trial, [&](std::size_t begun) {
    if (stop || hangs_ >= kHangsMax) return false;
    announce(property, cat(what, " ", begun + 1, " of ", wanted),
             static_cast<double>(begun) / static_cast<double>(wanted));
    return begun < effort.trials || now() - began < effort.time;
  });
}

bool Study::wanted(Property property) const {
  return options.only.empty() || options.only.contains(property);
}

std::string Study::repeat(Property property, const std::string& cut) const {
  std::string more = cat("--only ", name_of(property));
  if (!cut.empty()) more += cat(" --cut ", cut);
  return options.command_with(cat(more, " --seed ", options.seed));
}

std::optional<std::string> Study::only_cut(Property property) const {
  if (!options.cut) return {};
  const std::string prefix = cat(name_of(property), ":");
  if (options.cut->starts_with(prefix)) return options.cut->substr(prefix.size());
  if (options.only.contains(property)) return options.cut;
  return {};
}

// ---- what is seen

Milliseconds Study::now() const {
  return std::chrono::duration_cast<Milliseconds>(std::chrono::steady_clock::now() - began_);
}

void Study::announce(Property property, const std::string& doing, double part) {
  if (!watch_) return;
  // How the time goes on an ordinary job, in hundredths.
  static constexpr std::array<double, kProperties> kWeights = {25, 1, 1, 25, 20, 8,
                                                               6,  8, 1, 0,  4,  1};
  double before = 0;
  for (int i = 0; i < static_cast<int>(property); ++i)
    before += kWeights[static_cast<std::size_t>(i)];
  Progress progress{.property = property, .doing = doing};
  progress.fraction = (before + part * kWeights[static_cast<std::size_t>(property)]) / 100;
  if (progress.fraction > 0.02)
    progress.left = Milliseconds(static_cast<std::int64_t>(static_cast<double>(now().count()) *
                                                           (1 / progress.fraction - 1)));
  watch_(progress);
}

void Study::draw(Property property, const std::string& label, const Life& life, bool good,
                 Milliseconds from) {
  using Kind = TrialBar::Mark::Kind;
  TrialBar bar{
      .property = property, .label = label, .good = good, .from = from, .to = from, .marks = {}};
  const auto mark = [&](Milliseconds at, Kind kind, std::string text) {
    bar.marks.push_back({at, kind, std::move(text)});
  };
  const bool begins_with_cut = label.starts_with("cut ") && !life.stretches.empty() &&
                               !life.stretches.front().execution.cut &&
                               !life.stretches.front().execution.signalled;
  if (begins_with_cut) mark(from, Kind::cut, label);
  for (const Stretch& stretch : life.stretches) {
    const Execution& execution = stretch.execution;
    mark(bar.to, Kind::start, {});
    if (execution.signalled)
      mark(bar.to + Milliseconds(execution.signalled_us / 1000), Kind::cut, "signal");
    bar.to += execution.wall;
    if (execution.cut)
      mark(bar.to, Kind::cut, "killed");
    else
      mark(bar.to, stretch.checkpoint ? Kind::checkpoint : Kind::end, text_of(execution.exit));
  }
  const std::lock_guard lock(mutex);
  timeline.push_back(std::move(bar));
}

void Study::note_error(const Error& error) {
  const std::lock_guard lock(mutex);
  if (std::find(errors.begin(), errors.end(), error.text()) == errors.end())
    errors.push_back(error.text());
}

double moment_factor(std::size_t repeat) {
  const std::size_t steps = (repeat + 1) / 2;
  const double change = 0.03 * static_cast<double>(steps);
  return repeat % 2 == 0 ? 1 + change : 1 - change;
}

void add_flaw(Finding& finding, Flaw flaw) {
  finding.verdict = Verdict::fail;
  const auto alike =
      std::find_if(finding.flaws.begin(), finding.flaws.end(), [&](const Flaw& other) {
        return flaw.cause.empty() ? other.seen == flaw.seen : other.cause == flaw.cause;
      });
  const auto is_by_chance = [](const Flaw& one) {
    return one.repeat.find("--cut r") != std::string::npos;
  };
  if (alike == finding.flaws.end()) {
    if (finding.flaws.size() < kFlawsMax) finding.flaws.push_back(std::move(flaw));
  } else if (is_by_chance(*alike) && !is_by_chance(flaw)) {
    *alike = std::move(flaw);  // it can be repeated exactly
  }
}

}  // namespace cairn::verify
