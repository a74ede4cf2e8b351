#include "os/watch.h"

#include <gtest/gtest.h>

#include <fstream>
#include <thread>

#include "support/temp_folder.h"

namespace cairn {
namespace {

using namespace std::chrono_literals;

TEST(FolderWatch, ReturnsAtOnceWhenAFileWasWrittenBeforeTheCall) {
  const testing::TempFolder folder;
  auto watch = FolderWatch::open(folder.path());
  std::ofstream(folder.path() / "file") << "x";
  const auto begin = std::chrono::steady_clock::now();
  watch.wait(10min);  // the test's own time limit is shorter
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 5min);
}

TEST(FolderWatch, WakesWhenAFileIsWrittenMeanwhile) {
  const testing::TempFolder folder;
  auto watch = FolderWatch::open(folder.path());
  std::thread writer([&] { std::ofstream(folder.path() / "file") << "x"; });
  watch.wait(10min);
  writer.join();
  EXPECT_TRUE(std::filesystem::exists(folder.path() / "file"));
}

TEST(FolderWatch, OnlyWaitsWhereThereIsNoFolder) {
  auto watch = FolderWatch::open("/nowhere/at/all");
  watch.wait(1ms);
}

}  // namespace
}  // namespace cairn
