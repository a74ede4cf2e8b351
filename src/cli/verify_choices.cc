#include "cli/verify_choices.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <random>
#include <tuple>

#include "base/text.h"
#include "base/try.h"
#include "base/units.h"
#include "cli/verb.h"
#include "engine/machine.h"
#include "engine/sandbox.h"
#include "job/arguments.h"
#include "job/job_spec.h"
#include "job/match.h"
#include "job/policy.h"
#include "submit/number.h"

namespace cairn::cli {
namespace {

namespace stdfs = std::filesystem;
using verify::Property;
using verify::VerifyOptions;

Error usage(std::string what, std::string hint) {
  return {Errc::invalid, std::move(what), 0, std::move(hint)};
}

// ---- the jobs

// A job of a submit file, or of the command line.
struct Item {
  JobAd ad;
  JobSpec job;
  std::string name;  // "sweep.sub" or "sweep.sub, job 2 of 3"
};

// What a command prints is part of its result; it is compared, and put nowhere.
Path stream_file(int, const char* stream) {
  return std::string("std") + (*stream == 'o' ? "out" : "err");
}

Result<std::vector<Item>> items_of(const JobSource& source) {
  CAIRN_TRY(const Submission submission, source.ads(1, std::time(nullptr)));
  for (const SubmitWarning& warning : submission.warnings) complain("warning: " + warning.text);
  if (submission.empty())
    return usage(source.file() + " queues no job", "end it with a line: queue");
  std::vector<Item> items;
  const classad::Ad machine = to_classad(machine_ad(this_machine("/"), host_name()));
  for (const JobAd& written : submission.jobs()) {
    CAIRN_CHECK(check_runs_here(written));
    CAIRN_TRY(JobAd ad, fill_in_match(written, machine, std::time(nullptr)));
    CAIRN_TRY(JobSpec job, job_spec(ad));
    std::string name = submission.size() == 1 ? source.file()
                                              : fmt::format("{}, job {} of {}", source.file(),
                                                            items.size(), submission.size());
    items.push_back({std::move(ad), std::move(job), std::move(name)});
  }
  return items;
}

Result<std::vector<Item>> items_of(const std::string& submit_file) {
  CAIRN_TRY(const auto source, open_submit_file({.file = submit_file}));
  return items_of(*source);
}

// What is sure to fail is said before anything runs.
Status check_files(const Item& item) {
  const Path& folder = item.job.initial_directory;
  const Path program = folder / item.job.executable;
  const bool is_ours = item.job.transfer_executable || item.job.executable.is_absolute();
  std::error_code unknown;
  if (is_ours && !stdfs::is_regular_file(program, unknown))
    return Error{Errc::not_found,
                 fmt::format("{}: there is no program {}", item.name, program.native()), 0,
                 "build it first, or correct its name"};
  std::vector<std::string> inputs = item.job.input_files;
  if (!item.job.input.empty()) inputs.push_back(item.job.input.native());
  for (const std::string& input : inputs)
    if (!stdfs::exists(folder / input, unknown))
      return Error{Errc::not_found,
                   fmt::format("{}: there is no input {}", item.name, (folder / input).native()), 0,
                   "make it first, or leave it out of the job's inputs"};
  return {};
}

// Without these there is nothing to try.
Status check_promise(const Item& item, bool is_command) {
  const JobSpec& job = item.job;
  if (!job.transfer_files)
    return usage(item.name + ": with should_transfer_files = NO a job works in its own folder",
                 "say YES and list its files, so that it can be tried elsewhere");
  if (job.want_checkpoint_transfer && (job.checkpoint_exit_code || job.checkpoint_exit_signal))
    return {};
  return usage(item.name + ": no exit of this job says that it has a checkpoint",
               is_command ? "add --checkpoint-exit-code 77 and --checkpoint-files FILES"
                          : "add lines: checkpoint_exit_code = 77 and transfer_checkpoint_files = "
                            "FILES");
}

// `python3 -B walk.py 60 7`: what comes before the script's own arguments, if an input is one.
Arguments interpreter_words(const JobSpec& job) {
  static constexpr std::array<std::string_view, 9> kInterpreters = {
      "python", "bash", "sh", "perl", "Rscript", "julia", "ruby", "lua", "octave"};
  const std::string program = job.executable.filename();
  if (std::none_of(kInterpreters.begin(), kInterpreters.end(),
                   [&](std::string_view name) { return program.starts_with(name); }))
    return {};
  const auto is_input = [&](const std::string& word) {
    return std::any_of(job.input_files.begin(), job.input_files.end(), [&](const auto& input) {
      return Path(input).filename() == Path(word).filename();
    });
  };
  const auto script = std::find_if(job.arguments.begin(), job.arguments.end(), is_input);
  if (script == job.arguments.end()) return {};
  return {job.arguments.begin(), script + 1};
}

// The arguments of a script are meant, unless its name is among them.
Result<Item> with_arguments(Item item, const std::string& arguments) {
  CAIRN_TRY(const Unquoted unquoted, unquote_arguments(arguments));
  Arguments words = split_v1(unquoted.raw);
  if (unquoted.v2) {
    CAIRN_TRY(words, split_v2(unquoted.raw));
  }
  const Arguments script = interpreter_words(item.job);
  if (!script.empty() && std::find(words.begin(), words.end(), script.back()) == words.end())
    words.insert(words.begin(), script.begin(), script.end());
  item.ad.erase("Args");
  item.ad.set_string("Arguments", join_v2(words));
  item.job.arguments = std::move(words);
  return item;
}

// Whether a checkpoint of the one is foreign to the other.
bool differ(const JobSpec& left, const JobSpec& right) {
  const auto facts = [](const JobSpec& job) {
    return std::tie(job.arguments, job.environment, job.input_files, job.input,
                    job.initial_directory);
  };
  return facts(left) != facts(right);
}

std::optional<JobAd> first_other(const std::vector<Item>& items, const JobSpec& job) {
  for (const Item& item : items)
    if (differ(item.job, job)) return item.ad;
  return std::nullopt;
}

// ---- what was chosen

class Reader {
 public:
  explicit Reader(const VerifyChoices& choices) : choices_(choices) {}
  Result<VerifyOptions> read();

