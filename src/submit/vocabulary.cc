#include "submit/vocabulary.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"

namespace cairn {
namespace {

constexpr bool kContract = true;

// Source: HTCondor's condor_submit manual page (23.9) and condor_attributes.h.
constexpr std::array kWords = {
    // The contract of self-checkpointing, and what it stands on.
    CommandWord{"checkpoint_exit_code", "SuccessCheckpointExitCode", kContract},
    CommandWord{"transfer_checkpoint_files", "TransferCheckpoint", kContract},
    CommandWord{"checkpoint_destination", "CheckpointDestination", kContract},
    CommandWord{"preserve_relative_paths", "PreserveRelativePaths", kContract},
    CommandWord{"erase_output_and_error_on_restart", "EraseOutputAndErrorOnRestart", kContract},
    CommandWord{"when_to_transfer_output", "WhenToTransferOutput", kContract},
    CommandWord{"should_transfer_files", "ShouldTransferFiles", kContract},
    CommandWord{"transfer_input_files", "TransferInput", kContract},
    CommandWord{"transfer_output_files", "TransferOutput", kContract},
    CommandWord{"transfer_output_remaps", "TransferOutputRemaps", kContract},
    CommandWord{"transfer_executable", "TransferExecutable", kContract},
    CommandWord{"max_retries", "JobMaxRetries", kContract},
    CommandWord{"retry_until", "", kContract},
    CommandWord{"success_exit_code", "JobSuccessExitCode", kContract},
    CommandWord{"on_exit_remove", "OnExitRemove", kContract},
    CommandWord{"on_exit_hold", "OnExitHold", kContract},
    CommandWord{"kill_sig", "KillSig", kContract},
    CommandWord{"job_max_vacate_time", "JobMaxVacateTime", kContract},
    CommandWord{"allowed_job_duration", "AllowedJobDuration", kContract},
    CommandWord{"allowed_execute_duration", "AllowedExecuteDuration", kContract},
    CommandWord{"", "SuccessCheckpointExitBySignal", kContract},
    CommandWord{"", "SuccessCheckpointExitSignal", kContract},
    CommandWord{"", "WantFTOnCheckpoint", kContract},
    CommandWord{"", "WantCheckpointSignal", kContract},
    CommandWord{"", "CheckpointSig", kContract},
    CommandWord{"", "SpoolOnEvict", kContract},
    // The rest of the commands.
    CommandWord{"universe", "JobUniverse"},
    CommandWord{"executable", "Cmd"},
    CommandWord{"shell", ""},
    CommandWord{"arguments", "Arguments"},
    CommandWord{"environment", "Environment"},
    CommandWord{"getenv", ""},
    CommandWord{"initialdir", "Iwd"},
    CommandWord{"input", "In"},
    CommandWord{"output", "Out"},
    CommandWord{"error", "Err"},
    CommandWord{"log", "UserLog"},
    CommandWord{"log_xml", ""},
    CommandWord{"dagman_log", "DAGManNodesLog"},
    CommandWord{"stream_input", "StreamIn"},
    CommandWord{"stream_output", "StreamOut"},
    CommandWord{"stream_error", "StreamErr"},
    CommandWord{"transfer_input", ""},
    CommandWord{"transfer_output", ""},
    CommandWord{"transfer_error", ""},
    CommandWord{"transfer_plugins", "TransferPlugins"},
    CommandWord{"output_destination", "OutputDestination"},
    CommandWord{"output_directory", ""},
    CommandWord{"dont_encrypt_input_files", "DontEncryptInputFiles"},
    CommandWord{"dont_encrypt_output_files", "DontEncryptOutputFiles"},
    CommandWord{"encrypt_input_files", "EncryptInputFiles"},
    CommandWord{"encrypt_output_files", "EncryptOutputFiles"},
    CommandWord{"encrypt_execute_directory", "EncryptExecuteDirectory"},
    CommandWord{"max_transfer_input_mb", "MaxTransferInputMB"},
    CommandWord{"max_transfer_output_mb", "MaxTransferOutputMB"},
    CommandWord{"manifest", "JobManifestDesired"},
    CommandWord{"manifest_dir", "JobManifestDir"},
    CommandWord{"public_input_files", "PublicInputFiles"},
    CommandWord{"copy_to_spool", ""},
    CommandWord{"fetch_files", "FetchFiles"},
    CommandWord{"append_files", "AppendFiles"},
    CommandWord{"local_files", "LocalFiles"},
    CommandWord{"buffer_files", ""},
    CommandWord{"buffer_size", ""},
    CommandWord{"buffer_block_size", ""},
    CommandWord{"file_remaps", ""},
    CommandWord{"requirements", "Requirements"},
    CommandWord{"rank", "Rank"},
    CommandWord{"request_cpus", "RequestCpus"},
    CommandWord{"request_memory", "RequestMemory"},
    CommandWord{"request_disk", "RequestDisk"},
    CommandWord{"request_gpus", "RequestGPUs"},
    CommandWord{"require_gpus", "RequireGPUs"},
    CommandWord{"gpus_minimum_memory", "GPUsMinMemory"},
    CommandWord{"gpus_minimum_capability", "GPUsMinCapability"},
    CommandWord{"gpus_maximum_capability", "GPUsMaxCapability"},
    CommandWord{"gpus_minimum_runtime", "GPUsMinRuntime"},
    CommandWord{"retry_request_memory", "RetryRequestMemory"},
    CommandWord{"concurrency_limits", "ConcurrencyLimits"},
    CommandWord{"concurrency_limits_expr", ""},
    CommandWord{"accounting_group", "AcctGroup"},
    CommandWord{"accounting_group_user", "AcctGroupUser"},
    CommandWord{"nice_user", "NiceUser"},
    CommandWord{"priority", "JobPrio"},
    CommandWord{"batch_name", "JobBatchName"},
    CommandWord{"batch_id", "JobBatchId"},
    CommandWord{"batch_project", ""},
    CommandWord{"batch_queue", "BatchQueue"},
    CommandWord{"batch_runtime", "BatchRuntime"},
    CommandWord{"batch_extra_submit_args", "BatchExtraSubmitArgs"},
    CommandWord{"description", "JobDescription"},
    CommandWord{"notification", "JobNotification"},
    CommandWord{"notify_user", "NotifyUser"},
    CommandWord{"email_attributes", "EmailAttributes"},
    CommandWord{"hold", ""},
    CommandWord{"leave_in_queue", "LeaveJobInQueue"},
    CommandWord{"keep_claim_idle", "KeepClaimIdle"},
    CommandWord{"noop_job", "IsNoopJob"},
    CommandWord{"noop_job_exit_code", "NoopJobExitCode"},
    CommandWord{"noop_job_exit_signal", "NoopJobExitSignal"},
    CommandWord{"next_job_start_delay", "NextJobStartDelay"},
    CommandWord{"max_idle", "JobMaterializeMaxIdle"},
    CommandWord{"max_materialize", "JobMaterializeLimit"},
    CommandWord{"on_exit_hold_reason", "OnExitHoldReason"},
    CommandWord{"on_exit_hold_subcode", "OnExitHoldSubCode"},
    CommandWord{"on_exit_remove_reason", ""},
    CommandWord{"periodic_hold", "PeriodicHold"},
    CommandWord{"periodic_hold_reason", "PeriodicHoldReason"},
    CommandWord{"periodic_hold_subcode", "PeriodicHoldSubCode"},
    CommandWord{"periodic_release", "PeriodicRelease"},
    CommandWord{"periodic_remove", "PeriodicRemove"},
    CommandWord{"periodic_vacate", "PeriodicVacate"},
    CommandWord{"remove_kill_sig", "RemoveKillSig"},
    CommandWord{"hold_kill_sig", "HoldKillSig"},
    CommandWord{"kill_sig_timeout", "KillSigTimeout"},
    CommandWord{"want_graceful_removal", "WantGracefulRemoval"},
    CommandWord{"starter_debug", "JobStarterDebug"},
    CommandWord{"starter_log", "JobStarterLog"},
    CommandWord{"job_lease_duration", "JobLeaseDuration"},
    CommandWord{"job_machine_attrs", "JobMachineAttrs"},
    CommandWord{"job_machine_attrs_history_length", ""},
    CommandWord{"job_ad_information_attrs", "JobAdInformationAttrs"},
    CommandWord{"job_starter_update_interval", ""},
    CommandWord{"load_profile", "LoadProfile"},
    CommandWord{"run_as_owner", "RunAsOwner"},
    CommandWord{"coresize", "CoreSize"},
    CommandWord{"cron_minute", "CronMinute"},
    CommandWord{"cron_hour", "CronHour"},
    CommandWord{"cron_day_of_month", "CronDayOfMonth"},
    CommandWord{"cron_month", "CronMonth"},
    CommandWord{"cron_day_of_week", "CronDayOfWeek"},
    CommandWord{"cron_prep_time", "CronPrepTime"},
    CommandWord{"cron_window", "CronWindow"},
    CommandWord{"deferral_time", "DeferralTime"},
    CommandWord{"deferral_window", "DeferralWindow"},
    CommandWord{"deferral_prep_time", "DeferralPrepTime"},
    CommandWord{"container_image", "ContainerImage"},
    CommandWord{"container_target_dir", "ContainerTargetDir"},
    CommandWord{"container_service_names", "ContainerServiceNames"},
    CommandWord{"transfer_container", "TransferContainer"},
    CommandWord{"mount_under_scratch", "MountUnderScratch"},
    CommandWord{"docker_image", "DockerImage"},
    CommandWord{"docker_network_type", "DockerNetworkType"},
    CommandWord{"docker_override_entrypoint", ""},
    CommandWord{"docker_pull_policy", "DockerPullPolicy"},
    CommandWord{"docker_send_credentials", ""},
    CommandWord{"want_io_proxy", "WantIOProxy"},
    CommandWord{"stack_size", "StackSize"},
    CommandWord{"tool_daemon_cmd", "ToolDaemonCmd"},
    CommandWord{"tool_daemon_args", "ToolDaemonArgs"},
    CommandWord{"tool_daemon_input", "ToolDaemonInput"},
    CommandWord{"tool_daemon_output", "ToolDaemonOutput"},
    CommandWord{"tool_daemon_error", "ToolDaemonError"},
    CommandWord{"suspend_job_at_exec", "SuspendJobAtExec"},
    CommandWord{"machine_count", "MaxHosts"},
    CommandWord{"node_count", ""},
    CommandWord{"parallel_script_shadow", ""},
    CommandWord{"use_oauth_services", ""},
    CommandWord{"use_scitokens", ""},
    CommandWord{"scitokens_file", "ScitokensFile"},
    CommandWord{"use_x509userproxy", ""},
    CommandWord{"x509userproxy", "x509userproxy"},
    CommandWord{"delegate_job_gsi_credentials_lifetime", ""},
    CommandWord{"skip_filechecks", ""},
    CommandWord{"allow_startup_script", ""},
    CommandWord{"submit_event_notes", "SubmitEventNotes"},
    CommandWord{"submit_event_user_notes", "SubmitEventUserNotes"},
    CommandWord{"ulog_execute_attrs", "ULogExecuteAttrs"},
    CommandWord{"grid_resource", "GridResource"},
    CommandWord{"image_size", "ImageSize"},
    CommandWord{"want_remote_io", "WantRemoteIO"},
    CommandWord{"vm_type", "JobVMType"},
    CommandWord{"vm_memory", "JobVMMemory"},
    CommandWord{"vm_checkpoint", "JobVMCheckpoint"},
    CommandWord{"vm_disk", "VMPARAM_vm_Disk"},
    CommandWord{"vm_networking", "JobVMNetworking"},
    CommandWord{"vm_no_output_vm", "VMPARAM_No_Output_VM"},
    CommandWord{"java_vm_args", "JavaVMArgs"},
    CommandWord{"jar_files", "JarFiles"},
    CommandWord{"default_container_image", ""},
    CommandWord{"env_file", ""},
    CommandWord{"starter_update_interval", ""},
    CommandWord{"primary_unix_group", ""},
    CommandWord{"want_docker", "WantDocker"},
    CommandWord{"job_queue_birthdate", ""},
    CommandWord{"hibernate", ""},
    CommandWord{"dag_node_name", "DAGNodeName"},
};

// Other names of the same command; the engine's list of them has those that Cairn reads too.
constexpr auto kOtherNames = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"initial_dir", "initialdir"},
    {"job_iwd", "initialdir"},
    {"env", "environment"},
    {"environment2", "environment"},
    {"args", "arguments"},
    {"arguments2", "arguments"},
    {"stdin", "input"},
    {"stdout", "output"},
    {"stderr", "error"},
    {"cmd", "executable"},
    {"prio", "priority"},
    {"request_cpu", "request_cpus"},
    {"request_gpu", "request_gpus"},
    {"RequestCpus", "request_cpus"},
    {"RequestMemory", "request_memory"},
    {"RequestDisk", "request_disk"},
    {"RequestGpus", "request_gpus"},
    {"preferences", "rank"},
    {"ulog", "log"},
    {"UserLog", "log"},
    {"SuccessExitCode", "success_exit_code"},
    {"concurrency_limit", "concurrency_limits"},
});

