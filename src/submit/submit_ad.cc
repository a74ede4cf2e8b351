#include "submit/submit_ad.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <limits>
#include <span>

#include "base/text.h"
#include "base/try.h"
#include "job/arguments.h"
#include "job/job_spec.h"

namespace cairn {
namespace {

Error bad_value(std::string_view command, std::string_view value, std::string_view expected,
                std::string_view hint = {}) {
  return {Errc::invalid, cat(command, " = ", value, ": expected ", expected), 0, std::string(hint)};
}

std::string absolute(std::string_view name, const std::string& directory) {
  return name.starts_with('/') ? std::string(name) : cat(directory, "/", name);
}

std::optional<bool> parse_bool(std::string_view text) {
  for (const std::string_view yes : {"true", "t", "yes", "1"})
    if (equal_ignoring_case(text, yes)) return true;
  for (const std::string_view no : {"false", "f", "no", "0"})
    if (equal_ignoring_case(text, no)) return false;
  return std::nullopt;
}

bool starts_with_digit(std::string_view text) {
  return !text.empty() && ((text[0] >= '0' && text[0] <= '9') || text[0] == '.');
}

// "64M", "1.5 GB", "100" in units of `unit` bytes, rounded up.  No KiB: HTCondor knows none.
std::optional<std::int64_t> parse_size(std::string_view text, double unit) {
  const std::size_t letters = std::min(text.find_first_not_of("0123456789."), text.size());
  const std::string number(text.substr(0, letters));
  std::string suffix = lower(trim(text.substr(letters)));
  if (number.empty() || number.size() > 18 || std::count(number.begin(), number.end(), '.') > 1 ||
      number == ".")
    return std::nullopt;
  double bytes_each = unit;
  if (!suffix.empty()) {
    constexpr std::string_view kPrefixes = "kmgtp";
    const std::size_t power = kPrefixes.find(suffix[0]);
    if (suffix != "b" && power == std::string_view::npos) return std::nullopt;
    if (suffix != "b" && suffix.size() > 1 && suffix.substr(1) != "b") return std::nullopt;
    bytes_each = suffix == "b" ? 1.0 : std::pow(1024.0, static_cast<double>(power) + 1);
  }
  const double size = std::ceil(std::stod(number) * bytes_each / unit);
  if (size > 1e15) return std::nullopt;
  return static_cast<std::int64_t>(size);
}

// Catches what would make an ad unreadable; whether it means something is found out
// where it is evaluated.
Status check_expression(std::string_view name, std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char letter = text[i];
    if (in_string && text.substr(i).starts_with("\\\"") && i + 2 < text.size()) {
      ++i;
    } else if (letter == '"') {
      in_string = !in_string;
    } else if (!in_string) {
      if (letter == '(' || letter == '[' || letter == '{') ++depth;
      if ((letter == ')' || letter == ']' || letter == '}') && --depth < 0) break;
    }
  }
  if (in_string || depth != 0)
    return bad_value(name, text, "a ClassAd expression",
                     in_string ? "a double quote has no end" : "the brackets do not match");
  return {};
}

// Whether `expression` names an attribute, in any scope.
bool mentions(std::string_view expression, std::string_view attribute) {
  const std::string text = lower(expression), word = lower(attribute);
  const auto part_of_name = [&text](std::size_t at) {
    return at < text.size() &&
           (std::isalnum(static_cast<unsigned char>(text[at])) != 0 || text[at] == '_');
  };
  for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1))
    if ((at == 0 || !part_of_name(at - 1)) && !part_of_name(at + word.size())) return true;
  return false;
}

class AdBuilder {
 public:
  AdBuilder(const CommandValues& values, const SubmitContext& context, int proc)
      : values_(values), context_(context), proc_(proc) {}

  Result<JobAd> build();

