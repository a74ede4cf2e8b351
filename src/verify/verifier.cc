#include "verify/verifier.h"

#include <algorithm>
#include <array>
#include <thread>

#include "base/text.h"
#include "base/try.h"
#include "verify/lab.h"
#include "verify/life.h"
#include "verify/study.h"

namespace cairn::verify {
namespace {

// Removes the scratch folder at the end of its scope, unless it is to be kept.
class Scratch {
 public:
  Scratch(Path folder, bool keep) : folder_(std::move(folder)), keep_(keep) {}
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() {
    PosixFileSystem files;
    if (!keep_) std::ignore = remove_tree(files, folder_);
  }
  Status make() const {
    PosixFileSystem files;
    CAIRN_CHECK(files.make_folder(folder_));
    return files.set_mode(folder_, 0700);
  }

 private:
  Path folder_;
  bool keep_;
};

int hands_of(const VerifyOptions& options) {
  if (options.jobs > 0) return options.jobs;
  const auto cores = static_cast<int>(std::thread::hardware_concurrency());
  const auto cpus = static_cast<int>(options.job.get_integer("RequestCpus").value_or(1));
  return std::max(1, cores / std::max(1, cpus));
}

using Judge = Finding (*)(Study&);

struct Step {
  Property property;
  Judge judge;
  bool compares;  // its verdict stands on comparing results
};

constexpr std::array<Step, kProperties> kSteps = {{
    {Property::reference, judge_reference, false},
    {Property::reproducible, judge_reproducible, false},
    {Property::progress, judge_progress, false},
    {Property::sufficient, judge_sufficient, true},
    {Property::killed, judge_killed, true},
    {Property::vacated, judge_vacated, true},
    {Property::power_cut, judge_power_cut, true},
    {Property::damaged, judge_damaged, true},
    {Property::foreign, judge_foreign, true},
    {Property::outputs_once, judge_outputs_once, true},
    {Property::disk_full, judge_disk_full, true},
    {Property::cost, judge_cost, false},
}};

class Verifier {
 public:
  Verifier(const VerifyOptions& options, Study& study, Lab& lab)
      : options_(options), study_(study), lab_(lab) {}
  Status run();
  Findings findings() const;

 private:
  bool is_quick() const { return options_.level == Level::quick; }
  bool wants_chain() const {
    return study_.wanted(Property::sufficient) || study_.wanted(Property::outputs_once);
  }
  LifeOrder whole_run(Lab& lab) const;
  Status first_runs();
  Status second_runs();
  Result<Life> undisturbed() const;
  Result<Life> reference();
  Result<Life> watched() const;
  Result<Life> chain() const;
  void take_steps();
  Finding step(const Step& step);
  std::optional<std::string> not_now(const Step& step) const;
  std::optional<std::string> why_undecided() const;
  bool has(Verdict verdict) const;

