// CL7…: what the pool's version of HTCondor knows.  Nothing is said where it is not known.
// Source: HTCondor's version history.
#include <algorithm>
#include <array>

#include "base/text.h"
#include "lint/check.h"

namespace cairn::lint {
namespace {

struct Feature {
  std::string_view command;  // or attribute, with a +
  std::string_view value;    // empty: any
  PoolVersion since;
  std::string_view otherwise;  // what an older pool makes of it
  std::string_view fix;
};

constexpr std::string_view kIgnored = "it is ignored";

constexpr std::array kFeatures = {
    Feature{"checkpoint_exit_code",
            "",
            {8, 9, 3},
            "it is ignored, and the first checkpoint ends the job",
            "write +SuccessCheckpointExitCode = N and +WantFTOnCheckpoint = True (8.7.3)"},
    Feature{
        "transfer_checkpoint_files",
        "",
        {8, 9, 7},
        "it is ignored, and the outputs are the checkpoint",
        "list the state in transfer_output_files, and let the program leave it there at its end"},
    Feature{"preserve_relative_paths",
            "",
            {8, 9, 7},
            "it is ignored, and a/b arrives as b",
            "list folders, or names without a path"},
    Feature{"when_to_transfer_output",
            "ON_SUCCESS",
            {8, 9, 7},
            "the job is refused",
            "write when_to_transfer_output = ON_EXIT"},
    Feature{"erase_output_and_error_on_restart", "", {8, 9, 4}, kIgnored, "take it out"},
    Feature{"checkpoint_destination",
            "",
            {23, 1, 0},
            "it is ignored, and checkpoints go to the access point's spool",
            "take it out, and mind the spool's size"},
    Feature{"+WantFTOnCheckpoint",
            "",
            {8, 5, 3},
            kIgnored,
            "there are no self-checkpoints on this pool"},
    Feature{"+SuccessCheckpointExitCode",
            "",
            {8, 7, 3},
            "it is ignored: it was called CheckpointExitCode then",
            "write +CheckpointExitCode"},
    Feature{"+SuccessCheckpointExitBySignal",
            "",
            {8, 7, 3},
            "it is ignored: it was called CheckpointExitBySignal then",
            "write +CheckpointExitBySignal"},
    Feature{"+WantCheckpointSignal",
            "",
            {8, 3, 5},
            kIgnored,
            "let the program exit with its checkpoint_exit_code"},
};

void newer_than_pool(const Job& job, Report& report) {
  const auto& pool = job.input().pool;
  if (!pool) return;
  for (const Feature& feature : kFeatures) {
    if (*pool >= feature.since) continue;
    const bool is_attribute = feature.command.starts_with('+');
    const Command* const given = is_attribute ? job.attribute(feature.command.substr(1)) : nullptr;
    if (is_attribute) {
      if (given == nullptr) continue;
    } else if (const auto found = job.commands().find(feature.command);
               found == job.commands().end() || found->second.text.empty()) {
      continue;  // an attribute that stands for the command has a row of its own
    }
    if (!feature.value.empty() && !job.says(feature.command, feature.value)) continue;
    report.add(is_attribute ? given->line : job.line(feature.command),
               cat(feature.command, feature.value.empty() ? "" : " = ", feature.value,
                   " came with HTCondor ", to_text(feature.since), ", the pool has ",
                   to_text(*pool), ": ", feature.otherwise),
               std::string(feature.fix));
  }
  if (*pool < PoolVersion{9, 5, 0} && job.makes_checkpoints())
    if (job.says("universe", "docker") || job.is_set("docker_image"))
      report.add(job.line(job.is_set("docker_image") ? "docker_image" : "universe"),
                 cat("docker jobs make checkpoints since HTCondor 9.5.0, the pool has ",
                     to_text(*pool), ": none is made"),
                 "use the vanilla universe");
}

// Forms of statements, which are no commands.
void newer_statement(const Subject& subject, Report& report) {
  const auto& pool = subject.input.pool;
  if (!pool) return;
  std::string_view rest = subject.input.text;
  for (int line = 1; !rest.empty(); ++line) {
    const std::string_view text = trim(rest.substr(0, rest.find('\n')));
    rest.remove_prefix(
        std::min(rest.find('\n') == rest.npos ? rest.size() : rest.find('\n') + 1, rest.size()));
    const std::string low = lower(text);
    if (low.starts_with("queue") && low.find(" from table") != low.npos &&
        *pool < PoolVersion{23, 10, 1})
      report.add(line,
                 cat("queue … from table came with HTCondor 23.10.1, the pool has ", to_text(*pool),
                     ": it looks for a file named table"),
                 "write queue NAME,NAME from FILE, without a heading in the file");
    const auto append = low.find("+=");
    if (append != low.npos &&
        low.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_. ") == append &&
        *pool < PoolVersion{25, 11, 0})
      report.add(line,
                 cat("+= came with HTCondor 25.11.0, the pool has ", to_text(*pool),
                     ": the line is refused"),
                 cat("write the name again: ", trim(text.substr(0, append)), " = $(",
                     trim(text.substr(0, append)), ") …"));
  }
}

bool is_older(const Job& job, PoolVersion version) {
  return job.input().pool && *job.input().pool < version;
}

void input_beats_checkpoint(const Job& job, Report& report) {
  if (!is_older(job, {9, 0, 5}) || !job.makes_checkpoints()) return;
  const auto files = job.checkpoint_files();
  const auto inputs = job.list("transfer_input_files");
  if (!files || !inputs) return;
  for (const std::string& input : *inputs)
    if (is_covered(*files, arrival_name(input)) && !arrival_name(input).empty())
      report.add(job.line("transfer_input_files"),
                 cat(input,
                     " is an input and part of the checkpoint: before HTCondor 9.0.5 the input "
                     "replaces what was saved at each restart"),
                 "let the program write its state to another name");
}

void stdout_not_saved(const Job& job, Report& report) {
  if (!is_older(job, {9, 0, 6}) || !job.makes_checkpoints()) return;
  const std::string output = job.text("output");
  if (output.empty() || output == "/dev/null") return;
  report.add(job.line("output"),
             "before HTCondor 9.0.6 stdout is no part of a checkpoint: what was printed before an "
             "eviction is lost",
             "write results to a file that is in transfer_checkpoint_files");
}

void silent_failure(const Job& job, Report& report) {
  if (!is_older(job, {10, 2, 0}) || !job.makes_checkpoints()) return;
  report.add(
      job.line("checkpoint_exit_code"),
      "before HTCondor 10.2.0 a checkpoint that cannot be uploaded is passed over in silence: the "
      "job goes on, and an eviction loses more than it should",
      "make sure that every listed file exists whenever the program leaves; cairn verify shows it");
}

void destination_loops(const Job& job, Report& report) {
  if (!job.is_set("checkpoint_destination") || is_older(job, {23, 1, 0}) ||
      !is_older(job, {24, 1, 1}))
    return;
  report.add(job.line("checkpoint_destination"),
             "before HTCondor 24.1.1 a checkpoint that was damaged at its destination is fetched "
             "again for ever; nobody goes back to the one before",
             "let the program keep two generations in its checkpoint, and check what it reads");
}

void internal_files(const Job& job, Report& report) {
  if (!is_older(job, {23, 10, 1}) || !job.makes_checkpoints() || job.checkpoint_files()) return;
  report.add(job.line("checkpoint_exit_code"),
             "before HTCondor 23.10.1 a checkpoint without a list also holds files of HTCondor's "
             "own, which come back as old as they were",
             "name what the program needs: transfer_checkpoint_files = state.ckpt");
}

void relative_paths_broken(const Job& job, Report& report) {
  if (!is_older(job, {9, 11, 0}) || is_older(job, {8, 9, 7}) ||
      !job.is_true("preserve_relative_paths"))
    return;
  report.add(job.line("preserve_relative_paths"),
             "before HTCondor 9.11.0 preserve_relative_paths fails with folders in several ways",
             "put the state into one folder at the top of the sandbox, and list that");
}

void requeued(const Job& job, Report& report) {
  if (!job.input().pool || is_older(job, {25, 10, 1}) || !job.makes_checkpoints()) return;
  report.add(job.line("checkpoint_exit_code"),
             "since HTCondor 25.10.1 a job is put back into the queue at the first checkpoint "
             "after CLAIM_WORKLIFE (20 minutes): that is \"Code 1025\" in its log, and no eviction",
             "nothing: it goes on from that checkpoint");
}

constexpr std::array kChecks = {
    Check{"CL701", Severity::error, "Newer than the pool", newer_than_pool},
    Check{"CL702", Severity::error, "Input replaces the checkpoint", input_beats_checkpoint},
    Check{"CL703", Severity::warning, "stdout is not saved", stdout_not_saved},
    Check{"CL704", Severity::warning, "Failed checkpoint passed over", silent_failure},
    Check{"CL705", Severity::warning, "Damaged checkpoint fetched for ever", destination_loops},
    Check{"CL706", Severity::warning, "HTCondor's own files in the checkpoint", internal_files},
    Check{"CL707", Severity::warning, "Relative paths that break", relative_paths_broken},
    Check{"CL708", Severity::hint, "Back into the queue at a checkpoint", requeued},
    Check{"CL709", Severity::error, "Statement newer than the pool", nullptr, newer_statement},
};

}  // namespace

std::span<const Check> pool_checks() { return kChecks; }

}  // namespace cairn::lint
