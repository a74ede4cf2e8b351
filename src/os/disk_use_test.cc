#include "os/disk_use.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "support/temp_folder.h"

namespace cairn {
namespace {

using testing::TempFolder;

std::int64_t kb_of(const Path& folder) {
  DiskUse use(folder);
  EXPECT_TRUE(use.step(1000));
  return use.kb();
}

TEST(DiskUse, CountsWhatIsThereOnce) {
  const TempFolder folder;
  EXPECT_EQ(kb_of(folder.path()), 0);
  EXPECT_EQ(kb_of(folder / "absent"), 0);
  folder.write("a/b/file", std::string(5000, 'x'));
  std::filesystem::create_hard_link(folder / "a/b/file", folder / "again");
  std::filesystem::create_symlink("/usr", folder / "elsewhere");
  EXPECT_EQ(kb_of(folder.path()), 5);
  folder.write("more", std::string(3 << 20, 'x'));
  EXPECT_EQ(kb_of(folder.path()), 5 + (3 << 10));
}

TEST(DiskUse, IsCountedInSteps) {
  const TempFolder folder;
  for (int i = 0; i < 50; ++i) folder.write("a/b/file" + std::to_string(i), std::string(1024, 'x'));
  DiskUse use(folder.path());
  int steps = 1;
  for (std::int64_t before = 0; !use.step(4); ++steps, before = use.kb())
    EXPECT_LE(use.kb(), before + 4);
  EXPECT_GT(steps, 50 / 4);
  EXPECT_EQ(use.kb(), 50);
}

TEST(DiskUse, GoesOnWhereAFolderIsGone) {
  const TempFolder folder;
  for (const char* name : {"a/file", "b/file", "c/file"})
    folder.write(name, std::string(1024, 'x'));
  DiskUse use(folder.path());
  EXPECT_FALSE(use.step(4));  // the names of the three
  std::filesystem::remove_all(folder / "b");
  EXPECT_TRUE(use.step(1000));
  EXPECT_EQ(use.kb(), 2);
}

}  // namespace
}  // namespace cairn
