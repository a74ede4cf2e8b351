#include "submit/commands.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "base/try.h"
#include "job/arguments.h"
#include "submit/submit.h"

namespace cairn {
namespace {

using enum ValueKind;

constexpr std::array kSimple = {
    SimpleCommand{"next_job_start_delay", "NextJobStartDelay", expression},
    SimpleCommand{"keep_claim_idle", "KeepClaimIdle", expression},
    SimpleCommand{"job_ad_information_attrs", "JobAdInformationAttrs", text},
    SimpleCommand{"ulog_execute_attrs", "UserLogExecuteEventAttrs", text},
    SimpleCommand{"max_idle", "JobMaterializeMaxIdle", expression},
    SimpleCommand{"docker_network_type", "DockerNetworkType", text},
    SimpleCommand{"docker_pull_policy", "DockerPullPolicy", text},
    SimpleCommand{"docker_override_entrypoint", "DockerOverrideEntrypoint", boolean},
    SimpleCommand{"container_target_dir", "ContainerTargetDir", unquoted},
    SimpleCommand{"transfer_container", "TransferContainer", boolean},
    SimpleCommand{"transfer_plugins", "TransferPlugins", text},
    SimpleCommand{"want_io_proxy", "WantIOProxy", boolean},
    SimpleCommand{"starter_debug", "JobStarterDebug", unquoted},
    SimpleCommand{"starter_log", "JobStarterLog", log_file},
    SimpleCommand{"job_machine_attrs", "JobMachineAttrs", text},
    SimpleCommand{"job_machine_attrs_history_length", "JobMachineAttrsHistoryLength", integer},
    SimpleCommand{"notify_user", "NotifyUser", text},
    SimpleCommand{"email_attributes", "EmailAttributes", list},
    SimpleCommand{"remote_initialdir", "RemoteIwd", text},
    SimpleCommand{"output_destination", "OutputDestination", text},
    SimpleCommand{"want_graceful_removal", "WantGracefulRemoval", expression},
    SimpleCommand{"job_max_vacate_time", "JobMaxVacateTime", expression},
    SimpleCommand{"encrypt_execute_directory", "EncryptExecuteDirectory", boolean},
    SimpleCommand{"encrypt_input_files", "EncryptInputFiles", text},
    SimpleCommand{"encrypt_output_files", "EncryptOutputFiles", text},
    SimpleCommand{"dont_encrypt_input_files", "DontEncryptInputFiles", text},
    SimpleCommand{"dont_encrypt_output_files", "DontEncryptOutputFiles", text},
    SimpleCommand{"load_profile", "LoadProfile", boolean},
    SimpleCommand{"file_remaps", "FileRemaps", expression},
    SimpleCommand{"buffer_files", "BufferFiles", expression},
    SimpleCommand{"buffer_size", "BufferSize", expression},
    SimpleCommand{"buffer_block_size", "BufferBlockSize", expression},
    SimpleCommand{"fetch_files", "FetchFiles", text},
    SimpleCommand{"compress_files", "CompressFiles", text},
    SimpleCommand{"append_files", "AppendFiles", text},
    SimpleCommand{"local_files", "LocalFiles", text},
    SimpleCommand{"log", "UserLog", log_file},
    SimpleCommand{"dagman_log", "DAGManNodesLog", log_file},
    SimpleCommand{"log_xml", "UserLogUseXML", boolean},
    SimpleCommand{"noop_job", "IsNoopJob", expression},
    SimpleCommand{"noop_job_exit_signal", "NoopJobExitSignal", expression},
    SimpleCommand{"noop_job_exit_code", "NoopJobExitCode", expression},
    SimpleCommand{"dag_node_name", "DAGNodeName", text},
    SimpleCommand{"match_list_length", "LastMatchListLength", integer},
    SimpleCommand{"dagman_job_id", "DAGManJobId", integer},
    SimpleCommand{"submit_event_notes", "SubmitEventNotes", text},
    SimpleCommand{"submit_event_user_notes", "SubmitEventUserNotes", text},
    SimpleCommand{"stack_size", "StackSize", expression},
    SimpleCommand{"cron_minute", "CronMinute", text},
    SimpleCommand{"cron_hour", "CronHour", text},
    SimpleCommand{"cron_day_of_month", "CronDayOfMonth", text},
    SimpleCommand{"cron_month", "CronMonth", text},
    SimpleCommand{"cron_day_of_week", "CronDayOfWeek", text},
    SimpleCommand{"description", "JobDescription", text},
    SimpleCommand{"batch_name", "JobBatchName", unquoted},
    SimpleCommand{"batch_id", "JobBatchId", unquoted},
    SimpleCommand{"max_job_retirement_time", "MaxJobRetirementTime", expression},
    SimpleCommand{"job_lease_duration", "JobLeaseDuration", expression},
    SimpleCommand{"core_size", "CoreSize", integer},
    SimpleCommand{"priority", "JobPrio", integer},
    SimpleCommand{"run_as_owner", "RunAsOwner", boolean},
    SimpleCommand{"max_transfer_input_mb", "MaxTransferInputMB", expression},
    SimpleCommand{"max_transfer_output_mb", "MaxTransferOutputMB", expression},
    SimpleCommand{"manifest", "ManifestDesired", boolean},
    SimpleCommand{"manifest_dir", "ManifestDir", text},
    SimpleCommand{"checkpoint_exit_code", "SuccessCheckpointExitCode", integer},
    SimpleCommand{"checkpoint_destination", "CheckpointDestination", text},
    SimpleCommand{"erase_output_and_error_on_restart", "EraseOutputAndErrorOnRestart", boolean},
    SimpleCommand{"transfer_checkpoint_files", "TransferCheckpoint", text},
    SimpleCommand{"preserve_relative_paths", "PreserveRelativePaths", boolean},
    SimpleCommand{"cuda_version", "CUDAVersion", text},
    SimpleCommand{"skip_if_dataflow", "SkipIfDataflow", boolean},
    SimpleCommand{"allowed_job_duration", "AllowedJobDuration", expression},
    SimpleCommand{"allowed_execute_duration", "AllowedExecuteDuration", expression},
    SimpleCommand{"jobset", "JobSetName", unquoted},
};

// Those that need more than one line of a table; the second name is HTCondor's other one.
struct OtherCommand {
  std::string_view name, other_name;
};
constexpr std::array kOthers = {
    OtherCommand{"universe", "JobUniverse"},
    OtherCommand{"executable", "Cmd"},
    OtherCommand{"arguments", "Args"},
    OtherCommand{"arguments2", {}},
    OtherCommand{"allow_arguments_v1", {}},
    OtherCommand{"environment", "env"},
    OtherCommand{"environment2", {}},
    OtherCommand{"allow_environment_v1", {}},
    OtherCommand{"getenv", "get_env"},
    OtherCommand{"input", "stdin"},
    OtherCommand{"output", "stdout"},
    OtherCommand{"error", "stderr"},
    OtherCommand{"transfer_input", "TransferIn"},
    OtherCommand{"transfer_output", "TransferOut"},
    OtherCommand{"transfer_error", "TransferErr"},
    OtherCommand{"stream_input", "StreamIn"},
    OtherCommand{"stream_output", "StreamOut"},
    OtherCommand{"stream_error", "StreamErr"},
    OtherCommand{"transfer_executable", "TransferExecutable"},
    OtherCommand{"transfer_input_files", "TransferInputFiles"},
    OtherCommand{"transfer_output_files", "TransferOutputFiles"},
    OtherCommand{"transfer_output_remaps", "TransferOutputRemaps"},
    OtherCommand{"should_transfer_files", "ShouldTransferFiles"},
    OtherCommand{"when_to_transfer_output", "WhenToTransferOutput"},
    OtherCommand{"initialdir", "Iwd"},
    OtherCommand{"initial_dir", "job_iwd"},
    OtherCommand{"max_retries", "JobMaxRetries"},
    OtherCommand{"retry_until", {}},
    OtherCommand{"success_exit_code", "JobSuccessExitCode"},
    OtherCommand{"on_exit_hold", "OnExitHold"},
    OtherCommand{"on_exit_hold_reason", "OnExitHoldReason"},
    OtherCommand{"on_exit_hold_subcode", "OnExitHoldSubCode"},
    OtherCommand{"on_exit_remove", "OnExitRemove"},
    OtherCommand{"periodic_hold", "PeriodicHold"},
    OtherCommand{"periodic_hold_reason", "PeriodicHoldReason"},
    OtherCommand{"periodic_hold_subcode", "PeriodicHoldSubCode"},
    OtherCommand{"periodic_release", "PeriodicRelease"},
    OtherCommand{"periodic_remove", "PeriodicRemove"},
    OtherCommand{"periodic_vacate", "PeriodicVacate"},
    OtherCommand{"leave_in_queue", "LeaveJobInQueue"},
    OtherCommand{"kill_sig", "KillSig"},
    OtherCommand{"remove_kill_sig", "RemoveKillSig"},
    OtherCommand{"hold_kill_sig", "HoldKillSig"},
    OtherCommand{"kill_sig_timeout", "KillSigTimeout"},
    OtherCommand{"request_cpus", "RequestCpus"},
    OtherCommand{"request_memory", "RequestMemory"},
    OtherCommand{"request_disk", "RequestDisk"},
    OtherCommand{"request_gpus", "RequestGPUs"},
    OtherCommand{"require_gpus", "RequireGPUs"},
    OtherCommand{"gpus_minimum_capability", "GPUsMinCapability"},
    OtherCommand{"gpus_maximum_capability", "GPUsMaxCapability"},
    OtherCommand{"gpus_minimum_memory", "GPUsMinMemory"},
    OtherCommand{"gpus_minimum_runtime", "GPUsMinRuntime"},
    OtherCommand{"requirements", {}},
    OtherCommand{"rank", "preferences"},
    OtherCommand{"hold", {}},
    OtherCommand{"notification", "JobNotification"},
    OtherCommand{"accounting_group", "AccountingGroup"},
    OtherCommand{"accounting_group_user", "AcctGroupUser"},
    OtherCommand{"nice_user", "NiceUser"},
    OtherCommand{"concurrency_limits", {}},
    OtherCommand{"concurrency_limits_expr", {}},
    OtherCommand{"deferral_time", "DeferralTime"},
    OtherCommand{"deferral_window", "DeferralWindow"},
    OtherCommand{"deferral_prep_time", "DeferralPrepTime"},
    OtherCommand{"cron_window", "CronWindow"},
    OtherCommand{"cron_prep_time", "CronPrepTime"},
    OtherCommand{"image_size", "ImageSize"},
    OtherCommand{"disk_usage", "DiskUsage"},
    OtherCommand{"container_image", "ContainerImage"},
    OtherCommand{"docker_image", "DockerImage"},
    OtherCommand{"container_service_names", "ContainerServiceNames"},
    OtherCommand{"skip_filechecks", {}},
    OtherCommand{"prio", {}},
    OtherCommand{"materialize_max_idle", {}},
    OtherCommand{"max_materialize", "JobMaterializeLimit"},
};

constexpr std::string_view kProxies = "credentials are not handed on";
constexpr std::string_view kTools = "tools beside the job are not started";
constexpr std::array kRefused = {
    RefusedCommand{"x509userproxy", kProxies},
    RefusedCommand{"use_x509userproxy", kProxies},
    RefusedCommand{"use_oauth_services", kProxies},
    RefusedCommand{"use_scitokens", kProxies},
    RefusedCommand{"use_scitoken", kProxies},
    RefusedCommand{"scitokens_file", kProxies},
    RefusedCommand{"tool_daemon_cmd", kTools},
    RefusedCommand{"suspend_job_at_exec", kTools},
    RefusedCommand{"grid_resource", "grid jobs are not run"},
    RefusedCommand{"vm_type", "virtual machines are not run"},
    RefusedCommand{"aws_access_key_id_file", kProxies},
    RefusedCommand{"s3_access_key_id_file", kProxies},
    RefusedCommand{"gs_access_key_id_file", kProxies},
};

constexpr std::array<std::string_view, 16> kSettings = {"SubmitWarnEmptyMatches",
                                                        "submit_warn_empty_matches",
                                                        "SubmitFailEmptyMatches",
                                                        "submit_fail_empty_matches",
                                                        "SubmitWarnDuplicateMatches",
                                                        "submit_warn_duplicate_matches",
                                                        "SubmitAllowDuplicateMatches",
                                                        "submit_allow_duplicate_matches",
                                                        "SubmitMatchDirectories",
                                                        "submit_match_directories",
                                                        "SubmitWarnEmptyFields",
                                                        "submit_warn_empty_fields",
                                                        "SubmitFailEmptyFields",
                                                        "submit_fail_empty_fields",
                                                        "DAG_STATUS",
                                                        "FAILED_COUNT"};

}  // namespace

std::span<const SimpleCommand> simple_commands() { return kSimple; }
std::span<const RefusedCommand> refused_commands() { return kRefused; }

std::optional<std::string_view> known_command(std::string_view name) {
  for (const SimpleCommand& command : kSimple)
    if (equal_ignoring_case(command.name, name) || equal_ignoring_case(command.attribute, name))
      return command.name;
  for (const OtherCommand& command : kOthers)
    if (equal_ignoring_case(command.name, name) || equal_ignoring_case(command.other_name, name))
      return command.name;
  return std::nullopt;
}

bool is_setting(std::string_view name) {
  return std::any_of(kSettings.begin(), kSettings.end(), [name](std::string_view setting) {
    return equal_ignoring_case(setting, name);
  });
}

Result<std::vector<std::string>> unquote_command(std::string_view text) {
  text = trim(text);
  if (!text.starts_with('"')) return split_v1(text);
  CAIRN_TRY(const auto unquoted, unquote_arguments(text));
  return split_v2(unquoted.raw);
}

const std::vector<std::string_view>& submit_commands() {
  static const std::vector<std::string_view> commands = [] {
    std::vector<std::string_view> names;
    names.reserve(kSimple.size() + kOthers.size());
    for (const SimpleCommand& command : kSimple) names.push_back(command.name);
    for (const OtherCommand& command : kOthers) names.push_back(command.name);
    return names;
  }();
  return commands;
}

}  // namespace cairn
