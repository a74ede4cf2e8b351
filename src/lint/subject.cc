#include "lint/subject.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "base/text.h"
#include "job/arguments.h"
#include "submit/macro.h"
#include "submit/submit.h"
#include "submit/vocabulary.h"

namespace cairn::lint {
namespace {

// "job.sub:4: text" -> 4 and "text"; a text without the place stays as it is.
std::pair<int, std::string> split_place(std::string_view text, std::string_view file) {
  if (!text.starts_with(file)) return {0, std::string(text)};
  std::string_view rest = text.substr(file.size());
  if (!rest.starts_with(':')) return {0, std::string(text)};
  rest.remove_prefix(1);
  int line = 0;
  if (const auto colon = rest.find(':'); colon != rest.npos)
    if (const auto number = parse_integer(rest.substr(0, colon))) {
      line = static_cast<int>(*number);
      rest.remove_prefix(colon + 1);
    }
  return {line, std::string(trim(rest))};
}

// A copy: expanding remembers what was used, and that is the parser's.
Commands commands_of(Macros macros) {
  Commands commands;
  const auto& assigned = macros.assigned();  // expand() leaves it alone
  for (const auto& [name, macro] : assigned) {
    const auto command = command_of(name);
    if (macro.live && !command) continue;  // a variable of the queue statement
    const auto text = macros.expand(macro.raw);
    commands.insert_or_assign(command ? std::string(*command) : name,
                              Command{std::string(trim(text ? *text : macro.raw)), macro.line});
  }
  return commands;
}

// ---- programs

class ProgramFinder {
 public:
  explicit ProgramFinder(const LintInput& input) : input_(input) {}
  std::vector<Program> find(const Job& job);

 private:
  const Program& look(const std::filesystem::path& path, const std::string& name,
                      const std::string& runner);
  void add_main(const Job& job, std::vector<Program>& programs);
  static bool is_named_by(const Program& program, const std::filesystem::path& file);

  const LintInput& input_;
  std::map<std::string, Program> seen_;  // a cluster's jobs share them
};

const Program& ProgramFinder::look(const std::filesystem::path& path, const std::string& name,
                                   const std::string& runner) {
  const std::string key = path.string() + '\n' + runner;
  const auto found = seen_.find(key);
  if (found != seen_.end()) return found->second;
  return seen_.emplace(key, look_at_program(*input_.files, path, name, runner)).first->second;
}

void ProgramFinder::add_main(const Job& job, std::vector<Program>& programs) {
  const std::string executable = job.text("executable");
  if (executable.empty() || executable.find("$$") != std::string::npos ||
      executable.find("://") != std::string::npos)
    return;
  const bool is_interpreter = kind_of_interpreter(executable) != ProgramKind::unknown &&
                              (executable.starts_with("/bin/") || executable.starts_with("/usr/") ||
                               job.is_false("transfer_executable"));
  if (!is_interpreter) {
    // Relative to the submit file, unless it stays where it is.
    const auto path = job.transfers_nothing() && job.is_false("transfer_executable")
                          ? job.on_disk(executable)
                          : input_.directory / executable;
    programs.push_back(look(path, executable, {}));
    programs.back().is_main = true;
    return;
  }
  // `python3 work.py`: the program is the script.
  const auto unquoted = unquote_arguments(job.text("arguments"));
  if (!unquoted) return;
  std::vector<std::string> words = split_v1(unquoted->raw);
  if (unquoted->v2) {
    const auto split = split_v2(unquoted->raw);
    if (!split) return;
    words = *split;
  }
  for (const std::string& word : words) {
    if (word == "-c" || word == "-m") return;
    if (word.starts_with('-')) continue;
    const auto inputs = job.list("transfer_input_files").value_or(std::vector<std::string>{});
    std::string name = word;
    for (const std::string& input : inputs)
      if (arrival_name(input) == plain_name(word)) name = input;
    const Program& program = look(job.on_disk(name), name, executable);
    if (program.kind == ProgramKind::missing || program.kind == ProgramKind::folder) return;
    programs.push_back(program);
    programs.back().is_main = true;
    return;
  }
}

bool ProgramFinder::is_named_by(const Program& program, const std::filesystem::path& file) {
  if (program.kind == ProgramKind::python && program.python.imports_module(file.stem().string()))
    return true;
  return program.text.find(file.filename().string()) != std::string::npos;
}

std::vector<Program> ProgramFinder::find(const Job& job) {
  std::vector<Program> programs;
  if (input_.files == nullptr) return programs;
  add_main(job, programs);
  if (programs.empty()) return programs;
  // What the programs so far name, of what comes along.
  const auto inputs = job.list("transfer_input_files").value_or(std::vector<std::string>{});
  std::set<std::string> taken;
  for (bool grows = true; grows;) {
    grows = false;
    for (const std::string& input : inputs) {
      if (taken.contains(input) || input.find("://") != input.npos || input.ends_with('/'))
        continue;
      const std::filesystem::path file(input);
      const bool is_named =
          job.text("arguments").find(file.filename().string()) != std::string::npos ||
          std::any_of(programs.begin(), programs.end(),
                      [&file](const Program& program) { return is_named_by(program, file); });
      if (!is_named) continue;
      taken.insert(input);
      const Program& program = look(job.on_disk(input), input, {});
      // Text without #! and known ending is data; so is what does not execute.
      if (!program.is_script() && program.kind != ProgramKind::elf) continue;
      if (program.path == programs.front().path) continue;
      programs.push_back(program);
      programs.back().is_main = false;
      grows = true;
    }
  }
  return programs;
}

// ---- the world, looked at and not touched

class QuietWorld final : public SubmitWorld {
 public:
  explicit QuietWorld(SubmitWorld* world) : world_(world) {}
  const std::optional<std::string>& unknown_text() const { return unknown_text_; }

