#include "job/match.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cairn {
namespace {

using ::testing::ElementsAre;

const classad::Ad& machine() {
  static const classad::Ad ad =
      classad::Ad::parse("Arch = \"X86_64\"\nMemory = 24105\nCpus = 2\n").value();
  return ad;
}

std::string unmet(const std::string& requirements, const std::string& more = "") {
  const JobAd job = JobAd::parse("Requirements = " + requirements + "\n" + more).value();
  return unmet_requirement(job, machine(), 1000).value_or("");
}

TEST(UnmetRequirement, IsNoneWhereTheyHoldOrThereAreNone) {
  EXPECT_EQ(unmet_requirement({}, machine(), 0), std::nullopt);
  EXPECT_EQ(unmet("(Memory > 1) && (TARGET.Arch == \"X86_64\")"), "");
  EXPECT_EQ(unmet("1"), "") << "as HTCondor takes it";
}

TEST(UnmetRequirement, NamesTheFirstPartThatIsNotTrueAndWhatItFound) {
  EXPECT_EQ(unmet("(Arch == \"X86_64\") && ((Memory > 100000) && Cpus > 8)"),
            "Memory > 100000 is false: Memory is 24105");
  EXPECT_EQ(unmet("TARGET.Cpus >= RequestCpus", "RequestCpus = 4 * 2\n"),
            "TARGET.Cpus >= RequestCpus is false: Cpus is 2, the job's RequestCpus is 8");
}

TEST(UnmetRequirement, SaysWhatTheMachineDoesNotHave) {
  EXPECT_EQ(unmet("TARGET.GPUs >= 1"), "TARGET.GPUs >= 1 is undefined: the machine has no GPUs");
  EXPECT_EQ(unmet("HasStaging"), "HasStaging is undefined: the machine has no HasStaging");
}

TEST(UnmetRequirement, IsAlsoWhatCannotBeEvaluated) {
  EXPECT_EQ(unmet("1 / 0 == 3"), "1 / 0 == 3 is error");
  EXPECT_EQ(unmet("Requirements"), "Requirements is error: the job's Requirements is error");
}

TEST(RequirementsUse, FollowsWhatTheyLookAt) {
  const JobAd job = JobAd::parse(
                        "Requirements = TARGET.Memory >= RequestMemory && Group == \"a\"\n"
                        "RequestMemory = ImageSize * 2\nImageSize = 7\n")
                        .value();
  const RequirementsUse use = requirements_use(job);
  EXPECT_THAT(use.names, ElementsAre("Requirements", "RequestMemory", "Group", "ImageSize"));
  EXPECT_FALSE(use.changes);
}

TEST(RequirementsUse, KnowsWhatTheTimeChanges) {
  EXPECT_TRUE(requirements_use(JobAd::parse("Requirements = Deadline > 5\n"
                                            "Deadline = time() + 3\n")
                                   .value())
                  .changes);
}

}  // namespace
}  // namespace cairn