// Attributes of a job that no command sets alone.
constexpr auto kJobAttributes = std::to_array<std::string_view>({
    "AccountingGroup",
    "Args",
    "AutoClusterId",
    "BlockReadKbytes",
    "BlockReads",
    "BlockWriteKbytes",
    "BytesRecvd",
    "BytesSent",
    "CheckpointNumber",
    "ClusterId",
    "CommittedSlotTime",
    "CommittedSuspensionTime",
    "CommittedTime",
    "CompletionDate",
    "CpusProvisioned",
    "CronTab",
    "CumulativeRemoteSysCpu",
    "CumulativeRemoteUserCpu",
    "CumulativeSlotTime",
    "CumulativeSuspensionTime",
    "CumulativeTransferTime",
    "CurrentHosts",
    "DAGManJobId",
    "DiskProvisioned",
    "DiskUsage",
    "EnteredCurrentStatus",
    "Env",
    "ExecutableSize",
    "ExitBySignal",
    "ExitCode",
    "ExitReason",
    "ExitSignal",
    "ExitStatus",
    "FileSystemDomain",
    "GlobalJobId",
    "GPUsProvisioned",
    "HoldReason",
    "HoldReasonCode",
    "HoldReasonSubCode",
    "IsResumable",
    "is_resumable",
    "JobCurrentFinishTransferInputDate",
    "JobCurrentFinishTransferOutputDate",
    "JobCurrentReconnectAttempt",
    "JobCurrentStartDate",
    "JobCurrentStartExecutingDate",
    "JobCurrentStartTransferInputDate",
    "JobCurrentStartTransferOutputDate",
    "JobDuration",
    "JobLastCheckpointTime",
    "JobLastStartDate",
    "JobNewlyCommittedTime",
    "JobRunCount",
    "JobStartDate",
    "JobStatus",
    "JobSubmitFile",
    "JobSubmitMethod",
    "LastCheckpointPlatform",
    "LastHoldReason",
    "LastHoldReasonCode",
    "LastJobStatus",
    "LastMatchTime",
    "LastRejMatchReason",
    "LastRemoteHost",
    "LastSuspensionTime",
    "LastVacateTime",
    "MachineAttrCpus0",
    "MemoryProvisioned",
    "MemoryUsage",
    "MinHosts",
    "MyType",
    "NumCkpts",
    "NumHolds",
    "NumHoldsByReason",
    "NumJobCompletions",
    "NumJobMatches",
    "NumJobReconnects",
    "NumJobStarts",
    "NumRestarts",
    "NumShadowStarts",
    "NumSystemHolds",
    "NumVacates",
    "NumVacatesByReason",
    "Owner",
    "ProcId",
    "ProjectName",
    "QDate",
    "ReleaseReason",
    "RemoteHost",
    "RemoteSlotID",
    "RemoteSysCpu",
    "RemoteUserCpu",
    "RemoteWallClockTime",
});
constexpr auto kMoreJobAttributes = std::to_array<std::string_view>({
    "RemoveReason",
    "ResidentSetSize",
    "ServerTime",
    "ShadowBday",
    "StageInFinish",
    "StageOutFinish",
    "StatsLastUpdateTimeStarter",
    "TargetType",
    "TotalSubmitProcs",
    "TotalSuspensions",
    "TransferErr",
    "TransferIn",
    "TransferInputSizeMB",
    "TransferOut",
    "TransferOutFinished",
    "TransferOutStarted",
    "TransferInStarted",
    "TransferInFinished",
    "TransferringInput",
    "TransferringOutput",
    "TransferQueued",
    "User",
    "VacateReason",
    "VacateReasonCode",
    "VacateReasonSubCode",
    "WallClockCheckpoint",
});
constexpr auto kMachineAttributes = std::to_array<std::string_view>({
    "Activity",
    "Arch",
    "AssignedGPUs",
    "CheckpointPlatform",
    "ClientMachine",
    "ClockDay",
    "ClockMin",
    "CondorVersion",
    "CondorPlatform",
    "ConsoleIdle",
    "CpuBusy",
    "CpuFamily",
    "Cpus",
    "CUDACapability",
    "CUDADeviceName",
    "CUDAGlobalMemoryMb",
    "DetectedCpus",
    "DetectedGPUs",
    "DetectedMemory",
    "Disk",
    "DynamicSlot",
    "EnteredCurrentActivity",
    "EnteredCurrentState",
    "GLIDEIN_Site",
    "GLIDEIN_ResourceName",
    "GPUs",
    "GPUs_Capability",
    "GPUs_GlobalMemoryMb",
    "HasCheckpointing",
    "HasDocker",
    "HasFileTransfer",
    "HasFileTransferPluginMethods",
    "HasJava",
    "HasJobDeferral",
    "HasMPI",
    "HasPerFileEncryption",
    "HasReconnect",
    "HasSelfCheckpointTransfers",
    "HasSingularity",
    "HasTDP",
    "HasVM",
    "IsGlidein",
    "KeyboardIdle",
    "KFlops",
    "LoadAvg",
    "Machine",
    "MaxJobRetirementTime",
    "Memory",
    "Microarch",
    "Mips",
    "Name",
    "OpSys",
    "OpSysAndVer",
    "OpSysMajorVer",
    "OpSysVer",
    "PartitionableSlot",
    "SlotID",
    "State",
    "TotalCpus",
    "UidDomain",
});

