#include "job/event_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ctime>

#include "base/text.h"
#include "base/try.h"

namespace cairn {
namespace {

constexpr std::string_view kEndOfEvent = "...\n";

// A text that came from outside must not end the event it stands in.
std::string on_one_line(std::string_view text) {
  std::string line(text);
  std::replace_if(
      line.begin(), line.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
  return line;
}

std::string in_brackets(std::string_view host) { return fmt::format("<{}>", on_one_line(host)); }

std::string time_of(const EventHead& head) {
  const std::time_t time = head.time_seconds;
  std::tm parts{};
  head.utc ? gmtime_r(&time, &parts) : localtime_r(&time, &parts);
  const std::string fraction = head.milliseconds ? fmt::format(".{:03}", *head.milliseconds) : "";
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}{}{}", parts.tm_year + 1900,
                     parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                     fraction, head.utc ? "Z" : "");
}

std::string utc_time(std::int64_t seconds) {
  const std::time_t time = seconds;
  std::tm parts{};
  gmtime_r(&time, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", parts.tm_year + 1900, parts.tm_mon + 1,
                     parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

// "005 (038.000.000) 2026-11-22 06:35:24 Job terminated.\n"; the third number is always 0.
std::string headline(int number, const EventHead& head, std::string_view text) {
  return fmt::format("{:03} ({:03}.{:03}.000) {} {}\n", number, head.id.cluster, head.id.proc,
                     time_of(head), text);
}

std::string days_and_time(std::int64_t seconds) {
  return fmt::format("{} {:02}:{:02}:{:02}", seconds / 86400, seconds / 3600 % 24,
                     seconds / 60 % 60, seconds % 60);
}

// Two tabs: HTCondor's caller prints one and its format begins with another.
std::string usage_line(const CpuUsage& usage, std::string_view what) {
  return fmt::format("\t\tUsr {}, Sys {}  -  {} Usage\n", days_and_time(usage.user_seconds),
                     days_and_time(usage.system_seconds), what);
}

std::string byte_lines(const TransferBytes& bytes, std::string_view what) {
  return fmt::format("\t{}  -  {} Bytes Sent By Job\n\t{}  -  {} Bytes Received By Job\n",
                     bytes.sent, what, bytes.received, what);
}

std::string exit_lines(const ExitStatus& exit) {
  if (!exit.by_signal)
    return fmt::format("\t(1) Normal termination (return value {})\n", exit.code);
  return fmt::format("\t(0) Abnormal termination (signal {})\n\t(0) No core file\n", exit.signal);
}

struct ResourceRow {
  std::string_view label;
  std::string used, requested, allocated;
};

std::vector<ResourceRow> resource_rows(const ResourceUsage& usage) {
  const Granted& granted = usage.granted;
  // Where one number has decimals, the whole column is aligned at its point.
  const bool decimals = usage.cpus_used && *usage.cpus_used != std::floor(*usage.cpus_used);
  const auto used = [decimals](std::int64_t number) {
    return decimals ? fmt::format("{}   ", number) : std::to_string(number);
  };
  std::string cpus_used;
  if (usage.cpus_used)
    cpus_used = decimals ? fmt::format("{:.2f}", *usage.cpus_used)
                         : used(static_cast<std::int64_t>(*usage.cpus_used));
  return {
      {"Cpus", cpus_used, cat(granted.cpus_requested), cat(granted.cpus_allocated)},
      {"Disk (KB)", used(usage.disk_used_kb), cat(granted.disk_requested_kb),
       cat(granted.disk_allocated_kb)},
      {"GPUs", "", "", "0"},
      {"Memory (MB)", used(usage.memory_used_mb), cat(granted.memory_requested_mb),
       cat(granted.memory_allocated_mb)},
      {"TimeExecute (s)", used(usage.execute_seconds), "", ""},
      {"TimeSlotBusy (s)", used(usage.slot_busy_seconds), "", ""},
  };
}

std::string resource_table(const ResourceUsage& usage) {
  const auto rows = resource_rows(usage);
  ResourceRow width{
      .label = {}, .used = "   Usage", .requested = " Request", .allocated = "Allocated"};
  for (const ResourceRow& row : rows) {
    width.used.resize(std::max(width.used.size(), row.used.size()));
    width.requested.resize(std::max(width.requested.size(), row.requested.size()));
    width.allocated.resize(std::max(width.allocated.size(), row.allocated.size()));
  }
  const auto line = [&width](std::string_view used, std::string_view requested,
                             std::string_view allocated) {
    return fmt::format(": {:>{}} {:>{}} {:>{}} \n", used, width.used.size(), requested,
                       width.requested.size(), allocated, width.allocated.size());
  };
  std::string table = "\tPartitionable Resources " + line("Usage", "Request", "Allocated");
  for (const ResourceRow& row : rows)
    table += fmt::format("\t   {:<20} ", row.label) + line(row.used, row.requested, row.allocated);
  return table;
}

bool is_number(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// The text before `end`, which is cut off `text` together with it.
std::optional<std::string_view> take_until(std::string_view& text, std::string_view end) {
  const std::size_t at = text.find(end);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view taken = text.substr(0, at);
  text.remove_prefix(at + end.size());
  return taken;
}

std::optional<int> take_number(std::string_view& text, std::string_view end) {
  const auto taken = take_until(text, end);
  if (!taken || !is_number(*taken) || taken->size() > 9) return std::nullopt;
  return static_cast<int>(*parse_integer(*taken));
}

// "2026-11-22 06:35:24", with .mmm or Z, or the legacy "11/22 06:35:24".
bool is_time(std::string_view date, std::string_view time) {
  const auto digits_and = [](std::string_view text, std::string_view others) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [others](char c) {
      return (c >= '0' && c <= '9') || others.find(c) != std::string_view::npos;
    });
  };
  return digits_and(date, "-/") && digits_and(time, ":.Z");
}

std::optional<LoggedEvent> parse_headline(std::string_view line) {
  LoggedEvent event;
  const auto number = take_number(line, " (");
  const auto cluster = take_number(line, ".");
  const auto proc = take_number(line, ".");
  const auto subproc = take_number(line, ") ");
  if (!number || !cluster || !proc || !subproc) return std::nullopt;
  const auto date = take_until(line, " ");
  const auto time = take_until(line, " ");
  if (!date || !time || !is_time(*date, *time)) return std::nullopt;
  event.number = *number;
  event.id = {*cluster, *proc};
  event.time = cat(*date, " ", *time);
  event.headline = line;
  return event;
}

}  // namespace

std::string submit_event(const EventHead& head, std::string_view host) {
  return headline(0, head, cat("Job submitted from host: ", in_brackets(host))).append(kEndOfEvent);
}

std::string execute_event(const EventHead& head, const ExecuteFacts& facts) {
  return headline(1, head, cat("Job executing on host: ", in_brackets(facts.host)))
      .append(fmt::format("\tSlotName: {}\n\tCondorScratchDir = {}\n\tCpus = {}\n\tDisk = {}\n"
                          "\tGPUs = 0\n\tMemory = {}\n",
                          on_one_line(facts.slot_name), quote_string(facts.scratch_folder),
                          facts.granted.cpus_allocated, facts.granted.disk_allocated_kb,
                          facts.granted.memory_allocated_mb))
      .append(kEndOfEvent);
}

std::string evict_event(const EventHead& head, const EvictFacts& facts) {
  std::string what = "Job was evicted.";
  if (facts.code && facts.code->first != 0)
    what += fmt::format(" Code {} Subcode {}", facts.code->first, facts.code->second);
  std::string text = headline(4, head, what);
  text += facts.requeued_exit ? "\t(0) Job terminated and was requeued\n" : "\t(0) CPU times\n";
  text += usage_line(facts.remote, "Run Remote") + usage_line({}, "Run Local");
  text += byte_lines(facts.run, "Run");
  if (facts.requeued_exit) text += exit_lines(*facts.requeued_exit);
  // HTCondor 24.3 brought both the code and the word in front of the reason.
  const bool labelled = facts.code && !facts.requeued_exit;
  if (!facts.reason.empty())
    text += fmt::format("\t{}{}\n", labelled ? "Reason: " : "", on_one_line(facts.reason));
  if (facts.resources) text += resource_table(*facts.resources);
  return text.append(kEndOfEvent);
}

std::string terminate_event(const EventHead& head, const TerminateFacts& facts) {
  std::string text = headline(5, head, "Job terminated.") + exit_lines(facts.exit);
  text += usage_line(facts.run, "Run Remote") + usage_line({}, "Run Local");
  text += usage_line(facts.total, "Total Remote") + usage_line({}, "Total Local");
  text += byte_lines(facts.run_bytes, "Run") + byte_lines(facts.total_bytes, "Total");
  text += resource_table(facts.resources);
  text += fmt::format("\n\tJob terminated of its own accord at {} with {} {}.\n",
                      utc_time(head.time_seconds), facts.exit.by_signal ? "signal" : "exit-code",
                      facts.exit.by_signal ? facts.exit.signal : facts.exit.code);
  return text.append(kEndOfEvent);
}

std::string image_size_event(const EventHead& head, std::int64_t image_kb, std::int64_t memory_mb,
                             std::int64_t resident_kb) {
  return headline(6, head, cat("Image size of job updated: ", image_kb))
      .append(fmt::format("\t{}  -  MemoryUsage of job (MB)\n", memory_mb))
      .append(fmt::format("\t{}  -  ResidentSetSize of job (KB)\n", resident_kb))
      .append(kEndOfEvent);
}

std::string abort_event(const EventHead& head, std::string_view reason) {
  return headline(9, head, "Job was aborted.")
      .append(reason.empty() ? "" : cat("\t", on_one_line(reason), "\n"))
      .append(kEndOfEvent);
}

std::string hold_event(const EventHead& head, std::string_view reason, int code, int subcode) {
  return headline(12, head, "Job was held.")
      .append(fmt::format("\t{}\n", reason.empty() ? "Reason unspecified" : on_one_line(reason)))
      .append(fmt::format("\tCode {} Subcode {}\n", code, subcode))
      .append(kEndOfEvent);
}

std::string release_event(const EventHead& head, std::string_view reason) {
  return headline(13, head, "Job was released.")
      .append(reason.empty() ? "" : cat("\t", on_one_line(reason), "\n"))
      .append(kEndOfEvent);
}

std::string error_event(const EventHead& head, std::string_view from, std::string_view text,
                        int code, int subcode) {
  std::string event = headline(21, head, cat("Error from ", on_one_line(from), ":"));
  for (const std::string& line : split_list(text, '\n')) event += cat("\t", line, "\n");
  if (code != 0) event += fmt::format("\tCode {} Subcode {}\n", code, subcode);
  return event.append(kEndOfEvent);
}

std::string transfer_event(const EventHead& head, TransferStep step, std::string_view host) {
  const bool started = step == TransferStep::input_started || step == TransferStep::output_started;
  const bool input = step == TransferStep::input_started || step == TransferStep::input_finished;
  std::string text =
      headline(40, head,
               fmt::format("{} transferring {} files", started ? "Started" : "Finished",
                           input ? "input" : "output"));
  if (!host.empty()) text += fmt::format("\tTransferring to host: {}\n", in_brackets(host));
  return text.append(kEndOfEvent);
}

Result<std::vector<LoggedEvent>> parse_event_log(std::string_view text) {
  std::vector<LoggedEvent> events;
  std::optional<LoggedEvent> event;
  for (std::size_t number = 1;; ++number) {
    const auto line = take_until(text, "\n");
    if (!line) return events;
    if (line->starts_with("...")) {
      if (event) events.push_back(*std::exchange(event, std::nullopt));
    } else if (auto next = parse_headline(*line)) {
      event = std::move(next);  // one that was begun before has no end: it is torn
    } else if (event) {
      event->body.emplace_back(line->starts_with('\t') ? line->substr(1) : *line);
    } else if (!trim(*line).empty()) {
      return Error{Errc::invalid, fmt::format("event log, line {}: no event begins here", number),
                   0, "is it a job event log in HTCondor's text format?"};
    }
  }
}

}  // namespace cairn
