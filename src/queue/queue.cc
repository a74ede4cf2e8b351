#include "queue/queue.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string_view>
#include <thread>
#include <type_traits>
#include <utility>

#include "base/text.h"
#include "base/try.h"
#include "job/policy.h"
#include "queue/cluster_file.h"
#include "queue/rows.h"

namespace cairn {

extern const char* const kSchema;  // schema.sql, embedded by cmake/embed.cmake

namespace {

template <class T>
struct WrappedAs {
  using type = Result<T>;
};
template <class T>
struct WrappedAs<Result<T>> {
  using type = Result<T>;
};
template <class T>
using Wrapped = typename WrappedAs<T>::type;

}  // namespace

struct Queue::Database {
  Database(std::filesystem::path path, int busy_ms)
      : file(std::move(path)),
        sqlite(file, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE, busy_ms),
        clusters(file.parent_path() / "clusters") {}

  std::filesystem::path file;
  SQLite::Database sqlite;
  ClusterFiles clusters;
  std::optional<SQLite::Statement> upsert, insert_event;  // of store(), made once
  bool durable = true, in_batch = false;

  // In WAL mode what is not durable follows with the next that is; the order always stays.
  void be_durable(bool wanted) {
    wanted = wanted && !in_batch;
    if (durable == wanted) return;
    sqlite.exec(wanted ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
    durable = wanted;
  }

  // Runs `action`, whose exceptions become an error that names the database.
  template <class Action>
  auto guarded(std::string_view what, Action action) -> Wrapped<std::invoke_result_t<Action>> {
    try {
      if constexpr (std::is_void_v<std::invoke_result_t<Action>>) {
        action();
        return {};
      } else {
        return action();
      }
    } catch (const SQLite::Exception& problem) {
      return database_error(what, file, problem,
                            "see that its disk has room and that nobody else writes the file");
    }
  }
};

namespace {

constexpr int kBusyMs = 10'000;
constexpr const char* kJobColumns =
    "cluster, proc, ad, state, activation, next_checkpoint, last_checkpoint, crashes, evictions,"
    " completions, exit_by_signal, exit_value, hold_code, hold_subcode, hold_reason,"
    " user_ms, system_ms, sent_bytes, received_bytes, live, wish, wish_reason";
// What its cluster's ad says, and then what its own says, which goes before.
constexpr const char* kWholeAd =
    "coalesce((SELECT c.ad FROM clusters c WHERE c.cluster = jobs.cluster), '') || ad";

JobRecord job_from(SQLite::Statement& row) {
  JobRecord job;
  job.id = {.cluster = row.getColumn(0), .proc = row.getColumn(1)};
  auto ad = JobAd::parse(row.getColumn(2).getString());
  if (!ad) throw SQLite::Exception(ad.error().text());
  job.ad = *std::move(ad);
  read_life(row, 3, job);
  auto live = JobAd::parse(row.getColumn(19).getString());
  if (!live) throw SQLite::Exception(live.error().text());
  job.live = *std::move(live);
  job.wish = static_cast<Wish>(row.getColumn(20).getInt());
  job.wish_reason = row.getColumn(21).getString();
  return job;
}

std::string select_jobs(std::string_view where) {
  std::string columns = kJobColumns;
  const std::string_view ad = " ad,";
  columns.replace(columns.find(ad), ad.size(), fmt::format(" {},", kWholeAd));
  return fmt::format("SELECT {} FROM jobs WHERE {}", columns, where);
}

template <class T>
void bind_optional(SQLite::Statement& statement, int column, const std::optional<T>& value) {
  if (value)
    statement.bind(column, *value);
  else
    statement.bind(column);
}

struct Column {
  const char* table;
  const char* name;
  const char* declaration;
};
// Since version 1.
constexpr std::array kNewColumns = {
    Column{"clusters", "runner", "TEXT NOT NULL DEFAULT 'run'"},
    Column{"clusters", "pool_id", "TEXT"},
    Column{"clusters", "name", "TEXT"},
    Column{"clusters", "ad", "TEXT NOT NULL DEFAULT ''"},
    Column{"jobs", "live", "TEXT NOT NULL DEFAULT ''"},
    Column{"jobs", "wish", "INTEGER NOT NULL DEFAULT 0"},
    Column{"jobs", "wish_reason", "TEXT NOT NULL DEFAULT ''"},
    Column{"jobs", "priority", "INTEGER NOT NULL DEFAULT 0"},
    Column{"jobs", "request_cpus", "INTEGER NOT NULL DEFAULT 1"},
    Column{"jobs", "request_memory_mb", "INTEGER NOT NULL DEFAULT 0"},
    Column{"jobs", "request_disk_kb", "INTEGER NOT NULL DEFAULT 0"},
};

// Of several that open an old queue at once, one does it.
void upgrade(SQLite::Database& sqlite) {
  SQLite::Transaction transaction(sqlite, SQLite::TransactionBehavior::IMMEDIATE);
  for (const Column& column : kNewColumns)
    if (!has_column(sqlite, column.table, column.name))
      sqlite.exec(fmt::format("ALTER TABLE {} ADD COLUMN {} {}", column.table, column.name,
                              column.declaration));
  sqlite.exec(fmt::format("PRAGMA user_version = {}", kSchemaVersion));
  transaction.commit();
}

//   number  0: the next one
int write_cluster(SQLite::Database& sqlite, const ClusterRecord& cluster, int number = 0) {
  SQLite::Statement insert(sqlite,
                           "INSERT INTO clusters (key, created_ms, runner, pool_id, name, cluster)"
                           " VALUES (?, ?, ?, nullif(?, ''), nullif(?, ''), nullif(?, 0))");
  insert.bind(1, cluster.key);
  insert.bind(2, cluster.created_ms);
  insert.bind(3, cluster.runner);
  insert.bind(4, cluster.pool_id);
  insert.bind(5, cluster.name);
  insert.bind(6, number);
  insert.exec();
  return static_cast<int>(sqlite.getLastInsertRowid());
}

std::optional<int> newest_cluster(SQLite::Database& sqlite, const std::string& key) {
  SQLite::Statement query(sqlite,
                          "SELECT max(cluster) FROM clusters WHERE key = ? AND runner = 'run'");
  query.bind(1, key);
  if (!query.executeStep() || query.isColumnNull(0)) return std::nullopt;
  return query.getColumn(0).getInt();
}

// What does not change in a job's life is written with its first state only.
void write_job(SQLite::Statement& upsert, const JobRecord& job) {
  upsert.tryReset();  // reset() would throw once more what a failed write threw
  upsert.clearBindings();
  upsert.bind(1, job.id.cluster);
  upsert.bind(2, job.id.proc);
  upsert.bind(3, job.ad.text());
  upsert.bind(4, std::string(to_text(job.state)));
  upsert.bind(5, job.activation);
  upsert.bind(6, job.next_checkpoint);
  bind_optional(upsert, 7, job.last_checkpoint);
  upsert.bind(8, job.crashes);
  upsert.bind(9, job.evictions);
  upsert.bind(10, job.completions);
  if (job.exit) {
    upsert.bind(11, job.exit->by_signal ? 1 : 0);
    upsert.bind(12, job.exit->by_signal ? job.exit->signal : job.exit->code);
  }
  if (job.hold) {
    upsert.bind(13, job.hold->code);
    upsert.bind(14, job.hold->subcode);
    upsert.bind(15, job.hold->reason);
  }
  upsert.bind(16, job.user_ms);
  upsert.bind(17, job.system_ms);
  upsert.bind(18, static_cast<std::int64_t>(job.sent_bytes));
  upsert.bind(19, static_cast<std::int64_t>(job.received_bytes));
  upsert.bind(20, job.live.text());
  upsert.bind(21, static_cast<int>(job.wish));
  upsert.bind(22, job.wish_reason);
  upsert.exec();
}

std::string upsert_text() {
  std::string text = fmt::format(
      "INSERT INTO jobs ({}) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
      " ON CONFLICT (cluster, proc) DO UPDATE SET ",
      kJobColumns);
  bool first = true;
  for (const std::string& column : split_list(kJobColumns)) {
    if (column == "cluster" || column == "proc" || column == "ad") continue;
    text +=
        fmt::format("{}{} = excluded.{}", std::exchange(first, false) ? "" : ", ", column, column);
  }
  return text;
}

constexpr const char* kInsertEvent =
    "INSERT INTO events (cluster, proc, seq, activation, time_ms, mark, text)"
    " SELECT ?1, ?2, 1 + coalesce(max(seq), 0), ?3, ?4, ?5, ?6"
    " FROM events WHERE cluster = ?1 AND proc = ?2";

void write_events(SQLite::Statement& insert, const JobRecord& job,
                  std::span<const EventRecord> events) {
  for (const EventRecord& event : events) {
    insert.tryReset();
    insert.clearBindings();
    insert.bind(1, job.id.cluster);
    insert.bind(2, job.id.proc);
    insert.bind(3, job.activation);
    insert.bind(4, event.time_ms);
    if (event.mark) insert.bind(5, static_cast<int>(*event.mark));
    insert.bind(6, event.text);
    insert.exec();
  }
}

// What an idle job is chosen by stands in columns of its own.
void write_requests(SQLite::Statement& update, JobId id, const JobAd& ad) {
  const WaitingJob job = waiting_job(id, ad);
  update.reset();
  update.bind(1, job.priority);
  update.bind(2, job.cpus);
  update.bind(3, job.memory_mb);
  update.bind(4, job.disk_kb);
  update.bind(5, id.cluster);
  update.bind(6, id.proc);
  update.exec();
}
constexpr const char* kUpdateRequests =
    "UPDATE jobs SET priority = ?, request_cpus = ?, request_memory_mb = ?, request_disk_kb = ?"
    " WHERE cluster = ? AND proc = ?";

// `hold = true`: the job waits for its release.
void write_hold(SQLite::Database& sqlite, JobId id, const JobAd& ad) {
  SQLite::Statement update(sqlite,
                           "UPDATE jobs SET state = 'held', hold_code = ?, hold_subcode = 0,"
                           " hold_reason = ? WHERE cluster = ? AND proc = ?");
  update.bind(1, kHoldSubmitted);
  update.bind(2, ad.get_string("HoldReason").value_or(""));
  update.bind(3, id.cluster);
  update.bind(4, id.proc);
  update.exec();
}

void write_new_jobs(SQLite::Database& sqlite, int cluster, std::span<const JobAd> ads,
                    std::int64_t now_ms) {
  const EventRecord queued{now_ms, Mark::queued, "submitted"};
  SQLite::Statement upsert(sqlite, upsert_text()), insert(sqlite, kInsertEvent),
      requests(sqlite, kUpdateRequests);
  for (int proc = 0; const JobAd& ad : ads) {
    const JobRecord job{.id = {cluster, proc++}, .ad = ad};
    write_job(upsert, job);
    write_requests(requests, job.id, ad);
    write_events(insert, job, {&queued, 1});
    if (is_on_hold(ad)) write_hold(sqlite, job.id, ad);
  }
}

// Ads may ask for what they do not share, too.
bool asks_for_something(std::string_view changes) {
  for (const char* name : {"Request", "JobPrio", "JobStatus"})
    if (changes.find(name) != changes.npos) return true;
  return false;
}

void write_shared(SQLite::Database& sqlite, int cluster, const JobAd& ad) {
  SQLite::Statement share(sqlite, "UPDATE clusters SET ad = ? WHERE cluster = ?");
  share.bind(1, ad.text());
  share.bind(2, cluster);
  share.exec();
}

Status write_alike(SQLite::Database& sqlite, int cluster, const NewJobs& jobs,
                   std::int64_t now_ms) {
  write_shared(sqlite, cluster, jobs.ad);
  const bool on_hold = is_on_hold(jobs.ad);
  const auto asked = [&](const char* name, std::int64_t least) {
    return std::max(least, jobs.ad.get_integer(name).value_or(least));
  };
  SQLite::Statement insert(
      sqlite,
      fmt::format(
          "INSERT INTO jobs (cluster, proc, ad, state, activation, next_checkpoint, crashes,"
          " evictions, completions, user_ms, system_ms, sent_bytes, received_bytes,"
          " priority, request_cpus, request_memory_mb, request_disk_kb)"
          " VALUES (?, ?, ?, 'idle', 0, 0, 0, 0, 0, 0, 0, 0, 0, {}, {}, {}, {})",
          jobs.ad.get_integer("JobPrio").value_or(0), asked("RequestCpus", 1),
          asked("RequestMemory", 0), asked("RequestDisk", 0)));
  SQLite::Statement event(sqlite,
                          "INSERT INTO events (cluster, proc, seq, activation, time_ms, mark, text)"
                          " VALUES (?, ?, 1, 0, ?, ?, 'submitted')");
  SQLite::Statement requests(sqlite, kUpdateRequests);
  for (int proc = 0; const std::string& changes : jobs.changes) {
    insert.reset();
    insert.bind(1, cluster);
    insert.bind(2, proc);
    insert.bindNoCopy(3, changes);
    insert.exec();
    event.reset();
    event.bind(1, cluster);
    event.bind(2, proc);
    event.bind(3, now_ms);
    event.bind(4, static_cast<int>(Mark::queued));
    event.exec();
    if (on_hold || asks_for_something(changes)) {
      CAIRN_TRY(const JobAd ad, JobAd::parse(jobs.ad.text() + changes));
      write_requests(requests, {cluster, proc}, ad);
      if (is_on_hold(ad)) write_hold(sqlite, {cluster, proc}, ad);
    }
    ++proc;
  }
  return {};
}

// The cluster's file is there before the cluster, and counts when the cluster does.
Status commit_with_file(SQLite::Database& sqlite, ClusterFiles& files, ClusterRecord cluster,
                        int number, const NewJobs& jobs, SQLite::Transaction& transaction) {
  cluster.cluster = number;
  CAIRN_CHECK(files.prepare(cluster, jobs));
  try {
    transaction.commit();
  } catch (const SQLite::Exception&) {
    files.discard(number);
    throw;
  }
  files.publish(number);
  SQLite::Statement held(sqlite,
                         "SELECT proc, hold_code, hold_subcode, hold_reason FROM jobs"
                         " WHERE cluster = ? AND state = 'held'");
  held.bind(1, number);
  while (held.executeStep()) {
    JobRecord job;
    job.id = {number, held.getColumn(0).getInt()};
    job.state = JobState::held;
    job.hold = HoldFacts{held.getColumn(1), held.getColumn(2), held.getColumn(3).getString()};
    files.note(job);
  }
  return {};
}

NewJobs unshared(std::span<const JobAd> ads) {
  NewJobs jobs;
  for (const JobAd& ad : ads) jobs.changes.push_back(ad.text());
  return jobs;
}

// Attributes that differ between two submissions of one file; the sizes are those of the input,
// which may be an output, too.
constexpr std::array<std::string_view, 9> kVolatile = {
    "ClusterId", "DiskUsage", "EnteredCurrentStatus", "GlobalJobId",        "Owner",
    "QDate",     "User",      "ServerTime",           "TransferInputSizeMB"};

bool is_volatile(std::string_view name) {
  return std::any_of(kVolatile.begin(), kVolatile.end(),
                     [&](std::string_view other) { return equal_ignoring_case(name, other); });
}

std::optional<std::string> first_difference(JobId id, const JobAd& was, const JobAd& now) {
  const auto say = [&](const std::string& name, const std::string& before,
                       const std::string& after) {
    return fmt::format("{} of job {} was {} and is now {}", name, to_text(id), before, after);
  };
  for (const auto& [name, before] : was.attributes())
    if (const auto after = now.get(name); !is_volatile(name) && after != before)
      return say(name, before, after.value_or("not there"));
  for (const auto& [name, after] : now.attributes())
    if (!is_volatile(name) && !was.get(name)) return say(name, "not there", after);
  return std::nullopt;
}

}  // namespace

Queue::Queue(std::unique_ptr<Database> database) : database_(std::move(database)) {}
Queue::Queue(Queue&&) noexcept = default;
Queue& Queue::operator=(Queue&&) noexcept = default;
Queue::~Queue() = default;

Result<Queue> Queue::open(const std::filesystem::path& file) {
  // Where others turn the database to WAL, or close it as the last, SQLite answers "busy"
  // at once and does not wait by itself (sqlite.org/wal.html, section 9).
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::milliseconds(kBusyMs);
  for (;;) {
    bool busy = false;
    auto queue = open_once(file, busy);
    if (!busy || std::chrono::steady_clock::now() > give_up) return queue;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

Result<Queue> Queue::open_once(const std::filesystem::path& file, bool& busy) {
  try {
    auto database = std::make_unique<Database>(file, kBusyMs);
    const int version = database->sqlite.execAndGet("PRAGMA user_version").getInt();
    if (version > kSchemaVersion) return newer_schema(file, version);
    database->sqlite.exec("PRAGMA journal_mode = WAL");
    // FULL: a commit survives a power cut, not only a crash of this process.
    database->sqlite.exec("PRAGMA synchronous = FULL");
    database->sqlite.exec(kSchema);
    if (version < kSchemaVersion) upgrade(database->sqlite);
    return Queue(std::move(database));
  } catch (const SQLite::Exception& problem) {
    busy = problem.getErrorCode() == SQLITE_BUSY;
    return database_error("open", file, problem, "is the folder writable, and on a local disk?");
  }
}

Result<std::optional<int>> Queue::submit(const std::string& key, std::optional<int> newest_seen,
                                         std::int64_t now_ms, const MakeAds& make) {
  return database_->guarded("submit to", [&]() -> Result<std::optional<int>> {
    auto& sqlite = database_->sqlite;
    database_->be_durable(true);
    SQLite::Transaction transaction(sqlite, SQLite::TransactionBehavior::IMMEDIATE);
    if (newest_cluster(sqlite, key) != newest_seen) return std::optional<int>();
    const int cluster = write_cluster(sqlite, {.key = key, .created_ms = now_ms});
    CAIRN_TRY(const std::vector<JobAd> ads, make(cluster));
    write_new_jobs(sqlite, cluster, ads, now_ms);
    CAIRN_CHECK(commit_with_file(database_->sqlite, database_->clusters,
                                 {.key = key, .created_ms = now_ms}, cluster, unshared(ads),
                                 transaction));
    return std::optional(cluster);
  });
}

Result<int> Queue::add(const ClusterRecord& cluster, std::span<const JobAd> ads) {
  return database_->guarded("submit to", [&]() -> Result<int> {
    database_->be_durable(true);
    SQLite::Transaction transaction(database_->sqlite, SQLite::TransactionBehavior::IMMEDIATE);
    const int number = write_cluster(database_->sqlite, cluster);
    write_new_jobs(database_->sqlite, number, ads, cluster.created_ms);
    CAIRN_CHECK(commit_with_file(database_->sqlite, database_->clusters, cluster, number,
                                 unshared(ads), transaction));
    return number;
  });
}

Result<int> Queue::add(const ClusterRecord& cluster, const MakeJobs& make) {
  return database_->guarded("submit to", [&]() -> Result<int> {
    database_->be_durable(true);
    SQLite::Transaction transaction(database_->sqlite, SQLite::TransactionBehavior::IMMEDIATE);
    const int number = write_cluster(database_->sqlite, cluster);
    CAIRN_TRY(const NewJobs jobs, make(number));
    CAIRN_CHECK(write_alike(database_->sqlite, number, jobs, cluster.created_ms));
    CAIRN_CHECK(commit_with_file(database_->sqlite, database_->clusters, cluster, number, jobs,
                                 transaction));
    return number;
  });
}

Result<int> Queue::add(const ClusterRecord& cluster, const MakeAds& make) {
  return database_->guarded("submit to", [&]() -> Result<int> {
    database_->be_durable(true);
    SQLite::Transaction transaction(database_->sqlite, SQLite::TransactionBehavior::IMMEDIATE);
    const int number = write_cluster(database_->sqlite, cluster);
    SQLite::Statement update(database_->sqlite,
                             "UPDATE clusters SET pool_id = cluster WHERE cluster = ?");
    update.bind(1, number);
    update.exec();
    CAIRN_TRY(const std::vector<JobAd> ads, make(number));
    write_new_jobs(database_->sqlite, number, ads, cluster.created_ms);
    ClusterRecord numbered = cluster;
    numbered.pool_id = std::to_string(number);
    CAIRN_CHECK(commit_with_file(database_->sqlite, database_->clusters, numbered, number,
                                 unshared(ads), transaction));
    return number;
  });
}

namespace {

constexpr const char* kSelectClusters =
    "SELECT cluster, key, created_ms, runner, coalesce(pool_id, ''), coalesce(name, '')"
    " FROM clusters";

ClusterRecord cluster_from(SQLite::Statement& row) {
  return {row.getColumn(0).getInt(),    row.getColumn(1).getString(), row.getColumn(2).getInt64(),
          row.getColumn(3).getString(), row.getColumn(4).getString(), row.getColumn(5).getString()};
}

}  // namespace

Result<std::vector<ClusterRecord>> Queue::clusters() const {
  return database_->guarded("read", [&] {
    SQLite::Statement query(database_->sqlite, cat(kSelectClusters, " ORDER BY cluster"));
    std::vector<ClusterRecord> clusters;
    while (query.executeStep()) clusters.push_back(cluster_from(query));
    return clusters;
  });
}

Result<ClusterRecord> Queue::cluster(int cluster) const {
  return database_->guarded("read", [&]() -> Result<ClusterRecord> {
    SQLite::Statement query(database_->sqlite, cat(kSelectClusters, " WHERE cluster = ?"));
    query.bind(1, cluster);
    if (query.executeStep()) return cluster_from(query);
    return Error{
        Errc::not_found, fmt::format("there is no cluster {} in the queue", cluster), 0, {}};
  });
}

Result<std::optional<int>> Queue::find_cluster(const std::string& key) const {
  return database_->guarded("read", [&] { return newest_cluster(database_->sqlite, key); });
}

Result<std::vector<JobRecord>> Queue::jobs(int cluster) const {
  return database_->guarded("read", [&] {
    SQLite::Statement query(database_->sqlite, select_jobs("cluster = ? ORDER BY proc"));
    query.bind(1, cluster);
    std::vector<JobRecord> jobs;
    while (query.executeStep()) jobs.push_back(job_from(query));
    return jobs;
  });
}

Result<JobRecord> Queue::job(JobId id) const {
  return database_->guarded("read", [&]() -> Result<JobRecord> {
    SQLite::Statement query(database_->sqlite, select_jobs("cluster = ? AND proc = ?"));
    query.bind(1, id.cluster);
    query.bind(2, id.proc);
    if (query.executeStep()) return job_from(query);
    return Error{
        Errc::not_found, fmt::format("there is no job {} in the queue", to_text(id)), 0, {}};
  });
}

Status Queue::visit_waiting(const std::string& runner, int first, const LookAtWaiting& look) const {
  return database_->guarded("read", [&] {
    SQLite::Statement query(
        database_->sqlite,
        "SELECT j.cluster, j.proc, j.priority, j.request_cpus, j.request_memory_mb,"
        " j.request_disk_kb, j.ad FROM jobs j JOIN clusters c ON c.cluster = j.cluster"
        " WHERE j.state = 'idle' AND j.cluster >= ? AND c.runner = ? ORDER BY j.cluster");
    query.bind(1, first);
    query.bind(2, runner);
    while (query.executeStep())
      look({.id = {query.getColumn(0), query.getColumn(1)},
            .priority = query.getColumn(2),
            .cpus = query.getColumn(3),
            .memory_mb = query.getColumn(4).getInt64(),
            .disk_kb = query.getColumn(5).getInt64()},
           query.getColumn(6).getText());
  });
}

Result<JobAd> Queue::shared_ad(int cluster) const {
  return database_->guarded("read", [&]() -> Result<JobAd> {
    SQLite::Statement query(database_->sqlite, "SELECT ad FROM clusters WHERE cluster = ?");
    query.bind(1, cluster);
    return query.executeStep() ? JobAd::parse(query.getColumn(0).getString()) : JobAd();
  });
}

Result<std::vector<JobId>> Queue::active(const std::string& runner) const {
  return database_->guarded("read", [&] {
    SQLite::Statement query(
        database_->sqlite,
        "SELECT j.cluster, j.proc FROM jobs j JOIN clusters c ON c.cluster = j.cluster"
        " WHERE j.state NOT IN ('idle', 'held', 'completed', 'removed') AND c.runner = ?"
        " ORDER BY j.cluster, j.proc");
    query.bind(1, runner);
    std::vector<JobId> ids;
    while (query.executeStep())
      ids.push_back({query.getColumn(0).getInt(), query.getColumn(1).getInt()});
    return ids;
  });
}

Result<std::vector<JobId>> Queue::waiting_with_policies(const std::string& runner) const {
  return database_->guarded("read", [&] {
    SQLite::Statement clusters(database_->sqlite,
                               "SELECT cluster FROM clusters WHERE runner = ? AND"
                               " (ad LIKE '%Periodic%' OR ad LIKE '%AllowedJobDuration%')");
    SQLite::Statement jobs(database_->sqlite,
                           "SELECT proc FROM jobs WHERE state IN ('idle', 'held') AND cluster = ?");
    clusters.bind(1, runner);
    std::vector<JobId> ids;
    while (clusters.executeStep()) {
      const int cluster = clusters.getColumn(0);
      jobs.reset();
      jobs.bind(1, cluster);
      while (jobs.executeStep()) ids.push_back({cluster, jobs.getColumn(0).getInt()});
    }
    return ids;
  });
}

Result<std::map<JobState, std::int64_t>> Queue::counts(const std::string& runner) const {
  return database_->guarded("read", [&] {
    SQLite::Statement query(
        database_->sqlite,
        "SELECT j.state, count(*) FROM jobs j JOIN clusters c ON c.cluster = j.cluster"
        " WHERE c.runner = ? GROUP BY j.state");
    query.bind(1, runner);
    std::map<JobState, std::int64_t> counts;
    while (query.executeStep())
      counts[state_from(query.getColumn(0).getString())] = query.getColumn(1).getInt64();
    return counts;
  });
}

Status Queue::remove_cluster(int cluster) {
  return database_->guarded("remove from", [&] {
    database_->be_durable(true);
    SQLite::Transaction transaction(database_->sqlite, SQLite::TransactionBehavior::IMMEDIATE);
    for (const char* table : {"events", "jobs", "clusters"}) {
      SQLite::Statement remove(database_->sqlite,
                               fmt::format("DELETE FROM {} WHERE cluster = ?", table));
      remove.bind(1, cluster);
      remove.exec();
    }
    transaction.commit();
    database_->clusters.remove(cluster);
  });
}

Status Queue::restore(const ClusterRecord& cluster, const JobAd& shared,
                      std::span<const JobRecord> jobs, std::int64_t now_ms) {
  return database_->guarded("restore to", [&]() -> Status {
    SQLite::Database& sqlite = database_->sqlite;
    database_->be_durable(true);
    SQLite::Transaction transaction(sqlite, SQLite::TransactionBehavior::IMMEDIATE);
    write_cluster(sqlite, cluster, cluster.cluster);
    write_shared(sqlite, cluster.cluster, shared);
    SQLite::Statement upsert(sqlite, upsert_text()), insert(sqlite, kInsertEvent),
        requests(sqlite, kUpdateRequests);
    for (const JobRecord& job : jobs) {
      write_job(upsert, job);
      CAIRN_TRY(const JobAd whole, JobAd::parse(shared.text() + job.ad.text()));
      write_requests(requests, job.id, whole);
      const EventRecord event{
          now_ms, job.state == JobState::idle ? std::optional(Mark::queued) : std::nullopt,
          "the queue was lost and is built anew"};
      write_events(insert, job, {&event, 1});
    }
    transaction.commit();
    return {};
  });
}

Status Queue::check(const std::filesystem::path& file) {
  if (!std::filesystem::exists(file))
    return Error{Errc::not_found, fmt::format("there is no {}", file.native()), 0, {}};
  try {
    SQLite::Database sqlite(file, SQLite::OPEN_READWRITE, kBusyMs);
    const int version = sqlite.execAndGet("PRAGMA user_version").getInt();
    if (version > kSchemaVersion) return newer_schema(file, version);
    const std::string verdict = sqlite.execAndGet("PRAGMA quick_check").getString();
    if (verdict != "ok" || !has_column(sqlite, "jobs", "state"))
      return Error{Errc::corrupt,
                   fmt::format("{} is damaged: {}", file.native(),
                               verdict == "ok" ? "it has no jobs" : verdict),
                   0,
                   {}};
    return {};
  } catch (const SQLite::Exception& problem) {
    return database_error("read", file, problem, "");
  }
}

Status Queue::store(const JobRecord& job, std::span<const EventRecord> events) {
  return database_->guarded("write", [&] {
    auto& sqlite = database_->sqlite;
    database_->be_durable(is_durable(job.state));
    SQLite::Transaction transaction(sqlite, SQLite::TransactionBehavior::IMMEDIATE);
    if (!database_->upsert) {
      database_->upsert.emplace(sqlite, upsert_text());
      database_->insert_event.emplace(sqlite, kInsertEvent);
    }
    write_job(*database_->upsert, job);
    write_events(*database_->insert_event, job, events);
    transaction.commit();
    database_->clusters.note(job);
  });
}

void Queue::begin_batch() { database_->in_batch = true; }

// Any durable write brings what was written before it to the disk.
Status Queue::end_batch() {
  database_->in_batch = false;
  return database_->guarded("write", [&] {
    database_->be_durable(true);
    database_->sqlite.exec(fmt::format("PRAGMA user_version = {}", kSchemaVersion));
  });
}

Result<std::vector<EventRecord>> Queue::events(JobId id) const {
  return database_->guarded("read", [&] {
    SQLite::Statement query(database_->sqlite,
                            "SELECT time_ms, mark, text FROM events"
                            " WHERE cluster = ? AND proc = ? ORDER BY seq");
    query.bind(1, id.cluster);
    query.bind(2, id.proc);
    std::vector<EventRecord> events;
    while (query.executeStep()) {
      EventRecord event{.time_ms = query.getColumn(0).getInt64(),
                        .mark = {},
                        .text = query.getColumn(2).getString()};
      if (!query.isColumnNull(1)) event.mark = static_cast<Mark>(query.getColumn(1).getInt());
      events.push_back(std::move(event));
    }
    return events;
  });
}

Result<std::vector<TimedMark>> Queue::marks(JobId id) const {
  CAIRN_TRY(const std::vector<EventRecord> all, events(id));
  std::vector<TimedMark> marks;
  for (const EventRecord& event : all)
    if (event.mark) marks.push_back({event.time_ms, *event.mark});
  return marks;
}

Result<int> Queue::synchronous() const {
  return database_->guarded(
      "read", [&] { return database_->sqlite.execAndGet("PRAGMA synchronous").getInt(); });
}

WaitingJob waiting_job(JobId id, const JobAd& ad) {
  const auto asked = [&](const char* name, std::int64_t least) {
    return std::max(least, ad.get_integer(name).value_or(least));
  };
  return {.id = id,
          .priority = static_cast<int>(ad.get_integer("JobPrio").value_or(0)),
          .cpus = static_cast<int>(asked("RequestCpus", 1)),
          .memory_mb = asked("RequestMemory", 0),
          .disk_kb = asked("RequestDisk", 0)};
}

bool is_durable(JobState state) {
  return state == JobState::idle || state == JobState::held || state == JobState::completed ||
         state == JobState::removed;
}

std::optional<std::string> first_difference(std::span<const JobRecord> stored,
                                            std::span<const JobAd> submitted) {
  if (stored.size() != submitted.size())
    return fmt::format("there were {} jobs and are now {}", stored.size(), submitted.size());
  for (std::size_t i = 0; i < stored.size(); ++i)
    if (auto difference = first_difference(stored[i].id, stored[i].ad, submitted[i]))
      return difference;
  return std::nullopt;
}

}  // namespace cairn