// Without regard to case and _: WantFT_on_checkpoint is WantFTOnCheckpoint.
std::string plain(std::string_view word) {
  std::string text = lower(word);
  text.erase(std::remove(text.begin(), text.end(), '_'), text.end());
  return text;
}

// Letters to change, add, take away or swap, at most `limit` + 1.
std::size_t slips(std::string_view left, std::string_view right, std::size_t limit) {
  if (left.size() > right.size() + limit || right.size() > left.size() + limit) return limit + 1;
  std::vector<std::size_t> before(right.size() + 1), row(right.size() + 1), next(right.size() + 1);
  for (std::size_t j = 0; j <= right.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= left.size(); ++i) {
    next[0] = i;
    for (std::size_t j = 1; j <= right.size(); ++j) {
      const std::size_t same = left[i - 1] == right[j - 1] ? 0 : 1;
      next[j] = std::min({row[j] + 1, next[j - 1] + 1, row[j - 1] + same});
      if (i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1])
        next[j] = std::min(next[j], before[j - 2] + 1);
    }
    std::swap(before, row);
    std::swap(row, next);
  }
  return row[right.size()];
}

template <class List>
bool has(const List& list, std::string_view name) {
  return std::any_of(list.begin(), list.end(),
                     [name](std::string_view each) { return equal_ignoring_case(each, name); });
}

}  // namespace

