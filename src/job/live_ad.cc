#include "job/live_ad.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "classad/evaluate.h"
#include "classad/literal.h"

namespace cairn {
namespace {

// As condor_holdcodes.h names them.
constexpr std::array<std::pair<int, std::string_view>, 22> kHoldCodes = {{
    {1, "UserRequest"},
    {3, "JobPolicy"},
    {4, "CorruptedCredential"},
    {5, "JobPolicyUndefined"},
    {6, "FailedToCreateProcess"},
    {7, "UnableToOpenOutput"},
    {8, "UnableToOpenInput"},
    {12, "TransferOutputError"},
    {13, "TransferInputError"},
    {14, "IwdError"},
    {15, "SubmittedOnHold"},
    {16, "SpoolingInput"},
    {20, "MissedDeferredExecutionTime"},
    {21, "StartdHeldJob"},
    {22, "UnableToInitUserLog"},
    {26, "SystemPolicy"},
    {32, "MaxTransferInputSizeExceeded"},
    {33, "MaxTransferOutputSizeExceeded"},
    {34, "JobOutOfResources"},
    {36, "FailedToCheckpoint"},
    {46, "JobDurationExceeded"},
    {47, "JobExecuteExceeded"},
}};

std::string signal_words(int signal) {
  return fmt::format("died on signal {} ({})", signal, ::strsignal(signal));
}

// [ UserRequest = 1; JobPolicy = 2 ] with one more of `name`.
std::string with_one_more(const std::optional<std::string>& counts, std::string_view name) {
  classad::Ad ad;
  if (const auto expression = classad::Expression::parse(counts.value_or("[ ]"))) {
    const classad::Value value = classad::evaluate(*expression, {});
    const classad::Scope scope;
    for (const auto& [known, code] : kHoldCodes) {
      const auto count = classad::Expression::parse(fmt::format("{}.{}", expression->text(), code));
      const classad::Value number = count ? classad::evaluate(*count, scope) : classad::Value();
      if (number.as_integer()) ad.set(code, number);
    }
  }
  const classad::Expression* before = ad.find(name);
  const std::int64_t* number =
      before && before->as_literal() ? before->as_literal()->as_integer() : nullptr;
  ad.set(name, classad::Value::integer(number ? *number + 1 : 1));
  return ad.text();
}

}  // namespace

CondorStatus condor_status(JobState state) {
  switch (state) {
    case JobState::idle:
      return CondorStatus::idle;
    case JobState::held:
      return CondorStatus::held;
    case JobState::completed:
      return CondorStatus::completed;
    case JobState::removed:
      return CondorStatus::removed;
    default:
      return CondorStatus::running;
  }
}

std::string_view hold_code_name(int code) {
  const auto found = std::find_if(kHoldCodes.begin(), kHoldCodes.end(),
                                  [code](const auto& entry) { return entry.first == code; });
  return found == kHoldCodes.end() ? "Unspecified" : found->second;
}

JobAd LiveAd::whole() const {
  JobAd ad = ad_;
  for (const auto& [name, expression] : live_.attributes()) ad.set(name, expression);
  return ad;
}

std::optional<std::string> LiveAd::get(std::string_view name) const {
  auto text = live_.get(name);
  return text ? text : ad_.get(name);
}
std::int64_t LiveAd::integer(std::string_view name) const {
  return parse_integer(get(name).value_or("0")).value_or(0);
}
double LiveAd::real(std::string_view name) const {
  const auto expression = classad::Expression::parse(get(name).value_or("0.0"));
  const classad::Value* value = expression ? expression->as_literal() : nullptr;
  return value ? value->to_real().value_or(0) : 0;
}
void LiveAd::add(std::string_view name, std::int64_t amount) {
  live_.set_integer(name, integer(name) + amount);
}
void LiveAd::set_real(std::string_view name, double value) {
  live_.set(name, classad::real_text(value));
}
void LiveAd::add_real(std::string_view name, double amount) { set_real(name, real(name) + amount); }
void LiveAd::move(std::string_view from, std::string_view to) {
  if (const auto value = get(from)) live_.set(to, *value);
  if (ad_.get(from))
    live_.set(from, "undefined");
  else
    live_.erase(from);
}

void LiveAd::submitted(std::int64_t now) {
  live_.set_integer("JobStatus", static_cast<int>(CondorStatus::idle));
  live_.set_integer("EnteredCurrentStatus", now);
}

void LiveAd::entered(CondorStatus status, std::int64_t now) {
  const auto before = get("JobStatus");
  const std::string number = cat(static_cast<int>(status));
  if (before == number) return;
  if (before) live_.set("LastJobStatus", *before);
  live_.set("JobStatus", number);
  live_.set_integer("EnteredCurrentStatus", now);
}

void LiveAd::activated(std::int64_t now, std::string_view slot) {
  if (const auto before = live_.get("JobCurrentStartDate")) live_.set("JobLastStartDate", *before);
  if (!live_.get("JobStartDate")) live_.set_integer("JobStartDate", now);
  live_.set_integer("JobCurrentStartDate", now);
  live_.set_integer("ShadowBday", now);
  live_.set_integer("LastMatchTime", now);
  add("NumShadowStarts", 1);
  add("NumJobMatches", 1);
  add("JobRunCount", 1);
  for (const char* gone : {"VacateReason", "VacateReasonCode", "VacateReasonSubCode"})
    live_.erase(gone);
  live_.set_integer("CurrentHosts", 1);
  live_.set_string("RemoteHost", slot);
}

void LiveAd::inputs_received(std::int64_t begin, std::int64_t end, std::uint64_t bytes) {
  live_.set_integer("TransferInStarted", begin);
  live_.set_integer("TransferInFinished", end);
  live_.set_integer("JobCurrentStartTransferInputDate", begin);
  live_.set_integer("JobCurrentFinishTransferInputDate", end);
  add_real("BytesRecvd", static_cast<double>(bytes));
}

void LiveAd::executing(std::int64_t now, bool in_place) {
  if (in_place) return;  // HTCondor notes only the first of an activation
  live_.set_integer("JobCurrentStartExecutingDate", now);
  add("NumJobStarts", 1);
}

void LiveAd::exited(std::int64_t now, const ExitStatus& exit, std::int64_t user_seconds,
                    std::int64_t system_seconds) {
  add_real("RemoteUserCpu", static_cast<double>(user_seconds));
  add_real("RemoteSysCpu", static_cast<double>(system_seconds));
  live_.set_bool("ExitBySignal", exit.by_signal);
  if (exit.by_signal) {
    live_.set_integer("ExitSignal", exit.signal);
    live_.set_string("ExitReason", signal_words(exit.signal));
  } else {
    live_.set_integer("ExitCode", exit.code);
  }
  live_.set("ToE", fmt::format("[ How = \"OF_ITS_OWN_ACCORD\"; Who = \"itself\"; When = {}; "
                               "HowCode = 0; {} = {}; ExitBySignal = {} ]",
                               now, exit.by_signal ? "ExitSignal" : "ExitCode",
                               exit.by_signal ? exit.signal : exit.code, exit.by_signal));
}

void LiveAd::sending(std::int64_t now) {
  live_.set_integer("TransferOutStarted", now);
  live_.set_integer("JobCurrentStartTransferOutputDate", now);
}

void LiveAd::sent(std::int64_t now, std::uint64_t bytes) {
  live_.set_integer("TransferOutFinished", now);
  live_.set_integer("JobCurrentFinishTransferOutputDate", now);
  add_real("BytesSent", static_cast<double>(bytes));
}

void LiveAd::checkpointed(std::int64_t number, std::int64_t exit_time,
                          std::int64_t execution_seconds) {
  live_.set_integer("CheckpointNumber", number);
  live_.set_integer("JobLastCheckpointTime", exit_time);
  add("CommittedTime", execution_seconds);
}

void LiveAd::image(std::int64_t resident_kb) {
  if (resident_kb <= 0) return;
  const std::int64_t peak = std::max(resident_kb, integer("ResidentSetSize"));
  live_.set_integer("ResidentSetSize", peak);
  live_.set_integer("ImageSize", std::max(peak, integer("ImageSize")));
  live_.set("MemoryUsage", "((ResidentSetSize + 1023) / 1024)");
}

void LiveAd::disk(std::int64_t kb) {
  if (kb > integer("DiskUsage")) live_.set_integer("DiskUsage", kb);
}

void LiveAd::left(std::int64_t now, bool committed) {
  const std::int64_t begin = integer("JobCurrentStartDate");
  const auto wall = static_cast<double>(std::max<std::int64_t>(now - begin, 0));
  const double cpus = static_cast<double>(std::max<std::int64_t>(integer("RequestCpus"), 1));
  set_real("LastRemoteWallClockTime", wall);
  add_real("RemoteWallClockTime", wall);
  add_real("CumulativeSlotTime", wall * cpus);
  if (committed) {
    const std::int64_t last = std::max(integer("JobLastCheckpointTime"), begin);
    const std::int64_t piece = std::max<std::int64_t>(now - last, 0);
    add("CommittedTime", piece);
    add_real("CommittedSlotTime", static_cast<double>(piece) * cpus);
  }
  move("RemoteHost", "LastRemoteHost");
  live_.erase("ShadowBday");
  live_.set_integer("CurrentHosts", 0);
}

void LiveAd::vacated(std::int64_t now, std::string_view reason, int code, int subcode) {
  live_.set_integer("LastVacateTime", now);
  if (reason.empty() && code == 0) return;
  live_.set_string("VacateReason", reason);
  live_.set_integer("VacateReasonCode", code);
  live_.set_integer("VacateReasonSubCode", subcode);
}

void LiveAd::was_through() { add("NumJobCompletions", 1); }

void LiveAd::requeued(std::string_view reason) {
  was_through();
  live_.set_string("RequeueReason", reason);
}

void LiveAd::completed(std::int64_t now) {
  add("NumJobCompletions", 1);
  live_.set_integer("CompletionDate", now);
  live_.set_bool("TerminationPending", true);
}

void LiveAd::held(int code, int subcode, std::string_view reason) {
  live_.set_string("HoldReason", reason);
  live_.set_integer("HoldReasonCode", code);
  if (code != 15) live_.set_integer("HoldReasonSubCode", subcode);
  add("NumHolds", 1);
  live_.set("NumHoldsByReason", with_one_more(get("NumHoldsByReason"), hold_code_name(code)));
}

void LiveAd::released(std::string_view reason) {
  move("HoldReason", "LastHoldReason");
  move("HoldReasonCode", "LastHoldReasonCode");
  move("HoldReasonSubCode", "LastHoldReasonSubCode");
  live_.set_string("ReleaseReason", reason);
}

void LiveAd::removed(std::string_view reason) {
  move("HoldReason", "LastHoldReason");
  move("HoldReasonCode", "LastHoldReasonCode");
  move("HoldReasonSubCode", "LastHoldReasonSubCode");
  live_.set_string("RemoveReason", reason);
}

}  // namespace cairn