  // One command each: sets the attributes, or says what is wrong with the value.
  using Step = Status (AdBuilder::*)(std::string_view value);
  Status universe(std::string_view value);
  Status initialdir(std::string_view value);
  Status executable(std::string_view value);
  Status transfer_executable(std::string_view value);
  Status arguments(std::string_view value);
  Status environment(std::string_view value);
  Status input(std::string_view value);
  Status output(std::string_view value);
  Status error(std::string_view value);
  Status log(std::string_view value);
  Status should_transfer_files(std::string_view value);
  Status when_to_transfer_output(std::string_view value);
  Status preserve_relative_paths(std::string_view value);
  Status transfer_input_files(std::string_view value);
  Status transfer_output_files(std::string_view value);
  Status transfer_checkpoint_files(std::string_view value);
  Status transfer_output_remaps(std::string_view value);
  Status checkpoint_exit_code(std::string_view value);
  Status max_retries(std::string_view value);
  Status kill_sig(std::string_view value);
  Status job_max_vacate_time(std::string_view value);
  Status request_cpus(std::string_view value);
  Status request_memory(std::string_view value);
  Status request_disk(std::string_view value);
  Status notification(std::string_view value);
  Status rank(std::string_view value);
  Status requirements(std::string_view value);

 private:
  // What every ad has, before any command.
  void set_identity();
  void set_history();
  void set_defaults();
  // What follows from several commands.
  Status settle_transfer();
  void settle_requirements();
  Status set_attributes();  // +Name = expression

  std::string transfer_condition() const;
  Status set_number(std::string_view command, std::string_view attribute, std::string_view value);
  Status set_size(std::string_view command, std::string_view attribute, std::string_view value,
                  double unit);
  Status set_expression(std::string_view command, std::string_view attribute,
                        std::string_view value);
  Status set_names(std::string_view command, std::string_view attribute, std::string_view value);
  std::string iwd() const { return ad_.get_string("Iwd").value_or(""); }

  const CommandValues& values_;
  const SubmitContext& context_;
  int proc_;
  JobAd ad_;
  std::string requirements_;  // the user's part
};

struct Command {
  std::string_view name;
  AdBuilder::Step step;
};

// In the order in which they are applied: initialdir before what is relative to it,
// checkpoint and retry settings after the defaults they replace.
constexpr std::array kCommands = {
    Command{"universe", &AdBuilder::universe},
    Command{"initialdir", &AdBuilder::initialdir},
    Command{"transfer_executable", &AdBuilder::transfer_executable},
    Command{"executable", &AdBuilder::executable},
    Command{"arguments", &AdBuilder::arguments},
    Command{"environment", &AdBuilder::environment},
    Command{"input", &AdBuilder::input},
    Command{"output", &AdBuilder::output},
    Command{"error", &AdBuilder::error},
    Command{"log", &AdBuilder::log},
    Command{"should_transfer_files", &AdBuilder::should_transfer_files},
    Command{"when_to_transfer_output", &AdBuilder::when_to_transfer_output},
    Command{"preserve_relative_paths", &AdBuilder::preserve_relative_paths},
    Command{"transfer_input_files", &AdBuilder::transfer_input_files},
    Command{"transfer_output_files", &AdBuilder::transfer_output_files},
    Command{"transfer_checkpoint_files", &AdBuilder::transfer_checkpoint_files},
    Command{"transfer_output_remaps", &AdBuilder::transfer_output_remaps},
    Command{"checkpoint_exit_code", &AdBuilder::checkpoint_exit_code},
    Command{"max_retries", &AdBuilder::max_retries},
    Command{"kill_sig", &AdBuilder::kill_sig},
    Command{"job_max_vacate_time", &AdBuilder::job_max_vacate_time},
    Command{"request_cpus", &AdBuilder::request_cpus},
    Command{"request_memory", &AdBuilder::request_memory},
    Command{"request_disk", &AdBuilder::request_disk},
    Command{"notification", &AdBuilder::notification},
    Command{"rank", &AdBuilder::rank},
    Command{"requirements", &AdBuilder::requirements},
};

struct OtherName {
  std::string_view name, command;
};
constexpr std::array kOtherNames = {
    OtherName{"initial_dir", "initialdir"},
    OtherName{"env", "environment"},
    OtherName{"args", "arguments"},
    OtherName{"stdin", "input"},
    OtherName{"stdout", "output"},
    OtherName{"stderr", "error"},
    OtherName{"RequestCpus", "request_cpus"},
    OtherName{"RequestMemory", "request_memory"},
    OtherName{"RequestDisk", "request_disk"},
};

