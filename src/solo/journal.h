// The life of one job in files, for where a database cannot be: on a shared file system.
//
//   JOURNAL/000007    what one runner stored, entry after entry; written by it alone
//
// Each entry is the whole new state of the job and the events that led to it, with a
// checksum, and it is synced before store() returns.  A reader believes nothing but entries
// whose checksum is right, so whatever a kill or a power cut leaves, he sees the state that
// was stored last, or the one whose store() was under way.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cairn/result.h"
#include "os/filesystem.h"
#include "queue/queue.h"

namespace cairn {

// One call of store().
struct JournalEntry {
  std::uint64_t sequence = 0;  // from 1; each entry that is stored has its own
  JobRecord record;  // its ad stays empty: that is in a file of its own, and never changes
  std::vector<EventRecord> events;
  // Of another journal: how much of it was there (its sequence) when this was stored.
  std::uint64_t after = 0;
};

// As it stands in a file: magic, length, checksum, fields.
std::string encode_entry(const JournalEntry& entry);

struct ReadEntries {
  std::vector<JournalEntry> entries;
  bool damaged =
      false;  // bytes that are no entry lie before a good one; behind the last, they are torn
};
// Any bytes.  The records' ids are what was stored.
ReadEntries decode_entries(std::string_view bytes);

struct JournalContents {
  std::optional<JobRecord> record;  // without its ad; nothing: nothing was stored
  std::vector<JournalEntry> entries;
  std::vector<std::string> damaged;  // files with bytes between entries that are none
  int last_file = -1;
};

// All entries in their order.
//   from_file  earlier ones are not read
// Errors: io.  A folder that is not there is an empty journal.
Result<JournalContents> read_journal(FileSystem& files, const Path& folder, int from_file = 0);

// The writer.  There must be one at a time (solo/claim.h).
class Journal {
 public:
  //   folder  made at the first store(); its parent must exist
  //   found   what read_journal() said just now
  Journal(FileSystem& files, Path folder, const JournalContents& found);

  // Durable when it returns.  After an error the old state stands, or the new one.
  //   after  see JournalEntry
  Status store(const JobRecord& record, std::span<const EventRecord> events,
               std::uint64_t after = 0);

 private:
  Status begin_file();

  FileSystem& files_;
  Path folder_;
  int next_file_;
  std::uint64_t next_sequence_;
  std::unique_ptr<File> file_;  // none: the next store() begins one
};

}  // namespace cairn
