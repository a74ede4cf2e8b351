// CL5…: Python programs.
#include <algorithm>
#include <array>
#include <set>

#include "base/text.h"
#include "lint/check.h"
#include "lint/program_facts.h"

namespace cairn::lint {
namespace {

template <class Visit>
void each_python(const Job& job, const Visit& visit) {
  for (const Program& program : job.programs())
    if (program.kind == ProgramKind::python) visit(program);
}

bool is_exit(std::string_view callee) {
  return callee == "sys.exit" || callee == "exit" || callee == "quit" || callee == "os._exit" ||
         callee == "SystemExit";
}

// Written under its own name, and never by a rename onto it, in any program of the job.
void in_place(const Job& job, Report& report, bool by_open) {
  const auto entries = job.checkpoint_files();
  if (!job.makes_checkpoints() || !entries) return;
  const auto outputs = job.list("transfer_output_files").value_or(std::vector<std::string>{});
  std::set<std::string> replaced, read;
  std::vector<std::pair<const Program*, FileUse>> writes;
  each_python(job, [&](const Program& program) {
    for (FileUse& use : file_uses(program)) {
      if (use.is_replaced) replaced.insert(use.name);
      if (use.reads) read.insert(use.name);
      const bool is_open = use.how.ends_with("open");
      if (use.writes && !use.appends && !use.is_replaced && is_open == by_open)
        writes.emplace_back(&program, std::move(use));
    }
  });
  std::set<std::string> said;
  for (const auto& [program, use] : writes) {
    if (!is_covered(*entries, use.name) || replaced.contains(use.name) ||
        (is_covered(outputs, use.name) && !read.contains(use.name)))
      continue;
    if (!said.insert(use.name).second) continue;
    report.add(*program, use.line,
               cat("the checkpoint ", use.name, " is overwritten in place by ", use.how,
                   ": a kill in the middle leaves neither the old nor the new one"),
               cat("write \"", use.name, ".tmp\", flush, os.fsync, then os.replace(\"", use.name,
                   ".tmp\", \"", use.name, "\")"));
  }
}
void opened_in_place(const Job& job, Report& report) { in_place(job, report, true); }
void dumped_in_place(const Job& job, Report& report) { in_place(job, report, false); }

// The statements before `index` that surely ran just before it.
bool flushes_before(const PythonScript& script, std::size_t index) {
  const int indent = script.statements[index].indent;
  for (std::size_t i = index; i-- > 0 && index - i <= 12;) {
    if (script.statements[i].indent < indent) break;
    for (const PythonToken& token : script.statements[i].tokens)
      if (token.kind == PythonToken::Kind::name &&
          (token.text == "flush" || token.text == "fsync" || token.text == "close"))
        return true;
  }
  return false;
}

void exits_without_flush(const Job& job, Report& report) {
  each_python(job, [&](const Program& program) {
    const PythonScript& script = program.python;
    for (const PythonCall& call : script.calls) {
      if (call.callee != "os._exit" && call.callee != "_exit") continue;
      if (script.mentions("fork") || flushes_before(script, call.statement)) continue;
      report.add(program, call.line,
                 "os._exit ends the program without writing what is in its buffers: lines of "
                 "output are lost, and no checkpoint knows of them",
                 "use sys.exit, or flush sys.stdout and close every file before it");
      return;
    }
  });
}

void saves_in_handler(const Job& job, Report& report) {
  each_python(job, [&](const Program& program) {
    for (const PythonHandler& handler : python_handlers(program.python)) {
      const auto saving =
          std::find_if(handler.calls.begin(), handler.calls.end(),
                       [](const PythonCall* call) { return is_saving_call(call->callee); });
      if (saving == handler.calls.end()) continue;
      report.add(program, (*saving)->line,
                 cat("the signal handler calls ", (*saving)->callee,
                     " in the middle of whatever the program does: parts of the state that belong "
                     "together may not agree, and a save may interrupt a save"),
                 "let the handler set a flag, and save at the end of a step");
      return;
    }
  });
}

bool exits_zero(const PythonCall& call) {
  return is_exit(call.callee) && (call.arguments.empty() || call.arguments[0].number == 0);
}

void handler_exits_zero(const Job& job, Report& report) {
  each_python(job, [&](const Program& program) {
    for (const PythonHandler& handler : python_handlers(program.python)) {
      const auto zero = std::find_if(handler.calls.begin(), handler.calls.end(),
                                     [](const PythonCall* call) { return exits_zero(*call); });
      if (zero == handler.calls.end()) continue;
      report.add(program, (*zero)->line,
                 "the signal handler exits with 0, which is success: whoever sent the signal takes "
                 "the job for finished, without its result",
                 job.code() ? cat("save and exit with ", *job.code(),
                                  ", or with 128 + the signal: sys.exit(143)")
                            : std::string("exit with 128 + the signal: sys.exit(143)"));
      return;
    }
  });
}

// try: … sys.exit(77) … except: pass
void exit_swallowed(const Job& job, Report& report) {
  each_python(job, [&](const Program& program) {
    const PythonScript& script = program.python;
    for (std::size_t i = 0; i < script.statements.size(); ++i) {
      if (script.statements[i].first() != "try") continue;
      const auto [first, last] = script.body(i);
      const auto call = std::find_if(
          script.calls.begin(), script.calls.end(),
          [first = first, last = last](const PythonCall& each) {
            return each.statement >= first && each.statement < last &&
                   (each.callee == "sys.exit" || each.callee == "exit" || each.callee == "quit");
          });
      if (call == script.calls.end()) continue;
      for (std::size_t next = last; next < script.statements.size() &&
                                    script.statements[next].indent == script.statements[i].indent &&
                                    script.statements[next].first() == "except";) {
        const auto& tokens = script.statements[next].tokens;
        const bool catches =
            tokens.size() == 2 ||
            std::any_of(tokens.begin(), tokens.end(), [](const PythonToken& token) {
              return token.text == "BaseException" || token.text == "SystemExit";
            });
        const auto body = script.body(next);
        bool goes_on = true;
        for (std::size_t at = body.first; at < body.second; ++at) {
          const std::string_view word = script.statements[at].first();
          if (word == "raise" || word == "return") goes_on = false;
        }
        if (std::any_of(script.calls.begin(), script.calls.end(), [body](const PythonCall& each) {
              return each.statement >= body.first && each.statement < body.second &&
                     is_exit(each.callee);
            }))
          goes_on = false;
        if (catches && goes_on) {
          report.add(program, script.statements[next].line,
                     cat("this also catches the ", call->callee, " of line ", call->line,
                         ": the program goes on instead of leaving"),
                     "write except Exception:");
          return;
        }
        if (catches) break;
        next = body.second;
      }
    }
  });
}

void generator_not_saved(const Job& job, Report& report) {
  if (!job.makes_checkpoints() || job.uses_libcairn()) return;
  bool is_saved = false;
  each_python(job, [&](const Program& program) {
    for (const std::string_view name :
         {"getstate", "setstate", "get_state", "set_state", "bit_generator", "get_rng_state",
          "set_rng_state", "SeedSequence", "jumped", "spawn"})
      is_saved = is_saved || program.python.mentions(name);
  });
  if (is_saved) return;
  each_python(job, [&](const Program& program) {
    for (const PythonCall& call : program.python.calls) {
      const bool draws = call.callee.starts_with("random.") ||
                         call.callee.starts_with("np.random.") ||
                         call.callee.starts_with("numpy.random.") || call.callee == "default_rng";
      if (!draws) continue;
      report.add(program, call.line,
                 "the program draws random numbers, and the generator's state is nowhere saved: "
                 "after each restart it draws the same ones again, or others than it would have",
                 "save random.getstate() or rng.bit_generator.state with the rest, or seed anew "
                 "from the number of the step");
      return;
    }
  });
}

void machine_in_state(const Job& job, Report& report) {
  if (!job.makes_checkpoints()) return;
  each_python(job, [&](const Program& program) {
    for (const PythonCall& call : program.python.calls) {
      bool is_local = false;
      for (const std::string_view name :
           {"os.path.abspath", "os.path.realpath", "os.getcwd", "os.getpid", "socket.gethostname",
            "platform.node", "time.time", "time.time_ns", "datetime.now", "datetime.datetime.now",
            "tempfile.mkdtemp"})
        is_local = is_local || call.callee == name;
      if (!is_local) continue;
      const auto& statement = program.python.statements[call.statement];
      const std::string target = lower(statement.first());
      const bool is_state = target.find("state") != target.npos ||
                            target.find("checkpoint") != target.npos ||
                            target.find("ckpt") != target.npos;
      const bool is_kept = std::any_of(
          statement.tokens.begin(), statement.tokens.end(), [](const PythonToken& token) {
            return token.kind == PythonToken::Kind::op && (token.text == "{" || token.text == "[");
          });
      if (!is_state || !is_kept) continue;
      report.add(program, call.line,
                 cat("the state holds what ", call.callee,
                     " gives here and now: after an eviction that is another"),
                 "ask again after each start, and keep names relative to the working folder");
    }
  });
}

void code_that_does_not_arrive(const Job& job, Report& report) {
  each_python(job, [&](const Program& program) {
    for (const PythonCall& call : program.python.calls) {
      if (!is_exit(call.callee) || call.arguments.size() != 1) continue;
      const PythonArgument& argument = call.arguments[0];
      const bool is_digits = argument.literal && !argument.literal->empty() &&
                             argument.literal->find_first_not_of("0123456789") == std::string::npos;
      if (is_digits)
        report.add(program, call.line,
                   cat(call.callee, "(\"", *argument.literal,
                       "\") prints that and exits with 1, not with ", *argument.literal),
                   cat("write ", call.callee, "(", *argument.literal, ")"));
      else if (argument.number && *argument.number > 255)
        report.add(program, call.line,
                   cat(call.callee, "(", *argument.number, ") exits with ", *argument.number % 256,
                       ": exit codes end at 255"),
                   "choose a code from 1 to 255");
    }
  });
}

constexpr std::array kChecks = {
    Check{"CL501", Severity::warning, "Checkpoint opened for writing in place", opened_in_place},
    Check{"CL502", Severity::warning, "Checkpoint dumped in place", dumped_in_place},
    Check{"CL503", Severity::warning, "os._exit with full buffers", exits_without_flush},
    Check{"CL504", Severity::warning, "Saving inside a signal handler", saves_in_handler},
    Check{"CL505", Severity::warning, "Signal handler that reports success", handler_exits_zero},
    Check{"CL506", Severity::error, "Exit that is caught", exit_swallowed},
    Check{"CL507", Severity::hint, "Random generator that is not saved", generator_not_saved},
    Check{"CL508", Severity::hint, "State that belongs to this machine", machine_in_state},
    Check{"CL509", Severity::error, "Exit code that does not arrive", code_that_does_not_arrive},
};

}  // namespace

std::span<const Check> python_checks() { return kChecks; }

}  // namespace cairn::lint
