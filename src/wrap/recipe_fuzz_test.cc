#include "fuzz/replay.h"

extern "C" int fuzz_recipe(const std::uint8_t* data, std::size_t size);

namespace cairn {
namespace {

TEST(RecipeFuzz, CorpusReplays) { testing::replay_corpus("recipe", fuzz_recipe); }

}  // namespace
}  // namespace cairn
