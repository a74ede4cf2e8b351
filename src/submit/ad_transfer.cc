// The steps about files that move, and what follows from all commands together.
#include <algorithm>
#include <array>

#include "base/text.h"
#include "base/try.h"
#include "job/job_spec.h"
#include "submit/ad_builder.h"
#include "submit/number.h"

namespace cairn {
namespace {

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

bool is_empty_list(std::string_view text) { return text == std::string_view("\"\""); }

bool has_line_break(std::string_view text) {
  return text.find_first_of(std::string_view("\n\r\0", 3)) != std::string_view::npos;
}

// A list may go over lines, a name may not.
bool has_split_name(std::string_view list) {
  const auto names = split_list(list);
  return std::any_of(names.begin(), names.end(), has_line_break);
}

}  // namespace

Status AdBuilder::transfer_files() {
  std::vector<std::string> inputs;
  CAIRN_CHECK(transfer_lists(inputs));
  CAIRN_CHECK(container_inputs(inputs));
  CAIRN_TRY(const auto outputs, param("transfer_output_files", "TransferOutputFiles"));
  CAIRN_CHECK(transfer_modes(!inputs.empty() || outputs));
  CAIRN_CHECK(disk_usage(inputs));
  const bool transfers = get_string("ShouldTransferFiles") != "NO";
  if (transfers && !inputs.empty()) set_string("TransferInput", join(inputs, ","));
  if (transfers && outputs) {
    if (has_split_name(outputs->text) ||
        (!is_empty_list(outputs->text) && outputs->text.find('"') != std::string::npos))
      CAIRN_CHECK(object(bad_value("transfer_output_files", outputs->text,
                                   "names with commas between them, without quotes")));
    set_string("TransferOutput",
               is_empty_list(outputs->text) ? "" : join(split_list(outputs->text), ","));
  }
  return remaps();
}

Status AdBuilder::transfer_lists(std::vector<std::string>& inputs) {
  CAIRN_TRY(const auto value, param("transfer_input_files", "TransferInputFiles"));
  if (!value || is_empty_list(value->text)) return {};
  if (has_split_name(value->text) || value->text.find('"') != std::string::npos)
    CAIRN_CHECK(object(bad_value("transfer_input_files", value->text,
                                 "names with commas between them, without quotes")));
  inputs = split_list(value->text);
  return {};
}

Status AdBuilder::container_inputs(std::vector<std::string>& inputs) {
  if (!get_bool("WantContainer").value_or(false)) return {};
  if (!get_bool("TransferContainer").value_or(true)) {
    set_string("ContainerImageSource", "local");
    return {};
  }
  CAIRN_TRY(const auto value, param("container_image", "ContainerImage"));
  if (!value) return {};
  std::string image = value->text;
  if (image.starts_with("/cvmfs")) {  // every machine has it already
    set_string("ContainerImageSource", "local");
    return {};
  }
  for (const std::string_view kind : {"docker", "oras"})
    if (image.starts_with(cat(kind, "://"))) {
      set_string("ContainerImageSource", kind);
      return {};
    }
  inputs.push_back(image);
  if (image.ends_with('/')) image.pop_back();
  const std::size_t slash = image.rfind('/');
  set_string("ContainerImage", slash == std::string::npos ? image : image.substr(slash + 1));
  const std::size_t colon = image.find(':');
  set_string("ContainerImageSource",
             colon == std::string::npos ? std::string("cedar") : image.substr(0, colon));
  return {};
}

Status AdBuilder::transfer_modes(bool lists_given) {
  CAIRN_TRY(const auto should_value, param("ShouldTransferFiles", "should_transfer_files"));
  const Place should_place = place_;
  CAIRN_TRY(const auto when_value, param("WhenToTransferOutput", "when_to_transfer_output"));
  const auto should_before = get_string("ShouldTransferFiles");
  const auto when_before = get_string("WhenToTransferOutput");
  std::string should =
      should_value ? upper(should_value->text) : should_before.value_or("IF_NEEDED");
  std::string when = when_value ? upper(when_value->text) : when_before.value_or("ON_EXIT");
  const bool said_should = should_value || should_before;
  const bool said_when = when_value || when_before;
  if (should == "TRUE" || should == "ALWAYS") should = "YES";
  if (should == "FALSE" || should == "NEVER") should = "NO";
  if (!is_transfer_choice(should)) {
    place_ = should_place;
    return bad_value("should_transfer_files", should_value ? should_value->text : should,
                     "YES, NO or IF_NEEDED");
  }
  if (should == "NO" && lists_given) {
    place_ = should_place;
    return Error{Errc::invalid,
                 "should_transfer_files = NO contradicts the list of files to transfer", 0,
                 "take the list out, or set should_transfer_files = YES"};
  }
  if (!parse_transfer_output(when)) {
    const Error error = bad_value("when_to_transfer_output", when_value ? when_value->text : when,
                                  "ON_EXIT, ON_EXIT_OR_EVICT or ON_SUCCESS");
    if (when != "NEVER") return error;
    CAIRN_CHECK(object(error));
    when = "ON_EXIT";  // what condor_submit makes of NEVER
  }
  if (!said_should && when == "ON_EXIT_OR_EVICT") should = "YES";
  if (should == "NO" && said_when)
    return Error{Errc::invalid,
                 cat("should_transfer_files = NO contradicts when_to_transfer_output = ", when), 0,
                 "set should_transfer_files = YES"};
  if (should == "IF_NEEDED" && when == "ON_EXIT_OR_EVICT")
    return Error{Errc::invalid,
                 "should_transfer_files = IF_NEEDED contradicts when_to_transfer_output = "
                 "ON_EXIT_OR_EVICT",
                 0, "set should_transfer_files = YES"};
  set_string("ShouldTransferFiles", should);
  if (should != "NO") set_string("WhenToTransferOutput", when);
  if (should != "YES" && !has("FileSystemDomain")) set_string("FileSystemDomain", context_.host);
  if (should == "NO") {
    CAIRN_TRY(const auto wanted, param("transfer_executable", "TransferExecutable"));
    if (wanted && evaluate_bool(wanted->text).value_or(false))
      return Error{Errc::invalid,
                   "should_transfer_files = NO contradicts transfer_executable = true", 0,
                   "set should_transfer_files = YES"};
  }
  return {};
}

Status AdBuilder::disk_usage(const std::vector<std::string>& inputs) {
  constexpr std::int64_t kKilobyte = 1024;
  CAIRN_TRY(const auto value, param("disk_usage", "DiskUsage"));
  if (value) {
    const auto size = parse_size(value->text, kKilobyte);
    if (!size || *size < 1) return bad_value("disk_usage", value->text, "a size of at least 1 KB");
    set_integer("DiskUsage", *size);
    return {};
  }
  std::int64_t kilobytes = parse_integer(get("ExecutableSize").value_or("0")).value_or(0);
  for (const std::string& input : inputs) kilobytes += size_kb(input);
  if (get_bool("TransferIn").value_or(true)) kilobytes += size_kb(get_string("In").value_or(""));
  set_integer("TransferInputSizeMB", kilobytes / kKilobyte);
  set_integer("DiskUsage", kilobytes);
  return {};
}

Status AdBuilder::remaps() {
  CAIRN_TRY(const auto value, param("transfer_output_remaps", "TransferOutputRemaps"));
  if (!value) return {};
  std::string_view text = value->text;
  if (text.size() < 2 || !text.starts_with('"') || !text.ends_with('"'))
    return bad_value("transfer_output_remaps", text, "\"name = where; other = elsewhere\"",
                     "put the whole value in double quotes");
  text = text.substr(1, text.size() - 2);
  if (auto parsed = parse_remaps(text); !parsed) CAIRN_CHECK(object(std::move(parsed).error()));
  if (!text.empty()) set_string("TransferOutputRemaps", text);
  return {};
}

Status AdBuilder::automatic() {
  if (!has("MaxHosts")) {
    set_integer("MinHosts", 1);
    set_integer("MaxHosts", 1);
  }
  if (!has("CurrentHosts")) set_integer("CurrentHosts", 0);
  if (has("SuccessCheckpointExitCode")) set_bool("WantFTOnCheckpoint", true);
  constexpr std::string_view kScheduler = "7", kLocal = "12";
  const auto universe = get("JobUniverse").value_or("");
  if (!has("JobLeaseDuration") && universe != kScheduler && universe != kLocal)
    set_integer("JobLeaseDuration", context_.machine.lease_seconds);
  if (!has("JobPrio")) set_integer("JobPrio", 0);
  if (has("JobStarterLog") && !has("JobStarterDebug")) set_bool("JobStarterDebug", true);
  if (has("CheckpointDestination")) {
    if (const Macro* const macro = macros_.assigned_macro("checkpoint_destination"))
      place_ = {macro->file, macro->line};
    return object({Errc::unsupported, "checkpoint_destination is not supported yet", 0,
                   "take the line out: checkpoints are then kept in the spool"});
  }
  return {};
}

Status AdBuilder::common_mistakes() {
  constexpr double kLeaseMin = 20;
  if (const auto lease = literal_number("JobLeaseDuration");
      lease && *lease > 0 && *lease < kLeaseMin) {
    warn_once("job_lease_duration is less than 20 seconds, and taken for 20");
    set_integer("JobLeaseDuration", static_cast<std::int64_t>(kLeaseMin));
  }
  if (const auto user = get_string("NotifyUser"))
    for (const std::string_view word : {"never", "false"})
      if (equal_ignoring_case(*user, word))
        warn_once(cat("notify_user = ", *user, " names a user ", *user,
                      "; for no mail write notification = never"));
  return {};
}

// What the engine would refuse when the job starts is refused now.
Status AdBuilder::check_sandbox() {
  JobAd whole = base_;
  for (const auto& [name, expression] : own_.attributes()) whole.set(name, expression);
  // What it looks at may come from steps that vary.
  read_varying_ = std::any_of(varying_.begin(), varying_.end(), [this](const std::string& name) {
    // Names and numbers that a command gave are right already.
    if (macros_.assigned_macro(cat("MY.", name)) != nullptr) return true;
    for (const std::string_view looked_at :
         {"TransferInput", "TransferOutput", "TransferCheckpoint", "TransferOutputRemaps",
          "PreserveRelativePaths"})
      if (equal_ignoring_case(name, looked_at)) return true;
    return false;
  });
  whole.set_integer("ClusterId", cluster_);
  whole.set_integer("ProcId", proc_);
  place_ = {};
  const auto list = [this](std::string_view name) {
    return split_list(get_string(name).value_or(""));
  };
  for (const auto& [attribute, command] :
       std::array{std::pair{"TransferCheckpoint", "transfer_checkpoint_files"},
                  std::pair{"TransferOutput", "transfer_output_files"}})
    if (auto named = check_sandbox_names(list(attribute)); !named) {
      if (const Macro* const macro = macros_.assigned_macro(command))
        place_ = {macro->file, macro->line};
      CAIRN_CHECK(object(std::move(named).error()));
    }
  if (auto named = check_input_names(list("TransferInput"),
                                     get_bool("PreserveRelativePaths").value_or(false));
      !named) {
    if (const Macro* const macro = macros_.assigned_macro("transfer_input_files"))
      place_ = {macro->file, macro->line};
    CAIRN_CHECK(object(std::move(named).error()));
  }
  place_ = {};
  if (auto job = job_spec(whole); !job) return object(std::move(job).error());
  return {};
}

}  // namespace cairn
