#include "lint/program_facts.h"

#include <algorithm>
#include <cctype>
#include <set>

#include "base/text.h"

namespace cairn::lint {
namespace {

// Builtins, and tools that every system has: they neither run long nor save state.
const std::set<std::string_view>& tools() {
  static const std::set<std::string_view> names = {
      ":",       ".",         "[",           "[[",        "((",         "alias",    "bg",
      "break",   "builtin",   "case",        "cd",        "command",    "continue", "declare",
      "dirs",    "disown",    "echo",        "enable",    "eval",       "exit",     "export",
      "false",   "fg",        "getopts",     "hash",      "help",       "history",  "jobs",
      "kill",    "let",       "local",       "logout",    "mapfile",    "popd",     "printf",
      "pushd",   "pwd",       "read",        "readarray", "readonly",   "return",   "set",
      "shift",   "shopt",     "source",      "suspend",   "test",       "times",    "trap",
      "true",    "type",      "typeset",     "ulimit",    "umask",      "unalias",  "unset",
      "wait",    "awk",       "gawk",        "mawk",      "basename",   "base64",   "bc",
      "bunzip2", "bzip2",     "cat",         "chgrp",     "chmod",      "chown",    "cksum",
      "cmp",     "column",    "comm",        "cp",        "csplit",     "curl",     "cut",
      "date",    "dd",        "df",          "diff",      "dirname",    "du",       "egrep",
      "expand",  "expr",      "fgrep",       "file",      "find",       "flock",    "fmt",
      "fold",    "free",      "gpg",         "grep",      "gunzip",     "gzip",     "head",
      "hexdump", "hostname",  "iconv",       "id",        "install",    "join",     "jq",
      "less",    "ln",        "locale",      "logger",    "ls",         "lscpu",    "lsof",
      "md5sum",  "mkdir",     "mkfifo",      "mktemp",    "module",     "more",     "mount",
      "mv",      "nl",        "nproc",       "numfmt",    "nvidia-smi", "od",       "paste",
      "patch",   "pgrep",     "pkill",       "ps",        "readlink",   "realpath", "rename",
      "rev",     "rm",        "rmdir",       "rsync",     "scp",        "sed",      "seq",
      "sha1sum", "sha256sum", "sha512sum",   "shred",     "shuf",       "sleep",    "sort",
      "split",   "ssh",       "stat",        "strings",   "stty",       "sum",      "sync",
      "tac",     "tail",      "tar",         "tee",       "touch",      "tr",       "truncate",
      "tty",     "uname",     "unexpand",    "uniq",      "unlink",     "unzip",    "uptime",
      "wc",      "wget",      "which",       "who",       "whoami",     "xargs",    "xxd",
      "xz",      "yes",       "zcat",        "zip",       "zstd",       "git",      "conda",
      "pip",     "pip3",      "ldd",         "printenv",  "top",        "vmstat",   "lsblk",
      "uuidgen", "getconf",   "condor_chirp"};
  return names;
}

bool is_interpreter(std::string_view base) {
  for (const std::string_view prefix : {"python", "pypy"})
    if (base.starts_with(prefix)) return true;
  for (const std::string_view name : {"perl", "Rscript", "R", "julia", "java", "ruby", "node",
                                      "octave", "matlab", "bash", "sh", "dash", "zsh", "ksh"})
    if (base == name) return true;
  return false;
}

bool is_system_tool(const std::string& word) {
  if (word.starts_with("/bin/") || word.starts_with("/usr/bin/"))
    return tools().contains(std::filesystem::path(word).filename().string());
  return false;
}

// Past the words of `timeout -k 5 4h`, `nice -n 10`, `env A=b`, `mpirun -n 4`.
std::size_t behind_options(const ShellCommand& command, std::size_t at,
                           std::string_view with_value) {
  while (at < command.words.size() && command.words[at].text.starts_with('-') &&
         command.words[at].text.size() > 1) {
    const std::string& option = command.words[at].text;
    const bool takes_value = option.size() == 2 && with_value.find(option[1]) != with_value.npos;
    at += takes_value ? 2 : 1;
  }
  return at;
}

std::optional<ShellRun> run_of(const ShellScript& script, const ShellCommand& command) {
  ShellRun run;
  std::size_t at = 0;
  const auto word = [&command](std::size_t index) {
    return index < command.words.size() ? command.words[index].text : std::string();
  };
  while (at < command.words.size()) {
    const std::string& name = command.words[at].text;
    if (name == "exec") {
      run.by_exec = true;
      at = behind_options(command, at + 1, "a");
    } else if (name == "timeout") {
      run.by_timeout = true;
      for (std::size_t i = at + 1; i < command.words.size() && word(i).starts_with('-'); ++i) {
        const std::string option = word(i);
        if (option.starts_with("--preserve-status")) run.preserves_status = true;
        if (option.starts_with("-k") || option.starts_with("--kill-after")) run.kills = true;
        const std::string signal = option == "-s" || option == "--signal" ? word(i + 1) : option;
        if ((option.starts_with("-s") || option.starts_with("--signal")) &&
            (signal.ends_with("KILL") || signal.ends_with("9")))
          run.kills = true;
        if (option == "-s" || option == "-k" || option == "--signal" || option == "--kill-after")
          ++i;
      }
      at = at + 1;
      while (at < command.words.size() && word(at).starts_with('-')) {
        const std::string option = word(at);
        at += option == "-s" || option == "-k" || option == "--signal" || option == "--kill-after"
                  ? 2
                  : 1;
      }
      ++at;  // the time
    } else if (name == "nice" || name == "ionice") {
      at = behind_options(command, at + 1, "nc");
    } else if (name == "nohup" || name == "setsid" || name == "time" || name == "command" ||
               name == "catchsegv") {
      at = behind_options(command, at + 1, "");
    } else if (name == "stdbuf") {
      at = behind_options(command, at + 1, "oie");
    } else if (name == "env") {
      at = behind_options(command, at + 1, "uC");
      while (at < command.words.size() && word(at).find('=') != std::string::npos) ++at;
    } else {
      break;
    }
  }
  if (at >= command.words.size()) return std::nullopt;
  run.program = word(at);
  if (run.program.empty() || script.defines(run.program)) return std::nullopt;
  if (tools().contains(run.program) || is_system_tool(run.program)) return std::nullopt;
  if (!command.words[at].is_plain) return run;  // "$1", "${PROGRAM}"
  const std::string base = std::filesystem::path(run.program).filename().string();
  if (!is_interpreter(base)) return run;
  for (std::size_t i = at + 1; i < command.words.size(); ++i) {
    const std::string argument = word(i);
    if (argument == "--version" || argument == "-V") return std::nullopt;
    if (argument == "-c" || argument == "-m" || argument == "-e") {
      run.script = cat(base, " ", argument);
      return run;
    }
    if (argument.starts_with('-')) continue;
    run.script = argument;
    break;
  }
  return run;
}

// ---- files in Python

class PythonFiles {
 public:
  explicit PythonFiles(const PythonScript& script) : script_(script) {}
  std::vector<FileUse> find();

