// CL2…: which files go where.
#include <algorithm>
#include <array>
#include <map>

#include "base/text.h"
#include "job/arguments.h"
#include "lint/check.h"

namespace cairn::lint {
namespace {

constexpr std::array<std::string_view, 2> kSandboxLists = {"transfer_checkpoint_files",
                                                           "transfer_output_files"};

bool is_null(std::string_view file) { return file.empty() || file == "/dev/null"; }
bool is_url(std::string_view file) { return file.find("://") != file.npos; }

// `output = sum.out` is _condor_stdout in the sandbox: there is no sum.out to transfer.
void stream_in_list(const Job& job, Report& report) {
  if (job.transfers_nothing()) return;
  for (const std::string_view stream : {"output", "error"}) {
    const std::string file = job.text(stream);
    if (is_null(file)) continue;
    for (const std::string_view list : kSandboxLists) {
      const auto entries = job.list(list);
      if (!entries || std::find(entries->begin(), entries->end(), file) == entries->end()) continue;
      if (std::any_of(job.programs().begin(), job.programs().end(),
                      [&file](const Program& program) {
                        return program.text.find(file) != std::string::npos;
                      }))
        continue;
      if (job.text("arguments").find(file) != std::string::npos) continue;
      report.add(job.line(list),
                 cat(file, " is where ", stream,
                     " goes on the submit side; in the sandbox there is no such file, and the job "
                     "is held"),
                 cat("take it out of ", list,
                     ": stdout and stderr are part of every checkpoint by themselves"));
    }
  }
}

void no_list(const Job& job, Report& report) {
  if (!job.makes_checkpoints() || job.checkpoint_files()) return;
  if (job.transfers_nothing()) return;
  report.add(job.line("checkpoint_exit_code"),
             "there is no list of files: only new and changed files at the top of the sandbox are "
             "saved, no folders, and files that the program had deleted come back",
             "name what the program needs to go on: transfer_checkpoint_files = state.ckpt");
}

void outputs_for_checkpoint(const Job& job, Report& report) {
  if (!job.makes_checkpoints() || job.list("transfer_checkpoint_files")) return;
  const auto outputs = job.list("transfer_output_files");
  if (!outputs) return;
  report.add(job.line("transfer_output_files"),
             outputs->empty()
                 ? std::string("without transfer_checkpoint_files the empty transfer_output_files "
                               "is the checkpoint: nothing is saved")
                 : cat("without transfer_checkpoint_files the outputs are the checkpoint: if ",
                       outputs->front(), " does not exist yet at the first one, the job is held"),
             "name what the program needs to go on: transfer_checkpoint_files = state.ckpt");
}

void flattened(const Job& job, Report& report) {
  if (job.is_true("preserve_relative_paths") || job.transfers_nothing()) return;
  for (const std::string_view command :
       {"transfer_checkpoint_files", "transfer_output_files", "transfer_input_files"}) {
    const auto entries = job.list(command);
    if (!entries) continue;
    std::map<std::string, std::string> taken;
    for (const std::string& entry : *entries) {
      const std::string name = arrival_name(entry);
      if (name.empty()) continue;  // the contents of a folder
      const auto [first, is_new] = taken.emplace(name, entry);
      if (is_new || plain_name(first->second) == plain_name(entry)) continue;
      report.add(job.line(command),
                 cat(first->second, " and ", entry, " both arrive as ", name,
                     ": one replaces the other, silently"),
                 command == "transfer_input_files"
                     ? std::string("rename one of them")
                     : cat("write preserve_relative_paths = true (HTCondor 8.9.7), or one folder "
                           "that holds both"));
    }
  }
}

void pattern_in_list(const Job& job, Report& report) {
  for (const std::string_view command :
       {"transfer_checkpoint_files", "transfer_output_files", "transfer_input_files"}) {
    const auto entries = job.list(command);
    if (!entries) continue;
    for (const std::string& entry : *entries) {
      if (is_url(entry) || entry.find_first_of("*?") == entry.npos) continue;
      report.add(job.line(command),
                 cat("lists of files know no patterns: a file named ", entry,
                     " is looked for, and the job is held"),
                 "put the files into a folder and list that, or name them one by one");
    }
  }
}

void outside_sandbox(const Job& job, Report& report) {
  if (job.transfers_nothing()) return;
  for (const std::string_view command : kSandboxLists) {
    const auto entries = job.list(command);
    if (!entries) continue;
    for (const std::string& entry : *entries) {
      if (is_url(entry)) continue;
      const std::string name = plain_name(entry);
      if (!name.starts_with('/') && !name.starts_with("..")) continue;
      report.add(job.line(command),
                 cat(entry,
                     " lies outside the sandbox, on whatever machine the job runs: it is not there "
                     "after an eviction"),
                 "let the program write into its working folder, and list the name without a path");
    }
  }
}

void folder_contents(const Job& job, Report& report) {
  if (!job.makes_checkpoints() || job.transfers_nothing()) return;
  const auto entries = job.checkpoint_files();
  if (!entries) return;
  for (const std::string& entry : *entries)
    if (entry.size() > 1 && entry.ends_with('/') && !is_url(entry))
      report.add(job.line(job.list("transfer_checkpoint_files") ? "transfer_checkpoint_files"
                                                                : "transfer_output_files"),
                 cat(entry,
                     " stands for what is in the folder: the files arrive without it, and old ones "
                     "that the program had deleted stay among them"),
                 cat("write ", entry.substr(0, entry.size() - 1),
                     ", which is sent and replaced as a whole"));
}

void moved_to_top(const Job& job, Report& report) {
  if (!job.makes_checkpoints() || job.transfers_nothing() || job.is_true("preserve_relative_paths"))
    return;
  const auto entries = job.list("transfer_checkpoint_files");
  if (!entries) return;
  for (const std::string& entry : *entries) {
    const std::string name = plain_name(entry);
    if (is_url(entry) || name.starts_with('/') || name.starts_with("..") || entry.ends_with('/'))
      continue;
    if (name.find('/') == name.npos) continue;
    report.add(job.line("transfer_checkpoint_files"),
               cat(entry, " comes back as ", arrival_name(entry),
                   " at the top of the next sandbox, where the program does not look for it"),
               cat("write preserve_relative_paths = true (HTCondor 8.9.7), or list the folder: ",
                   name.substr(0, name.find('/'))));
  }
}

void several_files(const Job& job, Report& report) {
  if (!job.makes_checkpoints() || job.transfers_nothing()) return;
  const auto entries = job.list("transfer_checkpoint_files");
  if (!entries) return;
  const auto outputs = job.list("transfer_output_files").value_or(std::vector<std::string>{});
  std::vector<std::string> states;
  for (const std::string& entry : *entries)
    if (!is_covered(outputs, entry) && !entry.ends_with('/') && !is_url(entry) &&
        entry != job.text("output") && entry != job.text("error"))
      states.push_back(entry);
  if (states.size() < 2) return;
  report.add(job.line("transfer_checkpoint_files"),
             cat("the state is ", states.size(), " files (", join(states, ", "),
                 "): they are replaced one by one, so that a crash may leave some of one "
                 "checkpoint and some of another"),
             "put them into one folder and list that, or let each file say which checkpoint it "
             "belongs to");
}

void empty_list(const Job& job, Report& report) {
  if (!job.makes_checkpoints()) return;
  const auto entries = job.list("transfer_checkpoint_files");
  if (!entries || !entries->empty()) return;
  report.add(job.line("transfer_checkpoint_files"),
             "the list is empty: nothing is saved at a checkpoint, and after an eviction the job "
             "begins at zero",
             "name what the program needs to go on: transfer_checkpoint_files = state.ckpt");
}

std::vector<std::string> inputs_of(const Job& job) {
  std::vector<std::string> files =
      job.list("transfer_input_files").value_or(std::vector<std::string>{});
  if (const std::string input = job.text("input"); !is_null(input)) files.push_back(input);
  return files;
}

bool exists(const Job& job, const std::string& name) {
  return job.input().files == nullptr || job.input().files->look(job.on_disk(name)).has_value();
}

void input_missing(const Job& job, Report& report) {
  if (job.transfers_nothing()) return;
  const auto checkpoint =
      job.list("transfer_checkpoint_files").value_or(std::vector<std::string>{});
  for (const std::string& file : inputs_of(job)) {
    if (is_url(file) || file.find("$$") != file.npos || exists(job, file)) continue;
    if (is_covered(checkpoint, arrival_name(file))) continue;  // CL212
    report.add(job.line(job.text("input") == file ? "input" : "transfer_input_files"),
               cat("the input ", file, " does not exist: the job is held before it starts"),
               "make the file, or correct its name");
  }
}

void checkpoint_as_input(const Job& job, Report& report) {
  if (job.transfers_nothing()) return;
  const auto checkpoint = job.list("transfer_checkpoint_files");
  if (!checkpoint) return;
  for (const std::string& file : inputs_of(job)) {
    if (is_url(file) || exists(job, file) || !is_covered(*checkpoint, arrival_name(file))) continue;
    report.add(
        job.line("transfer_input_files"),
        cat("the checkpoint ", file,
            " is listed as an input, but does not exist before the first run: the job is held"),
        "take it out of transfer_input_files: a checkpoint is brought back by itself");
  }
}

void folder_missing(const Job& job, Report& report) {
  if (job.input().files == nullptr) return;
  for (const std::string_view command : {"output", "error", "log"}) {
    const std::string file = job.text(command);
    if (is_null(file) || is_url(file) || file.find("$$") != file.npos) continue;
    const auto folder = job.on_disk(file).parent_path();
    const auto facts = job.input().files->look(folder);
    if (facts && facts->is_folder) continue;
    report.add(job.line(command),
               cat(command, " = ", file, ": there is no folder ",
                   std::filesystem::path(file).parent_path().string(),
                   command == "log" ? std::string(", and the job is not accepted")
                                    : std::string(", and the job is held when it has finished")),
               cat("mkdir -p ", std::filesystem::path(file).parent_path().string()));
  }
  if (job.is_given("initialdir")) {
    const auto facts = job.input().files->look(job.initial_directory());
    if (!facts || !facts->is_folder)
      report.add(job.line("initialdir"),
                 cat("initialdir = ", job.text("initialdir"), ": there is no such folder"),
                 "make it, or correct its name");
  }
}

void shared_file(const Subject& subject, Report& report) {
  for (const Subject::Shared& shared : subject.shared)
    report.add(
        shared.line,
        cat(shared.jobs, " jobs write ", shared.command, " to ", shared.file,
            ": each replaces what the one before it wrote"),
        shared.command == "transfer_output_files"
            ? std::string(
                  "give each job its own: initialdir = job.$(Process), or transfer_output_remaps")
            : cat("give each job its own: ", shared.command, " = ",
                  std::filesystem::path(shared.file).stem().string(), ".$(Process)",
                  std::filesystem::path(shared.file).extension().string()));
}

// Folders that are the same on every machine.
bool is_system_path(std::string_view path) {
  for (const std::string_view folder :
       {"/usr/", "/bin/", "/sbin/", "/lib", "/etc/", "/dev/", "/proc/", "/sys/", "/opt/", "/cvmfs/",
        "/afs/", "/srv/", "/run/", "/var/run/"})
    if (path.starts_with(folder)) return true;
  return path == "/" || path == "/tmp" || path == "/tmp/";
}

std::vector<std::string> arguments_of(const Job& job) {
  const auto unquoted = unquote_arguments(job.text("arguments"));
  if (!unquoted) return {};
  if (!unquoted->v2) return split_v1(unquoted->raw);
  const auto words = split_v2(unquoted->raw);
  return words ? *words : std::vector<std::string>{};
}

void absolute_argument(const Job& job, Report& report) {
  if (job.transfers_nothing()) return;
  for (const std::string& argument : arguments_of(job)) {
    std::string_view path = argument;
    if (const auto equals = path.find('='); path.starts_with("-") && equals != path.npos)
      path = path.substr(equals + 1);
    if (!path.starts_with('/') || path.size() < 2 || path.find('/', 1) == path.npos ||
        is_system_path(path))
      continue;
    if (path.find_first_not_of(
            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+@,:%~") !=
        path.npos)
      continue;
    report.add(job.line("arguments"),
               cat("the argument ", argument,
                   " is a path of this machine; where the job runs, and after each move, there is "
                   "another disk"),
               cat("transfer_input_files = ", std::string(path), ", and the argument ",
                   arrival_name(path)));
  }
}

void transfer_unset(const Job& job, Report& report) {
  if (!job.makes_checkpoints()) return;
  if (job.is_set("should_transfer_files") && !job.says("should_transfer_files", "IF_NEEDED"))
    return;
  report.add(job.line(job.is_set("should_transfer_files") ? "should_transfer_files"
                                                          : "checkpoint_exit_code"),
             "should_transfer_files is not YES: where all machines share one FILESYSTEM_DOMAIN "
             "nothing is transferred, and no checkpoint is saved",
             "write should_transfer_files = YES");
}

void transfer_off(const Job& job, Report& report) {
  if (!job.makes_checkpoints() || !job.transfers_nothing()) return;
  if (job.list("transfer_checkpoint_files")) {
    report.add(job.line("should_transfer_files"),
               "with should_transfer_files = NO the job restarts in place, but nothing in "
               "transfer_checkpoint_files is ever saved",
               "write should_transfer_files = YES, or take the list out and let the program save "
               "on a shared disk");
  }
}

void no_log(const Job& job, Report& report) {
  if (job.is_set("log")) return;
  report.add(
      job.queue_line(),
      "there is no log: holds, evictions and their reasons are nowhere to be seen afterwards",
      "write log = job.log");
}

void no_requests(const Job& job, Report& report) {
  std::vector<std::string> missing;
  for (const std::string_view command : {"request_memory", "request_disk"})
    if (!job.is_set(command)) missing.emplace_back(command);
  if (missing.empty()) return;
  report.add(job.queue_line(),
             cat("there is no ", join(missing, " and no "),
                 ": the pool's default holds, which may be less than the program and its "
                 "checkpoints need"),
             "write request_memory = 1GB and request_disk = 1GB, with what the job really needs "
             "(twice its checkpoint, and its inputs)");
}

void streamed(const Job& job, Report& report) {
  if (!job.makes_checkpoints()) return;
  for (const std::string_view command : {"stream_output", "stream_error"})
    if (job.is_true(command))
      report.add(job.line(command),
                 cat(command,
                     " = true: what is streamed is no part of a checkpoint, and lines that are "
                     "computed again after an eviction appear twice"),
                 "take it out: stdout and stderr are saved and restored with each checkpoint");
}

constexpr std::array kChecks = {
    Check{"CL201", Severity::error, "Output stream in a list of files", stream_in_list},
    Check{"CL202", Severity::warning, "No list of files", no_list},
    Check{"CL203", Severity::warning, "Outputs stand in for the checkpoint",
          outputs_for_checkpoint},
    Check{"CL204", Severity::error, "Two entries, one name", flattened},
    Check{"CL205", Severity::error, "Pattern in a list", pattern_in_list},
    Check{"CL206", Severity::error, "List that leads out of the sandbox", outside_sandbox},
    Check{"CL207", Severity::warning, "Contents of a folder for the folder", folder_contents},
    Check{"CL208", Severity::error, "Checkpoint that comes back elsewhere", moved_to_top},
    Check{"CL209", Severity::hint, "Checkpoint of several files", several_files},
    Check{"CL210", Severity::warning, "Empty list", empty_list},
    Check{"CL211", Severity::error, "Input that does not exist", input_missing},
    Check{"CL212", Severity::error, "Checkpoint as an input", checkpoint_as_input},
    Check{"CL213", Severity::error, "Folder that does not exist", folder_missing},
    Check{"CL214", Severity::warning, "Several jobs, one file", nullptr, shared_file},
    Check{"CL215", Severity::warning, "Absolute path in the arguments", absolute_argument},
    Check{"CL216", Severity::warning, "Transfer left to chance", transfer_unset},
    Check{"CL217", Severity::error, "Transfer switched off", transfer_off},
    Check{"CL218", Severity::warning, "No log", no_log},
    Check{"CL219", Severity::hint, "No memory or disk asked for", no_requests},
    Check{"CL220", Severity::warning, "Streamed output", streamed},
};

}  // namespace

std::span<const Check> list_checks() { return kChecks; }

}  // namespace cairn::lint
