#include "queue/reader.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <string_view>
#include <type_traits>

#include "base/text.h"
#include "base/try.h"
#include "queue/rows.h"

namespace cairn {

namespace stdfs = std::filesystem;

namespace {

constexpr int kBusyMs = 10'000;
// What one version of the schema has and another has not is read as empty.
struct Columns {
  bool live = false, name = false, runner = false, pool_id = false, shared = false;

  // A job's ad: what its cluster's says, and then its own lines, which go before.
  const char* ad() const {
    return shared
               ? "coalesce((SELECT c.ad FROM clusters c WHERE c.cluster = jobs.cluster), '') || ad"
               : "ad";
  }
};

const char* or_empty(bool there, const char* column) { return there ? column : "''"; }

// " state IN ('idle', …)": by these words, the index jobs_by_state is used, and a job's row, with
// its ad behind it on pages of its own, is not read.
std::string in_states(const std::vector<JobState>& states) {
  std::vector<std::string> words;
  if (states.empty())
    for (std::size_t i = 0; i < kJobStates; ++i)
      words.push_back(cat("'", to_text(static_cast<JobState>(i)), "'"));
  for (const JobState state : states) words.push_back(cat("'", to_text(state), "'"));
  return cat(" state IN (", join(words, ","), ")");
}

// seq, activation, time_ms, mark, text, from column `first` on.
EventRow event_from(SQLite::Statement& row, int first) {
  EventRow event{row.getColumn(first).getInt64(),
                 row.getColumn(first + 1),
                 {row.getColumn(first + 2).getInt64(), {}, row.getColumn(first + 4).getString()}};
  if (!row.isColumnNull(first + 3))
    event.event.mark = static_cast<Mark>(row.getColumn(first + 3).getInt());
  return event;
}

constexpr JobRange kEverything = {-1, 0, 0};  // of counting and visiting

}  // namespace

struct QueueReader::Database {
  stdfs::path file;
  SQLite::Database sqlite;
  Columns columns;

  template <class Action>
  auto guarded(Action action) -> Result<std::invoke_result_t<Action>> {
    try {
      if constexpr (std::is_void_v<std::invoke_result_t<Action>>) {
        action();
        return {};
      } else {
        return action();
      }
    } catch (const SQLite::Exception& problem) {
      return database_error("read", file, problem, "");
    }
  }

