#include "engine/match_making.h"

#include <gtest/gtest.h>

namespace cairn {
namespace {

JobAd ad(const std::string& text) { return JobAd::parse(text).value(); }
MatchMaking with_memory(int megabytes) {
  classad::Ad machine;
  machine.set("Memory", classad::Value::integer(megabytes));
  return MatchMaking(machine);
}
constexpr const char* kFits =
    "Requirements = TARGET.Memory >= RequestMemory\nRequestMemory = 100\n";

TEST(MatchMaking, TakesTheClustersAnswerForJobsThatAreAlike) {
  MatchMaking matches = with_memory(200);
  matches.know(1, ad(kFits), 0);
  matches.know(2, ad("Requirements = false\n"), 0);
  EXPECT_EQ(matches.wants(WaitingJob{.id = {1, 7}, .alike = true}), true);
  EXPECT_EQ(matches.wants(WaitingJob{.id = {2, 7}, .alike = true}), false);
  EXPECT_EQ(matches.wants(WaitingJob{.id = {2, 7}, .alike = false}), std::nullopt);
}

TEST(MatchMaking, KnowsWhichJobsSaySomethingOfTheirOwn) {
  MatchMaking matches = with_memory(200);
  matches.know(1, ad(kFits), 0);
  EXPECT_TRUE(matches.alike(1, "ProcId = 3\nArgs = \"RequestMemory = 5\"\n"));
  EXPECT_FALSE(matches.alike(1, "ProcId = 3\nRequestMemory = 500\n"));
  EXPECT_FALSE(matches.alike(1, "RequestMemory = 500\n"));
  EXPECT_FALSE(matches.alike(1, "ProcId = 3\nRequirements = false\n"));
  EXPECT_FALSE(matches.alike(9, "ProcId = 3\n")) << "of a cluster that is not known";
  matches.know(3, {}, 0);
  EXPECT_FALSE(matches.alike(3, "ProcId = 3\n")) << "of one whose jobs share nothing";
}

TEST(MatchMaking, AsksThoseAgainWhoseMindTheTimeMayChange) {
  MatchMaking matches = with_memory(200);
  matches.know(1, ad("Requirements = time() >= 100\n"), 50);
  matches.know(2, ad("Requirements = false\n"), 50);
  const JobAd patient = ad("Requirements = time() > 10\n"), never = ad("Requirements = false\n");
  matches.put_aside({.id = {1, 0}, .alike = true}, nullptr);
  matches.put_aside({.id = {2, 0}, .alike = true}, nullptr);
  matches.put_aside({.id = {3, 0}, .alike = false}, &patient);
  matches.put_aside({.id = {3, 1}, .alike = false}, &never);
  EXPECT_EQ(matches.count(), 4);
  EXPECT_TRUE(matches.may_change());
  const auto soon = matches.ask_again(60);
  ASSERT_EQ(soon.size(), 1U);
  EXPECT_EQ(soon[0].id, (JobId{3, 0}));
  const auto later = matches.ask_again(100);
  ASSERT_EQ(later.size(), 1U);
  EXPECT_EQ(later[0].id, (JobId{1, 0}));
  EXPECT_EQ(matches.count(), 2);
  EXPECT_FALSE(matches.may_change());
}

}  // namespace
}  // namespace cairn
