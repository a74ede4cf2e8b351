#include "os/command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cairn {
namespace {

using ::testing::HasSubstr;

TEST(Command, BringsWhatItPrintsAndHowItEnded) {
  const auto result =
      run_command({.arguments = {"sh", "-c", "echo out; echo err >&2; exit 3"}}).value();
  EXPECT_EQ(result.output, "out\n");
  EXPECT_EQ(result.errors, "err\n");
  EXPECT_FALSE(result.succeeded());
  EXPECT_EQ(result.failure(), "exited with 3: err");
}

TEST(Command, ArgumentsMeanThemselves) {
  const std::string hostile = "a b;$(touch x)\n'\"\\*";
  EXPECT_EQ(run_command({.arguments = {"printf", "%s", hostile}}).value().output, hostile);
}

TEST(Command, BothStreamsMayBeLongerThanAPipe) {
  const auto result =
      run_command(
          {.arguments = {"sh", "-c", "head -c 300000 /dev/zero >&2; head -c 300000 /dev/zero"}})
          .value();
  EXPECT_EQ(result.output.size(), 300000U);
  EXPECT_EQ(result.errors.size(), 300000U);
}

TEST(Command, OneThatDoesNotEndIsKilled) {
  const auto result =
      run_command({.arguments = {"sleep", "1000"}, .patience = std::chrono::milliseconds(50)});
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().text(), HasSubstr("sleep did not end"));
}

TEST(Command, OneThatIsNotThereIsNotFound) {
  EXPECT_EQ(run_command({.arguments = {"no-such-program"}}).error().code, Errc::not_found);
}

}  // namespace
}  // namespace cairn
