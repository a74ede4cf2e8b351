#include "format/describe.h"

#include <gtest/gtest.h>

#include "format/sample_generations.h"
#include "support/golden.h"

namespace cairn {
namespace {

using samples::FileBytes;

GenerationReport inspect(const FileBytes& file) {
  MemorySource source(file, "gen.cairn");
  return inspect_generation(source).value();
}

TEST(Describe, ShowsAWholeGeneration) {
  testing::expect_golden("src/format/testdata/describe-41.txt",
                         describe(inspect(samples::plain())));
}

TEST(Describe, ShowsDamageBesideWhatIsWhole) {
  FileBytes file = samples::compressed();
  file[2 * 4096] ^= std::byte{1};  // in "step"
  const GenerationReport report = inspect(file);
  EXPECT_FALSE(report.verified());
  EXPECT_FALSE(report.verdicts.at(0).damage);
  EXPECT_TRUE(report.verdicts.at(2).damage);
  testing::expect_golden("src/format/testdata/describe-42-damaged.txt", describe(report));
}

TEST(Describe, EscapesWhatATerminalWouldObey) {
  GenerationReport report;
  report.manifest.generation = 1;
  report.manifest.identity = {{"a\x1b[2J",
                               "\xc2\x9b"
                               "31m \xc3\xa9 \x7f\n"}};
  EXPECT_EQ(describe(report),
            "generation 1, 0 B, every checksum right\n"
            "identity\n"
            "  a\\x1b[2J  \\xc2\x9b"
            "31m \xc3\xa9 \\x7f\\x0a\n");
}

TEST(Describe, SaysHowFarALoopIs) {
  EXPECT_EQ(loop_percent({"i", 0, 200, 50, false}), 25);
  EXPECT_EQ(loop_percent({"i", 0, 200, 50, true}), 100);
  EXPECT_EQ(loop_percent({"i", 5, 5, 5, false}), 100);
  EXPECT_EQ(loop_percent({"i", 0, 10, 99, false}), 100);
  EXPECT_EQ(loop_percent({"i", INT64_MIN, INT64_MAX, 0, false}), 50);
}

std::string value_of(std::string type, const FileBytes& raw) {
  return scalar_text({.name = "x", .type = std::move(type)}, raw).value_or("none");
}

TEST(ScalarText, ShowsOneNumber) {
  const FileBytes ones(8, std::byte{0xff});
  const auto first = [&](std::size_t bytes) { return FileBytes(bytes, std::byte{0xff}); };
  EXPECT_EQ(value_of("i8", first(1)), "-1");
  EXPECT_EQ(value_of("u8", first(1)), "255");
  EXPECT_EQ(value_of("i16", first(2)), "-1");
  EXPECT_EQ(value_of("u32", first(4)), "4294967295");
  EXPECT_EQ(value_of("i64", ones), "-1");
  EXPECT_EQ(value_of("u64", ones), "18446744073709551615");
  EXPECT_EQ(value_of("f64", samples::f64_bytes({0.1})), "0.1");
  EXPECT_EQ(value_of("bool", first(1)), "true");
}

TEST(ScalarText, ShowsNothingOfArraysAndOtherTypes) {
  EXPECT_EQ(value_of("struct", FileBytes(8)), "none");
  EXPECT_EQ(value_of("i64", FileBytes(4)), "none");
  EXPECT_EQ(scalar_text({.name = "x", .type = "u8", .shape = {1}}, FileBytes(1)), std::nullopt);
}

}  // namespace
}  // namespace cairn
