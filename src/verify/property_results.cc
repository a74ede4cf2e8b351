// reference, reproducible, outputs_once: is the result the right one, and always the same?
#include <algorithm>
#include <cmath>
#include <set>

#include "base/text.h"
#include "base/units.h"
#include "verify/study.h"

namespace cairn::verify {
namespace {

// Two results that differ only in the last places of numbers.
constexpr double kRoundingTolerance = 1e-9;

Flaw another_result(Study& study, const Difference& difference) {
  Flaw flaw;
  flaw.seen = "run with its checkpoints, undisturbed, it gives another result than without them";
  flaw.difference = difference;
  flaw.repeat = study.repeat(Property::reference);
  const auto still = study.differs(study.reference->outcome, study.undisturbed.outcome,
                                   Study::Stdout::compared, kRoundingTolerance);
  if (study.comparison.tolerance == 0 && still && !*still) {
    flaw.cause =
        "only the last places of numbers differ: sums are added up in another order where the run "
        "was cut";
    flaw.advice =
        "save the sums as they are, or compare with --tolerance 1e-9 if that is right for you";
  } else if (!difference.twice.empty()) {
    flaw.cause = "at each restart something is done and written again that was already done";
    flaw.advice =
        "save where the loop goes on, and cut appended files back to where they were at the "
        "checkpoint";
  } else if (!difference.missing.empty()) {
    flaw.cause =
        "at each checkpoint exit or restart something is lost: output still in a buffer, or a step "
        "left out";
    flaw.advice =
        "flush all outputs before the checkpoint exit, and save the step that comes next, not the "
        "last one";
  } else {
    flaw.cause =
        "something that the result depends on is not part of the checkpoint (a random generator, a "
        "sum, a "
        "counter), or a step is left out or done twice: results differ only after a restart";
    flaw.advice =
        "put all that changes in the loop into the checkpoint, the random generator's state too";
  }
  return flaw;
}

std::string summary(const Study& study) {
  return cat(study.undisturbed.checkpoints(), " checkpoints in ",
             format_duration(study.undisturbed.wall));
}

// A file that lies on this machine, and that the execution looked for in vain.
struct LeftBehind {
  std::string path;
  bool is_named = false;  // by its last words; else the last of such files
};

std::optional<LeftBehind> left_behind(const Stretch& stretch) {
  std::optional<LeftBehind> last;
  for (const Miss& miss : stretch.execution.misses) {
    const std::string name = Path(miss.path).filename();
    std::error_code unknown;
    if (name.empty() || !std::filesystem::exists(miss.path, unknown)) continue;
    last = {miss.path, stretch.last_words().find(name) != std::string::npos};
    if (last->is_named) break;
  }
  return last;
}

void explain_failure(Study& study, Flaw& flaw) {
  flaw.cause = "the job fails although nobody disturbs it";
  flaw.advice = "make it run to its end first: cairn run shows how far it comes";
  const auto again = study.lived(study.once(
      study.stretches() - 1, [](ExecutionOrder& execution) { execution.watch_misses = true; }));
  const auto file = again && !again->stretches.empty() ? left_behind(again->last()) : std::nullopt;
  if (!file) return;
  flaw.cause = cat(file->is_named ? "it needs " : flaw.cause + "; it looked for ", file->path,
                   ", which lies on this machine and on no other");
  const bool is_library = file->path.find(".so") != std::string::npos;
  flaw.advice = cat("send it along: transfer_input_files = ", file->path,
                    is_library ? "; a program looks for libraries beside itself if it is linked "
                                 "with -Wl,-rpath,'$ORIGIN', or with LD_LIBRARY_PATH=. in its "
                                 "environment"
                               : ", and let the program look for it in the working folder");
}

Finding not_completed(Study& study) {
  Finding finding;
  const Life& life = study.undisturbed;
  finding.evidence = cat("the undisturbed run did not complete: ", text_of(life));
  if (life.end != End::failed) return finding;
  Flaw flaw;
  flaw.seen = finding.evidence;
  explain_failure(study, flaw);
  flaw.repeat = study.repeat(Property::reference);
  add_flaw(finding, std::move(flaw));
  return finding;
}

}  // namespace

Finding judge_reference(Study& study) {
  if (study.undisturbed.end != End::completed) return not_completed(study);
  study.draw(Property::reference, "undisturbed", study.undisturbed, true, Milliseconds(0));
  Finding finding;
  if (!study.undisturbed.missing_outputs.empty()) {
    add_flaw(
        finding,
        {.seen = cat("it completes without its output ", study.undisturbed.missing_outputs.front()),
         .difference = {},
         .cause =
             "transfer_output_files names a file that the job does not leave: it would be held",
         .repeat = study.repeat(Property::reference),
         .advice = "correct the list, or keep the file"});
    finding.evidence = finding.flaws.front().seen;
    return finding;
  }
  if (!study.no_reference.empty()) {
    finding.evidence = study.no_reference;
    return finding;
  }
  if (!study.reference) {
    finding.verdict = Verdict::pass;
    finding.evidence =
        cat("the run itself, ", summary(study), "; none without checkpoints to compare with");
    finding.remarks.emplace_back(
        "without a run that never checkpoints (--reference-args, --reference) a bug that shows at "
        "every "
        "restart cannot be seen: every checkpoint exit restarts the program anyway");
    return finding;
  }
  study.draw(Property::reference, study.reference_is, *study.reference, true, Milliseconds(0));
  auto difference =
      study.differs(study.reference->outcome, study.undisturbed.outcome, Study::Stdout::compared);
  if (!difference) {
    study.note_error(difference.error());
    finding.evidence = difference.error().text();
    return finding;
  }
  finding.verdict = Verdict::pass;
  finding.evidence = cat("the same result as ", study.reference_is, "; ", summary(study));
  if (!*difference) return finding;
  finding.evidence = cat("another result than without checkpoints: ", (*difference)->text());
  add_flaw(finding, another_result(study, **difference));
  return finding;
}

// ---- reproducible

namespace {

// Lines of stdout that differ in nothing but their numbers: times, mostly.  Returns globs for
// them, nothing if more than that differs.
std::optional<std::vector<std::string>> varying_lines(const std::string& one,
                                                      const std::string& other) {
  const auto left = lines_of(one);
  const auto right = lines_of(other);
  if (left.size() != right.size()) return {};
  std::set<std::string> globs;
  std::size_t same = 0;
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (left[i] == right[i])
      ++same;
    else if (skeleton(left[i]) != skeleton(right[i]))
      return {};
    else
      globs.insert(glob_of_line(left[i]));
  }
  if (same == 0) return {};
  return std::vector<std::string>(globs.begin(), globs.end());
}

bool learn_varying_lines(Study& study, Finding& finding) {
  const auto& one = study.undisturbed.outcome.standard_output;
  const auto& other = study.watched.outcome.standard_output;
  if (!one || !other) return false;
  const auto globs = varying_lines(study.lab.text(*one), study.lab.text(*other));
  if (!globs) return false;
  for (const std::string& glob : *globs) {
    study.comparison.ignore.push_back(glob);
    finding.remarks.push_back(
        cat("lines of stdout like \"", glob, "\" differ from run to run and are not compared"));
  }
  return true;
}

}  // namespace

