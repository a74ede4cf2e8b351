#include "base/text.h"

#include <gtest/gtest.h>

namespace cairn {
namespace {

TEST(Text, CatJoinsTextLettersAndNumbers) {
  EXPECT_EQ(cat("generation ", 42, " of ", std::string("heat"), '.'), "generation 42 of heat.");
}

TEST(Text, TrimTakesBlanksFromBothEndsOnly) {
  EXPECT_EQ(trim(" \ta b\r\n"), "a b");
  EXPECT_EQ(trim(" \t"), "");
}

TEST(Text, SplitListLeavesEmptyPartsOut) {
  EXPECT_EQ(split_list(" a, b,,c ,"), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_TRUE(split_list("").empty());
}

TEST(Text, ParseIntegerTakesTheWholeTextOrNothing) {
  EXPECT_EQ(parse_integer("-12"), -12);
  EXPECT_EQ(parse_integer("12x"), std::nullopt);
  EXPECT_EQ(parse_integer(" 12"), std::nullopt);
  EXPECT_EQ(parse_integer(""), std::nullopt);
  EXPECT_EQ(parse_integer("99999999999999999999"), std::nullopt);
}

TEST(Text, NearestFindsAMisspellingAndNotAnotherWord) {
  const std::vector<std::string_view> words{"transfer_checkpoint_files", "executable"};
  EXPECT_EQ(nearest("Transfer_chekpoint_files", words), "transfer_checkpoint_files");
  EXPECT_EQ(nearest("color", words), std::nullopt);
}

}  // namespace
}  // namespace cairn
