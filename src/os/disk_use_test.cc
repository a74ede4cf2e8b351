#include "os/disk_use.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "support/temp_folder.h"

namespace cairn {
namespace {

TEST(DiskUse, CountsWhatIsThereOnce) {
  const testing::TempFolder folder;
  EXPECT_EQ(disk_use_kb(folder.path()), 0);
  EXPECT_EQ(disk_use_kb(folder / "absent"), 0);
  folder.write("a/b/file", std::string(5000, 'x'));
  std::filesystem::create_hard_link(folder / "a/b/file", folder / "again");
  std::filesystem::create_symlink("/usr", folder / "elsewhere");
  EXPECT_EQ(disk_use_kb(folder.path()), 5);
  folder.write("more", std::string(3 << 20, 'x'));
  EXPECT_EQ(disk_use_kb(folder.path()), 5 + (3 << 10));
}

}  // namespace
}  // namespace cairn
