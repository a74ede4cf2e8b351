// sufficient: is a checkpoint all that the job needs?  It is moved at every one.
#include <algorithm>
#include <set>

#include "base/text.h"
#include "verify/study.h"

namespace cairn::verify {
namespace {

// What the program looked for after a move, that was there before it.
struct Missed {
  std::string name;  // as to be said
  std::string cause, advice;
};

std::optional<Missed> missed_at(const Isolation& isolation, const Stretch& before,
                                const Stretch& stretch, const Miss& miss) {
  const std::string old_home = before.machine.sandbox_path;
  const bool moved = stretch.machine.sandbox_path != before.machine.sandbox_path;
  if (moved && (miss.path == old_home || miss.path.starts_with(old_home + "/")))
    return Missed{
        miss.path,
        "the checkpoint holds the absolute path of the sandbox, which is another one after a move",
        "save file names relative to the working folder"};
  if (miss.path.find("__pycache__") != std::string::npos) return {};
  const auto part = View(stretch.machine, isolation).name_of(miss.path);
  if (!part || before.after.find(*part) == nullptr || stretch.after.entries.empty()) return {};
  if (const auto name = name_in_sandbox(*part))
    return Missed{
        *name, cat("it reads ", *name, ", which is not in transfer_checkpoint_files"),
        cat("add ", *name, " to transfer_checkpoint_files, or make it again when it is missing")};
  const bool at_home = part->starts_with(cat(kHomePart, "/"));
  return Missed{miss.path,
                cat("it keeps state in ", at_home ? "its home folder, " : "", miss.path,
                    ", which stays behind when it is moved"),
                "write it into the working folder and list it in transfer_checkpoint_files"};
}

std::vector<Missed> missed_files(const Isolation& isolation, const Life& chain) {
  std::vector<Missed> found;
  std::set<std::string> names;
  for (std::size_t i = 1; i < chain.stretches.size(); ++i)
    for (const Miss& miss : chain.stretches[i].execution.misses)
      for (std::size_t j = i; j-- > 0;)
        if (auto missed = missed_at(isolation, chain.stretches[j], chain.stretches[i], miss);
            missed && names.insert(missed->name).second)
          found.push_back(*std::move(missed));
  return found;
}

// Does the checkpoint hold a text that was true only where it was made?
std::optional<std::string> local_text(const Study& study, const Life& chain) {
  for (const Stretch& stretch : chain.stretches) {
    if (!stretch.checkpoint) continue;
    for (const auto& [name, entry] : Lab::state_of(*stretch.checkpoint).entries) {
      if (entry.kind != ImageEntry::Kind::file || entry.bytes > (1U << 20U)) continue;
      const std::string text = study.lab.text(entry);
      if (text.find(stretch.machine.sandbox_path.native()) != std::string::npos)
        return cat(name, " holds the path of the sandbox");
      if (!stretch.machine.host_name.empty() && stretch.machine.host_name != "cairn-verify" &&
          text.find(stretch.machine.host_name) != std::string::npos)
        return cat(name, " holds the name of the machine");
      const std::string pid = std::to_string(stretch.execution.pid);
      for (std::size_t at = text.find(pid); at != std::string::npos; at = text.find(pid, at + 1)) {
        const auto digit = [&](std::size_t i) {
          return i < text.size() && text[i] >= '0' && text[i] <= '9';
        };
        if (!digit(at + pid.size()) && (at == 0 || (!digit(at - 1) && text[at - 1] != '.')))
          return cat(name, " holds the process id");
      }
    }
  }
  return {};
}

// The first checkpoint that is not what it was in the undisturbed run.
std::string where_it_parts(const Study& study, const Life& chain) {
  for (std::size_t i = 0; i < chain.stretches.size(); ++i) {
    const Stretch& stretch = chain.stretches[i];
    if (!stretch.checkpoint || i >= study.undisturbed.stretches.size()) break;
    const auto& right = study.undisturbed.stretches[i].checkpoint;
    if (!right || Lab::state_of(*right) != Lab::state_of(*stretch.checkpoint))
      return cat("; it differs from checkpoint ", i, " on");
  }
  return {};
}

// An input that the program changes, and that is as it first was after a move.
std::optional<std::string> changed_input(const Study& study, const Life& chain) {
  for (const Stretch& stretch : chain.stretches) {
    if (!stretch.checkpoint) continue;
    for (const auto& [part, entry] : study.lab.fresh().entries) {
      const ImageEntry* const now = stretch.after.find(part);
      const std::string name = part.substr(part.find('/') + 1);
      if (entry.kind == ImageEntry::Kind::file && now != nullptr && now->content != entry.content &&
          stretch.checkpoint->find(name) == nullptr)
        return name;
    }
  }
  return {};
}

// A file outside of the checkpoint that is another one because it was not moved along.
std::optional<std::string> unlisted_file(const Study& study, const Life& chain) {
  for (std::size_t i = 1; i < chain.stretches.size() && i < study.undisturbed.stretches.size(); ++i)
    for (const auto& [part, entry] :
         Lab::state_of(study.undisturbed.stretches[i - 1].after).entries) {
      const auto& checkpoint = study.undisturbed.stretches[i - 1].checkpoint;
      const std::string name = part.substr(part.find('/') + 1);
      const ImageEntry* const here = chain.stretches[i].after.find(part);
      const ImageEntry* const right = study.undisturbed.stretches[i].after.find(part);
      if (entry.kind == ImageEntry::Kind::file && checkpoint && checkpoint->find(name) == nullptr &&
          here != nullptr && right != nullptr && here->content != right->content)
        return seen_name(part);
    }
  return {};
}

void explain(const Study& study, const Life& chain, Flaw& flaw) {
  const auto missed = missed_files(study.lab.isolation(), chain);
  if (!missed.empty()) {
    flaw.cause = missed.front().cause;
    flaw.advice = missed.front().advice;
  } else if (const auto input = changed_input(study, chain)) {
    flaw.cause = cat("it changes its input ", *input,
                     ", which is not in transfer_checkpoint_files: after a move it is as at first");
    flaw.advice = cat("add ", *input, " to transfer_checkpoint_files");
  } else if (const auto file = unlisted_file(study, chain)) {
    flaw.cause =
        cat("it writes to ", *file, ", which is not in transfer_checkpoint_files: after a ",
            "move what it held is gone");
    flaw.advice = cat("add ", *file, " to transfer_checkpoint_files");
  } else if (const auto text = local_text(study, chain)) {
    flaw.cause = cat(*text, ", which is another one after a move");
    flaw.advice =
        "do not save what belongs to one machine or process, or do not rely on it after a restart";
  } else {
    flaw.cause =
        "the job depends on something that is not in its checkpoint: an unlisted file, its "
        "folder's path, "
        "its process id, the machine's name, /tmp or its home";
    flaw.advice = "list all that it reads in transfer_checkpoint_files";
  }
}

}  // namespace

Finding judge_sufficient(Study& study) {
  Finding finding;
  if (!study.chain) return finding;
  const Life& chain = *study.chain;
  const auto flaw = study.judge(chain, Study::Stdout::compared);
  if (!flaw) {
    study.note_error(flaw.error());
    finding.evidence = flaw.error().text();
    return finding;
  }
  study.chain_is_good = !*flaw;
  study.draw(Property::sufficient, "moved at every checkpoint", chain, !*flaw,
             study.undisturbed.wall);
  finding.verdict = Verdict::pass;
  const Isolation& isolation = study.lab.isolation();
  finding.evidence = cat("moved ", chain.checkpoints(), " times, to another folder",
                         isolation.host_name ? ", host" : "", isolation.mounts ? ", /tmp" : "",
                         isolation.home ? " and home" : "", ": the same result");
  if (*flaw) {
    Flaw why = **flaw;
    explain(study, chain, why);
    why.seen = cat("moved at every checkpoint: ", why.seen, where_it_parts(study, chain));
    why.repeat = study.repeat(Property::sufficient);
    finding.evidence = why.cause;
    add_flaw(finding, std::move(why));
    return finding;
  }
  for (const Missed& missed : missed_files(study.lab.isolation(), chain))
    finding.remarks.push_back(cat(missed.cause, "; the result is right without it"));
  return finding;
}

}  // namespace cairn::verify
