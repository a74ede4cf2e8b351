#include "lint/elf_libraries.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tuple>

#include "lint/lint_fixture.h"
#include "support/golden.h"

namespace cairn::lint {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(ElfLibraries, OfAProgram) {
  const ElfLibraries found = read_elf_libraries(
      elf_with("NEEDED liba.so.1\nRUNPATH $ORIGIN:/opt/lib\nNEEDED libc.so.6\n"));
  EXPECT_THAT(found.needed, ElementsAre("liba.so.1", "libc.so.6"));
  EXPECT_THAT(found.folders, ElementsAre("$ORIGIN", "/opt/lib"));
}

TEST(ElfLibraries, OfThisOne) {
  EXPECT_THAT(read_elf_libraries(testing::read_text("/proc/self/exe")).needed,
              Contains("libc.so.6"));
}

// The system looks at the older one only where there is no newer one.
TEST(ElfLibraries, RunpathCountsBeforeRpath) {
  EXPECT_THAT(read_elf_libraries(elf_with("RPATH /old\nRUNPATH /new\n")).folders,
              ElementsAre("/new"));
  EXPECT_THAT(read_elf_libraries(elf_with("RPATH /old\n")).folders, ElementsAre("/old"));
}

TEST(ElfLibraries, NoneOfWhatIsDamaged) {
  const std::string whole = elf_with("NEEDED liba.so.1\nRUNPATH /opt/lib\n");
  for (std::size_t bytes = 0; bytes + 1 < whole.size(); ++bytes)
    std::ignore = read_elf_libraries(whole.substr(0, bytes));
  for (std::size_t at = 0; at < whole.size(); ++at)
    for (const char damage : {'\x00', '\x7f', '\xff'}) {
      std::string bytes = whole;
      bytes[at] = damage;
      std::ignore = read_elf_libraries(bytes);
    }
  EXPECT_THAT(read_elf_libraries("").needed, IsEmpty());
  EXPECT_THAT(read_elf_libraries(kElf).needed, IsEmpty());
  EXPECT_THAT(read_elf_libraries(whole.substr(0, whole.size() / 2)).needed, IsEmpty());
}

}  // namespace
}  // namespace cairn::lint