  std::string job_columns() const {
    return fmt::format(
        "cluster, proc, state, activation, next_checkpoint, last_checkpoint, crashes, evictions,"
        " completions, exit_by_signal, exit_value, hold_code, hold_subcode, hold_reason,"
        " user_ms, system_ms, sent_bytes, received_bytes, {}, {}",
        columns.ad(), or_empty(columns.live, "live"));
  }
};

namespace {

JobRow row_from(SQLite::Statement& row) {
  JobRow found;
  JobRecord& job = found.record;
  job.id = {.cluster = row.getColumn(0), .proc = row.getColumn(1)};
  read_life(row, 2, job);
  found.ad = row.getColumn(18).getString();
  found.live = row.getColumn(19).getString();
  return found;
}

std::vector<StateCount> count(SQLite::Database& sqlite, const JobRange& range) {
  const bool everything = range == kEverything;
  SQLite::Statement query(sqlite,
                          cat("SELECT cluster, state, count(*), min(proc), max(proc) FROM jobs",
                              everything ? "" : " WHERE cluster = ? AND proc BETWEEN ? AND ?",
                              " GROUP BY cluster, state ORDER BY cluster, state"));
  if (!everything) {
    query.bind(1, range.cluster);
    query.bind(2, range.first_proc);
    query.bind(3, range.last_proc);
  }
  std::vector<StateCount> counts;
  while (query.executeStep())
    counts.push_back({query.getColumn(0), state_from(query.getColumn(1).getString()),
                      query.getColumn(2).getInt64(), query.getColumn(3), query.getColumn(4)});
  return counts;
}

}  // namespace

QueueReader::QueueReader(std::unique_ptr<Database> database) : database_(std::move(database)) {}
QueueReader::QueueReader(QueueReader&&) noexcept = default;
QueueReader& QueueReader::operator=(QueueReader&&) noexcept = default;
QueueReader::~QueueReader() = default;

Result<std::optional<QueueReader>> QueueReader::open(const stdfs::path& file) {
  std::error_code failure;
  if (!stdfs::exists(file, failure)) {
    if (failure)
      return Error{Errc::io,
                   fmt::format("open {}: {}", file.native(), failure.message()),
                   failure.value(),
                   {}};
    return std::optional<QueueReader>();
  }
  try {
    std::unique_ptr<Database> database(
        new Database{file, SQLite::Database(file, SQLite::OPEN_READONLY, kBusyMs), {}});
    SQLite::Database& sqlite = database->sqlite;
    const int version = sqlite.execAndGet("PRAGMA user_version").getInt();
    if (version > kSchemaVersion) return newer_schema(file, version);
    if (!has_column(sqlite, "jobs", "state")) return std::optional<QueueReader>();  // being made
    database->columns = {.live = has_column(sqlite, "jobs", "live"),
                         .name = has_column(sqlite, "clusters", "name"),
                         .runner = has_column(sqlite, "clusters", "runner"),
                         .pool_id = has_column(sqlite, "clusters", "pool_id"),
                         .shared = has_column(sqlite, "clusters", "ad")};
    return std::optional<QueueReader>(QueueReader(std::move(database)));
  } catch (const SQLite::Exception& problem) {
    return database_error("read", file, problem, "");
  }
}

Result<std::vector<ClusterRow>> QueueReader::clusters() const {
  return database_->guarded([&] {
    const Columns& has = database_->columns;
    SQLite::Statement query(
        database_->sqlite,
        fmt::format("SELECT cluster, key, created_ms, {}, {}, {} FROM clusters ORDER BY cluster",
                    or_empty(has.name, "name"), or_empty(has.runner, "runner"),
                    or_empty(has.pool_id, "pool_id")));
    std::vector<ClusterRow> rows;
    while (query.executeStep())
      rows.push_back({query.getColumn(0),
                      query.getColumn(1).getString(),
                      query.getColumn(2).getInt64(),
                      query.getColumn(3).getString(),
                      query.getColumn(4).getString(),
                      query.getColumn(5).getString(),
                      {}});
    return rows;
  });
}

Result<std::vector<StateCount>> QueueReader::counts() const {
  return database_->guarded([&] { return count(database_->sqlite, kEverything); });
}

Result<std::vector<StateCount>> QueueReader::counts(const std::vector<JobRange>& ranges) const {
  return database_->guarded([&] {
    std::vector<StateCount> all;
    for (const JobRange& range : ranges)
      for (const StateCount& each : count(database_->sqlite, range)) all.push_back(each);
    return all;
  });
}

Result<std::vector<JobId>> QueueReader::ids(const std::vector<JobState>& states) const {
  return database_->guarded([&] {
    SQLite::Statement query(database_->sqlite, cat("SELECT cluster, proc FROM jobs WHERE",
                                                   in_states(states), " ORDER BY cluster, proc"));
    std::vector<JobId> ids;
    while (query.executeStep()) ids.push_back({query.getColumn(0), query.getColumn(1)});
    return ids;
  });
}

Status QueueReader::visit(const RowFilter& filter, const Look& look) const {
  return database_->guarded([&] {
    SQLite::Database& sqlite = database_->sqlite;
    const std::string order = filter.newest_first ? "DESC" : "ASC";
    const std::string columns = database_->job_columns();
    // All rows in one go, or first which ones, by the index.
    const bool by_state = !filter.states.empty();
    SQLite::Statement one(
        sqlite, fmt::format("SELECT {} FROM jobs WHERE cluster = ? AND proc = ?", columns));
    const auto look_up = [&](JobId id) {
      one.reset();
      one.bind(1, id.cluster);
      one.bind(2, id.proc);
      return !one.executeStep() || look(row_from(one));
    };
    const auto part = [&](const JobRange& range) {
      const bool everything = range == kEverything;
      SQLite::Statement query(
          sqlite, fmt::format("SELECT {} FROM jobs WHERE {} AND {} ORDER BY cluster {}, proc {}",
                              by_state ? "cluster, proc" : columns,
                              everything ? "true" : "cluster = ? AND proc BETWEEN ? AND ?",
                              by_state ? in_states(filter.states) : "true", order, order));
      if (!everything) {
        query.bind(1, range.cluster);
        query.bind(2, range.first_proc);
        query.bind(3, range.last_proc);
      }
      if (!by_state) {
        while (query.executeStep())
          if (!look(row_from(query))) return false;
        return true;
      }
      std::vector<JobId> ids;
      while (query.executeStep()) ids.push_back({query.getColumn(0), query.getColumn(1)});
      return std::all_of(ids.begin(), ids.end(), look_up);
    };
    if (!filter.ranges) {
      part(kEverything);
      return;
    }
    for (const JobRange& range : *filter.ranges)
      if (!part(range)) return;
  });
}

Result<std::vector<JobRange>> QueueReader::may_stay() const {
  return database_->guarded([&] {
    std::vector<JobRange> ranges;
    const Columns& has = database_->columns;
    if (!has.shared || !has.runner) return ranges;  // of a Cairn that had no engine
    SQLite::Statement query(
        database_->sqlite,
        "SELECT cluster, proc FROM jobs WHERE state = 'completed' AND cluster IN (SELECT cluster"
        " FROM clusters WHERE runner = 'engine' AND instr(ad, 'LeaveJobInQueue = false') = 0)"
        " ORDER BY cluster, proc");
    while (query.executeStep()) {
      const int proc = query.getColumn(1);
      ranges.push_back({query.getColumn(0), proc, proc});
    }
    return ranges;
  });
}

Result<std::string> QueueReader::owner(int cluster) const {
  return database_->guarded([&] {
    SQLite::Statement query(
        database_->sqlite,
        fmt::format("SELECT {} FROM jobs WHERE cluster = ? ORDER BY proc LIMIT 1",
                    database_->columns.ad()));
    query.bind(1, cluster);
    if (!query.executeStep()) return std::string();
    const std::string ad = "\n" + query.getColumn(0).getString();
    constexpr std::string_view kOwner = "\nOwner = ";  // as JobAd::text() writes it
    const std::size_t begin = ad.find(kOwner);
    if (begin == std::string::npos) return std::string();
    const std::size_t end = ad.find('\n', begin + 1);
    const std::size_t value = begin + kOwner.size();
    return unquote_string(ad.substr(value, end - value)).value_or("");
  });
}

Result<std::vector<EventRow>> QueueReader::events(JobId id, std::int64_t after_seq) const {
  return database_->guarded([&] {
    SQLite::Statement query(database_->sqlite,
                            "SELECT seq, activation, time_ms, mark, text FROM events"
                            " WHERE cluster = ? AND proc = ? AND seq > ? ORDER BY seq");
    query.bind(1, id.cluster);
    query.bind(2, id.proc);
    query.bind(3, after_seq);
    std::vector<EventRow> events;
    while (query.executeStep()) events.push_back(event_from(query, 0));
    return events;
  });
}

Result<std::int64_t> QueueReader::version() const {
  return database_->guarded(
      [&] { return database_->sqlite.execAndGet("PRAGMA data_version").getInt64(); });
}

// ---- scan

struct EventScan::State {
  explicit State(QueueReader::Database& from)
      : database(from),
        query(from.sqlite,
              "SELECT cluster, proc, seq, activation, time_ms, mark, text FROM events"
              " WHERE (cluster, proc) >= (?, ?) ORDER BY cluster, proc, seq") {}
  JobId here() { return {query.getColumn(0), query.getColumn(1)}; }
  void seek(JobId id) {
    query.reset();
    query.bind(1, id.cluster);
    query.bind(2, id.proc);
    at_row = query.executeStep();
  }

  QueueReader::Database& database;
  SQLite::Statement query;
  bool at_row = false;
};

EventScan::EventScan(const QueueReader& reader)
    : state_(std::make_unique<State>(*reader.database_)) {}
EventScan::EventScan(EventScan&&) noexcept = default;
EventScan::~EventScan() = default;

Result<std::vector<EventRow>> EventScan::of(JobId id) {
  constexpr int kPassedOverMax = 50;  // of events of others: then it is quicker to look for it
  return state_->database.guarded([&] {
    State& at = *state_;
    if (!at.at_row || id < at.here()) at.seek(id);
    for (int passed = 0; at.at_row && at.here() < id; ++passed)
      if (passed == kPassedOverMax)
        at.seek(id);
      else
        at.at_row = at.query.executeStep();
    std::vector<EventRow> events;
    for (; at.at_row && at.here() == id; at.at_row = at.query.executeStep())
      events.push_back(event_from(at.query, 2));
    return events;
  });
}

std::vector<TimedMark> marks_of(const std::vector<EventRow>& events) {
  std::vector<TimedMark> marks;
  for (const EventRow& row : events)
    if (row.event.mark) marks.push_back({row.event.time_ms, *row.event.mark});
  return marks;
}

}  // namespace cairn