 private:
  FileUse& add(const std::string& name, const PythonCall& call) {
    FileUse use;
    use.name = plain_name(name);
    use.line = call.line;
    use.order = static_cast<int>(uses_.size());
    use.how = call.callee;
    uses_.push_back(std::move(use));
    return uses_.back();
  }
  void look_at(const PythonCall& call);
  void open_call(const PythonCall& call, const std::string& name, const PythonArgument* mode);

  const PythonScript& script_;
  std::vector<FileUse> uses_;
};

void PythonFiles::open_call(const PythonCall& call, const std::string& name,
                            const PythonArgument* mode) {
  std::string letters = "r";
  if (mode != nullptr) {
    letters.clear();
    if (mode->literal) {
      letters = *mode->literal;
    } else {  // "ab" if state else "wb"
      for (const PythonToken& token : mode->tokens)
        if (token.kind == PythonToken::Kind::string) letters += token.text;
    }
    if (letters.empty()) return;
  }
  const auto has = [&letters](char letter) { return letters.find(letter) != letters.npos; };
  FileUse& use = add(name, call);
  use.appends = has('a');
  use.writes = has('w') || has('x') || has('a') || has('+');
  use.reads = has('r') || (has('+') && !has('w'));
}

void PythonFiles::look_at(const PythonCall& call) {
  const std::string& callee = call.callee;
  const std::string last =
      callee.substr(callee.rfind('.') == callee.npos ? 0 : callee.rfind('.') + 1);
  const auto first = call.literal(0, "");
  const auto is = [&last](std::initializer_list<std::string_view> names) {
    return std::find(names.begin(), names.end(), last) != names.end();
  };
  const bool is_method = !call.object.empty();
  if (last == "open") {
    if (callee == "cairn.open" || callee == "os.open") return;
    if (is_method) {
      open_call(call, call.object, call.argument(0, "mode"));
    } else if (const auto name = call.literal(0, "file")) {
      open_call(call, *name, call.argument(1, "mode"));
    }
  } else if (is_method && is({"read_text", "read_bytes", "exists", "is_file"})) {
    add(call.object, call).reads = true;
  } else if (is_method && is({"write_text", "write_bytes"})) {
    add(call.object, call).writes = true;
  } else if (is_method && last == "unlink") {
    add(call.object, call).removes = true;
  } else if (is_method && is({"rename", "replace"})) {
    if (first) {
      FileUse& use = add(*first, call);
      use.writes = use.is_replaced = true;
    }
    add(call.object, call).removes = true;
  } else if (callee == "os.replace" || callee == "os.rename" || callee == "shutil.move" ||
             callee == "os.renames") {
    if (first) add(*first, call).removes = true;
    if (const auto target = call.literal(1, "dst")) {
      FileUse& use = add(*target, call);
      use.writes = use.is_replaced = true;
    }
  } else if (callee == "shutil.copy" || callee == "shutil.copyfile" || callee == "shutil.copy2") {
    if (first) add(*first, call).reads = true;
    if (const auto target = call.literal(1, "dst")) add(*target, call).writes = true;
  } else if (callee == "os.remove" || callee == "os.unlink") {
    if (first) add(*first, call).removes = true;
  } else if (callee == "np.save" || callee == "numpy.save") {
    if (first)
      add(std::filesystem::path(*first).has_extension() ? *first : *first + ".npy", call).writes =
          true;
  } else if (callee == "np.savez" || callee == "numpy.savez" || callee == "np.savez_compressed" ||
             callee == "numpy.savez_compressed") {
    if (first)
      add(std::filesystem::path(*first).has_extension() ? *first : *first + ".npz", call).writes =
          true;
  } else if (is({"savetxt", "to_csv", "to_pickle", "to_parquet", "to_hdf", "to_json", "tofile",
                 "to_netcdf"})) {
    if (first) add(*first, call).writes = true;
  } else if (callee == "torch.save" || callee == "joblib.dump" || callee == "tf.saved_model.save") {
    if (const auto name = call.literal(1, "f")) add(*name, call).writes = true;
  } else if (callee == "np.load" || callee == "numpy.load" || callee == "torch.load" ||
             callee == "joblib.load" || callee == "os.path.exists" || callee == "os.path.isfile" ||
             callee == "os.path.isdir" ||
             is({"loadtxt", "genfromtxt", "read_csv", "read_pickle", "read_parquet", "read_hdf",
                 "fromfile", "open_dataset"})) {
    if (first) add(*first, call).reads = true;
  } else if (callee == "h5py.File") {
    if (first) open_call(call, *first, call.argument(1, "mode"));
  } else if (last == "expanduser" && first && first->starts_with('~')) {
    add(*first, call);
  } else if (callee == "Path.home" || callee == "pathlib.Path.home" ||
             ((callee == "os.getenv" || callee == "os.environ.get") && first == "HOME")) {
    add("~", call);
  }
}

std::vector<FileUse> PythonFiles::find() {
  for (const PythonCall& call : script_.calls) look_at(call);
  for (const PythonStatement& statement : script_.statements)
    for (std::size_t i = 0; i < statement.tokens.size(); ++i) {
      const PythonToken& token = statement.tokens[i];
      FileUse use;
      use.line = token.line;
      use.order = static_cast<int>(uses_.size());
      // A string alone is a docstring.
      if (token.kind == PythonToken::Kind::string && statement.tokens.size() > 1 &&
          token.text.find('\n') == token.text.npos &&
          std::any_of(kPrivateFolders.begin(), kPrivateFolders.end(),
                      [&token](std::string_view folder) { return token.text.starts_with(folder); }))
        use.name = token.text;
      if (token.kind == PythonToken::Kind::name && token.text == "pw_dir") use.name = "~";
      if (token.kind == PythonToken::Kind::string && token.text == "HOME" && i >= 2 &&
          statement.tokens[i - 2].text == "environ")
        use.name = "~";
      if (!use.name.empty()) uses_.push_back(std::move(use));
    }
  return std::move(uses_);
}

// ---- files in shell scripts

class ShellFiles {
 public:
  explicit ShellFiles(const ShellScript& script) : script_(script) {}
  std::vector<FileUse> find() {
    for (const ShellCommand& command : script_.commands) look_at(command);
    return std::move(uses_);
  }

