#include "listing/seen_ad.h"

#include <gtest/gtest.h>

namespace cairn::listing {
namespace {

JobRow sample() {
  JobRow row;
  row.record.id = {12, 3};
  row.record.state = JobState::held;
  row.record.hold = HoldFacts{12, 2, "say \"why\""};
  row.ad =
      "ClusterId = 1\nJobPrio = 5\nJobStatus = 1\nNext = JobPrio + One\nOne = 1\n"
      "Owner = \"x\"\nRequestMemory = 100\n";
  row.live = "NumJobStarts = 2\nRequestMemory = 200\n";
  return row;
}

std::string answer(const std::string& text) {
  return Question::parse(text).value().ask(SeenAd(sample()), 1000).text();
}

TEST(SeenAd, LetsTheRowWinOverTheLifeAndThatOverWhatWasSubmitted) {
  const JobRow row = sample();
  const SeenAd ad(row);
  EXPECT_EQ(ad.find("jobprio"), "5");
  EXPECT_EQ(ad.find("RequestMemory"), "200");
  EXPECT_EQ(ad.find("JobStatus"), "5");
  EXPECT_EQ(ad.get_integer("ClusterId"), 12);
  EXPECT_EQ(ad.get_string("HoldReason"), "say \"why\"");
  EXPECT_EQ(ad.find("Absent"), std::nullopt);
}

TEST(SeenAd, WritesEachAttributeOnce) {
  const JobRow row = sample();
  EXPECT_EQ(SeenAd(row).text(),
            "CairnState = \"held\"\nClusterId = 12\nHoldReason = \"say \\\"why\\\"\"\n"
            "HoldReasonCode = 12\nHoldReasonSubCode = 2\nJobPrio = 5\nJobStatus = 5\n"
            "Next = JobPrio + One\nNumJobStarts = 2\nOne = 1\nOwner = \"x\"\nProcId = 3\n"
            "RequestMemory = 200\n");
}

TEST(Question, FollowsAttributesThatNeedOthers) {
  EXPECT_EQ(answer("Next"), "6");
  EXPECT_EQ(answer("JobPrio > 4 && Owner == \"X\""), "true");
  EXPECT_EQ(answer("MY.RequestMemory"), "200");
  EXPECT_EQ(answer("Absent"), "undefined");
  EXPECT_EQ(answer("Absent =?= undefined"), "true");
  EXPECT_EQ(answer("time()"), "1000");
}

TEST(Question, SeesWhatOnlyEvalNames) {
  EXPECT_EQ(answer("eval(strcat(\"Ne\", \"xt\"))"), answer("6"));
}

TEST(Question, RefusesWhatIsNoExpression) { EXPECT_FALSE(Question::parse("JobPrio >")); }

}  // namespace
}  // namespace cairn::listing