  Result<std::string> read(const std::string& path) override {
    if (world_ != nullptr) return world_->read(path);
    return unknown(path);
  }
  Status write(const std::string&, const std::string&) override { return {}; }
  Result<std::string> read_stdin() override { return unknown("stdin"); }
  Result<std::string> output_of(const std::vector<std::string>& command) override {
    return unknown(join(command, " "));
  }
  std::vector<Match> glob(const std::string& pattern) override {
    return world_ == nullptr ? std::vector<Match>() : world_->glob(pattern);
  }
  std::optional<FileFacts> look_at(const std::string& path) override {
    return world_ == nullptr ? std::nullopt : world_->look_at(path);
  }
  std::optional<std::string> variable(const std::string& name) override {
    return world_ == nullptr ? std::nullopt : world_->variable(name);
  }
  std::vector<std::pair<std::string, std::string>> environment() override {
    return world_ == nullptr ? decltype(environment())() : world_->environment();
  }
  std::uint64_t random() override { return 0; }

 private:
  Error unknown(const std::string& what) {
    unknown_text_ = what;
    return {Errc::unsupported, cat("what ", what, " gives is not known here"), 0, ""};
  }
  SubmitWorld* world_;
  std::optional<std::string> unknown_text_;
};

// ---- files that several jobs write

std::string place_of(const JobAd& ad, std::string_view file) {
  return (std::filesystem::path(ad.get_string("Iwd").value_or("")) / file)
      .lexically_normal()
      .string();
}

bool has_remap(const JobAd& ad) { return ad.get("TransferOutputRemaps").has_value(); }

void find_shared(Subject& subject, const std::vector<JobAd>& ads) {
  if (ads.size() < 2 || subject.jobs.empty()) return;
  const Job& first = subject.jobs.front();
  struct Stream {
    std::string_view command, attribute;
  };
  for (const Stream& stream : {Stream{"output", "Out"}, Stream{"error", "Err"}}) {
    std::map<std::string, std::size_t> counts;
    std::map<std::string, std::string> names;
    for (const JobAd& ad : ads) {
      const std::string file = ad.get_string(stream.attribute).value_or("");
      if (file.empty() || file == "/dev/null") continue;
      const std::string place = place_of(ad, file);
      ++counts[place];
      names[place] = file;
    }
    for (const auto& [place, count] : counts)
      if (count > 1)
        subject.shared.push_back(
            {std::string(stream.command), names[place], first.line(stream.command), count});
  }
  std::map<std::string, std::size_t> counts;
  std::map<std::string, std::string> names;
  for (const JobAd& ad : ads) {
    if (has_remap(ad)) continue;
    for (const std::string& entry : split_list(ad.get_string("TransferOutput").value_or(""))) {
      const std::string place = place_of(ad, arrival_name(entry));
      ++counts[place];
      names[place] = entry;
    }
  }
  for (const auto& [place, count] : counts)
    if (count > 1)
      subject.shared.push_back(
          {"transfer_output_files", names[place], first.line("transfer_output_files"), count});
}

}  // namespace

Subject read_subject(const LintInput& input) {
  Subject subject{.input = input};
  SubmitContext context;
  context.file = input.file;
  context.directory = input.directory;
  QuietWorld world(input.world.get());
  context.world = &world;
  context.checks_files = false;
  context.each_job = [&subject, &input](int proc, int queue_line, const Macros& macros) {
    ++subject.jobs_in_all;
    if (subject.jobs.size() < static_cast<std::size_t>(kJobsLookedAt))
      subject.jobs.emplace_back(input, commands_of(macros), proc, queue_line);
  };
  auto submission = parse_submit_file(input.text, context);
  if (!submission) {
    auto [line, text] = split_place(submission.error().message, input.file);
    subject.refused_line = line;
    subject.refused = submission.error();
    subject.refused->message = std::move(text);
    subject.unknown_text = world.unknown_text();
  } else {
    for (const SubmitWarning& warning : submission->warnings)
      subject.warnings.push_back({warning.line, split_place(warning.text, input.file).second});
  }
  ProgramFinder finder(input);
  for (Job& job : subject.jobs) job.set_programs(finder.find(job));
  if (submission) find_shared(subject, submission->jobs());
  return subject;
}

}  // namespace cairn::lint