// Going on without these would run another job than was asked for.
constexpr std::array<std::string_view, 11> kRefused = {"checkpoint_destination",
                                                       "container_image",
                                                       "docker_image",
                                                       "getenv",
                                                       "hold",
                                                       "on_exit_hold",
                                                       "on_exit_remove",
                                                       "output_destination",
                                                       "retry_until",
                                                       "success_exit_code",
                                                       "transfer_plugins"};

constexpr std::array<std::string_view, 35> kIgnored = {"accounting_group",
                                                       "accounting_group_user",
                                                       "allowed_execute_duration",
                                                       "allowed_job_duration",
                                                       "batch_name",
                                                       "batch_project",
                                                       "concurrency_limits",
                                                       "copy_to_spool",
                                                       "coresize",
                                                       "description",
                                                       "email_attributes",
                                                       "encrypt_input_files",
                                                       "encrypt_output_files",
                                                       "erase_output_and_error_on_restart",
                                                       "gpus_minimum_memory",
                                                       "job_lease_duration",
                                                       "job_machine_attrs",
                                                       "keep_claim_idle",
                                                       "leave_in_queue",
                                                       "max_idle",
                                                       "max_materialize",
                                                       "nice_user",
                                                       "notify_user",
                                                       "periodic_hold",
                                                       "periodic_hold_reason",
                                                       "periodic_hold_subcode",
                                                       "periodic_release",
                                                       "periodic_remove",
                                                       "periodic_vacate",
                                                       "priority",
                                                       "request_gpus",
                                                       "require_gpus",
                                                       "stream_error",
                                                       "stream_input",
                                                       "stream_output"};

bool contains(std::span<const std::string_view> names, std::string_view name) {
  return std::any_of(names.begin(), names.end(), [name](std::string_view candidate) {
    return equal_ignoring_case(candidate, name);
  });
}

// Arguments, environments and lists are lines of the ad: a line break cannot be in them.
Status check_one_line(std::string_view command, std::string_view value) {
  if (value.find_first_of(std::string_view("\n\r\0", 3)) == std::string_view::npos) return {};
  return Error{Errc::invalid, cat(command, " holds a line break, which a job ad cannot"), 0,
               "put the text into a file and list that in transfer_input_files"};
}

Result<JobAd> AdBuilder::build() {
  set_identity();
  set_history();
  set_defaults();
  for (const auto& [name, value] : values_)
    if (is_refused_command(name))
      return at_line(context_, value.line,
                     Error{Errc::unsupported, cat(name, " is not supported yet"), 0,
                           "without it the job would be another one; take the line out to run "
                           "it all the same"});
  for (const Command& command : kCommands) {
    const auto found = values_.find(command.name);
    if (found == values_.end() || found->second.text.empty()) continue;
    Status done = check_one_line(command.name, found->second.text);
    if (done) done = (this->*command.step)(found->second.text);
    if (!done) return at_line(context_, found->second.line, std::move(done).error());
  }
  if (!ad_.get("Cmd"))
    return at_line(context_, 0,
                   Error{Errc::invalid, "no executable is named", 0,
                         "add a line `executable = program` before queue"});
  if (auto done = settle_transfer(); !done) return at_line(context_, 0, std::move(done).error());
  settle_requirements();
  CAIRN_CHECK(set_attributes());
  if (auto job = job_spec(ad_); !job) return at_line(context_, 0, std::move(job).error());
  return std::move(ad_);
}

void AdBuilder::set_identity() {
  ad_.set_integer("ClusterId", context_.cluster);
  ad_.set_integer("ProcId", proc_);
  ad_.set_string("MyType", "Job");
  ad_.set_string("TargetType", "Machine");
  ad_.set_string("Owner", context_.owner);
  ad_.set_string("User", cat(context_.owner, "@", context_.host));
  ad_.set_string("GlobalJobId",
                 cat(context_.host, "#", context_.cluster, ".", proc_, "#", context_.now_seconds));
  ad_.set_integer("QDate", context_.now_seconds);
  ad_.set_integer("EnteredCurrentStatus", context_.now_seconds);
  ad_.set_integer("JobStatus", 1);  // idle
  ad_.set_integer("JobSubmitMethod", 0);
  if (!context_.file.empty()) ad_.set_string("JobSubmitFile", context_.file);
}

