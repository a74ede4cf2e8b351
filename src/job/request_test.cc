#include "job/request.h"

#include <gtest/gtest.h>

namespace cairn {
namespace {

std::optional<std::int64_t> asked(const std::string& text) {
  return requested_memory_mb(JobAd::parse(text).value(), 0);
}

TEST(RequestedMemory, IsTheNumberOfTheSubmitFile) {
  EXPECT_EQ(asked("RequestMemory = 1500\n"), 1500);
}

TEST(RequestedMemory, FollowsFromTheJobsLife) {
  const std::string growing =
      "RequestMemory = ifThenElse(MemoryUsage =!= undefined, MemoryUsage * 2, 100)\n";
  EXPECT_EQ(asked(growing), 100);
  EXPECT_EQ(asked(growing + "MemoryUsage = ((ResidentSetSize + 1023) / 1024)\n"
                            "ResidentSetSize = 204800\n"),
            400);
}

TEST(RequestedMemory, IsNothingWhereTheSubmitFileSaysNothing) {
  EXPECT_EQ(asked(""), std::nullopt);
  EXPECT_EQ(asked("RequestMemory = " + std::string(kMemoryNotSaid) + "\nImageSize = 5\n"),
            std::nullopt);
}

TEST(RequestedMemory, OfAnExpressionWithoutANumberIsNothing) {
  EXPECT_EQ(asked("RequestMemory = lots\n"), std::nullopt);
  EXPECT_EQ(asked("RequestMemory = 1 / 0\n"), std::nullopt);
  EXPECT_EQ(asked("RequestMemory = \"1 GB\"\n"), std::nullopt);
}

}  // namespace
}  // namespace cairn