 private:
  FileUse& add(const ShellWord& word, const ShellCommand& command, std::string_view how) {
    FileUse use;
    use.name = plain_name(word.text);
    use.line = command.line;
    use.order = static_cast<int>(uses_.size());
    use.how = how;
    uses_.push_back(std::move(use));
    return uses_.back();
  }
  static bool is_file(const ShellWord& word) {
    return word.is_plain && !word.text.empty() && !word.text.starts_with('-') &&
           !word.text.starts_with("/dev/") && !word.text.starts_with('&');
  }
  void look_at(const ShellCommand& command);
  void mentions(const ShellCommand& command, const std::string& text);
  void redirects(const ShellCommand& command);
  void tar(const ShellCommand& command);

  const ShellScript& script_;
  std::vector<FileUse> uses_;
};

void ShellFiles::mentions(const ShellCommand& command, const std::string& text) {
  const bool is_home = text == "~" || text.starts_with("~/") || text.starts_with("$HOME") ||
                       text.starts_with("${HOME}");
  const bool is_private =
      std::any_of(kPrivateFolders.begin(), kPrivateFolders.end(),
                  [&text](std::string_view folder) { return text.starts_with(folder); });
  if (!is_home && !is_private) return;
  FileUse use;
  use.name = text;
  use.line = command.line;
  use.order = static_cast<int>(uses_.size());
  uses_.push_back(std::move(use));
}

void ShellFiles::redirects(const ShellCommand& command) {
  for (const ShellRedirect& redirect : command.redirects) {
    mentions(command, redirect.target.text);
    if (!is_file(redirect.target) || redirect.op == "<<<" || redirect.op == ">&" ||
        redirect.op == "<&")
      continue;
    FileUse& use = add(redirect.target, command, redirect.op);
    use.reads = redirect.op == "<" || redirect.op == "<>";
    use.appends = redirect.op == ">>" || redirect.op == "&>>";
    use.writes = redirect.op != "<";
  }
}

void ShellFiles::tar(const ShellCommand& command) {
  if (command.words.size() < 3) return;
  const std::string& flags = command.words[1].text;
  const std::size_t archive = 2;
  if (flags.find('f') == flags.npos) return;
  const bool creates = flags.find('c') != flags.npos;
  if (is_file(command.words[archive])) {
    FileUse& use = add(command.words[archive], command, "tar");
    use.writes = creates;
    use.reads = !creates;
  }
  for (std::size_t i = archive + 1; creates && i < command.words.size(); ++i)
    if (is_file(command.words[i])) add(command.words[i], command, "tar").reads = true;
}

void ShellFiles::look_at(const ShellCommand& command) {
  redirects(command);
  for (std::size_t i = 0; i < command.values.size(); ++i) mentions(command, command.values[i]);
  std::vector<const ShellWord*> operands;
  for (std::size_t i = 1; i < command.words.size(); ++i) {
    mentions(command, command.words[i].text);
    if (!command.words[i].text.starts_with('-')) operands.push_back(&command.words[i]);
  }
  const std::string_view name = command.name();
  if ((name == "mv" || name == "cp") && operands.size() >= 2) {
    for (std::size_t i = 0; i + 1 < operands.size(); ++i) {
      if (!is_file(*operands[i])) continue;
      FileUse& use = add(*operands[i], command, name);
      (name == "mv" ? use.removes : use.reads) = true;
    }
    if (is_file(*operands.back()) && *operands.back()->text.rbegin() != '/') {
      FileUse& use = add(*operands.back(), command, name);
      use.writes = true;
      use.is_replaced = name == "mv";
    }
  } else if (name == "rm" || name == "unlink") {
    for (const ShellWord* word : operands)
      if (is_file(*word)) add(*word, command, name).removes = true;
  } else if (name == "cat" || name == "head" || name == "tail" || name == "source" || name == "." ||
             name == "gunzip" || name == "zcat") {
    for (const ShellWord* word : operands)
      if (is_file(*word)) add(*word, command, name).reads = true;
  } else if ((name == "[" || name == "test") && command.words.size() >= 3) {
    for (std::size_t i = 1; i + 1 < command.words.size(); ++i) {
      const std::string& option = command.words[i].text;
      if ((option == "-f" || option == "-e" || option == "-s" || option == "-r" ||
           option == "-d") &&
          is_file(command.words[i + 1]))
        add(command.words[i + 1], command, name).reads = true;
    }
  } else if (name == "tee") {
    const bool appends = std::any_of(
        command.words.begin(), command.words.end(),
        [](const ShellWord& word) { return word.text == "-a" || word.text == "--append"; });
    for (const ShellWord* word : operands)
      if (is_file(*word)) {
        FileUse& use = add(*word, command, name);
        use.writes = true;
        use.appends = appends;
      }
  } else if (name == "tar") {
    tar(command);
  }
}

bool is_saving(std::string_view callee) {
  const std::string low =
      lower(callee.substr(callee.rfind('.') == callee.npos ? 0 : callee.rfind('.') + 1));
  for (const std::string_view word : {"save", "checkpoint", "ckpt", "dump", "commit", "snapshot"})
    if (low.find(word) != low.npos) return true;
  return low == "open" || low == "replace" || low == "write" || low == "write_text";
}

bool is_trap_of_term(const ShellCommand& command) {
  if (!command.is("trap") || command.words.size() < 3) return false;
  return std::any_of(command.words.begin() + 2, command.words.end(), [](const ShellWord& word) {
    return word.text == "TERM" || word.text == "SIGTERM" || word.text == "15";
  });
}

}  // namespace

std::vector<FileUse> file_uses(const Program& program) {
  if (program.kind == ProgramKind::python) return PythonFiles(program.python).find();
  if (program.kind == ProgramKind::shell) return ShellFiles(program.shell).find();
  return {};
}

std::vector<CairnFile> cairn_files(const Program& program) {
  std::vector<CairnFile> files;
  const PythonScript& script = program.python;
  std::string session;
  for (const PythonCall& call : script.calls) {
    const auto& tokens = script.statements[call.statement].tokens;
    if (call.callee == "cairn.open") {
      if (const PythonArgument* const folder = call.argument(0, "directory"); folder == nullptr)
        files.push_back({"state.ckpt", call.line, true});
      else if (folder->literal)
        files.push_back({*folder->literal, call.line, true});
      if (tokens.size() > 2 && tokens[1].text == "=") session = tokens[0].text;
      for (std::size_t i = 0; i + 1 < tokens.size(); ++i)
        if (tokens[i].text == "as") session = tokens[i + 1].text;
    } else if (!session.empty() && call.callee == session + ".append") {
      if (const auto name = call.literal(0, "path")) files.push_back({*name, call.line, false});
    }
  }
  return files;
}

std::vector<PythonHandler> python_handlers(const PythonScript& script) {
  std::vector<PythonHandler> handlers;
  for (const PythonCall& call : script.calls) {
    if (call.callee != "signal.signal" && call.callee != "signal") continue;
    if (call.arguments.size() < 2) continue;
    PythonHandler handler;
    handler.line = call.line;
    for (const PythonToken& token : call.arguments[0].tokens)
      if (token.text.starts_with("SIG")) handler.signals.push_back(token.text);
    const auto& target = call.arguments[1].tokens;
    if (target.empty() || handler.signals.empty() || target.back().text == "SIG_IGN" ||
        target.back().text == "SIG_DFL")
      continue;
    std::pair<std::size_t, std::size_t> body{0, 0};
    if (target[0].text == "lambda") {
      handler.is_known = true;
      body = {call.statement, call.statement + 1};
    } else if (const auto function = script.function(target.back().text)) {
      handler.is_known = true;
      body = script.body(*function);
      for (std::size_t i = body.first; i < body.second; ++i) {
        const std::string_view first = script.statements[i].first();
        if (first != "sys" && first != "raise" && first != "os" && first != "print" &&
            first != "return" && first != "exit" && first != "pass" && first != "global" &&
            script.statements[i].tokens[0].kind != PythonToken::Kind::string)
          handler.does_more_than_exit = true;
      }
    }
    for (const PythonCall& inner : script.calls)
      if (inner.statement >= body.first && inner.statement < body.second &&
          inner.callee != call.callee)
        handler.calls.push_back(&inner);
    if (target[0].text == "lambda")
      handler.does_more_than_exit =
          std::any_of(handler.calls.begin(), handler.calls.end(), [](const PythonCall* inner) {
            return inner->callee != "sys.exit" && inner->callee != "os._exit";
          });
    handlers.push_back(std::move(handler));
  }
  return handlers;
}

std::optional<int> saves_on_sigterm(const Program& program) {
  for (const PythonHandler& handler : python_handlers(program.python)) {
    if (std::find(handler.signals.begin(), handler.signals.end(), "SIGTERM") ==
        handler.signals.end())
      continue;
    if (!handler.is_known || handler.does_more_than_exit) return handler.line;
  }
  for (const ShellCommand& command : program.shell.commands) {
    if (!is_trap_of_term(command)) continue;
    std::string action = command.words[1].text;
    for (const ShellCommand& inner : program.shell.commands)
      if (!inner.function.empty() && inner.function == action.substr(0, action.find_first_of(" ;")))
        action += " " + inner.raw;
    for (const std::string_view word : {"save", "checkpoint", "ckpt", "tar ", "cp ", "mv ", ">"})
      if (lower(action).find(word) != std::string::npos) return command.line;
  }
  return std::nullopt;
}

bool handles_sigterm(const Program& program) {
  for (const PythonHandler& handler : python_handlers(program.python))
    if (std::find(handler.signals.begin(), handler.signals.end(), "SIGTERM") !=
        handler.signals.end())
      return true;
  return std::any_of(program.shell.commands.begin(), program.shell.commands.end(), is_trap_of_term);
}

std::vector<ShellRun> shell_runs(const ShellScript& script) {
  // Functions may come from a file that is read in.
  const bool reads_others = std::any_of(
      script.commands.begin(), script.commands.end(),
      [](const ShellCommand& command) { return command.is(".") || command.is("source"); });
  std::vector<ShellRun> runs;
  for (std::size_t i = 0; i < script.commands.size(); ++i)
    if (auto run = run_of(script, script.commands[i])) {
      if (reads_others && run->script.empty() &&
          run->program.find_first_of("/$") == std::string::npos)
        continue;
      run->command = i;
      runs.push_back(std::move(*run));
    }
  return runs;
}

bool runs_something_unseen(const Job& job, const Program& program) {
  for (const ShellCommand& command : program.shell.commands)
    if (command.is("source") || command.is(".") || command.is("eval")) return true;
  for (const ShellRun& run : shell_runs(program.shell)) {
    const std::string base = std::filesystem::path(run.what()).filename().string();
    const bool is_seen =
        std::any_of(job.programs().begin(), job.programs().end(),
                    [&base](const Program& each) { return each.path.filename() == base; });
    if (!is_seen) return true;
  }
  return false;
}

bool holds_number(std::string_view text, std::int64_t number) {
  const auto is_digit = [text](std::size_t at) {
    return at < text.size() && text[at] >= '0' && text[at] <= '9';
  };
  const std::string digits = cat(number);
  for (std::size_t at = text.find(digits); at != text.npos; at = text.find(digits, at + 1))
    if ((at == 0 || !is_digit(at - 1)) && !is_digit(at + digits.size())) return true;
  return false;
}

bool is_saving_call(std::string_view callee) { return is_saving(callee); }

}  // namespace cairn::lint
