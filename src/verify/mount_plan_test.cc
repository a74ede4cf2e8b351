#include "verify/mount_plan.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "support/temp_folder.h"

namespace cairn::verify {
namespace {

using cairn::testing::TempFolder;

TEST(MountSteps, OfFolderFileAndLink) {
  const TempFolder folder;
  const std::string file = folder.write("file", "x").native();
  const std::string link = (folder / "link").native();
  std::filesystem::create_symlink("somewhere/else", link);
  EXPECT_EQ(step_for(folder.path())->op, MountStep::make_folder);
  EXPECT_EQ(step_for(file)->op, MountStep::make_file);
  EXPECT_EQ(step_for(file)->target, kNew + file);
  EXPECT_EQ(step_for(link)->op, MountStep::make_link);
  EXPECT_EQ(step_for(link)->source, "somewhere/else");
}

// While the names in the root are read, somebody may remove one.
TEST(MountSteps, NoneOfWhatIsGone) {
  const TempFolder folder;
  EXPECT_FALSE(step_for((folder / "gone").native()));
}

}  // namespace
}  // namespace cairn::verify