Finding judge_reproducible(Study& study) {
  Finding finding;
  if (study.options.level == Level::quick) {
    finding.evidence = "--quick makes no second run";
    return finding;
  }
  study.draw(Property::reproducible, "second run", study.watched, true, study.undisturbed.wall);
  auto flaw = study.judge(study.watched, Study::Stdout::compared);
  if (flaw && *flaw && (*flaw)->difference && (*flaw)->difference->file == "stdout" &&
      learn_varying_lines(study, finding))
    flaw = study.judge(study.watched, Study::Stdout::compared);
  if (!flaw) {
    study.note_error(flaw.error());
    finding.evidence = flaw.error().text();
    return finding;
  }
  finding.verdict = Verdict::pass;
  finding.evidence = "a second run gave the same result";
  if (!*flaw) return finding;
  (*flaw)->seen = cat("a second undisturbed run: ", (*flaw)->seen);
  (*flaw)->cause =
      "the result depends on something that changes from run to run: time, a process id, an unset "
      "seed, the order of threads";
  (*flaw)->advice = "fix the seed, or say how to compare: --tolerance, --ignore, --compare";
  (*flaw)->repeat = study.repeat(Property::reproducible);
  finding.evidence = (*flaw)->difference ? (*flaw)->difference->text() : (*flaw)->seen;
  add_flaw(finding, **flaw);
  return finding;
}

// ---- outputs_once

namespace {

// Lines too often or gone, all else being in its order.
bool is_of_lines(const Flaw& flaw) {
  return flaw.difference && (!flaw.difference->twice.empty() || !flaw.difference->missing.empty());
}

Flaw as_lines(Study& study, const Finding& from, const Flaw& flaw) {
  Flaw lines = flaw;
  const Difference& difference = *flaw.difference;
  lines.cause =
      difference.twice.empty()
          ? cat("lines of ", difference.file, " are missing: ", difference.missing.front())
          : cat("lines of ", difference.file, " are there twice: ", difference.twice.front());
  const auto cut = flaw.repeat.find("--cut ");
  std::string number;
  if (cut != std::string::npos)
    number = cat(":", flaw.repeat.substr(cut + 6, flaw.repeat.find(' ', cut + 6) - cut - 6));
  lines.repeat = number.empty()
                     ? study.repeat(Property::outputs_once)
                     : study.repeat(Property::outputs_once, cat(name_of(from.property), number));
  lines.advice = difference.twice.empty()
                     ? "flush outputs before the checkpoint, and sync them where the power may fail"
                     : "save the length of each appended file in the checkpoint, and cut it back "
                       "at the restart";
  return lines;
}

}  // namespace

Finding judge_outputs_once(Study& study) {
  Finding finding;
  finding.verdict = Verdict::pass;
  int looked_at = 0;
  for (const Finding& other : study.findings) {
    const bool counts = other.property == Property::reference ||
                        other.property == Property::sufficient ||
                        other.property == Property::killed || other.property == Property::vacated;
    if (!counts || other.verdict == Verdict::untested) continue;
    ++looked_at;
    for (const Flaw& flaw : other.flaws)
      if (is_of_lines(flaw)) add_flaw(finding, as_lines(study, other, flaw));
  }
  if (looked_at == 0) {
    finding.verdict = Verdict::untested;
    finding.evidence = "nothing was cut";
    return finding;
  }
  finding.evidence = finding.flaws.empty()
                         ? "no line twice and none missing, however the run was cut"
                         : finding.flaws.front().cause;
  return finding;
}

}  // namespace cairn::verify
