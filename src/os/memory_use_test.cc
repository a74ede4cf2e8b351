#include "os/memory_use.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <string>

#include "os/process.h"

namespace cairn::testing {
namespace {

constexpr std::int64_t kHeldKb = 40 << 10;
constexpr const char* kHolds = "import os, time; held = bytearray(b\"x\") * (40 << 20)\n";

// A python with children of its own, until the end of the test.
class MemoryOfDescendants : public ::testing::Test {
 protected:
  void start(const std::string& script) {
    SpawnOptions options;
    options.program = "/usr/bin/python3";
    options.arguments = {"python3", "-c", script};
    child_ = spawn(options).value();
  }
  ~MemoryOfDescendants() override {
    kill_descendants(child_).value();
    wait_for(child_).value();
  }
  static bool comes(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      ::poll(nullptr, 0, 10);
    }
    return true;
  }
  pid_t child_ = 0;
};

TEST_F(MemoryOfDescendants, CountsWhatAChildOfAChildHolds) {
  start(std::string("import os, time\nif os.fork(): time.sleep(100)\n") + kHolds +
        "time.sleep(100)\n");
  EXPECT_TRUE(comes([] {
    const MemoryUse use = memory_of_descendants(MemoryCount::resident);
    return use.kb >= kHeldKb && use.processes == 2;
  }));
}

TEST_F(MemoryOfDescendants, CountsSharedPagesOnceOnlyIfAsked) {
  constexpr int kForks = 4;
  start(std::string(kHolds) +
        "for i in range(4):\n    if not os.fork(): time.sleep(100)\ntime.sleep(100)\n");
  ASSERT_TRUE(
      comes([] { return memory_of_descendants(MemoryCount::resident).processes == 1 + kForks; }));
  EXPECT_GE(memory_of_descendants(MemoryCount::resident).kb, (1 + kForks) * kHeldKb);
  const std::int64_t shared = memory_of_descendants(MemoryCount::shared).kb;
  EXPECT_GE(shared, kHeldKb * 9 / 10);
  EXPECT_LT(shared, 3 * kHeldKb);
}

TEST(MemoryOfDescendantsAlone, NoneIsNothing) {
  EXPECT_EQ(memory_of_descendants(MemoryCount::resident).processes, 0);
  EXPECT_EQ(memory_of_descendants(MemoryCount::shared).kb, 0);
}

}  // namespace
}  // namespace cairn::testing
