#include "base/units.h"

#include <gtest/gtest.h>

namespace cairn {
namespace {

using std::chrono::milliseconds;

TEST(Units, ParseDurationTakesNumberAndUnit) {
  EXPECT_EQ(*parse_duration("250ms"), milliseconds(250));
  EXPECT_EQ(*parse_duration("3s"), milliseconds(3000));
  EXPECT_EQ(*parse_duration("1.5h"), milliseconds(5'400'000));
  EXPECT_EQ(*parse_duration(" 10 min "), milliseconds(600'000));
  EXPECT_EQ(*parse_duration("2"), milliseconds(2000));
}

TEST(Units, ParseDurationRefusesWhatIsNoneAndSaysWhatToWrite) {
  for (const char* text : {"", "s", "3 parsecs", "-1s", "nan", "1e300d"}) {
    const auto duration = parse_duration(text);
    ASSERT_FALSE(duration.has_value()) << text;
    EXPECT_EQ(duration.error().code, Errc::invalid);
    EXPECT_NE(duration.error().hint.find("10m"), std::string::npos);
  }
}

TEST(Units, FormatsAtAGlance) {
  EXPECT_EQ(format_duration(milliseconds(380)), "380 ms");
  EXPECT_EQ(format_duration(milliseconds(4200)), "4.2 s");
  EXPECT_EQ(format_duration(milliseconds(200'000)), "3 min 20 s");
  EXPECT_EQ(format_duration(milliseconds(7'500'000)), "2 h 05 min");
  EXPECT_EQ(format_size(512), "512 B");
  EXPECT_EQ(format_size(4096), "4.0 KiB");
  EXPECT_EQ(format_size(1610612736), "1.5 GiB");
}

}  // namespace
}  // namespace cairn
