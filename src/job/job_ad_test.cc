#include "job/job_ad.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "support/golden.h"
#include "support/source_folder.h"

namespace cairn {
namespace {

TEST(JobAd, LooksNamesUpWithoutRegardToCaseAndKeepsTheFirstSpelling) {
  JobAd ad;
  ad.set_integer("RequestCpus", 1);
  ad.set_integer("requestcpus", 2);
  EXPECT_EQ(ad.text(), "RequestCpus = 2\n");
  EXPECT_EQ(ad.get_integer("REQUESTCPUS"), 2);
}

TEST(JobAd, GivesAValueOnlyForALiteralOfThatKind) {
  JobAd ad;
  ad.set("Sum", "1 + 2");
  ad.set("Two", "\"a\" + \"b\"");
  ad.set("Yes", "TRUE");
  EXPECT_EQ(ad.get_integer("Sum"), std::nullopt);
  EXPECT_EQ(ad.get_string("Two"), std::nullopt);
  EXPECT_EQ(ad.get_bool("Sum"), std::nullopt);
  EXPECT_EQ(ad.get_bool("Yes"), true);
  EXPECT_EQ(ad.get("Sum"), "1 + 2");
  EXPECT_EQ(ad.get("Other"), std::nullopt);
}

TEST(JobAd, ReadsARealOneAndWritesItAgain) {
  const std::string text =
      testing::read_text(testing::source_folder() + "/src/job/testdata/sample.ad");
  const JobAd ad = JobAd::parse(text).value();
  EXPECT_EQ(ad.attributes().size(), 131U);
  EXPECT_EQ(ad.get_string("Args"), "40 8 0.5");
  EXPECT_EQ(ad.get_integer("SuccessCheckpointExitCode"), 77);
  EXPECT_EQ(ad.get_bool("WantFTOnCheckpoint"), true);
  EXPECT_EQ(JobAd::parse(ad.text()).value(), ad);
}

TEST(JobAd, NamesTheLineThatIsNone) {
  const auto ad = JobAd::parse("A = 1\n\nB\n");
  ASSERT_FALSE(ad);
  EXPECT_THAT(ad.error().message, ::testing::HasSubstr("line 3"));
  EXPECT_FALSE(JobAd::parse("1A = 2"));
  EXPECT_FALSE(JobAd::parse("A ="));
  EXPECT_FALSE(JobAd::parse("= 2"));
}

RC_GTEST_PROP(JobAd, StringsRoundTrip, ()) {
  const auto value =
      *rc::gen::container<std::string>(rc::gen::elementOf(std::string("a\"\\ '=\t")));
  RC_ASSERT(unquote_string(quote_string(value)) == value);
  JobAd ad;
  ad.set_string("Text", value);
  RC_ASSERT(JobAd::parse(ad.text()).value().get_string("Text") == value);
}

RC_GTEST_PROP(JobAd, ParseOfTextIsTheSameAd, ()) {
  JobAd ad;
  const auto names = *rc::gen::container<std::vector<std::string>>(
      rc::gen::nonEmpty(rc::gen::container<std::string>(rc::gen::elementOf(std::string("abAB_")))));
  for (const std::string& name : names) {
    const auto value = *rc::gen::arbitrary<std::string>();  // line breaks and all
    ad.set_string(name, value);
  }
  RC_ASSERT(JobAd::parse(ad.text()).value() == ad);
}

}  // namespace
}  // namespace cairn
