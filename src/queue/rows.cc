#include "queue/rows.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <cerrno>

namespace cairn {

Error newer_schema(const std::filesystem::path& file, int version) {
  return {Errc::unsupported,
          fmt::format("{} was written by a newer Cairn (schema {}, this one knows {})",
                      file.native(), version, kSchemaVersion),
          0, "use that one, or another CAIRN_HOME"};
}

Error database_error(std::string_view what, const std::filesystem::path& file,
                     const SQLite::Exception& problem, const char* hint) {
  const int code = problem.getErrorCode();
  const std::string message = fmt::format("{} {}: {}", what, file.native(), problem.what());
  // A quota, or a limit on the size of files, is an ordinary error to SQLite.
  if (code == SQLITE_FULL || problem.getExtendedErrorCode() == SQLITE_IOERR_WRITE)
    return {Errc::no_space, message, ENOSPC, "see that its disk has room"};
  if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB)
    return {Errc::corrupt, message, 0, "bring its jobs back with: cairn queue --rebuild"};
  return {Errc::io, message, 0, hint};
}

bool has_column(SQLite::Database& sqlite, const char* table, const char* column) {
  SQLite::Statement query(sqlite, "SELECT 1 FROM pragma_table_info(?) WHERE name = ?");
  query.bind(1, table);
  query.bind(2, column);
  return query.executeStep();
}

JobState state_from(std::string_view text) {
  for (std::size_t i = 0; i < kJobStates; ++i)
    if (to_text(static_cast<JobState>(i)) == text) return static_cast<JobState>(i);
  throw SQLite::Exception(fmt::format("unknown job state '{}'", text));
}

void read_life(SQLite::Statement& row, int first, JobRecord& job) {
  const auto column = [&](int number) { return row.getColumn(first + number); };
  job.state = state_from(column(0).getString());
  job.activation = column(1);
  job.next_checkpoint = column(2).getInt64();
  if (!column(3).isNull()) job.last_checkpoint = column(3).getInt64();
  job.crashes = column(4);
  job.evictions = column(5);
  job.completions = column(6);
  if (!column(7).isNull()) {
    const bool by_signal = column(7).getInt() != 0;
    const int value = column(8);
    job.exit = ExitStatus{by_signal, by_signal ? 0 : value, by_signal ? value : 0};
  }
  if (!column(9).isNull()) job.hold = HoldFacts{column(9), column(10), column(11).getString()};
  job.user_ms = column(12).getInt64();
  job.system_ms = column(13).getInt64();
  job.sent_bytes = static_cast<std::uint64_t>(column(14).getInt64());
  job.received_bytes = static_cast<std::uint64_t>(column(15).getInt64());
}

}  // namespace cairn
