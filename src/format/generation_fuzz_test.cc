// Replays the corpus of tests/fuzz/generation_fuzz.cc.
#include "fuzz/replay.h"

extern "C" int fuzz_generation(const std::uint8_t* data, std::size_t size);

namespace cairn {
namespace {

TEST(GenerationFuzz, CorpusReplays) { testing::replay_corpus("generation", fuzz_generation); }

}  // namespace
}  // namespace cairn
