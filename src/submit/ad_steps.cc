// The steps from the identity of a job to what it asks of a machine's resources.
#include <algorithm>
#include <array>
#include <climits>
#include <csignal>

#include "base/signal_names.h"
#include "base/text.h"
#include "base/try.h"
#include "job/arguments.h"
#include "job/job_spec.h"
#include "job/request.h"
#include "submit/ad_builder.h"
#include "submit/number.h"

namespace cairn {
namespace {

constexpr int kIdle = 1, kHeld = 5;
constexpr int kSubmittedOnHold = 15;
constexpr int kVanilla = 5;

Error bad_value(std::string_view command, std::string_view value, std::string_view expected,
                std::string_view hint = {}) {
  return {Errc::invalid, cat(command, " = ", value, ": expected ", expected), 0, std::string(hint)};
}

std::string upper(std::string_view text) {
  std::string result(text);
  for (char& letter : result)
    if (letter >= 'a' && letter <= 'z') letter = static_cast<char>(letter - 'a' + 'A');
  return result;
}

struct Universe {
  std::string_view name;
  int number;
};
constexpr std::array kUniverses = {
    Universe{"vanilla", kVanilla}, Universe{"docker", kVanilla}, Universe{"container", kVanilla},
    Universe{"scheduler", 7},      Universe{"grid", 9},          Universe{"java", 10},
    Universe{"parallel", 11},      Universe{"local", 12},        Universe{"vm", 13}};

// * in a pattern stands for any letters; case does not matter.
bool matches(std::string_view pattern, std::string_view text) {
  const std::size_t star = pattern.find('*');
  if (star == std::string_view::npos) return equal_ignoring_case(pattern, text);
  if (!starts_with_ignoring_case(text, pattern.substr(0, star))) return false;
  text.remove_prefix(star);
  pattern.remove_prefix(star + 1);
  for (std::size_t skip = 0; skip <= text.size(); ++skip)
    if (matches(pattern, text.substr(skip))) return true;
  return false;
}

bool has_line_break(std::string_view text) {
  return text.find_first_of(std::string_view("\n\r\0", 3)) != std::string_view::npos;
}

Error line_break(std::string_view command) {
  return {Errc::invalid, cat(command, " holds a line break, which a job ad cannot"), 0,
          "put the text into a file and list that in transfer_input_files"};
}

// name, group.name, each with :count or without.
bool is_limit(std::string_view limit) {
  const std::string_view name = limit.substr(0, limit.find(':'));
  const std::size_t dot = name.find('.');
  return is_attribute_name(name.substr(0, dot)) &&
         (dot == std::string_view::npos || is_attribute_name(name.substr(dot + 1)));
}

// Letters, digits and . _ - @ and the like: no blanks.
bool is_submitter_name(std::string_view name) {
  return !name.empty() && name.find_first_of(" \t\r\n\"'") == std::string_view::npos;
}

}  // namespace

// What every job has before any command.
Status AdBuilder::identity() {
  if (proc_ > 0 || base_is_whole_) return {};
  set_string("MyType", "Job");
  set_string("TargetType", "Machine");
  set_string("Owner", context_.owner);
  set_string("User", cat(context_.owner, "@", context_.host));
  set_integer("ClusterId", cluster_);
  set_integer("QDate", context_.now_seconds);
  set_integer("JobSubmitMethod", 0);
  if (!context_.file.empty()) set_string("JobSubmitFile", context_.file);
  for (const std::string_view name :
       {"NumCkpts", "NumJobStarts", "NumRestarts", "NumJobCompletions", "NumSystemHolds",
        "ExitStatus", "CommittedTime", "CommittedSlotTime", "CommittedSuspensionTime",
        "CumulativeSlotTime", "CumulativeSuspensionTime", "TotalSuspensions", "LastSuspensionTime"})
    set_integer(name, 0);
  for (const std::string_view name : {"RemoteSysCpu", "RemoteUserCpu", "RemoteWallClockTime",
                                      "CumulativeRemoteSysCpu", "CumulativeRemoteUserCpu"})
    set(name, "0.0");
  set_bool("ExitBySignal", false);
  return {};
}

Status AdBuilder::refused() {
  for (const auto& [name, why] : refused_commands()) {
    CAIRN_TRY(const auto value, param(name));
    if (value)
      return Error{Errc::unsupported, cat(name, " is not supported: ", why), 0,
                   "take the line out to run the job without it"};
  }
  return {};
}

Status AdBuilder::iwd() {
  CAIRN_TRY(auto value, param("initialdir", "Iwd"));
  if (!value) {
    CAIRN_TRY(value, param("initial_dir", "job_iwd"));
  }
  std::string folder = context_.directory.native();
  if (value) folder = value->text.starts_with('/') ? value->text : cat(folder, "/", value->text);
  folder.erase(std::unique(folder.begin(), folder.end(),
                           [](char a, char b) { return a == '/' && b == '/'; }),
               folder.end());
  if (value && context_.world != nullptr && context_.checks_files) {
    const auto facts = context_.world->look_at(folder);
    if (!facts || !facts->folder)
      return Error{Errc::not_found,
                   cat(value->name, " = ", value->text, ": there is no folder ", folder), 0,
                   "make it first"};
  }
  macros_.set_directory(folder);
  set_string("Iwd", folder);
  return {};
}

Status AdBuilder::universe() {
  CAIRN_TRY(const auto value, param("universe", "JobUniverse"));
  const Place place = place_;
  const Universe* found = kUniverses.data();
  if (value) {
    found = std::find_if(kUniverses.begin(), kUniverses.end(), [&value](const Universe& universe) {
      return equal_ignoring_case(universe.name, value->text) || cat(universe.number) == value->text;
    });
    if (found == kUniverses.end())
      return bad_value("universe", value->text, "vanilla, container, docker, local or scheduler");
  }
  for (const std::string_view foreign : {"grid", "java", "parallel", "vm"})
    if (found->name == foreign)
      return Error{Errc::unsupported, cat("universe = ", value->text, " is not supported"), 0,
                   "Cairn reads vanilla, container, docker, local and scheduler jobs"};
  CAIRN_TRY(const auto container, param("container_image", "ContainerImage"));
  CAIRN_TRY(const auto docker, param("docker_image", "DockerImage"));
  place_ = place;
  const bool is_docker = found->name == "docker";
  const bool is_container =
      found->name == "container" || (!is_docker && found->number != 7 && (container || docker));
  if (container && docker)
    return Error{Errc::invalid, "both docker_image and container_image are set", 0,
                 "keep container_image"};
  if (container && is_docker)
    return Error{Errc::invalid, "universe = docker takes no container_image", 0,
                 "write universe = container"};
  set_integer("JobUniverse", found->number);
  if (is_docker) set_bool("WantDocker", true);
  if (is_container) set_bool("WantContainer", true);
  if (is_container && docker) set_bool("WantDockerImage", true);
  return {};
}

Status AdBuilder::container_image() {
  CAIRN_TRY(const auto docker, param("docker_image", "DockerImage"));
  if (docker) set_string("DockerImage", without_quotes(docker->text));
  CAIRN_TRY(const auto container, param("container_image", "ContainerImage"));
  if (container) {
    const std::string_view image = without_quotes(container->text);
    for (const std::string_view prefix : {"instance://", "library://", "shub://"})
      if (image.starts_with(prefix))
        return bad_value("container_image", image, "docker://…, a .sif file or a folder");
    set_string("ContainerImage", image);
    if (image.starts_with("docker:"))
      set_bool("WantDockerImage", true);
    else if (image.ends_with(".sif"))
      set_bool("WantSIF", true);
    else
      set_bool("WantSandboxImage", true);
  }
  if (has("ContainerImage") || has("DockerImage")) return {};
  return get_bool("WantDocker").value_or(false)
             ? Error{Errc::invalid, "universe = docker needs a docker_image", 0,
                     "add docker_image = NAME:TAG"}
             : Error{Errc::invalid, "universe = container needs a container_image", 0,
                     "add container_image = docker://NAME:TAG, a .sif file or a folder"};
}

Status AdBuilder::executable() {
  const bool container =
      get_bool("WantDocker").value_or(false) || get_bool("WantContainer").value_or(false);
  if (container) CAIRN_CHECK(container_image());
  CAIRN_TRY(const auto transfer_value, param("transfer_executable", "TransferExecutable"));
  bool transfer = true;
  if (transfer_value) {
    const auto wish = evaluate_bool(transfer_value->text);
    if (!wish) return bad_value("transfer_executable", transfer_value->text, "true or false");
    // condor_submit looks at the first letter only, and takes `no` for true.
    transfer = *wish;
    if (context_.as_htcondor) transfer = !starts_with_ignoring_case(transfer_value->text, "f");
  }
  CAIRN_TRY(const auto value, param("executable", "Cmd"));
  if (!value && has("Cmd")) return {};
  if (!value && !container)
    return places_.at({}, Error{Errc::invalid, "no executable is named", 0,
                                "add a line `executable = program` before queue"});
  if (container && (!value || (!transfer_value && value->text.starts_with('/')))) transfer = false;
  if (!transfer) set_bool("TransferExecutable", false);
  const std::string name = value ? value->text : std::string();
  if (has_line_break(name)) return line_break("executable");
  if (!transfer) {
    set_string("Cmd", name);
    return {};
  }
  std::string path = name.starts_with('/') ? name : cat(context_.directory.native(), "/", name);
  path.erase(
      std::unique(path.begin(), path.end(), [](char a, char b) { return a == '/' && b == '/'; }),
      path.end());
  set_string("Cmd", path);
  return check_executable(path);
}

Status AdBuilder::check_executable(const std::string& path) {
  if (context_.world == nullptr || !context_.checks_files || path.find("$$") != std::string::npos)
    return {};
  const auto facts = context_.world->look_at(path);
  if (!facts) {
    std::string hint = "its name is relative to where submit is called, not to initialdir";
    const std::string_view name = std::string_view(path).substr(path.rfind('/') + 1);
    if (path.find("/~") != std::string::npos || path.find("/$") != std::string::npos)
      hint = "~ and $NAME are not expanded: write $ENV(HOME)/…";
    else if (const auto blank = path.find(' ');
             blank != std::string::npos && context_.world->look_at(path.substr(0, blank)))
      hint = "what follows the name belongs into arguments";
    else if (context_.world->look_at(cat("/usr/bin/", name)))
      hint = cat("name a program of this machine with its folder, as /usr/bin/", name);
    return Error{Errc::not_found, cat("there is no program ", path), 0, hint};
  }
  if (facts->folder)
    return Error{Errc::invalid, cat("the executable ", path, " is a folder"), 0, ""};
  if (facts->bytes == 0)
    return Error{Errc::invalid, cat("the executable ", path, " is empty"), 0, ""};
  return {};
}

Status AdBuilder::arguments() {
  CAIRN_TRY(const auto second, param("arguments2"));
  CAIRN_TRY(const auto first, param("arguments", "Args"));
  CAIRN_TRY(const auto both, bool_param("allow_arguments_v1"));
  if (first && second && !both.value_or(false))
    return Error{Errc::invalid, "both arguments and arguments2 are set", 0,
                 "keep one of them, or say allow_arguments_v1 = true"};
  if (!first && !second) {
    const bool inherited = has("Args") || has("Arguments");
    if (!inherited || !context_.as_htcondor) set_string("Arguments", "");
    return {};
  }
  const Param& value = second ? *second : *first;
  CAIRN_TRY(const auto unquoted, unquote_arguments(value.text));
  if (unquoted.v2) {
    CAIRN_TRY(const auto words, split_v2(unquoted.raw));
    if (std::any_of(words.begin(), words.end(), has_line_break)) return line_break(value.name);
    set_string("Arguments", join_v2(words));
    return {};
  }
  const Arguments words = split_v1(unquoted.raw);
  for (const std::string& word : words)
    if (word.starts_with('\'') && unquoted.raw.find('\'') != unquoted.raw.rfind('\''))
      warn_once(
          cat(value.name, ": ", word,
              " keeps its quote: '…' groups words only where the whole value stands in \"…\""));
  if (base_is_whole_ && base_.get("Arguments")) {
    // Arguments goes before Args, wherever they come from.
    warn_once(cat(value.name,
                  " of the cluster's first job is in \"...\" or empty, and this one is not: a pool "
                  "would start this job with the first job's arguments; quote all or none"));
    if (!context_.as_htcondor) {
      set_string("Arguments", join_v2(words));
      return {};
    }
  }
  set_string("Args", join(words, " "));
  return {};
}

Status AdBuilder::environment() {
  CAIRN_TRY(const auto second, param("environment2"));
  CAIRN_TRY(const auto env_only, param("env"));
  CAIRN_TRY(const auto both, bool_param("allow_environment_v1"));
  CAIRN_TRY(const auto first, param("environment", "env"));
  if (first && second && !both.value_or(false))
    return Error{Errc::invalid, "both environment and environment2 are set", 0,
                 "keep one of them, or say allow_environment_v1 = true"};
  std::map<std::string, std::string> variables;
  bool v2 = true;
  if (first || second) {
    const Param& value = second ? *second : *first;
    CAIRN_TRY(const auto unquoted, unquote_environment(value.text));
    v2 = unquoted.v2;
    CAIRN_TRY(const auto entries,
              v2 ? split_environment_v2(unquoted.raw) : split_environment_v1(unquoted.raw));
    if (!v2) warn_of_one_variable(unquoted.raw);
    for (const auto& [name, content] : entries) {
      if (v2 && entries.size() > 1 && (content.ends_with(',') || content.ends_with(';')))
        warn_once(cat(value.name, ": the ", content.substr(content.size() - 1),
                      " is a letter of the value ", name, "=", content,
                      "; write blanks between variables"));
      if (name.ends_with(' '))
        warn_once(cat(value.name, ": the name of ", name, "ends in a blank; write ", trim(name),
                      "=", trim(content)));
    }
    for (const auto& [name, content] : entries)
      if (has_line_break(name) || has_line_break(content)) return line_break(value.name);
    variables.insert(entries.begin(), entries.end());
  }
  CAIRN_CHECK(import_environment(variables, first && !second));
  const bool old_style = env_only && !second && !trim(env_only->text).starts_with('"');
  if (old_style) {
    std::string text;
    for (const auto& [name, value] : variables)
      text += cat(text.empty() ? "" : ";", name, "=", value);
    set_string("Env", text);
    set_string("EnvDelim", ";");
    if (!has("Environment")) return {};
  }
  if (!first && !second && variables.empty() && (has("Environment") || has("Env")) &&
      (context_.as_htcondor || !base_is_whole_))
    return {};
  if (base_is_whole_) first_jobs_environment(variables);
  set_string("Environment", join_environment_v2({variables.begin(), variables.end()}));
  return {};
}

// environment = A=1 B=2 makes one variable, A.
void AdBuilder::warn_of_one_variable(std::string_view raw) {
  for (const std::string& entry : split_list(raw, ';')) {
    const auto parts = split_list(entry, entry.find(',') == std::string::npos ? ' ' : ',');
    for (std::size_t i = 1; i < parts.size(); ++i)
      if (const std::size_t equals = parts[i].find('=');
          equals != std::string::npos && is_attribute_name(parts[i].substr(0, equals)))
        warn_once(cat("environment: ", entry, " is one variable; write \"", join(parts, " "),
                      "\" for ", parts.size()));
  }
}

// condor_submit adds what a job says to what the cluster's first job has.
void AdBuilder::first_jobs_environment(std::map<std::string, std::string>& variables) {
  const auto raw = base_.get_string("Environment");
  if (!raw || raw->empty()) return;
  const auto entries = split_environment_v2(*raw);
  if (!entries) return;
  for (const auto& [name, value] : *entries) {
    if (variables.contains(name)) continue;
    warn_once(cat("environment: a pool would give this job the variable ", name,
                  " of the cluster's first job, too; name the same variables in every job"));
    if (context_.as_htcondor) variables.emplace(name, value);
  }
}

// getenv = true, or a list of names with * and, after !, those that are not taken.
Status AdBuilder::import_environment(std::map<std::string, std::string>& variables, bool v1_only) {
  CAIRN_TRY(const auto value, param("getenv", "get_env"));
  if (!value) return {};
  std::vector<std::string> wanted, unwanted;
  const auto all = evaluate_bool(value->text);
  if (all && !*all) return {};
  if (!all) {
    std::string names = value->text;
    std::replace_if(
        names.begin(), names.end(), [](char c) { return c == ';' || c == ' ' || c == '\t'; }, ',');
    for (const std::string& name : split_list(names))
      if (name.starts_with('!'))
        unwanted.push_back(name.substr(1));
      else
        wanted.push_back(name);
  }
  if (context_.world == nullptr) return {};
  for (const auto& [name, content] : context_.world->environment()) {
    const auto in = [&name = name](const std::vector<std::string>& patterns) {
      return std::any_of(patterns.begin(), patterns.end(),
                         [&name](const std::string& pattern) { return matches(pattern, name); });
    };
    if (in(unwanted) || (!wanted.empty() && !in(wanted))) continue;
    if (has_line_break(content) || (v1_only && content.find(';') != std::string::npos)) continue;
    variables.emplace(name, content);
  }
  return {};
}

Status AdBuilder::job_status() {
  CAIRN_TRY(const auto hold, bool_param("hold"));
  if (hold.value_or(false)) {
    set_integer("JobStatus", kHeld);
    set_integer("HoldReasonCode", kSubmittedOnHold);
    set_string("HoldReason", "submitted on hold at user's request");
  } else {
    set_integer("JobStatus", kIdle);
  }
  set_integer("EnteredCurrentStatus", context_.now_seconds);
  return {};
}

Status AdBuilder::standard_streams() {
  for (const Stream& stream :
       {Stream{"In", "input", "stdin", "TransferIn", "transfer_input", "StreamIn", "stream_input"},
        Stream{"Out", "output", "stdout", "TransferOut", "transfer_output", "StreamOut",
               "stream_output"},
        Stream{"Err", "error", "stderr", "TransferErr", "transfer_error", "StreamErr",
               "stream_error"}})
    CAIRN_CHECK(standard_stream(stream));
  return {};
}

Status AdBuilder::standard_stream(const Stream& stream) {
  const bool transfer_before = get_bool(stream.transfer).value_or(true);
  CAIRN_TRY(const auto transfer_value, bool_param(stream.transfer_command, stream.transfer));
  bool transfer = transfer_value.value_or(transfer_before);
  const bool must_say = transfer != transfer_before;
  CAIRN_TRY(const auto stream_value, bool_param(stream.stream_command, stream.stream));
  bool streams = stream_value.value_or(get_bool(stream.stream).value_or(false));
  CAIRN_TRY(const auto value, param(stream.command, stream.other_name));
  if (value || !has(stream.attribute)) {
    const std::string file = value ? value->text : "/dev/null";
    if (file == "/dev/null") transfer = streams = false;
    if (has_line_break(file)) return line_break(stream.command);
    set_string(stream.attribute, file);
  }
  if (!transfer) {
    set_bool(stream.transfer, false);
    return {};
  }
  set_bool(stream.stream, streams);
  if (must_say) set_bool(stream.transfer, true);
  return {};
}

Status AdBuilder::notification() {
  CAIRN_TRY(const auto value, param("notification", "JobNotification"));
  if (!value) {
    if (!has("JobNotification")) set_integer("JobNotification", 0);
    return {};
  }
  constexpr std::array<std::string_view, 4> kChoices = {"never", "always", "complete", "error"};
  for (std::size_t i = 0; i < kChoices.size(); ++i)
    if (equal_ignoring_case(value->text, kChoices.at(i))) {
      set_integer("JobNotification", static_cast<std::int64_t>(i));
      return {};
    }
  return bad_value("notification", value->text, "never, always, complete or error");
}

Status AdBuilder::rank() {
  CAIRN_TRY(const auto value, param("rank", "preferences"));
  if (value) return set_expression(value->name, "Rank", value->text);
  set("Rank", "0.0");
  return {};
}

Status AdBuilder::expression_command(std::string_view command, std::string_view attribute) {
  CAIRN_TRY(const auto value, param(command, attribute));
  return value ? set_expression(value->name, attribute, value->text) : Status();
}

Status AdBuilder::periodic_expressions() {
  for (const auto& [command, attribute] :
       std::array{std::pair{"periodic_hold", "PeriodicHold"},
                  std::pair{"periodic_hold_reason", "PeriodicHoldReason"},
                  std::pair{"periodic_hold_subcode", "PeriodicHoldSubCode"},
                  std::pair{"periodic_release", "PeriodicRelease"},
                  std::pair{"periodic_remove", "PeriodicRemove"},
                  std::pair{"periodic_vacate", "PeriodicVacate"},
                  std::pair{"on_exit_hold_reason", "OnExitHoldReason"},
                  std::pair{"on_exit_hold_subcode", "OnExitHoldSubCode"}})
    CAIRN_CHECK(expression_command(command, attribute));
  return {};
}

Status AdBuilder::leave_in_queue() {
  CAIRN_CHECK(expression_command("leave_in_queue", "LeaveJobInQueue"));
  if (!has("LeaveJobInQueue")) set_bool("LeaveJobInQueue", false);
  return {};
}

Status AdBuilder::retries() {
  CAIRN_TRY(const auto remove, param("on_exit_remove", "OnExitRemove"));
  CAIRN_TRY(const auto hold, param("on_exit_hold", "OnExitHold"));
  CAIRN_TRY(const auto count, int_param("max_retries", "JobMaxRetries"));
  const Place count_place = place_;
  CAIRN_TRY(const auto success, int_param("success_exit_code", "JobSuccessExitCode"));
  CAIRN_TRY(const auto until, param("retry_until"));
  if (!count && !success && !until) {
    if (remove) {
      CAIRN_CHECK(set_expression("on_exit_remove", "OnExitRemove", remove->text));
    }
    return hold ? set_expression("on_exit_hold", "OnExitHold", hold->text) : Status();
  }
  if (count && (*count < 0 || *count > INT_MAX)) {
    place_ = count_place;
    CAIRN_CHECK(object(bad_value("max_retries", cat(*count), "a whole number, 0 or more")));
  }
  if (count || !has("JobMaxRetries")) set_integer("JobMaxRetries", count.value_or(2));
  if (hold) {
    CAIRN_CHECK(set_expression("on_exit_hold", "OnExitHold", hold->text));
  } else if (!has("OnExitHold")) {
    set_bool("OnExitHold", false);
  }
  if (success) set_integer("JobSuccessExitCode", *success);
  std::string expression = cat("NumJobCompletions > JobMaxRetries || ExitCode =?= ",
                               success ? "JobSuccessExitCode" : "0");
  if (until) {
    CAIRN_TRY(const std::string condition, exit_remove(until->text));
    expression += cat(" || ", condition);
  }
  if (remove) {
    const auto parsed = classad::Expression::parse(remove->text);
    if (!parsed) return bad_value("on_exit_remove", remove->text, "a ClassAd expression");
    const bool needs_brackets = parsed->text().find('?') != std::string::npos;
    expression += cat(" || ", needs_brackets ? cat("(", remove->text, ")") : remove->text);
  }
  return set_expression("max_retries", "OnExitRemove", expression);
}

// retry_until = 3 is the exit code; anything else is a condition.
Result<std::string> AdBuilder::exit_remove(std::string_view own) {
  const auto parsed = classad::Expression::parse(own);
  if (!parsed) return bad_value("retry_until", own, "an exit code or a condition");
  if (parsed->references().empty())
    if (const auto code = evaluate_integer(own)) {
      if (*code < INT_MIN || *code > INT_MAX)
        return bad_value("retry_until", own, "an exit code or a condition");
      return cat("ExitCode =?= ", *code);
    }
  const bool needs_brackets = parsed->text().find('?') != std::string::npos &&
                              parsed->text().find("=?=") == std::string::npos;
  return needs_brackets ? cat("(", own, ")") : std::string(own);
}

Status AdBuilder::kill_signal(std::string_view command, std::string_view attribute) {
  CAIRN_TRY(const auto value, param(command, attribute));
  if (!value) return {};
  const auto number = parse_signal(value->text);
  if (!number)
    return bad_value(command, value->text, "a signal's name or number, as SIGTERM or 15");
  if (!parse_integer(value->text) && !starts_with_ignoring_case(value->text, "SIG"))
    CAIRN_CHECK(
        only_here({Errc::invalid, cat(command, " = ", value->text, ": condor_submit refuses it"), 0,
                   cat("write SIG", upper(value->text))}));
  if (parse_integer(value->text)) {
    const auto name = signal_name(*number);
    if (!name) return bad_value(command, value->text, "a signal with a name");
    set_string(attribute, *name);
    return {};
  }
  set_string(attribute, upper(value->text));
  return {};
}

Status AdBuilder::kill_signals() {
  CAIRN_CHECK(kill_signal("kill_sig", "KillSig"));
  if (!has("KillSig") && get("JobUniverse") != cat(kVanilla)) set_string("KillSig", "SIGTERM");
  CAIRN_CHECK(kill_signal("remove_kill_sig", "RemoveKillSig"));
  CAIRN_CHECK(kill_signal("hold_kill_sig", "HoldKillSig"));
  CAIRN_TRY(const auto timeout, int_param("kill_sig_timeout", "KillSigTimeout"));
  if (timeout) set_integer("KillSigTimeout", *timeout);
  return {};
}

Status AdBuilder::container_services() {
  if (!get_bool("WantDocker").value_or(false) && !get_bool("WantContainer").value_or(false))
    return {};
  CAIRN_TRY(const auto names, param("container_service_names", "ContainerServiceNames"));
  if (!names) return {};
  set_string("ContainerServiceNames", names->text);
  for (const std::string& service : split_list(names->text)) {
    CAIRN_TRY(const auto port, int_param(cat(service, "_container_port")));
    constexpr std::int64_t kPortMax = 65535;
    if (!port || *port < 0 || *port > kPortMax || !is_attribute_name(service))
      return Error{Errc::invalid, cat("the container service ", service, " has no port"), 0,
                   cat("add ", service, "_container_port = NUMBER")};
    set_integer(cat(service, "_ContainerPort"), *port);
  }
  return {};
}

// --- resources --------------------------------------------------------------------------------

Status AdBuilder::request_resources() {
  CAIRN_CHECK(custom_requests());
  CAIRN_TRY(const auto cpus, param("request_cpus", "RequestCpus"));
  const bool undefined_cpus = cpus && equal_ignoring_case(cpus->text, "undefined");
  if (cpus && !undefined_cpus) {
    if (const auto number = evaluate_integer(cpus->text); number && *number < 1) {
      CAIRN_CHECK(object(bad_value("request_cpus", cpus->text, "a whole number, 1 or more")));
    }
    CAIRN_CHECK(set_expression(cpus->name, "RequestCpus", cpus->text));
  }
  if (!cpus && !has("RequestCpus")) set_integer("RequestCpus", 1);
  CAIRN_CHECK(request_gpus());
  constexpr std::int64_t kKilobyte = 1024;
  CAIRN_CHECK(request_size("request_disk", "RequestDisk", kKilobyte, "DiskUsage"));
  return request_size("request_memory", "RequestMemory", kKilobyte * kKilobyte, kMemoryNotSaid);
}

Status AdBuilder::request_size(std::string_view command, std::string_view attribute,
                               std::int64_t unit, std::string_view otherwise) {
  CAIRN_TRY(const auto value, param(command, attribute));
  if (!value) {
    if (!has(attribute)) set(attribute, otherwise);
    return {};
  }
  if (const auto size = parse_size(value->text, unit)) {
    set_integer(attribute, *size);
    return {};
  }
  if (equal_ignoring_case(value->text, "undefined")) return {};
  if (const auto number = evaluate_integer(value->text); number && *number < 0) {
    CAIRN_CHECK(object(bad_value(command, value->text, "a size such as 512M or 2GB")));
  }
  if (auto done = set_expression(value->name, attribute, value->text); !done)
    return bad_value(command, value->text, "a size such as 512M or 2GB",
                     "the units are K, M, G and T, each with or without B");
  return {};
}

Status AdBuilder::request_gpus() {
  CAIRN_TRY(const auto count, param("request_gpus", "RequestGPUs"));
  if (count && !equal_ignoring_case(count->text, "undefined"))
    CAIRN_CHECK(set_expression(count->name, "RequestGPUs", count->text));
  if (!has("RequestGPUs")) return {};
  CAIRN_CHECK(expression_command("require_gpus", "RequireGPUs"));
  CAIRN_CHECK(expression_command("gpus_minimum_capability", "GPUsMinCapability"));
  CAIRN_CHECK(expression_command("gpus_maximum_capability", "GPUsMaxCapability"));
  CAIRN_TRY(const auto memory, param("gpus_minimum_memory", "GPUsMinMemory"));
  if (memory) {
    constexpr std::int64_t kMegabyte = std::int64_t{1024} * 1024;
    if (const auto size = parse_size(memory->text, kMegabyte)) {
      set_integer("GPUsMinMemory", *size);
    } else {
      CAIRN_CHECK(set_expression(memory->name, "GPUsMinMemory", memory->text));
    }
  }
  CAIRN_TRY(const auto runtime, param("gpus_minimum_runtime", "GPUsMinRuntime"));
  if (!runtime) return {};
  // 12.1 is 12010, as drivers count.
  const std::size_t dot = std::min(runtime->text.find('.'), runtime->text.size());
  const auto major = parse_integer(std::string_view(runtime->text).substr(0, dot));
  const auto minor = dot == runtime->text.size()
                         ? std::optional<std::int64_t>(0)
                         : parse_integer(std::string_view(runtime->text).substr(dot + 1));
  constexpr std::int64_t kMajor = 1000, kMinor = 10, kMinorMax = 100;
  if (major && minor && *minor >= 0 && *minor < kMinorMax && *major >= 0 && *major < INT_MAX) {
    const bool canonical = dot == runtime->text.size() && *major > kMajor;
    set_integer("GPUsMinRuntime", canonical ? *major : *major * kMajor + *minor * kMinor);
    return {};
  }
  return set_expression(runtime->name, "GPUsMinRuntime", runtime->text);
}

// request_license = 1 is Requestlicense = 1: the case is that of the file.
Status AdBuilder::custom_requests() {
  constexpr std::string_view kPrefix = "request_";
  std::vector<std::string> names;
  const auto& assigned = macros_.assigned();
  for (auto at = assigned.lower_bound(kPrefix);
       at != assigned.end() && starts_with_ignoring_case(at->first, kPrefix); ++at)
    names.push_back(at->first);
  for (const std::string& name : names) {
    if (known_command(name)) continue;
    const std::string tag = name.substr(kPrefix.size());
    if (equal_ignoring_case(tag, "cpu") || equal_ignoring_case(tag, "gpu")) {
      const Macro* const macro = macros_.assigned_macro(name);
      place_ = {macro->file, macro->line};
      static_cast<void>(macros_.find(name));  // used: it is warned of here
      warn_once(cat(name, " is not a command; did you mean ", name, "s?"));
      continue;
    }
    if (tag.size() < 2 || tag.front() == '_' || !is_attribute_name(cat("Request", tag))) continue;
    CAIRN_TRY(const auto value, param(name));
    if (value) CAIRN_CHECK(set_expression(name, cat("Request", tag), value->text));
  }
  return {};
}

Status AdBuilder::concurrency_limits() {
  CAIRN_TRY(const auto limits, param("concurrency_limits"));
  CAIRN_TRY(const auto expression, param("concurrency_limits_expr"));
  if (limits && expression)
    return Error{Errc::invalid, "both concurrency_limits and concurrency_limits_expr are set", 0,
                 "keep one of them"};
  if (expression) return set_expression(expression->name, "ConcurrencyLimits", expression->text);
  if (!limits) return {};
  auto list = split_list(commas(lower(limits->text)));
  for (const std::string& limit : list)
    if (!is_limit(limit))
      return bad_value("concurrency_limits", limit, "name, group.name or name:count");
  std::sort(list.begin(), list.end());
  set_string("ConcurrencyLimits", join(list, ","));
  return {};
}

Status AdBuilder::accounting_group() {
  CAIRN_TRY(auto group, param("accounting_group", "AccountingGroup"));
  CAIRN_TRY(const auto nice, bool_param("nice_user", "NiceUser"));
  if (nice.value_or(false)) {
    if (group)
      warn_once("nice_user conflicts with accounting_group and is ignored");
    else
      group = Param{"nice-user", "nice_user"};
    set_integer("MaxJobRetirementTime", 0);
  }
  CAIRN_TRY(const auto user, param("accounting_group_user", "AcctGroupUser"));
  if (!group && !user) return {};
  const std::string name = user ? user->text : context_.owner;
  if (group && !is_submitter_name(group->text))
    return bad_value("accounting_group", group->text, "a name without blanks");
  if (!is_submitter_name(name))
    return bad_value("accounting_group_user", name, "a name without blanks");
  set_string("AcctGroupUser", name);
  if (group) set_string("AcctGroup", group->text);
  set_string("AccountingGroup", group ? cat(group->text, ".", name) : name);
  return {};
}

Status AdBuilder::deferral_number(std::string_view attribute, std::string_view command,
                                  std::string_view other_command, std::int64_t otherwise) {
  CAIRN_TRY(auto value, param(command));
  if (!value) {
    CAIRN_TRY(value, param(other_command, attribute));
  }
  if (!value) {
    if (otherwise >= 0) set_integer(attribute, otherwise);
    return {};
  }
  CAIRN_CHECK(set_expression(value->name, attribute, value->text));
  const auto number = literal_number(attribute);
  if (number && *number < 0)
    return bad_value(value->name, value->text, "a whole number, 0 or more");
  return {};
}

Status AdBuilder::deferral() {
  CAIRN_CHECK(deferral_number("DeferralTime", "deferral_time", "deferral_time", -1));
  bool deferred = has("DeferralTime");
  for (const std::string_view cron :
       {"CronMinute", "CronHour", "CronDayOfMonth", "CronMonth", "CronDayOfWeek"})
    if (has(cron)) {
      CAIRN_CHECK(object({Errc::unsupported, "cron_… is not supported: a job runs once", 0,
                          "start it from cron, or take the lines out"}));
      deferred = true;
    }
  if (!deferred) return {};
  CAIRN_CHECK(deferral_number("DeferralWindow", "cron_window", "deferral_window", 0));
  constexpr std::int64_t kPrepSeconds = 300;
  return deferral_number("DeferralPrepTime", "cron_prep_time", "deferral_prep_time", kPrepSeconds);
}

Status AdBuilder::image_size() {
  if (proc_ < 1) {
    const auto program = get_string("Cmd").value_or("");
    set_integer("ExecutableSize", size_kb(program));
  }
  CAIRN_TRY(const auto value, param("image_size", "ImageSize"));
  if (!value) {
    if (!has("ImageSize") || proc_ < 1) set("ImageSize", get("ExecutableSize").value_or("0"));
    return {};
  }
  constexpr std::int64_t kKilobyte = 1024;
  const auto size = parse_size(value->text, kKilobyte);
  if (!size || *size < 1)
    return bad_value("image_size", value->text, "a size of at least 1 KB, such as 2M");
  set_integer("ImageSize", *size);
  return {};
}

Status AdBuilder::check_checkpoint_code() {
  const auto code = literal_number("SuccessCheckpointExitCode");
  constexpr double kCodeMax = 255;
  if (code && *code >= 1 && *code <= kCodeMax) return {};
  return object(bad_value("checkpoint_exit_code", get("SuccessCheckpointExitCode").value_or(""),
                          "a whole number from 1 to 255",
                          code == 0.0 ? "0 says that the job is done; 77 is the custom"
                                      : "no program can exit with another one; 77 is the custom"));
}

}  // namespace cairn
