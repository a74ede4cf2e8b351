#include "fuzz/replay.h"

extern "C" int fuzz_journal(const std::uint8_t* data, std::size_t size);

namespace cairn {
namespace {

TEST(JournalFuzz, CorpusReplays) { testing::replay_corpus("journal", fuzz_journal); }

}  // namespace
}  // namespace cairn
