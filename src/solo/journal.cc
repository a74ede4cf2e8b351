#include "solo/journal.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "base/checksum.h"
#include "base/text.h"
#include "base/try.h"

namespace cairn {
namespace {

using Json = nlohmann::json;

// magic, length of the fields, checksum of length and fields
constexpr std::string_view kMagic =
    "\x91"
    "CairnJ\n";
constexpr std::size_t kLengthBytes = 4;
constexpr std::size_t kChecksumBytes = sizeof(Checksum);
constexpr std::size_t kHeadBytes = kMagic.size() + kLengthBytes + kChecksumBytes;
static_assert(kHeadBytes == 8 + 4 + 16);

template <class T>
void put(Json& json, const char* name, const std::optional<T>& value) {
  if (value) json[name] = *value;
}

// Calls visit(name, field) for those that are always there.
template <class Record, class Visit>
void visit_fields(Record& record, Visit visit) {
  visit("cluster", record.id.cluster);
  visit("proc", record.id.proc);
  visit("activation", record.activation);
  visit("next_checkpoint", record.next_checkpoint);
  visit("crashes", record.crashes);
  visit("evictions", record.evictions);
  visit("completions", record.completions);
  visit("user_ms", record.user_ms);
  visit("system_ms", record.system_ms);
  visit("sent_bytes", record.sent_bytes);
  visit("received_bytes", record.received_bytes);
}

Json to_fields(const JobRecord& record) {
  // Does not compile when the record gets a field: it belongs into the journal, too.
  [[maybe_unused]] const auto& [id, ad, state, activation, next_checkpoint, last_checkpoint,
                                crashes, evictions, completions, exit, hold, user_ms, system_ms,
                                sent_bytes, received_bytes, live, wish, wish_reason] = record;
  Json json = {{"state", std::string(to_text(record.state))}};
  visit_fields(record, [&](const char* name, const auto& field) { json[name] = field; });
  put(json, "last_checkpoint", record.last_checkpoint);
  if (record.exit)
    json["exit"] = {record.exit->by_signal, record.exit->code, record.exit->signal,
                    record.exit->core_dumped};
  if (!record.live.attributes().empty()) json["live"] = record.live.text();
  if (record.wish != Wish::none) json["wish"] = {static_cast<int>(record.wish), record.wish_reason};
  if (record.hold) json["hold"] = {record.hold->code, record.hold->subcode, record.hold->reason};
  return json;
}

// Throws Json::exception for whatever is not as it should be.
JobState state_from(const std::string& text) {
  for (std::size_t i = 0; i < kJobStates; ++i)
    if (to_text(static_cast<JobState>(i)) == text) return static_cast<JobState>(i);
  throw Json::other_error::create(501, "unknown state " + text, nullptr);
}

JobRecord record_from(const Json& json) {
  JobRecord record;
  record.state = state_from(json.at("state").get<std::string>());
  visit_fields(record, [&](const char* name, auto& field) { json.at(name).get_to(field); });
  if (json.contains("last_checkpoint"))
    record.last_checkpoint = json["last_checkpoint"].get<std::int64_t>();
  if (json.contains("exit")) {
    const Json& exit = json["exit"];
    record.exit = ExitStatus{exit.at(0).get<bool>(), exit.at(1).get<int>(), exit.at(2).get<int>(),
                             exit.at(3).get<bool>()};
  }
  if (json.contains("live")) {
    auto live = JobAd::parse(json["live"].get<std::string>());
    if (!live) throw Json::other_error::create(501, live.error().text(), nullptr);
    record.live = *std::move(live);
  }
  if (json.contains("wish")) {
    const int wish = json["wish"].at(0).get<int>();
    if (wish < 0 || wish > static_cast<int>(Wish::remove))
      throw Json::other_error::create(501, "unknown wish", nullptr);
    record.wish = static_cast<Wish>(wish);
    record.wish_reason = json["wish"].at(1).get<std::string>();
  }
  if (json.contains("hold")) {
    const Json& hold = json["hold"];
    record.hold =
        HoldFacts{hold.at(0).get<int>(), hold.at(1).get<int>(), hold.at(2).get<std::string>()};
  }
  return record;
}

Json to_fields(const EventRecord& event) {
  return Json::array(
      {event.time_ms, event.mark ? Json(static_cast<int>(*event.mark)) : Json(), event.text});
}

EventRecord event_from(const Json& json) {
  EventRecord event;
  json.at(0).get_to(event.time_ms);
  if (!json.at(1).is_null()) {
    const int mark = json.at(1).get<int>();
    if (mark < 0 || mark > static_cast<int>(Mark::done))
      throw Json::other_error::create(501, "unknown mark", nullptr);
    event.mark = static_cast<Mark>(mark);
  }
  json.at(2).get_to(event.text);
  return event;
}

std::optional<JournalEntry> entry_from(std::string_view fields) {
  try {
    const Json json = Json::from_msgpack(fields);
    JournalEntry entry;
    json.at("sequence").get_to(entry.sequence);
    json.at("after").get_to(entry.after);
    entry.record = record_from(json.at("record"));
    for (const Json& event : json.at("events")) entry.events.push_back(event_from(event));
    return entry;
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

// At the start of `bytes`; nothing, if there is none.
struct Found {
  JournalEntry entry;
  std::size_t bytes = 0;
};
std::optional<Found> entry_at(std::string_view bytes) {
  if (bytes.size() < kHeadBytes || !bytes.starts_with(kMagic)) return std::nullopt;
  const std::string_view sized = bytes.substr(kMagic.size());
  const std::size_t length = load_le<std::uint32_t>(as_bytes(sized.substr(0, kLengthBytes)));
  if (length > bytes.size() - kHeadBytes) return std::nullopt;
  const std::string_view stated = sized.substr(kLengthBytes, kChecksumBytes);
  const std::string_view fields = bytes.substr(kHeadBytes, length);
  const Checksum actual = checksum(as_bytes(cat(sized.substr(0, kLengthBytes), fields)));
  if (stated != as_text(actual)) return std::nullopt;
  auto entry = entry_from(fields);
  if (!entry) return std::nullopt;
  return Found{*std::move(entry), kHeadBytes + length};
}

std::string file_name(int number) { return fmt::format("{:06}", number); }

// The numbers of a journal's files, ascending.
Result<std::vector<int>> numbers(FileSystem& files, const Path& folder) {
  std::vector<int> found;
  auto names = files.list(folder);
  if (!names && names.error().code == Errc::not_found) return found;
  if (!names) return std::move(names).error();
  for (const std::string& name : *names) {
    const auto number = parse_integer(name);
    if (number && *number >= 0 && *number <= 999'999'999 &&
        file_name(static_cast<int>(*number)) == name)
      found.push_back(static_cast<int>(*number));
  }
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace

std::string encode_entry(const JournalEntry& entry) {
  Json json = {{"sequence", entry.sequence},
               {"after", entry.after},
               {"record", to_fields(entry.record)},
               {"events", Json::array()}};
  for (const EventRecord& event : entry.events) json["events"].push_back(to_fields(event));
  std::string fields;
  Json::to_msgpack(json, fields);
  std::array<std::byte, kLengthBytes> length{};
  store_le(MutableBytes(length), static_cast<std::uint32_t>(fields.size()));
  const Checksum sum = checksum(as_bytes(cat(as_text(length), fields)));
  return cat(kMagic, as_text(length), as_text(sum), fields);
}

ReadEntries decode_entries(std::string_view bytes) {
  ReadEntries read;
  bool gap = false;
  while (!bytes.empty()) {
    if (auto found = entry_at(bytes)) {
      read.damaged = read.damaged || gap;
      gap = false;
      read.entries.push_back(std::move(found->entry));
      bytes.remove_prefix(found->bytes);
      continue;
    }
    gap = true;
    const std::size_t next = bytes.find(kMagic, 1);
    if (next == std::string_view::npos) break;
    bytes.remove_prefix(next);
  }
  return read;
}

Result<JournalContents> read_journal(FileSystem& files, const Path& folder, int from_file) {
  JournalContents contents;
  CAIRN_TRY(const std::vector<int> all, numbers(files, folder));
  if (!all.empty()) contents.last_file = all.back();
  for (const int number : all) {
    if (number < from_file) continue;
    CAIRN_TRY(const std::string bytes, read_file(files, folder / file_name(number)));
    ReadEntries read = decode_entries(bytes);
    if (read.damaged) contents.damaged.push_back((folder / file_name(number)).native());
    for (JournalEntry& entry : read.entries) {
      // A store() that failed may be there all the same, and its repetition too.
      while (!contents.entries.empty() && contents.entries.back().sequence >= entry.sequence)
        contents.entries.pop_back();
      contents.entries.push_back(std::move(entry));
    }
  }
  if (!contents.entries.empty()) contents.record = contents.entries.back().record;
  return contents;
}

Journal::Journal(FileSystem& files, Path folder, const JournalContents& found)
    : files_(files),
      folder_(std::move(folder)),
      next_file_(found.last_file + 1),
      next_sequence_(found.entries.empty() ? 1 : found.entries.back().sequence + 1) {}

Status Journal::begin_file() {
  CAIRN_CHECK(files_.make_folder(folder_));
  CAIRN_CHECK(files_.sync_directory(folder_of(folder_)));
  CAIRN_TRY(file_, files_.create(folder_ / file_name(next_file_++), 0600));
  return {};
}

// After a failure the file is not touched again: what is at its end is not known.
Status Journal::store(const JobRecord& record, std::span<const EventRecord> events,
                      std::uint64_t after) {
  JournalEntry entry{next_sequence_, record, {events.begin(), events.end()}, after};
  entry.record.ad = {};
  const bool fresh = !file_;
  if (fresh) CAIRN_CHECK(begin_file());
  std::unique_ptr<File> file = std::move(file_);
  const std::string bytes = encode_entry(entry);
  CAIRN_CHECK(file->append(as_bytes(bytes)));
  CAIRN_CHECK(file->sync());
  if (fresh) CAIRN_CHECK(files_.sync_directory(folder_));
  file_ = std::move(file);
  ++next_sequence_;
  return {};
}

}  // namespace cairn