// The counters that a job starts with.
void AdBuilder::set_history() {
  for (const std::string_view name :
       {"NumCkpts", "NumJobStarts", "NumRestarts", "NumJobCompletions", "NumSystemHolds",
        "ExitStatus", "CommittedTime", "CommittedSlotTime", "CommittedSuspensionTime",
        "CumulativeSlotTime", "CumulativeSuspensionTime", "TotalSuspensions", "LastSuspensionTime",
        "CurrentHosts", "TransferInputSizeMB"})
    ad_.set_integer(name, 0);
  for (const std::string_view name : {"RemoteSysCpu", "RemoteUserCpu", "RemoteWallClockTime",
                                      "CumulativeRemoteSysCpu", "CumulativeRemoteUserCpu"})
    ad_.set(name, "0.0");
  ad_.set_bool("ExitBySignal", false);
}

void AdBuilder::set_defaults() {
  ad_.set_integer("JobUniverse", 5);  // vanilla
  ad_.set_string("Iwd", context_.directory.native());
  ad_.set_string("Arguments", "");
  ad_.set_string("Environment", "");
  for (const auto& [file, transfer] :
       {std::pair{"In", "TransferIn"}, std::pair{"Out", "TransferOut"},
        std::pair{"Err", "TransferErr"}}) {
    ad_.set_string(file, "/dev/null");
    ad_.set_bool(transfer, false);
  }
  ad_.set("Rank", "0.0");
  ad_.set_integer("JobPrio", 0);
  ad_.set_integer("MinHosts", 1);
  ad_.set_integer("MaxHosts", 1);
  ad_.set_integer("RequestCpus", 1);
  ad_.set("RequestDisk", "DiskUsage");
  ad_.set("RequestMemory",
          "ifthenelse(MemoryUsage =!= undefined,MemoryUsage,(ImageSize + 1023) / 1024)");
  ad_.set_integer("JobNotification", 0);
  ad_.set_integer("JobLeaseDuration", 2400);
  ad_.set_bool("LeaveJobInQueue", false);
}

Status AdBuilder::universe(std::string_view value) {
  if (equal_ignoring_case(value, "vanilla") || value == "5") return {};
  return Error{Errc::unsupported, cat("universe = ", value, " is not supported"), 0,
               "Cairn runs vanilla jobs; take the line out"};
}

Status AdBuilder::initialdir(std::string_view value) {
  ad_.set_string("Iwd", absolute(value, context_.directory.native()));
  return {};
}

Status AdBuilder::transfer_executable(std::string_view value) {
  const auto transfer = parse_bool(value);
  if (!transfer) return bad_value("transfer_executable", value, "true or false");
  if (!*transfer) ad_.set_bool("TransferExecutable", false);
  return {};
}

// Relative to where submit was called, not to initialdir.
Status AdBuilder::executable(std::string_view value) {
  const bool transfer = ad_.get_bool("TransferExecutable").value_or(true);
  ad_.set_string("Cmd",
                 transfer ? absolute(value, context_.directory.native()) : std::string(value));
  return {};
}

Status AdBuilder::arguments(std::string_view value) {
  CAIRN_TRY(const auto unquoted, unquote_arguments(value));
  if (unquoted.v2) {
    CAIRN_TRY(const auto words, split_v2(unquoted.raw));
    ad_.set_string("Arguments", join_v2(words));
  } else {
    ad_.erase("Arguments");
    ad_.set_string("Args", join(split_v1(unquoted.raw), " "));
  }
  return {};
}

Status AdBuilder::environment(std::string_view value) {
  CAIRN_TRY(const auto unquoted, unquote_environment(value));
  CAIRN_TRY(const auto environment,
            unquoted.v2 ? split_environment_v2(unquoted.raw) : split_environment_v1(unquoted.raw));
  ad_.set_string("Environment", join_environment_v2(environment));
  return {};
}