 private:
  Status read_choices();
  Status read_only();
  Status read_jobs();
  Status read_reference(const Item& item);
  Status read_other(const std::vector<Item>& items, const Item& item);
  Status choose_scratch(const Item& item);

  const VerifyChoices& choices_;
  VerifyOptions options_;
};

Status check_report_file(const std::string& file) {
  if (file.empty()) return {};
  const Path folder = folder_of(file);
  std::error_code unknown;
  if (!stdfs::is_directory(folder, unknown))
    return Error{Errc::not_found,
                 fmt::format("there is no folder {} for {}", folder.native(), file), 0,
                 "make it first"};
  if (::access(folder.c_str(), W_OK) != 0) return system_error("write to", folder, errno);
  if (stdfs::is_directory(file, unknown)) return usage(file + " is a folder", "name a file in it");
  return {};
}

Status check_choices(const VerifyChoices& choices) {
  CAIRN_CHECK(check(choices.job, "verify"));
  const std::string& command = choices.compare;
  if (!command.empty() && (command.find("{reference}") == std::string::npos ||
                           command.find("{candidate}") == std::string::npos))
    return usage("--compare names only one of the two results",
                 "write both into it: --compare 'diff -r {reference} {candidate}'");
  if (!(choices.tolerance >= 0))
    return usage("--tolerance is not 0 or more", "give a small share: --tolerance 1e-9");
  CAIRN_CHECK(check_report_file(choices.junit));
  return check_report_file(choices.html);
}

Status Reader::read_only() {
  if (!choices_.only) return {};
  std::vector<std::string_view> names;
  for (int i = 0; i < verify::kProperties; ++i) names.push_back(name_of(static_cast<Property>(i)));
  for (const std::string& name : split_list(*choices_.only)) {
    const auto property = verify::parse_property(name);
    if (!property) {
      const auto meant = nearest(name, names);
      return usage(fmt::format("--only: there is no property {}", name),
                   meant ? fmt::format("did you mean {}?", *meant)
                         : fmt::format("there are {}", fmt::join(names, ", ")));
    }
    options_.only.insert(*property);
  }
  if (options_.only.empty())
    return usage("--only names no property", fmt::format("there are {}", fmt::join(names, ", ")));
  return {};
}

Status Reader::read_choices() {
  CAIRN_CHECK(read_only());
  if (choices_.cut && options_.only.size() != 1)
    return usage("--cut is a cut of one property", "name it: --only killed --cut 17");
  options_.cut = choices_.cut;
  options_.level = choices_.quick      ? verify::Level::quick
                   : choices_.thorough ? verify::Level::thorough
                                       : verify::Level::standard;
  // To name the property is to ask for it.
  options_.power_cut = choices_.power_cut || options_.only.contains(Property::power_cut);
  const auto seed = parse_integer(choices_.seed);
  if (!seed || *seed < 0)
    return usage(fmt::format("--seed: {} is no whole number", choices_.seed), "give one: --seed 5");
  options_.seed = static_cast<std::uint64_t>(*seed);
  options_.comparison = {choices_.tolerance, choices_.ignored, choices_.compare};
  if (choices_.checkpoint_max) {
    const auto bytes = parse_size(*choices_.checkpoint_max, 1);
    if (!bytes || *bytes <= 0)
      return usage(fmt::format("--checkpoint-max: {} is no size", *choices_.checkpoint_max),
                   "give one: --checkpoint-max 200MB");
    options_.checkpoint_max = static_cast<std::uint64_t>(*bytes);
  }
  options_.jobs = choices_.jobs;
  options_.keep = choices_.keep;
  CAIRN_TRY(options_.time_limit, parse_duration(choices_.time_limit));
  if (options_.time_limit.count() <= 0)
    return usage("--time-limit leaves no time", "give one: --time-limit 2h");
  return {};
}

// "./sweep 0 20000"
std::string words_of(const JobSpec& job) {
  const Path& folder = job.initial_directory;
  const Path inside = (folder / job.executable).lexically_normal().lexically_relative(folder);
  std::string text =
      inside.empty() || *inside.begin() == ".." ? job.executable.native() : "./" + inside.native();
  for (const std::string& argument : job.arguments) text += ' ' + shell_word(argument);
  return text;
}

Status Reader::read_jobs() {
  CAIRN_TRY(const auto source, open_source(choices_.job, stream_file));
  CAIRN_TRY(const std::vector<Item> items, items_of(*source));
  if (choices_.item < 0 || choices_.item >= std::ssize(items))
    return usage(fmt::format("there is no job {} in {}", choices_.item, source->file()),
                 items.size() == 1
                     ? "it queues one, job 0"
                     : fmt::format("it queues {}, from 0 to {}", items.size(), items.size() - 1));
  const Item& item = items.at(static_cast<std::size_t>(choices_.item));
  CAIRN_CHECK(check_promise(item, !choices_.job.command.empty()));
  CAIRN_CHECK(check_files(item));
  options_.job = item.ad;
  options_.name =
      choices_.job.command.empty() ? item.name + ": " + words_of(item.job) : words_of(item.job);
  CAIRN_CHECK(read_reference(item));
  CAIRN_CHECK(read_other(items, item));
  return choose_scratch(item);
}

Status Reader::read_reference(const Item& item) {
  if (choices_.reference_arguments) {
    CAIRN_TRY(Item reference, with_arguments(item, *choices_.reference_arguments));
    options_.reference = std::move(reference.ad);
  }
  if (choices_.reference.empty()) return {};
  CAIRN_TRY(const std::vector<Item> items, items_of(choices_.reference));
  const auto index = items.size() == 1 ? 0 : static_cast<std::size_t>(choices_.item);
  if (index >= items.size())
    return usage(fmt::format("{} queues {} jobs; which is the reference of job {}?",
                             choices_.reference, items.size(), choices_.item),
                 "let it queue one, or as many as there are");
  CAIRN_CHECK(check_files(items[index]));
  options_.reference = items[index].ad;
  return {};
}

Status Reader::read_other(const std::vector<Item>& items, const Item& item) {
  if (!choices_.other) {
    options_.other = first_other(items, item.job);
    options_.why_no_other =
        items.size() == 1
            ? "there is no other job to take a checkpoint from; give --other 'ARGUMENTS' or "
              "--other OTHER.sub"
            : "all jobs have the same arguments, environment and inputs; give --other 'ARGUMENTS'";
    return {};
  }
  // A word of that ending which is an argument is written '"word.sub"'.
  const bool is_file =
      choices_.other->ends_with(".sub") && choices_.other->find(' ') == std::string::npos;
  std::error_code unknown;
  if (is_file || stdfs::is_regular_file(*choices_.other, unknown)) {
    CAIRN_TRY(const std::vector<Item> others, items_of(*choices_.other));
    for (const Item& other : others) CAIRN_CHECK(check_files(other));
    options_.other = first_other(others, item.job);
  } else {
    CAIRN_TRY(const Item other, with_arguments(item, *choices_.other));
    options_.other = first_other({other}, item.job);
  }
  if (!options_.other)
    return usage("--other gives the job that is verified",
                 "give other arguments, so that its checkpoint is foreign");
  return {};
}

// A name of its own in the folder for it; verify() makes it.
Status Reader::choose_scratch(const Item& item) {
  const char* const temporary = std::getenv("TMPDIR");
  const std::string wanted = !choices_.scratch.empty()                    ? choices_.scratch
                             : temporary != nullptr && *temporary != '\0' ? temporary
                                                                          : "/tmp";
  std::error_code failure;
  const Path folder = stdfs::canonical(wanted, failure);
  if (failure || !stdfs::is_directory(folder, failure))
    return Error{Errc::not_found, "there is no folder " + wanted + " to work in", 0,
                 "make it, or give another: --scratch DIR"};
  if (::access(folder.c_str(), W_OK) != 0) return system_error("write to", folder, errno);
  std::random_device random;
  do options_.scratch = folder / fmt::format("cairn-verify-{:06x}", random() & 0xFFFFFFU);
  while (stdfs::exists(options_.scratch, failure));
  Status apart = check_inputs(item.job, options_.scratch);
  if (apart) return apart;
  return usage(apart.error().message, "give a folder outside of it: --scratch DIR");
}

Result<VerifyOptions> Reader::read() {
  CAIRN_CHECK(check_choices(choices_));
  CAIRN_CHECK(read_choices());
  CAIRN_CHECK(read_jobs());
  return std::move(options_);
}

}  // namespace

Result<VerifyOptions> verify_options(const VerifyChoices& choices) {
  return Reader(choices).read();
}

}  // namespace cairn::cli
