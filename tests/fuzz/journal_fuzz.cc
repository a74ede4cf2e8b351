// Any bytes as a journal and as the file that says who runs a job: never a crash, and what is taken
// for an entry stands there byte for byte.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/assert.h"
#include "base/bytes.h"
#include "solo/claim.h"
#include "solo/journal.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cairn;
  const std::string_view input = as_text(std::as_bytes(std::span(data, size)));
  const ReadEntries read = decode_entries(input);
  std::size_t bytes = 0;
  for (const JournalEntry& entry : read.entries) {
    const ReadEntries again = decode_entries(encode_entry(entry));
    CAIRN_ASSERT(again.entries.size() == 1 && again.entries[0].record == entry.record,
                 "an entry survives being written again");
    bytes += 1;
  }
  CAIRN_ASSERT(bytes <= size, "an entry has at least a byte");
  if (const auto runner = decode_runner(input))
    CAIRN_ASSERT(decode_runner(encode(*runner)).has_value(), "a runner can be written again");
  return 0;
}
