#include "wrap/command_line.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstdlib>
#include <iostream>
#include <memory>

#include "base/signal_names.h"
#include "base/text.h"
#include "base/try.h"
#include "base/units.h"
#include "session/environment.h"
#include "session/promise.h"
#include "wrap/capsule.h"
#include "wrap/criu.h"
#include "wrap/file_set.h"
#include "wrap/program.h"
#include "wrap/recipe.h"
#include "wrap/transparent.h"
#include "wrap/wrapper.h"

namespace cairn::wrap {

const char* const kSummary = "Runs a program that does not know the contract under it";
const char* const kFooter =
    "Exit status: the checkpoint exit code (of the job, else 77) with a checkpoint; else the\n"
    "  program's own; 1 it makes no good checkpoint, stalls, or ends unfinished;\n"
    "  2 wrong usage; 125 the wrapper failed; 126, 127 the program cannot be run.\n"
    "Examples: cairn wrap --recipe gromacs --every 1h -- gmx mdrun -deffnm md\n"
    "          cairn wrap --checkpoint-files state.dat --every 1h --resume-args -r -- ./model in";

namespace {

constexpr int kWrongUsage = 2;
constexpr std::array<std::string_view, 10> kWordOptions = {
    "--resume-args",   "--start-args",   "--limit-args", "--resume-command", "--prepare",
    "--start-command", "--stop-command", "--check",      "--input-check",    "--command"};

// As they are written.
struct Words {
  std::string recipe, show_recipe;
  bool list_recipes = false;
  std::vector<std::string> checkpoint_files, optional_files, open_files, rollback, stall_files;
  std::string folder = "wrap.ckpt", identity;
  bool adopt = false;
  int keep = 2, stall_restarts = 3, exit_code = 0;
  std::vector<int> saved_codes;
  std::string every, deadline, settle = "2s", grace, stall, crash_within = "10s";
  std::string stop_command, start_command, command;
  bool transparent = false;
  bool when_renewed = false, signal_group = false, quiet = false, freeze = false;
  std::string stop_signal, stop_file;
  std::string check, input_check, resume_when, start_args, resume_args, resume_command, limit_args,
      prepare, finished_when, private_home;
};

Error usage(std::string what, std::string hint) {
  return {Errc::invalid, std::move(what), 0, std::move(hint)};
}

void say(const std::string& text) {
  std::string line = "cairn wrap: ";
  for (const char letter : text) line += letter == '\n' ? ' ' : letter;
  line += '\n';
  // One write, so that it does not mix with the program's lines.
  static_cast<void>(!::write(STDERR_FILENO, line.data(), line.size()));
}

Path user_folder() {
  if (const char* config = ::getenv("XDG_CONFIG_HOME"); config != nullptr && *config == '/')
    return Path(config) / "cairn/recipes";
  const char* const home = ::getenv("HOME");
  return home == nullptr ? Path() : Path(home) / ".config/cairn/recipes";
}

// ---- recipe

Status apply(const Recipe& recipe, const std::string& place, CLI::App& app) {
  for (const auto& [key, values] : recipe.settings) {
    CLI::Option* const option = app.get_option_no_throw("--" + key);
    if (option == nullptr || key == "recipe") {
      std::vector<std::string> names;
      for (const CLI::Option* one : app.get_options()) names.push_back(one->get_single_name());
      const auto near = nearest(key, {names.begin(), names.end()});
      return usage(cat("recipe ", recipe.name, " (", place, "): there is no option ", key),
                   near ? cat("write ", *near, ", if that was meant")
                        : std::string("see cairn wrap --help"));
    }
    if (option->count() > 0) continue;
    try {
      for (const std::string& value : values) option->add_result(value);
      option->run_callback();
    } catch (const CLI::Error& problem) {
      return usage(cat("recipe ", recipe.name, " (", place, "): ", problem.what()), "correct it");
    }
  }
  return {};
}

Status apply_recipe(const std::string& name, const std::vector<std::string>& program,
                    CLI::App& app) {
  CAIRN_TRY(const RecipeSource source, find_recipe(name, user_folder()));
  CAIRN_TRY(const Recipe recipe, read_recipe(source.name, source.text));
  const std::string called = Path(program.front()).filename();
  const auto is_known = [&](const std::string& word) {
    return std::find(recipe.programs.begin(), recipe.programs.end(), Path(word).filename()) !=
           recipe.programs.end();
  };
  // Or a later word is, which a launcher starts: mpirun -n 4 lmp.
  if (!recipe.programs.empty() && std::none_of(program.begin(), program.end(), is_known))
    say(cat("note: recipe ", recipe.name, " is made for ", join(recipe.programs, ", "),
            ", not for ", called));
  return apply(recipe, source.place, app);
}

int list_recipes() {
  for (const RecipeSource& source : all_recipes(user_folder())) {
    const auto recipe = read_recipe(source.name, source.text);
    std::string line = source.name;
    line.resize(std::max<std::size_t>(line.size() + 2, 16), ' ');
    std::cout << line << (recipe ? recipe->summary : recipe.error().message)
              << (source.place == kBuiltIn ? "" : cat("  (", source.place, ")")) << '\n';
  }
  return 0;
}

// ---- from words to options

Result<std::optional<Milliseconds>> duration(const std::string& text, const char* option) {
  if (text.empty()) return std::optional<Milliseconds>();
  auto parsed = parse_duration(text);
  if (!parsed || parsed->count() <= 0)
    return usage(cat(option, " ", text, " is no duration"), "write 30m, 1h, 90s");
  return std::optional(*parsed);
}

// As HTCondor's starter writes it: the code, and the signal that asks a job to leave.
std::optional<int> ad_signal() {
  const char* const path = ::getenv("_CONDOR_JOB_AD");
  if (path == nullptr) return {};
  PosixFileSystem files;
  const auto ad = read_file(files, path);
  if (!ad) return {};
  std::string value(value_in_job_ad(*ad, "KillSig").value_or(""));
  std::erase(value, '"');
  return parse_signal(value);
}

Result<std::vector<std::string>> expand_all(const std::vector<std::string>& texts,
                                            const Meanings& known) {
  std::vector<std::string> all;
  for (const std::string& text : texts) {
    CAIRN_TRY(const std::string whole, expand(text, known));
    for (const std::string& one : split_list(whole)) all.push_back(one);
  }
  return all;
}

Status check(const WrapOptions& options) {
  if (options.checkpoint_files.empty() && options.optional_files.empty())
    return usage("nothing says what a checkpoint of this program consists of",
                 "name its files: --checkpoint-files FILES; or take a --recipe");
  if (options.keep < 1) return usage("--keep must be at least 1", "2 is a good number");
  if (options.exit_code < 1 || options.exit_code > 255)
    return usage(cat("--exit-code ", options.exit_code, " is none"), "1 to 255; usual is 77");
  if (!options.limit_args.empty() && options.finished_when.empty())
    return usage("with --limit-args the program ends by itself before it has finished",
                 "say how to know that it has: --finished-when FILE, or 'FILE: TEXT'");
  if (!options.private_home.empty()) CAIRN_CHECK(check_pattern(options.private_home));
  if (options.stop == StopMethod::file && options.stop_file.empty())
    return usage("--stop-file is empty", "name the file that ends the program");
  return {};
}

Result<WrapOptions> options_of(const Words& words, const std::vector<std::string>& program) {
  WrapOptions options;
  options.program = program;
  PosixFileSystem files;
  const Meanings known{.program = program, .remaining_seconds = {}, .file = content_of};
  CAIRN_TRY(options.checkpoint_files, expand_all(words.checkpoint_files, known));
  CAIRN_TRY(options.optional_files, expand_all(words.optional_files, known));
  CAIRN_TRY(options.open_files, expand_all(words.open_files, known));
  CAIRN_TRY(options.rollback, expand_all(words.rollback, known));
  CAIRN_TRY(options.stall_files, expand_all(words.stall_files, known));
  options.folder = words.folder;
  options.keep = words.keep;
  options.adopt = words.adopt;
  options.saved_codes = words.saved_codes;
  options.identity = words.identity;
  CAIRN_TRY(options.every, duration(words.every, "--every"));
  CAIRN_TRY(options.deadline, duration(words.deadline, "--deadline"));
  CAIRN_TRY(options.stall, duration(words.stall, "--stall"));
  CAIRN_TRY(const auto settle, duration(words.settle, "--settle"));
  CAIRN_TRY(const auto grace, duration(words.grace, "--grace"));
  CAIRN_TRY(const auto crash_within, duration(words.crash_within, "--crash-within"));
  options.settle = settle.value_or(options.settle);
  options.grace = grace.value_or(options.grace);
  options.crash_within = crash_within.value_or(options.crash_within);
  options.when_renewed = words.when_renewed || words.freeze;
  options.stop = words.freeze                  ? StopMethod::freeze
                 : !words.stop_command.empty() ? StopMethod::command
                 : !words.stop_file.empty()    ? StopMethod::file
                                               : StopMethod::signal;
  if (!words.stop_signal.empty()) {
    const auto signal = parse_signal(words.stop_signal);
    if (!signal)
      return usage(cat("--stop-signal ", words.stop_signal, " is no signal"),
                   "write TERM, INT, USR1, or a number");
    options.stop_signal = *signal;
  }
  options.signal_group = words.signal_group;
  CAIRN_TRY(options.stop_file, expand(words.stop_file, known));
  options.stop_command = words.stop_command;
  options.command = words.command;
  options.start_command = words.start_command;
  CAIRN_TRY(options.check, expand(words.check, known));
  CAIRN_TRY(options.input_check, expand(words.input_check, known));
  options.resume_when = words.resume_when;
  options.start_args = words.start_args;
  options.resume_args = words.resume_args;
  options.resume_command = words.resume_command;
  options.limit_args = words.limit_args;
  options.prepare = words.prepare;
  options.finished_when = words.finished_when;
  options.private_home = words.private_home;
  options.stall_restarts = words.stall_restarts;
  options.quiet = words.quiet;
  if (const auto signal = ad_signal()) options.vacate_signals.push_back(*signal);
  options.exit_code =
      words.exit_code != 0
          ? words.exit_code
          : promised_exit_code(files, Environment::of_process()).value_or(options.exit_code);
  if (words.transparent) {
    if (!words.checkpoint_files.empty() || !words.optional_files.empty() || words.freeze ||
        !words.stop_command.empty() || !words.stop_file.empty() || !words.stop_signal.empty() ||
        words.when_renewed)
      return usage("--transparent saves all of the program by itself",
                   "leave out what says how it is ended, and which files are taken");
    options.checkpoint_files = {kImages};
  }
  CAIRN_CHECK(check(options));
  return options;
}

// ---- running

int run(const Words& words, const std::vector<std::string>& program, CLI::App& app) {
  if (words.list_recipes) return list_recipes();
  if (!words.show_recipe.empty()) {
    const auto source = find_recipe(words.show_recipe, user_folder());
    if (!source) return say(source.error().text()), kWrongUsage;
    std::cout << source->text;
    return 0;
  }
  if (program.empty()) {
    say("which program? write it behind --: cairn wrap [OPTIONS] -- PROGRAM [ARGUMENTS]");
    return kWrongUsage;
  }
  if (!words.recipe.empty()) {
    if (auto done = apply_recipe(words.recipe, program, app); !done)
      return say(done.error().text()), kWrongUsage;
  }
  auto options = options_of(words, program);
  if (!options) return say(options.error().text()), kWrongUsage;
  if (words.transparent)
    if (const auto can = make_transparent(*options); !can) return say(can.error().text()), kFailed;
  PosixFileSystem files;
  Wrapper::Exit exit;
  {
    Wrapper wrapper(files, *options, say);
    const auto done = wrapper.run();
    if (!done) {
      say(done.error().text());
      if (done.error().code == Errc::invalid) return kWrongUsage;
      if (options->stop == StopMethod::image && done.error().code == Errc::unsupported)
        return kFailed;
      return wrapper.failed_to_start()
                 ? (done.error().code == Errc::not_found ? kNotFound : kNotExecutable)
                 : kFailed;
    }
    exit = *done;
  }
  if (exit.signal != 0) {
    die_outside(exit.signal);
    end_by_signal(exit.signal);
  }
  return exit.code;
}

void declare_options(CLI::App& app, Words& words) {
  const auto list = [&](const char* name, std::vector<std::string>& into, const char* help) {
    app.add_option(name, into, help)->delimiter(',')->type_name("FILES");
  };
  const auto text = [&](const char* name, std::string& into, const char* type, const char* help) {
    app.add_option(name, into, help)->type_name(type);
  };
  text("--recipe", words.recipe, "NAME",
       "The options for a well-known program; a path with a /: a file");
  app.add_flag("--list-recipes", words.list_recipes, "What there is");
  text("--show-recipe", words.show_recipe, "NAME", "Its text, to read or to change");

  list("--checkpoint-files", words.checkpoint_files,
       "What a checkpoint consists of: names with * ? [ ], folders with all in them");
  list("--optional-files", words.optional_files, "Taken with it if they are there");
  list("--open-files", words.open_files,
       "Taken with it, although the program writes to them: it cuts them back by itself");
  list("--rollback", words.rollback,
       "Output that the program appends to: cut back to the checkpoint");
  text("--folder", words.folder, "FOLDER", "Where the checkpoints are kept (wrap.ckpt)");
  app.add_option("--keep", words.keep, "So many checkpoints (2)")->type_name("N");
  app.add_flag("--adopt", words.adopt,
               "Files that are there at the first start are a state: it goes on from it");
  text("--identity", words.identity, "TEXT", "What a checkpoint belongs to, besides the command");
  text("--check", words.check, "COMMAND", "A shell command that says by 0 that the files are good");
  text("--input-check", words.input_check, "COMMAND",
       "A shell command before all else: else than 0, and what it says is why it cannot be kept");

  text("--every", words.every, "TIME", "End the program for a checkpoint so long after its start");
  app.add_flag("--when-renewed", words.when_renewed,
               "Only when it has written its files anew (and --every, if given, is over)");
  text("--deadline", words.deadline, "TIME",
       "End it so long after the wrapper's start, come what may");
  text("--settle", words.settle, "TIME",
       "How long its files must be at rest to count as written (2s)");

  text("--stop-signal", words.stop_signal, "SIGNAL", "What makes it save and end (TERM)");
  app.add_flag("--signal-group", words.signal_group,
               "To all of its processes, not to the first alone");
  text("--stop-file", words.stop_file, "FILE", "It saves and ends when this file is there");
  text("--stop-command", words.stop_command, "COMMAND",
       "A shell command that makes it save and end; {pid} is the program's");
  app.add_flag("--freeze", words.freeze,
               "It saves by itself: stop it in between, take its files, kill it");
  text("--grace", words.grace, "TIME", "How long it may take to end (10m)");

  app.add_option("--saved-codes", words.saved_codes,
                 "Exit codes with which it has saved when it was asked to end (any)")
      ->delimiter(',')
      ->type_name("CODES");

  text("--resume-when", words.resume_when, "FILES",
       "It goes on if one is there (default: there is a checkpoint)");
  text("--resume-args", words.resume_args, "ARGS", "Added when it goes on");
  text("--start-args", words.start_args, "ARGS", "Added when it starts from the beginning");
  text("--command", words.command, "COMMAND", "Instead of the whole command, always");
  text("--start-command", words.start_command, "COMMAND",
       "Instead of the whole command when it starts from the beginning");
  text("--resume-command", words.resume_command, "COMMAND",
       "Instead of the whole command when it goes on");
  text("--limit-args", words.limit_args, "ARGS",
       "Added always: its own limit, as '-maxh {remaining_hours}'");
  text("--prepare", words.prepare, "COMMAND", "A shell command before it goes on");
  text("--private-home", words.private_home, "FOLDER",
       "A folder that it takes for the user's home, by HOME and by getpwuid()");
  text("--finished-when", words.finished_when, "FILE[: TEXT]",
       "It has finished when the file is there, and the text in it");

  app.add_flag("--transparent", words.transparent,
               "It cannot save: the whole process is saved from outside (CRIU, DMTCP)");
  text("--stall", words.stall, "TIME",
       "Start it again when nothing of its output grows for so long");
  list("--stall-files", words.stall_files, "What else grows");
  app.add_option("--stall-restarts", words.stall_restarts, "So often at most (3)")->type_name("N");
  text("--crash-within", words.crash_within, "TIME",
       "A failure so soon after going on: the checkpoint before is tried (10s)");
  app.add_option("--exit-code", words.exit_code, "With a checkpoint (that of the job, else 77)")
      ->type_name("N");
  app.add_flag("--quiet", words.quiet, "Say only what goes wrong");
}

}  // namespace

std::function<int()> declare(CLI::App& app, const std::vector<std::string>& program) {
  const auto words = std::make_shared<Words>();
  declare_options(app, *words);
  return [words, program, &app] { return run(*words, program, app); };
}

Result<std::vector<std::string>> files_to_transfer(std::vector<std::string> options,
                                                   const std::vector<std::string>& program) {
  CLI::App app(kSummary);
  Words words;
  declare_options(app, words);
  try {
    options = join_dashed_values(std::move(options));
    std::reverse(options.begin(), options.end());
    app.parse(options);
  } catch (const CLI::Error& problem) {
    return usage(cat("--wrap: ", problem.what()), "see cairn wrap --help");
  }
  if (!words.recipe.empty()) CAIRN_CHECK(apply_recipe(words.recipe, program, app));
  CAIRN_TRY(const WrapOptions wrapping, options_of(words, program));
  std::vector<std::string> files = {wrapping.folder};
  for (const std::string& output : wrapping.rollback) {
    if (output.find_first_of("*?[") != std::string::npos)
      return usage(cat("--rollback ", output, ": a transfer list takes no pattern"),
                   "name each file, or put it into --checkpoint-files");
    files.push_back(output);
  }
  return files;
}

Result<std::optional<std::string>> recipe_file(const std::string& name) {
  CAIRN_TRY(const RecipeSource source, find_recipe(name, user_folder()));
  if (source.place == kBuiltIn) return std::optional<std::string>();
  return std::optional(std::filesystem::absolute(source.place).lexically_normal().native());
}

std::vector<std::string> join_dashed_values(std::vector<std::string> words) {
  std::vector<std::string> joined;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const bool wants =
        std::find(kWordOptions.begin(), kWordOptions.end(), words[i]) != kWordOptions.end();
    if (wants && i + 1 < words.size() && words[i + 1].starts_with('-')) {
      joined.push_back(cat(words[i], "=", words[i + 1]));
      ++i;
    } else {
      joined.push_back(std::move(words[i]));
    }
  }
  return joined;
}

}  // namespace cairn::wrap
