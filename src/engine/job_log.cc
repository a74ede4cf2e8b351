#include "engine/job_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "os/descriptor.h"

namespace cairn {

LogFormat log_format(const JobAd& ad) {
  const char* const options = ::getenv("_CONDOR_DEFAULT_USERLOG_FORMAT_OPTIONS");
  LogFormat format = log_format(options == nullptr ? "" : options);
  if (ad.get_bool("UserLogUseXML").value_or(false)) format.form = EventForm::xml;
  return format;
}

JobLog::JobLog(JobId id, Path file, std::string host, std::string slot, bool transfers)
    : id_(id),
      file_(std::move(file)),
      host_(std::move(host)),
      slot_(std::move(slot)),
      transfers_(transfers) {}

Status append_to_log(const Path& file, const std::string& events) {
  // A pipe that nobody reads must not stop the engine.
  const Descriptor fd(::open(
      file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0666));
  const auto written =
      !fd ? -1 : retry_interrupted([&] { return ::write(fd.get(), events.data(), events.size()); });
  if (written == std::ssize(events)) return {};
  const int why = written >= 0 ? ENOSPC : errno;
  if (written > 0) {
    const off_t end = ::lseek(fd.get(), 0, SEEK_END);
    std::ignore = ::ftruncate(fd.get(), end - written);
  }
  return system_error("write job event log", file, why);
}

void JobLog::append(const std::string& event_text) {
  if (file_.empty()) return;
  const Status written = append_to_log(file_, in_form(event_text, format_.form));
  const bool failed_before = std::exchange(failed_, !written);
  if (!written && !failed_before)
    problem_ = fmt::format("{}; the job goes on without its event log", written.error().message);
}

std::string JobLog::take_problem() { return std::exchange(problem_, {}); }

ResourceUsage JobLog::resources(std::int64_t time_ms) const {
  ResourceUsage usage;
  usage.granted = granted_;
  usage.memory_used_mb = (use_.resident_kb + 1023) / 1024;
  usage.disk_used_kb = use_.disk_kb;
  usage.execute_seconds = execute_ms_ == 0 ? 0 : (time_ms - execute_ms_) / 1000;
  usage.slot_busy_seconds = begin_ms_ == 0 ? 0 : (time_ms - begin_ms_) / 1000;
  return usage;
}

void JobLog::transfer(std::int64_t time_ms, TransferStep step) {
  const bool names_host = step == TransferStep::input_started;
  if (transfers_) append(transfer_event(head(time_ms), step, names_host ? host_ : std::string()));
}

void JobLog::submitted(std::int64_t time_ms) { append(submit_event(head(time_ms), host_)); }

void JobLog::staging(std::int64_t time_ms) {
  run_ = {};
  bytes_ = {};
  use_ = {};
  begin_ms_ = time_ms;
  execute_ms_ = 0;
  said_kb_ = 0;
  ended_ = false;
  transfer(time_ms, TransferStep::input_started);
}

void JobLog::received(std::int64_t time_ms, std::uint64_t bytes) {
  bytes_.received += bytes;
  transfer(time_ms, TransferStep::input_finished);
}

void JobLog::executing(std::int64_t time_ms, const Path& sandbox) {
  const bool restarted_in_place = execute_ms_ != 0;
  execute_ms_ = time_ms;
  if (restarted_in_place) return;  // HTCondor writes no second 001
  append(execute_event(head(time_ms), {.host = host_,
                                       .slot_name = slot_,
                                       .scratch_folder = sandbox.native(),
                                       .granted = granted_}));
}

void JobLog::exited(std::int64_t time_ms, const Exited& exit) {
  run_.user_seconds += exit.user_ms / 1000;
  run_.system_seconds += exit.system_ms / 1000;
  measured(time_ms, exit.use);
}

void JobLog::measured(std::int64_t time_ms, const Use& use) {
  use_.disk_kb = std::max(use_.disk_kb, use.disk_kb);
  use_.resident_kb = std::max(use_.resident_kb, use.resident_kb);
  const std::int64_t resident_kb = use_.resident_kb;
  if (!has_grown({.from = said_kb_, .to = resident_kb})) return;
  said_kb_ = resident_kb;
  append(image_size_event(head(time_ms), resident_kb, (resident_kb + 1023) / 1024, resident_kb));
}

void JobLog::sending(std::int64_t time_ms) { transfer(time_ms, TransferStep::output_started); }

void JobLog::sent(std::int64_t time_ms, std::uint64_t bytes) {
  bytes_.sent += bytes;
  transfer(time_ms, TransferStep::output_finished);
}

void JobLog::evicted(std::int64_t time_ms, const std::string& reason, const ExitStatus* requeued) {
  EvictFacts facts;
  facts.remote = run_;
  facts.run = bytes_;
  facts.reason = reason;
  if (requeued != nullptr) facts.requeued_exit = *requeued;
  facts.resources = resources(time_ms);
  append(evict_event(head(time_ms), facts));
}

// A pool puts the place before what its starter says; a failed transfer names both ends itself.
void JobLog::held(std::int64_t time_ms, const std::string& reason, int code, int subcode,
                  bool was_running) {
  const std::string why = reason_of_hold(reason, code);
  if (was_running) {
    append(error_event(head(time_ms), fmt::format("starter on {}", slot_), reason, code, subcode));
    evicted(time_ms, why, nullptr);
  }
  append(hold_event(head(time_ms), why, code, subcode));
}

// Transfers name both their ends by themselves.
std::string JobLog::reason_of_hold(const std::string& reason, int code) const {
  const bool names_ends = code == kHoldTransferOutput || code == kHoldTransferInput;
  return names_ends ? reason : fmt::format("Error from {}: {}", slot_, reason);
}

void JobLog::held_by_policy(std::int64_t time_ms, const std::string& reason, int code,
                            int subcode) {
  append(hold_event(head(time_ms), reason, code, subcode));
}

void JobLog::aborted(std::int64_t time_ms, const std::string& reason) {
  append(abort_event(head(time_ms), reason));
}

void JobLog::released(std::int64_t time_ms, const std::string& reason) {
  append(release_event(head(time_ms), reason));
}

void JobLog::taken_over(const Beginning& beginning) {
  begin_ms_ = beginning.begin_ms;
  execute_ms_ = beginning.execute_ms;
  ended_ = newest_is_the_end();
}

bool JobLog::newest_is_the_end() const {
  // Events that other jobs of the same log wrote meanwhile may stand behind it.
  constexpr off_t kTailBytes = off_t{1} << 20;
  const Descriptor fd(::open(file_.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  struct stat status {};
  if (!fd || ::fstat(fd.get(), &status) == -1 || !S_ISREG(status.st_mode)) return false;
  const off_t begin = std::max<off_t>(0, status.st_size - kTailBytes);
  std::string tail(static_cast<std::size_t>(status.st_size - begin), '\0');
  const auto got =
      retry_interrupted([&] { return ::pread(fd.get(), tail.data(), tail.size(), begin); });
  if (got <= 0) return false;
  tail.resize(static_cast<std::size_t>(got));
  const auto newest = tail.rfind(fmt::format(" ({:03}.{:03}.000) ", id_.cluster, id_.proc));
  return newest != std::string::npos && newest >= 3 && tail.compare(newest - 3, 3, "005") == 0;
}

void JobLog::terminated(std::int64_t time_ms, const ExitStatus& exit, const CpuUsage& total,
                        const TransferBytes& total_bytes) {
  append(terminate_event(head(time_ms), {.exit = exit,
                                         .run = run_,
                                         .total = total,
                                         .run_bytes = bytes_,
                                         .total_bytes = total_bytes,
                                         .resources = resources(time_ms)}));
  ended_ = true;
}

}  // namespace cairn
