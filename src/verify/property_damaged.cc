// damaged, foreign: what does the job do with a checkpoint that is not the one it made?
#include <algorithm>
#include <set>

#include "base/text.h"
#include "verify/damage.h"
#include "verify/study.h"

namespace cairn::verify {
namespace {

// Files of a checkpoint that are no state: if nothing else is there, they are.
std::vector<std::string> spared(const Study& study, const Image& checkpoint) {
  std::vector<std::string> names = {study.lab.stdout_name(), study.lab.stderr_name()};
  std::size_t state = 0;
  for (const auto& [name, entry] : Lab::state_of(checkpoint).entries) {
    if (study.lab.is_output(name))
      names.push_back(name);
    else if (entry.kind == ImageEntry::Kind::file)
      ++state;
  }
  if (state == 0) names.resize(2);
  return names;
}

// A traceback that the program's own code did not raise on purpose, or a C++ exception that
// nobody caught: an accident, not a refusal.
bool is_accident(const std::string& printed, const Path& sandbox) {
  if (printed.find("terminate called after throwing") != std::string::npos) return true;
  const auto trace = printed.rfind("Traceback (most recent call last)");
  if (trace == std::string::npos) return false;
  const auto frame = printed.rfind("  File \"");
  if (frame == std::string::npos || frame < trace) return true;
  const std::string where = printed.substr(frame + 8, printed.find('"', frame + 8) - frame - 8);
  const auto code = printed.find('\n', frame);
  const std::string line(trim(printed.substr(code + 1, printed.find('\n', code + 1) - code - 1)));
  const bool own =
      !where.starts_with("/usr") && (where.front() != '/' || where.starts_with(sandbox.native()));
  return !(own && (line.starts_with("raise ") || line.starts_with("assert ") ||
                   line.starts_with("sys.exit")));
}

enum class Answer { right_result, refusal, wrong };

struct Reaction {
  Answer answer = Answer::wrong;
  std::string said;
  Flaw flaw;
};

// How a life answers that began from a checkpoint which it should not trust.
std::optional<Reaction> answer_of(Study& study, const Life& life) {
  if (life.end == End::stopped) return {};
  Reaction verdict;
  auto flaw = study.judge(life, Study::Stdout::ignored);
  if (!flaw) {
    study.note_error(flaw.error());
    return {};
  }
  if (!*flaw) {
    verdict.answer = Answer::right_result;
    return verdict;
  }
  verdict.flaw = **flaw;
  if (life.end == End::failed) {
    const Stretch& last = life.last();
    verdict.said = last.last_words();
    const bool silent = verdict.said.empty();
    const bool accident =
        last.execution.exit.by_signal || is_accident(last.complained, last.machine.sandbox_path);
    if (!silent && !accident) verdict.answer = Answer::refusal;
    verdict.flaw.cause =
        silent ? "it fails without a word" : "it crashes, and will crash again at every restart";
    verdict.flaw.advice =
        "verify the checkpoint when it is read (a checksum), and say in one sentence which file is "
        "damaged, or go "
        "on from an earlier one";
    return verdict;
  }
  if (life.end == End::completed) {
    verdict.flaw.cause =
        "it takes the damage for a good checkpoint, or starts over and keeps old output";
    verdict.flaw.advice =
        "save a checksum with the state and verify it; who starts over also empties the files that "
        "are appended to";
  } else {
    verdict.flaw.cause = life.end == End::out_of_time
                             ? "it hangs"
                             : "it goes round in circles: each restart fails the same way and is "
                               "reported as a checkpoint";
    verdict.flaw.advice =
        "let a restart that cannot read its checkpoint fail with an exit code of its own, and a "
        "sentence";
  }
  return verdict;
}

// Started where the job is moved to, or in place if moving does not work anyway.
LifeOrder order_from(const Study& study, const Image& checkpoint) {
  LifeOrder order = study.moving(checkpoint);
  order.moves = study.chain_is_good;
  if (!order.moves)
    order.known = [&study](const Stretch& stretch) {
      return study.place_of(stretch.after).has_value();
    };
  return order;
}

// ---- damaged

struct Trial {
  std::string cut;  // "d4"
  int checkpoint = 0;
  Damage damage;
};

std::vector<Trial> damage_trials(Study& study) {
  const int count = study.undisturbed.checkpoints();
  const bool thorough = study.options.level == Level::thorough;
  std::vector<int> numbers = {count / 2};
  if (thorough) numbers = {count / 2, count - 1, 0};
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
  std::vector<Trial> trials;
  for (const int number : numbers) {
    const Image& checkpoint = study.checkpoint(number);
    auto all = damages(checkpoint, number == 0 ? Image() : study.checkpoint(number - 1),
                       spared(study, checkpoint), thorough ? 24 : 8, study.options.seed,
                       study.lab.store());
    if (!all) {
      study.note_error(all.error());
      continue;
    }
    for (Damage& damage : *all)
      trials.push_back(
          {.cut = cat("d", trials.size() + 1), .checkpoint = number, .damage = std::move(damage)});
  }
  return trials;
}

struct Counts {
  int right = 0, refused = 0;
  std::string said;
};

void try_damage(Study& study, Finding& finding, Counts& counts, const Trial& trial) {
  const Milliseconds from = study.now();
  const auto life = study.lived(order_from(study, trial.damage.checkpoint));
  if (!life) return;
  auto answer = answer_of(study, *life);
  if (!answer) return;
  study.draw(Property::damaged, cat("cut ", trial.cut), *life, answer->answer != Answer::wrong,
             from);
  const std::lock_guard lock(study.mutex);
  if (answer->answer == Answer::right_result) ++counts.right;
  if (answer->answer == Answer::refusal) {
    ++counts.refused;
    if (counts.said.empty()) counts.said = answer->said;
  }
  if (answer->answer != Answer::wrong) return;
  Flaw flaw = std::move(answer->flaw);
  flaw.seen = cat("cut ", trial.cut, ", checkpoint ", trial.checkpoint, " with ", trial.damage.what,
                  ": ", flaw.seen);
  flaw.repeat = study.repeat(Property::damaged, trial.cut);
  add_flaw(finding, std::move(flaw));
}

}  // namespace

Finding judge_damaged(Study& study) {
  Finding finding;
  finding.verdict = Verdict::pass;
  auto trials = damage_trials(study);
  keep_only(trials, study.only_cut(Property::damaged));
  if (trials.empty()) {
    finding.verdict = Verdict::untested;
    finding.evidence = "the checkpoint holds nothing that can be damaged";
    return finding;
  }
  Counts counts;
  const std::size_t tried = study.spend(
      Property::damaged, trials.size(),
      [&](std::size_t i) { try_damage(study, finding, counts, trials[i]); }, "damage");
  finding.evidence =
      cat(tried, " kinds of damage: ", counts.right, " times the right result, ", counts.refused,
          " times refused", counts.said.empty() ? "" : cat(" (\"", counts.said, "\")"));
  if (!finding.flaws.empty()) finding.evidence = finding.flaws.front().seen;
  return finding;
}

// ---- foreign

namespace {

// The other job's first checkpoint, without what it printed.
std::optional<Image> foreign_checkpoint(Study& study, Finding& finding) {
  auto lab = Lab::open(*study.options.other, study.options.scratch / "other", study.lab.store());
  if (!lab) {
    study.note_error(lab.error());
    return {};
  }
  LifeOrder order;
  order.start = (*lab)->fresh();
  order.execution_limit = study.options.time_limit;
  order.known = [](const Stretch&) { return true; };
  auto life = live(**lab, order, study.stop);
  if (!life) {
    study.note_error(life.error());
    return {};
  }
  if (life->end != End::known) {
    finding.evidence = cat("the other job made no checkpoint: ", text_of(*life));
    return {};
  }
  return Lab::state_of(*life->last().checkpoint);
}

}  // namespace

Finding judge_foreign(Study& study) {
  Finding finding;
  if (!study.options.other) {
    finding.evidence =
        study.options.why_no_other.empty()
            ? "there is no other job: give one with --other 'ARGUMENTS' or --other OTHER.sub"
            : study.options.why_no_other;
    return finding;
  }
  const auto checkpoint = foreign_checkpoint(study, finding);
  if (!checkpoint) return finding;
  if (study.number_of(*checkpoint)) {
    finding.evidence = "the other job's checkpoint is the same as this job's";
    return finding;
  }
  const Milliseconds from = study.now();
  const auto life = study.lived(order_from(study, *checkpoint));
  if (!life) return finding;
  auto answer = answer_of(study, *life);
  if (!answer) return finding;
  // Whatever it does but go on as if nothing were wrong.
  const bool accepted = answer->answer == Answer::wrong && life->end != End::failed;
  study.draw(Property::foreign, "another job's checkpoint", *life, !accepted, from);
  finding.verdict = Verdict::pass;
  finding.evidence = answer->answer == Answer::right_result
                         ? "another job's checkpoint is not used: the right result"
                         : cat("refused: ", text_of(*life));
  if (!accepted) return finding;
  Flaw flaw = std::move(answer->flaw);
  flaw.seen = cat("started with a checkpoint of another job: ", flaw.seen);
  flaw.cause = "a checkpoint of other arguments is accepted";
  flaw.advice =
      "save the arguments that the result depends on in the checkpoint, and compare them at the "
      "restart";
  flaw.repeat = study.repeat(Property::foreign);
  finding.evidence = flaw.cause;
  add_flaw(finding, std::move(flaw));
  return finding;
}

}  // namespace cairn::verify