const std::vector<CommandWord>& command_words() {
  static const std::vector<CommandWord> words(kWords.begin(), kWords.end());
  return words;
}

std::optional<std::string_view> command_of(std::string_view name) {
  if (const CommandWord* word = word_of_command(name)) return word->command;
  for (const auto& [other, command] : kOtherNames)
    if (equal_ignoring_case(other, name)) return command;
  return std::nullopt;
}

const CommandWord* word_of_command(std::string_view command) {
  if (command.empty()) return nullptr;
  for (const CommandWord& word : command_words())
    if (equal_ignoring_case(word.command, command)) return &word;
  return nullptr;
}

const CommandWord* word_of_attribute(std::string_view attribute) {
  if (attribute.empty()) return nullptr;
  for (const CommandWord& word : command_words())
    if (equal_ignoring_case(word.attribute, attribute)) return &word;
  return nullptr;
}

bool is_job_attribute(std::string_view name) {
  return word_of_attribute(name) != nullptr || has(kJobAttributes, name) ||
         has(kMoreJobAttributes, name);
}

bool is_machine_attribute(std::string_view name) { return has(kMachineAttributes, name); }

std::optional<std::string> slip_of(std::string_view name,
                                   const std::vector<std::string_view>& words) {
  const std::string wanted = plain(name);
  const std::size_t limit = wanted.size() < 5 ? 0 : wanted.size() < 9 ? 1 : 2;
  std::optional<std::string> best;
  std::size_t fewest = limit + 1;
  for (const std::string_view word : words) {
    const std::size_t count = slips(wanted, plain(word), limit);
    if (count >= fewest) continue;
    fewest = count;
    best = std::string(word);
  }
  return best;
}

const std::vector<std::string_view>& all_commands() {
  static const std::vector<std::string_view> names = [] {
    std::vector<std::string_view> list;
    for (const CommandWord& word : command_words())
      if (!word.command.empty()) list.push_back(word.command);
    return list;
  }();
  return names;
}

const std::vector<std::string_view>& all_attributes() {
  static const std::vector<std::string_view> names = [] {
    std::vector<std::string_view> list(kJobAttributes.begin(), kJobAttributes.end());
    list.insert(list.end(), kMoreJobAttributes.begin(), kMoreJobAttributes.end());
    list.insert(list.end(), kMachineAttributes.begin(), kMachineAttributes.end());
    for (const CommandWord& word : command_words())
      if (!word.attribute.empty()) list.push_back(word.attribute);
    return list;
  }();
  return names;
}

}  // namespace cairn