Status AdBuilder::input(std::string_view value) {
  ad_.set_string("In", value);
  if (value == "/dev/null") return {};
  ad_.erase("TransferIn");
  ad_.set_bool("StreamIn", false);
  return {};
}

Status AdBuilder::output(std::string_view value) {
  ad_.set_string("Out", value);
  if (value == "/dev/null") return {};
  ad_.erase("TransferOut");
  ad_.set_bool("StreamOut", false);
  return {};
}

Status AdBuilder::error(std::string_view value) {
  ad_.set_string("Err", value);
  if (value == "/dev/null") return {};
  ad_.erase("TransferErr");
  ad_.set_bool("StreamErr", false);
  return {};
}

Status AdBuilder::log(std::string_view value) {
  ad_.set_string("UserLog", absolute(value, iwd()));
  return {};
}

Status AdBuilder::should_transfer_files(std::string_view value) {
  if (!is_transfer_choice(value))
    return bad_value("should_transfer_files", value, "YES, NO or IF_NEEDED");
  std::string choice(value);
  for (char& letter : choice)
    if (letter >= 'a' && letter <= 'z') letter = static_cast<char>(letter - 'a' + 'A');
  ad_.set_string("ShouldTransferFiles", choice);
  return {};
}

Status AdBuilder::when_to_transfer_output(std::string_view value) {
  const auto when = parse_transfer_output(value);
  if (!when)
    return bad_value("when_to_transfer_output", value, "ON_EXIT, ON_EXIT_OR_EVICT or ON_SUCCESS");
  constexpr std::array<std::string_view, 3> kNames = {"ON_EXIT", "ON_EXIT_OR_EVICT", "ON_SUCCESS"};
  ad_.set_string("WhenToTransferOutput", kNames.at(static_cast<std::size_t>(*when)));
  return {};
}

Status AdBuilder::preserve_relative_paths(std::string_view value) {
  const auto preserve = parse_bool(value);
  if (!preserve) return bad_value("preserve_relative_paths", value, "true or false");
  ad_.set_bool("PreserveRelativePaths", *preserve);
  return {};
}

// A list of file names, in the ad as written; "" is the list of nothing.
Status AdBuilder::set_names(std::string_view command, std::string_view attribute,
                            std::string_view value) {
  const std::string_view list = value == "\"\"" ? std::string_view{} : value;
  if (list.find('"') != std::string_view::npos)
    return bad_value(command, value, "names with commas between them, without quotes");
  ad_.set_string(attribute, list);
  return {};
}

Status AdBuilder::transfer_input_files(std::string_view value) {
  const auto names = split_list(value);
  CAIRN_CHECK(check_input_names(names, ad_.get_bool("PreserveRelativePaths").value_or(false)));
  return set_names("transfer_input_files", "TransferInput",
                   value == "\"\"" ? std::string(value) : join(names, ","));
}

Status AdBuilder::transfer_output_files(std::string_view value) {
  CAIRN_CHECK(check_sandbox_names(split_list(value)));
  return set_names("transfer_output_files", "TransferOutput",
                   value == "\"\"" ? std::string(value) : join(split_list(value), ","));
}

Status AdBuilder::transfer_checkpoint_files(std::string_view value) {
  CAIRN_CHECK(check_sandbox_names(split_list(value)));
  return set_names("transfer_checkpoint_files", "TransferCheckpoint", value);
}

Status AdBuilder::transfer_output_remaps(std::string_view value) {
  if (value.size() < 2 || !value.starts_with('"') || !value.ends_with('"'))
    return bad_value("transfer_output_remaps", value, "\"name = where; other = elsewhere\"",
                     "put the whole value in double quotes");
  value = value.substr(1, value.size() - 2);
  CAIRN_CHECK(parse_remaps(value));
  ad_.set_string("TransferOutputRemaps", value);
  return {};
}

Status AdBuilder::checkpoint_exit_code(std::string_view value) {
  const auto code = parse_integer(value);
  if (!code || *code < 1 || *code > 255)
    return bad_value("checkpoint_exit_code", value, "a whole number from 1 to 255",
                     code == 0 ? "0 says that the job is done; 77 is the custom"
                               : "no program can exit with another one; 77 is the custom");
  ad_.set_integer("SuccessCheckpointExitCode", *code);
  ad_.set_bool("WantFTOnCheckpoint", true);
  return {};
}

