// What the queue and its reader share: how a row is read.  For these two alone.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <filesystem>
#include <string_view>

#include "cairn/result.h"
#include "queue/queue.h"

namespace cairn {

inline constexpr int kSchemaVersion = 2;  // of schema.sql; an older one is brought up to it
Error newer_schema(const std::filesystem::path& file, int version);

// The same problem of either, as an error that names the file.
Error database_error(std::string_view what, const std::filesystem::path& file,
                     const SQLite::Exception& problem, const char* hint);

bool has_column(SQLite::Database& sqlite, const char* table, const char* column);

// Throws SQLite::Exception for an unknown word.
JobState state_from(std::string_view text);

// The columns from the job's state to its received bytes, in the order of the schema.
void read_life(SQLite::Statement& row, int first, JobRecord& job);

}  // namespace cairn
