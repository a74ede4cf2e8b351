#include "base/signal_names.h"

#include <gtest/gtest.h>

#include <csignal>

namespace cairn {
namespace {

TEST(SignalNames, AreReadInEveryForm) {
  for (const char* const text : {"SIGTERM", "term", "SigTerm", "15"})
    EXPECT_EQ(parse_signal(text), SIGTERM) << text;
  for (const char* const text : {"", "SIG", "TERMINATE", "0", "65", "-1"})
    EXPECT_EQ(parse_signal(text), std::nullopt) << text;
}

TEST(SignalNames, AreWrittenAsTheyAreRead) {
  EXPECT_EQ(signal_name(SIGUSR1), "SIGUSR1");
  EXPECT_EQ(signal_name(0), std::nullopt);
  for (int number = 1; number < 65; ++number) {
    const auto name = signal_name(number);
    if (name) {
      EXPECT_EQ(parse_signal(*name), number);
    }
  }
}

}  // namespace
}  // namespace cairn