  const VerifyOptions& options_;
  Study& study_;
  Lab& lab_;
  std::unique_ptr<Lab> reference_lab_;
};

// ---- runs that every property stands on

// One after the other or side by side, as there are hands; the first error counts.
Status together(const Crew& crew, const std::vector<std::function<Status()>>& runs) {
  std::vector<Status> results(runs.size());
  crew.run(runs.size(), [&](std::size_t i) { results[i] = runs[i](); });
  for (Status& result : results) CAIRN_CHECK(std::move(result));
  return {};
}

LifeOrder Verifier::whole_run(Lab& lab) const {
  LifeOrder order;
  order.start = lab.fresh();
  order.execution_limit = options_.time_limit;
  return order;
}

Result<Life> Verifier::undisturbed() const {
  LifeOrder order = whole_run(lab_);
  order.adjust = [&](ExecutionOrder& execution, int) { execution.watch_files = is_quick(); };
  return live(lab_, order, study_.stop);
}

// Without being told, only a program with libcairn runs without checkpoints: by its environment.
// The first checkpoint exit shows that it is none.
Result<Life> Verifier::reference() {
  if (options_.reference) {
    CAIRN_TRY(reference_lab_,
              Lab::open(*options_.reference, options_.scratch / "reference", lab_.store()));
  }
  Lab& lab = reference_lab_ ? *reference_lab_ : lab_;
  LifeOrder order = whole_run(lab);
  order.known = [](const Stretch&) { return true; };
  if (!options_.reference)
    order.adjust = [](ExecutionOrder& execution, int) {
      execution.environment.emplace_back("CAIRN_CHECKPOINT=never");
    };
  return live(lab, order, study_.stop);
}

Result<Life> Verifier::watched() const {
  LifeOrder order = study_.order(lab_.fresh());
  order.adjust = [](ExecutionOrder& execution, int) { execution.watch_files = true; };
  return live(lab_, order, study_.stop);
}

Result<Life> Verifier::chain() const {
  // Side by side with the undisturbed run its length is not known.
  LifeOrder order = is_quick() ? whole_run(lab_) : study_.order(lab_.fresh());
  order.moves = true;
  order.adjust = [](ExecutionOrder& execution, int number) { execution.watch_misses = number > 0; };
  return live(lab_, order, study_.stop);
}

// A run that is put where it belongs when it is done.
template <class Target>
std::function<Status()> into(Target& target, std::function<Result<Life>()> run) {
  return [&target, run = std::move(run)]() -> Status {
    CAIRN_TRY(target, run());
    return {};
  };
}

Status Verifier::first_runs() {
  study_.announce(Property::reference, "the undisturbed run", 0);
  std::optional<Life> without;
  std::vector<std::function<Status()>> runs = {
      into(study_.undisturbed, [&] { return undisturbed(); }),
      into(without, [&] { return reference(); })};
  if (is_quick() && wants_chain()) runs.push_back(into(study_.chain, [&] { return chain(); }));
  CAIRN_CHECK(together(study_.crew, runs));
  if (study_.undisturbed.end == End::stopped) return {};
  study_.learn();
  if (is_quick()) study_.watched = study_.undisturbed;
  study_.reference_is = options_.reference ? "the reference" : "CAIRN_CHECKPOINT=never";
  if (without && without->end == End::completed)
    study_.reference = std::move(without);
  else if (options_.reference && without)
    study_.no_reference = without->end == End::known
                              ? "the reference made a checkpoint exit"
                              : cat("the reference did not complete: ", text_of(*without));
  return {};
}

Status Verifier::second_runs() {
  // Nobody asked: what stands on moving it may take it for good.
  study_.chain_is_good = !study_.wanted(Property::sufficient);
  if (is_quick()) return {};
  study_.announce(Property::sufficient, "the second run, and the one that moves", 0);
  std::vector<std::function<Status()>> runs = {into(study_.watched, [&] { return watched(); })};
  if (wants_chain()) runs.push_back(into(study_.chain, [&] { return chain(); }));
  return together(study_.crew, runs);
}

// ---- properties

// Why this property cannot be tried, if so.
std::optional<std::string> Verifier::not_now(const Step& step) const {
  const bool is_of_first_run =
      step.property == Property::reference || step.property == Property::progress;
  if (study_.undisturbed.end == End::stopped || (study_.stop && !is_of_first_run))
    return "verify was stopped";
  if (is_of_first_run) return {};
  if (study_.undisturbed.end != End::completed) return "the undisturbed run did not complete";
  if (step.property == Property::reproducible || step.property == Property::cost) return {};
  if (study_.undisturbed.checkpoints() == 0) return "the job made no checkpoint";
  if (!step.compares) return {};
  for (const Finding& finding : study_.findings)
    if (finding.property == Property::reproducible && finding.verdict == Verdict::fail)
      return "the results differ by themselves: name a comparison (--compare, --tolerance, "
             "--ignore)";
  return {};
}

Finding Verifier::step(const Step& step) {
  const Milliseconds began = study_.now();
  Finding finding;
  if (auto why = not_now(step)) {
    finding.evidence = *std::move(why);
  } else {
    study_.announce(step.property, std::string(question_of(step.property)), 0);
    finding = step.judge(study_);
  }
  const bool was_cut_short = study_.stop && step.compares;
  if (was_cut_short && finding.verdict == Verdict::pass) {
    finding.verdict = Verdict::untested;
    finding.evidence = "verify was stopped";
  }
  finding.property = step.property;
  finding.elapsed = study_.now() - began;
  return finding;
}

// Does outputs_once stand on what this property sees?
bool feeds_outputs_once(Property property, const VerifyOptions& options) {
  if (!options.only.contains(Property::outputs_once)) return false;
  if (options.cut) return options.cut->starts_with(cat(name_of(property), ":"));
  return property == Property::reference || property == Property::sufficient ||
         property == Property::killed || property == Property::vacated;
}

void Verifier::take_steps() {
  for (const Step& one : kSteps) {
    // Results that differ by themselves are found out in any case.
    const bool needed = study_.wanted(one.property) || one.property == Property::reproducible ||
                        feeds_outputs_once(one.property, options_);
    if (needed) study_.findings.push_back(step(one));
  }
  std::erase_if(study_.findings,
                [&](const Finding& finding) { return !study_.wanted(finding.property); });
}

Status Verifier::run() {
  CAIRN_CHECK(first_runs());
  if (study_.undisturbed.end == End::completed && !study_.stop) CAIRN_CHECK(second_runs());
  take_steps();
  return {};
}

// ---- the whole

std::optional<std::string> Verifier::why_undecided() const {
  if (study_.stop) return "verify was stopped";
  if (!study_.errors.empty()) return study_.errors.front();
  if (!study_.no_reference.empty()) return study_.no_reference;
  if (study_.undisturbed.end != End::completed)
    return cat("the undisturbed run did not complete: ", text_of(study_.undisturbed));
  if (study_.undisturbed.checkpoints() == 0)
    return "the job made no checkpoint: let it save more often, or give it more to do";
  if (!has(Verdict::pass)) return "nothing could be tested";
  return {};
}

bool Verifier::has(Verdict verdict) const {
  return std::any_of(study_.findings.begin(), study_.findings.end(),
                     [&](const Finding& finding) { return finding.verdict == verdict; });
}

Findings Verifier::findings() const {
  Findings findings;
  if (has(Verdict::fail)) {
    findings.overall = Overall::fail;
  } else if (auto why = why_undecided()) {
    findings.undecided_why = *std::move(why);
  } else {
    findings.overall = Overall::pass;
  }
  findings.job = options_.name;
  findings.command = options_.command;
  findings.seed = options_.seed;
  findings.level = name_of(options_.level);
  findings.findings = study_.findings;
  findings.timeline = study_.timeline;
  std::sort(findings.timeline.begin(), findings.timeline.end(),
            [](const TrialBar& one, const TrialBar& other) { return one.from < other.from; });
  if (!lab_.isolation().missing.empty()) findings.notes.push_back(lab_.isolation().missing);
  for (const std::string& error : study_.errors)
    findings.notes.push_back(cat("a trial could not be made: ", error));
  findings.elapsed = study_.now();
  if (options_.keep) findings.kept = options_.scratch;
  return findings;
}

}  // namespace

Result<Findings> verify(const VerifyOptions& options,
                        const std::function<void(const Progress&)>& watch,
                        const std::atomic<bool>& stop) {
  CAIRN_CHECK(check_tracing());
  const Scratch scratch(options.scratch, options.keep);
  CAIRN_CHECK(scratch.make());
  ImageStore store(options.scratch / "store");
  CAIRN_TRY(const auto lab, Lab::open(options.job, options.scratch / "job", store));
  Study study(options, *lab, Crew(hands_of(options)), watch, stop);
  Verifier verifier(options, study, *lab);
  CAIRN_CHECK(verifier.run());
  return verifier.findings();
}

}  // namespace cairn::verify