Status AdBuilder::set_number(std::string_view command, std::string_view attribute,
                             std::string_view value) {
  const auto number = parse_integer(value);
  if (!number || *number < 0 || *number > std::numeric_limits<int>::max())
    return bad_value(command, value, "a whole number, 0 or more");
  ad_.set_integer(attribute, *number);
  return {};
}

Status AdBuilder::max_retries(std::string_view value) {
  CAIRN_CHECK(set_number("max_retries", "JobMaxRetries", value));
  ad_.set("OnExitRemove", "NumJobCompletions > JobMaxRetries || ExitCode =?= 0");
  return {};
}

Status AdBuilder::kill_sig(std::string_view value) {
  if (!parse_signal(value))
    return bad_value("kill_sig", value, "a signal's name or number, as SIGTERM or 15");
  if (starts_with_digit(value))
    ad_.set("KillSig", std::string(value));
  else
    ad_.set_string("KillSig", value);
  return {};
}

Status AdBuilder::job_max_vacate_time(std::string_view value) {
  return set_number("job_max_vacate_time", "JobMaxVacateTime", value);
}

Status AdBuilder::set_expression(std::string_view command, std::string_view attribute,
                                 std::string_view value) {
  CAIRN_CHECK(check_expression(command, value));
  ad_.set(attribute, std::string(value));
  return {};
}

Status AdBuilder::set_size(std::string_view command, std::string_view attribute,
                           std::string_view value, double unit) {
  if (!starts_with_digit(value)) {
    if (value.starts_with('-')) return bad_value(command, value, "a size such as 512M or 2GB");
    return set_expression(command, attribute, value);
  }
  const auto size = parse_size(value, unit);
  if (!size) return bad_value(command, value, "a size such as 512M or 2GB");
  ad_.set_integer(attribute, *size);
  return {};
}

Status AdBuilder::request_cpus(std::string_view value) {
  if (!starts_with_digit(value) && !value.starts_with('-'))
    return set_expression("request_cpus", "RequestCpus", value);
  const auto number = parse_integer(value);
  if (!number || *number < 1) return bad_value("request_cpus", value, "a whole number, 1 or more");
  return set_number("request_cpus", "RequestCpus", value);
}

Status AdBuilder::request_memory(std::string_view value) {
  return set_size("request_memory", "RequestMemory", value, 1024.0 * 1024.0);
}

Status AdBuilder::request_disk(std::string_view value) {
  return set_size("request_disk", "RequestDisk", value, 1024.0);
}

Status AdBuilder::notification(std::string_view value) {
  constexpr std::array<std::string_view, 4> kChoices = {"never", "always", "complete", "error"};
  for (std::size_t i = 0; i < kChoices.size(); ++i)
    if (equal_ignoring_case(value, kChoices.at(i))) {
      ad_.set_integer("JobNotification", static_cast<std::int64_t>(i));
      return {};
    }
  return bad_value("notification", value, "never, always, complete or error");
}

Status AdBuilder::rank(std::string_view value) { return set_expression("rank", "Rank", value); }

Status AdBuilder::requirements(std::string_view value) {
  CAIRN_CHECK(check_expression("requirements", value));
  requirements_ = value;
  return {};
}

Status AdBuilder::settle_transfer() {
  const auto when = ad_.get_string("WhenToTransferOutput");
  const bool on_evict = when == "ON_EXIT_OR_EVICT";
  if (!ad_.get("ShouldTransferFiles"))
    ad_.set_string("ShouldTransferFiles", on_evict ? "YES" : "IF_NEEDED");
  const auto should = ad_.get_string("ShouldTransferFiles");
  if (should != "NO") {
    if (!when) ad_.set_string("WhenToTransferOutput", "ON_EXIT");
  } else if (on_evict) {
    return Error{
        Errc::invalid,
        "should_transfer_files = NO contradicts when_to_transfer_output = ON_EXIT_OR_EVICT", 0,
        "set should_transfer_files = YES"};
  } else {
    ad_.erase("WhenToTransferOutput");
  }
  if (should != "YES") ad_.set_string("FileSystemDomain", context_.host);
  return {};
}

