// CL6…: retries, evictions and conditions.
#include <algorithm>
#include <array>
#include <cctype>

#include "base/text.h"
#include "classad/evaluate.h"
#include "classad/expression.h"
#include "lint/check.h"
#include "submit/vocabulary.h"

namespace cairn::lint {
namespace {

constexpr auto kConditions = std::to_array<std::string_view>(
    {"on_exit_hold", "on_exit_remove", "periodic_hold", "periodic_release", "periodic_remove",
     "periodic_vacate", "retry_until", "requirements", "rank", "leave_in_queue"});

// The names in an expression and the operators between them, strings left out.
struct Term {
  std::string text;
  bool is_name = false;
};
std::vector<Term> terms(std::string_view expression) {
  std::vector<Term> list;
  for (std::size_t i = 0; i < expression.size();) {
    const char letter = expression[i];
    if (letter == '"' || letter == '\'') {
      ++i;
      while (i < expression.size() && expression[i] != letter) i += expression[i] == '\\' ? 2 : 1;
      list.push_back({std::string(1, letter), false});
      ++i;
    } else if (std::isalpha(static_cast<unsigned char>(letter)) != 0 || letter == '_') {
      const std::size_t begin = i;
      while (i < expression.size() &&
             (std::isalnum(static_cast<unsigned char>(expression[i])) != 0 ||
              expression[i] == '_' || expression[i] == '.'))
        ++i;
      list.push_back({std::string(expression.substr(begin, i - begin)), true});
    } else if (std::isdigit(static_cast<unsigned char>(letter)) != 0) {
      const std::size_t begin = i;
      while (i < expression.size() &&
             (std::isalnum(static_cast<unsigned char>(expression[i])) != 0 || expression[i] == '.'))
        ++i;
      list.push_back({std::string(expression.substr(begin, i - begin)), false});
    } else if (std::string_view("=!<>&|?").find(letter) != std::string_view::npos) {
      const std::size_t begin = i;
      while (i < expression.size() &&
             std::string_view("=!<>&|?").find(expression[i]) != std::string_view::npos)
        ++i;
      list.push_back({std::string(expression.substr(begin, i - begin)), false});
    } else {
      if (std::isspace(static_cast<unsigned char>(letter)) == 0)
        list.push_back({std::string(1, letter), false});
      ++i;
    }
  }
  return list;
}

// The name without MY. or TARGET.
std::string_view bare(std::string_view name) {
  for (const std::string_view scope : {"MY.", "TARGET."})
    if (starts_with_ignoring_case(name, scope)) return name.substr(scope.size());
  return name;
}

// The conditions of a job that can be read, and those that cannot.
struct Condition {
  std::string_view command;
  int line = 0;
  Result<classad::Expression> expression;
};
std::vector<Condition> conditions(const Job& job) {
  std::vector<Condition> list;
  for (const std::string_view command : kConditions)
    if (job.is_set(command))
      list.push_back({command, job.line(command), classad::Expression::parse(job.text(command))});
  return list;
}

bool names(std::string_view text, std::string_view attribute) {
  const auto expression = classad::Expression::parse(text);
  if (!expression) return false;
  const auto references = expression->references();
  const auto calls = expression->calls();
  const auto is_it = [attribute](std::string_view name) {
    return equal_ignoring_case(name, attribute);
  };
  return std::any_of(references.begin(), references.end(),
                     [&is_it](const classad::Reference& each) { return is_it(each.name); }) ||
         std::any_of(calls.begin(), calls.end(), is_it);
}

void killed_is_over(const Job& job, Report& report) {
  if (!job.makes_checkpoints()) return;
  for (const std::string_view command :
       {"max_retries", "retry_until", "success_exit_code", "on_exit_remove"})
    if (job.is_set(command)) return;
  report.add(job.line("checkpoint_exit_code"),
             "nothing says that a job whose program crashes or is killed is to be started again: "
             "on a pool it is over then, and its checkpoints are deleted with it",
             "write max_retries = 3: a retry goes on from the last checkpoint");
}

void endless_retries(const Job& job, Report& report) {
  if (!job.makes_checkpoints() || job.uses_libcairn()) return;
  if (const auto retries = job.number("max_retries"); retries && *retries > 20) {
    report.add(
        job.line("max_retries"),
        cat("a retry begins from the last checkpoint: if that one makes the program crash, all ",
            *retries, " retries crash the same way"),
        "a few suffice (max_retries = 5); let the program check what it reads, and go back to the "
        "checkpoint before");
    return;
  }
  const std::string condition = job.text("on_exit_remove");
  if (condition.empty() || job.is_set("max_retries")) return;
  const bool by_exit = names(condition, "ExitBySignal") || names(condition, "ExitCode") ||
                       names(condition, "ExitStatus");
  const bool has_end = names(condition, "NumJobStarts") || names(condition, "NumShadowStarts") ||
                       names(condition, "JobRunCount") || names(condition, "NumJobCompletions") ||
                       names(condition, "NumRestarts") || names(condition, "time") ||
                       names(condition, "ServerTime") || names(condition, "RemoteWallClockTime");
  if (!by_exit || has_end || job.is_set("periodic_remove") || job.is_set("periodic_hold") ||
      job.is_set("on_exit_hold"))
    return;
  report.add(job.line("on_exit_remove"),
             "this has no end: a checkpoint that makes the program crash is tried again for ever",
             "add a limit: … || NumJobCompletions > 5; or use max_retries = 5");
}

bool evicts_with_transfer(const Job& job) {
  return job.says("when_to_transfer_output", "ON_EXIT_OR_EVICT");
}

void evict_with_destination(const Job& job, Report& report) {
  if (!evicts_with_transfer(job) || !job.is_set("checkpoint_destination")) return;
  report.add(job.line("when_to_transfer_output"),
             "with checkpoint_destination the spool is not read at a restart: what "
             "ON_EXIT_OR_EVICT saves there is never seen again",
             "write when_to_transfer_output = ON_EXIT, and make checkpoints often enough");
}

void evict_without_checkpoint(const Job& job, Report& report) {
  if (!evicts_with_transfer(job) || !job.makes_checkpoints() ||
      job.is_set("checkpoint_destination"))
    return;
  const auto checkpoint = job.list("transfer_checkpoint_files");
  const auto outputs = job.list("transfer_output_files");
  if (!checkpoint || !outputs) return;
  std::vector<std::string> missing;
  for (const std::string& file : *checkpoint)
    if (!is_covered(*outputs, file)) missing.push_back(file);
  if (missing.empty()) return;
  report.add(job.line("when_to_transfer_output"),
             cat("at an eviction ON_EXIT_OR_EVICT saves the outputs, not the checkpoint: ",
                 join(missing, ", "), missing.size() == 1 ? " is" : " are",
                 " not among them, and what was saved since the last exit is lost"),
             cat("add to transfer_output_files: ", join(missing, ", "),
                 "; or write when_to_transfer_output = ON_EXIT"));
}

void spool_on_evict(const Job& job, Report& report) {
  const Command* const given = job.attribute("SpoolOnEvict");
  if (given == nullptr || !equal_ignoring_case(given->text, "false") || !evicts_with_transfer(job))
    return;
  report.add(given->line,
             "+SpoolOnEvict = False puts what is saved at an eviction into the submit folder: the "
             "restarted job does not get it back",
             "take it out, or list the files as inputs as well");
}

void periodic_exit_code(const Job& job, Report& report) {
  if (!job.makes_checkpoints()) return;
  for (const std::string_view command :
       {"periodic_hold", "periodic_remove", "periodic_release", "periodic_vacate"}) {
    const std::string condition = job.text(command);
    if (command == "periodic_release" || condition.empty() || !names(condition, "ExitCode") ||
        names(condition, "JobStatus"))
      continue;
    report.add(job.line(command),
               cat(command, " looks at ExitCode, which holds ",
                   job.code() ? cat(*job.code()) : std::string("the last exit's"),
                   " while the job runs on after its first checkpoint"),
               "use on_exit_hold or on_exit_remove, which are not evaluated at a checkpoint");
  }
}

void success_is_checkpoint(const Job& job, Report& report) {
  const auto code = job.code();
  if (!code) return;
  for (const std::string_view command : {"success_exit_code", "retry_until"})
    if (const auto other = job.number(command); other && *other == *code)
      report.add(job.line(command),
                 cat(command, " = ", *code,
                     " is the code of a checkpoint: an exit with it never ends the job"),
                 "use different codes, as in success_exit_code = 0 and checkpoint_exit_code = 77");
  const auto remove = terms(job.text("on_exit_remove"));
  for (std::size_t i = 0; i + 2 < remove.size(); ++i)
    if (remove[i].is_name && equal_ignoring_case(bare(remove[i].text), "ExitCode") &&
        remove[i + 2].text == cat(*code) && *code != 0)
      report.add(job.line("on_exit_remove"),
                 cat("on_exit_remove is not evaluated at an exit with ", *code,
                     ": that is a checkpoint, after which the program is started again in place"),
                 "take one of the two out: checkpoint_exit_code, or the condition on that code");
}

bool has_single_equals(std::string_view text) {
  const auto list = terms(text);
  return std::any_of(list.begin(), list.end(), [](const Term& term) { return term.text == "="; });
}

void single_equals(const Job& job, Report& report) {
  for (const Condition& condition : conditions(job))
    if (has_single_equals(job.text(condition.command)))
      report.add(condition.line,
                 cat("= in ", condition.command,
                     " compares nothing: the expression is refused, or never true"),
                 "write == (or =?= where the attribute may be undefined)");
}

void misspelt_in_condition(const Job& job, Report& report) {
  for (const Condition& condition : conditions(job)) {
    if (!condition.expression) continue;
    for (const classad::Reference& reference : condition.expression->references()) {
      const std::string& name = reference.name;
      if (name.size() < 5 || is_job_attribute(name) || is_machine_attribute(name) ||
          job.attribute(name) != nullptr)
        continue;
      // Other attributes are the pool's own; only a slip can be told from them.
      if (const auto meant = slip_of(name, all_attributes()))
        report.add(condition.line,
                   cat(name, " in ", condition.command,
                       " is no attribute that HTCondor sets: it is undefined, and the condition "
                       "never true"),
                   cat("write ", *meant, ", if that was meant"));
    }
    for (const std::string& name : condition.expression->calls()) {
      if (classad::is_function(name)) continue;
      if (const auto meant = slip_of(name, classad::function_names()))
        report.add(condition.line,
                   cat("there is no function ", name, "(): ", condition.command,
                       " is an error whenever it is looked at"),
                   cat("write ", *meant, "()"));
    }
  }
}

// What an expression without attributes, time and chance always is.
std::optional<bool> constant(const classad::Expression& expression) {
  if (!expression.references().empty()) return std::nullopt;
  for (const std::string& name : expression.calls())
    if (lower(name) == "time" || lower(name) == "random" ||
        lower(name).find("time") != std::string::npos)
      return std::nullopt;
  const classad::Value value = classad::evaluate(expression, classad::Scope{});
  return value.truth();
}

void constant_condition(const Job& job, Report& report) {
  for (const Condition& condition : conditions(job)) {
    if (!condition.expression) continue;
    const auto always = constant(*condition.expression);
    if (!always) continue;
    const std::string_view command = condition.command;
    const bool acts = command == "periodic_hold" || command == "periodic_remove" ||
                      command == "periodic_vacate" || command == "on_exit_hold";
    if (acts && *always)
      report.add(condition.line,
                 cat(command, " = ", job.text(command), " is always true: ",
                     command == "on_exit_hold" ? "the job is held when it has finished"
                                               : "it happens as soon as the job is looked at"),
                 "write the condition, or take the line out");
    if (command == "on_exit_remove" && !*always)
      report.add(condition.line,
                 cat("on_exit_remove = ", job.text(command),
                     ": the job never leaves the queue, and is run again when it has finished"),
                 "write the condition on which it is done: on_exit_remove = ExitCode =?= 0");
    if (command == "requirements" && !*always)
      report.add(
          condition.line,
          cat("requirements = ", job.text(command), " is never true: no machine will run the job"),
          "write what the machine must have, or take the line out");
  }
}

void unreadable_condition(const Job& job, Report& report) {
  for (const Condition& condition : conditions(job)) {
    if (condition.expression || has_single_equals(job.text(condition.command))) continue;
    report.add(condition.line,
               cat(condition.command, " = ", job.text(condition.command),
                   " is no expression: ", condition.expression.error().message),
               condition.expression.error().hint.empty() ? "correct it"
                                                         : condition.expression.error().hint);
  }
}

// Without checkpoint_exit_code: exit with X, and the job goes back into the queue.
void early_exit(const Job& job, Report& report) {
  if (job.makes_checkpoints()) return;
  const std::string condition = job.text("on_exit_remove");
  const auto list = terms(condition);
  for (std::size_t i = 0; i + 2 < list.size(); ++i) {
    const bool is_code = list[i].is_name && equal_ignoring_case(bare(list[i].text), "ExitCode") &&
                         (list[i + 1].text == "=!=" || list[i + 1].text == "!=");
    if (!is_code || list[i + 2].text == "0") continue;
    const auto outputs = job.list("transfer_output_files");
    const auto inputs = job.list("transfer_input_files").value_or(std::vector<std::string>{});
    if (outputs &&
        std::any_of(outputs->begin(), outputs->end(), [&inputs](const std::string& file) {
          return std::any_of(inputs.begin(), inputs.end(), [&file](const std::string& input) {
            return arrival_name(input) == arrival_name(file);
          });
        }))
      return;
    report.add(job.line("on_exit_remove"),
               cat("an exit with ", list[i + 2].text,
                   " puts the job back into the queue, but what it wrote goes to the submit folder "
                   "and is not sent along the next time"),
               cat("write checkpoint_exit_code = ", list[i + 2].text,
                   " with transfer_checkpoint_files instead: the program is restarted in place, "
                   "with its files"));
    return;
  }
}

void kill_at_once(const Job& job, Report& report) {
  if (!job.makes_checkpoints() && !evicts_with_transfer(job)) return;
  if (!job.says("kill_sig", "SIGKILL") && !job.says("kill_sig", "9") &&
      !job.says("kill_sig", "KILL"))
    return;
  report.add(
      job.line("kill_sig"),
      "kill_sig = SIGKILL gives the program no time: it dies in the middle of whatever it writes",
      "take the line out: SIGTERM can be heeded, or not");
}

constexpr std::array kChecks = {
    Check{"CL601", Severity::warning, "A crash is the end", killed_is_over},
    Check{"CL602", Severity::warning, "Retries without end", endless_retries},
    Check{"CL603", Severity::error, "ON_EXIT_OR_EVICT with checkpoint_destination",
          evict_with_destination},
    Check{"CL604", Severity::warning, "ON_EXIT_OR_EVICT without the checkpoint",
          evict_without_checkpoint},
    Check{"CL605", Severity::warning, "SpoolOnEvict = False", spool_on_evict},
    Check{"CL606", Severity::error, "Periodic condition on the exit code", periodic_exit_code},
    Check{"CL607", Severity::error, "The checkpoint's code ends the job", success_is_checkpoint},
    Check{"CL608", Severity::error, "= for ==", single_equals},
    Check{"CL609", Severity::warning, "Misspelt attribute in a condition", misspelt_in_condition},
    Check{"CL610", Severity::warning, "Condition that is always the same", constant_condition},
    Check{"CL611", Severity::warning, "Back into the queue without its files", early_exit},
    Check{"CL612", Severity::warning, "Killed without warning", kill_at_once},
    Check{"CL613", Severity::error, "Condition that is no expression", unreadable_condition},
};

}  // namespace

std::span<const Check> policy_checks() { return kChecks; }

bool is_condition(std::string_view command) {
  return std::find(kConditions.begin(), kConditions.end(), lower(command)) != kConditions.end();
}

}  // namespace cairn::lint
