#include "listing/selection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cairn::listing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

ClusterRow cluster(int number, std::string key, std::string name = "") {
  ClusterRow row;
  row.cluster = number;
  row.key = std::move(key);
  row.name = std::move(name);
  return row;
}

QueueOutline outline() {
  QueueOutline all;
  all.clusters = {cluster(3, "/home/x/sweep.sub"), cluster(5, "/home/x/sweep.sub"),
                  cluster(7, "/home/x: ./count 1 2"), cluster(8, "/home/x/other.sub", "nightly")};
  all.counts = {{3, JobState::completed, 2, 0, 1},
                {5, JobState::idle, 3, 1, 3},
                {5, JobState::completed, 1, 0, 0},
                {7, JobState::removed, 1, 0, 0},
                {8, JobState::held, 1, 4, 4}};
  return all;
}

std::vector<JobRange> chosen(const std::vector<std::string>& words) {
  return resolve(words, outline()).value();
}
std::string refused(const std::string& word) {
  const auto ranges = resolve({word}, outline());
  return ranges ? "not refused" : ranges.error().text();
}

TEST(Selection, TellsNumbersFromNames) {
  EXPECT_EQ(std::get<JobRange>(parse_selector("12")), (JobRange{.cluster = 12}));
  EXPECT_EQ(std::get<JobRange>(parse_selector("12.3")), (JobRange{12, 3, 3}));
  EXPECT_EQ(std::get<JobRange>(parse_selector("12.3-7")), (JobRange{12, 3, 7}));
  for (const char* name : {"", "12.", "12.x", "12.7-3", "-3", "sweep", "12345678901", "1.2.3"})
    EXPECT_EQ(std::get<std::string>(parse_selector(name)), name);
}

TEST(Selection, TakesANameForItsUnfinishedClustersElseForTheNewest) {
  EXPECT_THAT(chosen({"sweep"}), ElementsAre(JobRange{.cluster = 5}));
  EXPECT_THAT(chosen({"sweep.sub"}), ElementsAre(JobRange{.cluster = 5}));
  EXPECT_THAT(chosen({"/home/x/sweep.sub"}), ElementsAre(JobRange{.cluster = 5}));
  EXPECT_THAT(chosen({"./count 1 2"}), ElementsAre(JobRange{.cluster = 7}));
  EXPECT_THAT(chosen({"nightly"}), ElementsAre(JobRange{.cluster = 8}));
}

TEST(Selection, ChoosesNothingTwice) {
  EXPECT_THAT(chosen({"5", "sweep", "5", "3.1"}),
              ElementsAre(JobRange{.cluster = 5}, JobRange{3, 1, 1}));
  EXPECT_THAT(chosen({"5.0", "3.1", "5.2", "5.1-2"}),
              ElementsAre(JobRange{5, 0, 0}, JobRange{3, 1, 1}, JobRange{5, 1, 2}));
  EXPECT_THAT(chosen({"5.0-1", "5.3", "5", "3.0"}),
              ElementsAre(JobRange{.cluster = 5}, JobRange{3, 0, 0}));
}

TEST(Selection, AnEmptyWordIsNoBatchWithoutAName) {
  EXPECT_EQ(refused(""), "an empty word names no job; is a variable of the shell without a value?");
}

TEST(Selection, NamesWhatComesNearest) {
  EXPECT_EQ(refused("5.9"), "there is no job 5.9: cluster 5 has 5.0 to 5.3");
  EXPECT_EQ(refused("8.0"), "there is no job 8.0: cluster 8 has 8.4 alone");
  EXPECT_EQ(refused("99"), "there is no cluster 99: the newest is 8");
  EXPECT_THAT(refused("nihgtly"), HasSubstr("did you mean 'nightly'?"));
  EXPECT_THAT(refused("quite-different"), HasSubstr("jobs are named 12.3"));
  EXPECT_EQ(resolve({"1"}, {}).error().text(), "there is no cluster 1: the queue is empty");
}

}  // namespace
}  // namespace cairn::listing