std::string AdBuilder::transfer_condition() const {
  std::string same_domain = "(TARGET.FileSystemDomain == MY.FileSystemDomain)";
  const bool newer = ad_.get("TransferCheckpoint") || ad_.get("PreserveRelativePaths");
  const std::string transfer =
      newer
          ? "(TARGET.HasFileTransfer && versioncmp(split(TARGET.CondorVersion)[1],\"8.9.7\") >= 0)"
          : "(TARGET.HasFileTransfer)";
  const auto should = ad_.get_string("ShouldTransferFiles");
  if (should == "NO") return same_domain;
  return should == "YES" ? transfer : cat("(", same_domain, " || ", transfer, ")");
}

// The user's condition, and what every job needs unless the user has said it.
void AdBuilder::settle_requirements() {
  std::vector<std::string> conditions;
  if (!requirements_.empty()) conditions.push_back(cat("(", requirements_, ")"));
  if (!mentions(requirements_, "Arch")) conditions.emplace_back("(TARGET.Arch == \"X86_64\")");
  if (!mentions(requirements_, "OpSys")) conditions.emplace_back("(TARGET.OpSys == \"LINUX\")");
  if (!mentions(requirements_, "Disk")) conditions.emplace_back("(TARGET.Disk >= RequestDisk)");
  conditions.emplace_back("(TARGET.Memory >= RequestMemory)");
  if (ad_.get("RequestCpus") != "1" && !mentions(requirements_, "Cpus"))
    conditions.emplace_back("(TARGET.Cpus >= RequestCpus)");
  conditions.push_back(transfer_condition());
  if (ad_.get_bool("WantFTOnCheckpoint").value_or(false))
    conditions.emplace_back("TARGET.HasSelfCheckpointTransfers");
  ad_.set("Requirements", join(conditions, " && "));
}

Status AdBuilder::set_attributes() {
  for (const auto& [name, value] : values_) {
    if (!starts_with_ignoring_case(name, "MY.")) continue;
    const std::string_view attribute = std::string_view(name).substr(3);
    Status done;
    if (!is_attribute_name(attribute))
      done = Error{Errc::invalid, cat("'", attribute, "' is no attribute name"), 0,
                   "use letters, digits and _"};
    else if (value.text.empty())
      done = Error{Errc::invalid, cat("+", attribute, " has no value"), 0,
                   "write an expression, such as 5, true or \"text\""};
    else if (contains(std::array<std::string_view, 3>{"ClusterId", "ProcId", "JobStatus"},
                      attribute))
      done = Error{Errc::invalid, cat("+", attribute, " is set by Cairn itself"), 0,
                   "take the line out"};
    else
      done = check_expression(cat("+", attribute), value.text);
    if (!done) return at_line(context_, value.line, std::move(done).error());
    ad_.set(attribute, value.text);
  }
  return {};
}

}  // namespace

Error at_line(const SubmitContext& context, int line, Error error) {
  error.message = line > 0 ? cat(context.file, ":", line, ": ", error.message)
                           : cat(context.file, ": ", error.message);
  return error;
}

std::optional<std::string_view> known_command(std::string_view name) {
  for (const Command& command : kCommands)
    if (equal_ignoring_case(command.name, name)) return command.name;
  for (const OtherName& other : kOtherNames)
    if (equal_ignoring_case(other.name, name)) return other.command;
  return std::nullopt;
}

bool is_refused_command(std::string_view name) { return contains(kRefused, name); }
bool is_foreign_command(std::string_view name) {
  return is_refused_command(name) || contains(kIgnored, name);
}

const std::vector<std::string_view>& submit_commands() {
  static const std::vector<std::string_view> commands = [] {
    std::vector<std::string_view> names;
    names.reserve(kCommands.size());
    for (const Command& command : kCommands) names.push_back(command.name);
    return names;
  }();
  return commands;
}

Result<JobAd> build_ad(const CommandValues& values, const SubmitContext& context, int proc) {
  return AdBuilder(values, context, proc).build();
}

}  // namespace cairn
