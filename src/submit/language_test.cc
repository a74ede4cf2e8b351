// What the goldens of condor_submit do not show: Cairn's own sentences, chance, the ads of many
// jobs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "job/match.h"
#include "submit/dry_run.h"
#include "submit/submit.h"
#include "submit/submit_fixture.h"

namespace cairn {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

struct Language : testing::SubmitFixture {
  Result<Submission> read(std::string_view lines) {
    return parse_submit_file(cat("executable = work\n", lines, "\n"), context);
  }
  std::vector<std::string> arguments(std::string_view lines) {
    const auto submission = read(lines);
    if (!submission) return {submission.error().text()};
    std::vector<std::string> all;
    for (const JobAd& ad : submission->jobs()) all.push_back(ad.get_string("Args").value_or(""));
    return all;
  }
  std::string error(std::string_view lines) {
    const auto submission = read(lines);
    return submission ? "no error" : submission.error().text();
  }
  std::vector<std::string> warnings(std::string_view lines) {
    std::vector<std::string> all;
    const Submission submission = read(lines).value();
    for (const SubmitWarning& warning : submission.warnings) all.push_back(warning.text);
    return all;
  }
};

TEST_F(Language, AppendsWithTheSeparatorThatIsAskedFor) {
  EXPECT_THAT(arguments("x += a\nx += b\nx +;= c\nx +&&= d\narguments = $(x)\nqueue"),
              ElementsAre("a b;c && d"));
}

TEST_F(Language, ADefaultMayNameItsOwnMacro) {
  EXPECT_THAT(arguments("y =\narguments = $(y:$(y:z)) $(no:$(no:$(no:a)))\nqueue"),
              ElementsAre("z a"));
  // As before: through its value, or through another macro, it is one.
  for (const char* circle :
       {"x = $(y:$(w))\nw = $(x)\ny =", "x = $(y)\ny = $(x)", "x = $(y:$(z))\nz = $(x)"})
    EXPECT_THAT(error(cat(circle, "\narguments = $(x)\nqueue")), HasSubstr("in a circle"))
        << circle;
}

TEST_F(Language, SaysWhereAnIncludedFileIsWrong) {
  world.add("inc.conf", "a = 1\nif $(a) == 1\nendif\n");
  EXPECT_THAT(
      error("include : inc.conf\nqueue"),
      AllOf(StartsWith("inc.conf:2 (included at job.sub:2): "), HasSubstr("no comparisons")));
  world.add("self.conf", "include : self.conf\n");
  EXPECT_THAT(error("include : self.conf\nqueue"), HasSubstr("does a file include itself?"));
  EXPECT_THAT(error("include : nothere\nqueue"), HasSubstr("cannot open nothere"));
}

TEST_F(Language, SaysWhatIsWrongWithAFunction) {
  EXPECT_THAT(
      error("x = 7\n+A = \"$CHOICE(x,a,b)\"\nqueue"),
      AllOf(StartsWith("job.sub:3: "), HasSubstr("the index is 7, but the list has 2 items")));
  EXPECT_THAT(error("arguments = $INT(Process+10)\nqueue"), HasSubstr("no"));
  EXPECT_THAT(error("x = 1\narguments = $INT($(x))\nqueue"),
              HasSubstr("write the name without $( )"));
  EXPECT_THAT(error("arguments = $INT(1,%s)\nqueue"), HasSubstr("'%s' is no format"));
  EXPECT_THAT(error("arguments = $RANDOM_INTEGER(5,3)\nqueue"), HasSubstr("more than the most"));
}

TEST_F(Language, DrawsANewNumberForEachJob) {
  EXPECT_THAT(arguments("arguments = $RANDOM_INTEGER(10,19,3) $RANDOM_CHOICE(a,b,c)\nqueue 3"),
              ElementsAre("10 b", "16 a", "10 c"));
}

TEST_F(Language, KnowsTheDay) {
  context.now_seconds = 1795330692;  // 22 November 2026, 06:58:12 UTC
  EXPECT_THAT(arguments("arguments = $(YEAR)-$(MONTH)-$(DAY) $(SUBMIT_TIME)\nqueue"),
              ElementsAre("2026-11-22 1795330692"));
  context.utc_offset_seconds = -8 * 3600;
  EXPECT_THAT(arguments("arguments = $(DAY)\nqueue"), ElementsAre("21"));
}

TEST_F(Language, ReadsATableWithItsHeader) {
  world.add("t.csv", "name, size\nbig thing, 3\nsmall\n");
  EXPECT_THAT(arguments("arguments = [$(name)] [$(size)]\nqueue from table t.csv"),
              ElementsAre("[big thing] [3]", "[small] []"));
  EXPECT_THAT(arguments("arguments = $(a)\nqueue a,b from table(csv) t.csv"),
              ElementsAre("name", "big thing", "small"));
  EXPECT_THAT(error("queue from table(header=9) t.csv"), HasSubstr("has no row 9"));
}

TEST_F(Language, SplitsAtTheUnitSeparator) {
  world.add("us.txt", "a b\x1f c, d\n");
  EXPECT_THAT(arguments("arguments = [$(x)] [$(y)]\nqueue x,y from us.txt"),
              ElementsAre("[a b] [c, d]"));
}

TEST_F(Language, ReadsItemsFromStandardInput) {
  world.standard_input = "one\ntwo\n";
  EXPECT_THAT(arguments("arguments = $(Item)\nqueue from -"), ElementsAre("one", "two"));
}

TEST_F(Language, WarnsOfItemsThatAreShortOrUnused) {
  EXPECT_THAT(warnings("arguments = $(a)\nqueue a,b from (\n1 2\n3\n)"),
              ElementsAre(HasSubstr("item 1 has no column for b, which keeps the value"),
                          HasSubstr("the variable b of the queue statement is not used")));
}

TEST_F(Language, MakesEachJobAsIfItWereTheOnlyOne) {
  // A later command writes over what varies, and reads what varies.
  const char* const lines =
      "periodic_hold = NumJobStarts > $(Process)\n+PeriodicHold = false\n"
      "request_cpus = $(n)\nrequest_memory = $(n)G\n+Half = RequestCpus / $(n)\n"
      "initialdir = d$(n)\nlog = a.log\narguments = $(Step)\n";
  for (const char* folder : {"d1", "d2", "d3"}) world.folders.insert(world.absolute(folder));
  const auto together = read(cat(lines, "queue n in (1 2 3)")).value().jobs();
  ASSERT_EQ(together.size(), 3U);
  for (int n = 1; n <= 3; ++n) {
    JobAd alone = read(cat(lines, "queue n in (", n, ")")).value().jobs().at(0);
    JobAd one = together.at(static_cast<std::size_t>(n - 1));
    for (JobAd* ad : {&alone, &one}) {
      ad->erase("ProcId");
      ad->erase("GlobalJobId");
    }
    EXPECT_EQ(alone, one) << n;
  }
}

TEST_F(Language, KeepsOfAJobOnlyWhatDiffers) {
  const Submission submission = read("arguments = $(Process)\nlog = a\nqueue 1000").value();
  ASSERT_EQ(submission.clusters.size(), 1U);
  EXPECT_EQ(submission.clusters[0].changes.at(0), "");
  EXPECT_EQ(submission.clusters[0].changes.at(999), "Args = \"999\"\n");
  EXPECT_EQ(submission.clusters[0].job(999).get_string("UserLog"), "/share/dryrun/a");
}

TEST_F(Language, BeginsAClusterForAnotherExecutableIfItMay) {
  const char* const lines = "queue 2\nexecutable = other\nqueue";
  world.add("other");
  EXPECT_EQ(read(lines).value().clusters.size(), 1U);
  context.one_cluster = false;
  const Submission submission = read(lines).value();
  ASSERT_EQ(submission.clusters.size(), 2U);
  EXPECT_EQ(submission.clusters[1].id, 2);
  EXPECT_EQ(submission.jobs().at(2).get_integer("ProcId"), 0);
}

TEST_F(Language, RefusesOnlyAsPersonsWouldLikeItUnlessToldOtherwise) {
  for (const char* line : {"checkpoint_exit_code = 0", "transfer_output_files = /etc/passwd",
                           "checkpoint_destination = s3://x", "cron_hour = 3"}) {
    context.as_htcondor = false;
    EXPECT_THAT(error(cat(line, "\nqueue")), StartsWith("job.sub:")) << line;
    context.as_htcondor = true;
    EXPECT_EQ(error(cat(line, "\nqueue")), "no error") << line;
  }
}

TEST_F(Language, RunsNoContainerHere) {
  const auto ad = read("container_image = docker://debian\nqueue").value().jobs().at(0);
  EXPECT_THAT(check_runs_here(ad).error().message, HasSubstr("a job in a container"));
  EXPECT_TRUE(check_runs_here(read("queue").value().jobs().at(0)));
}

TEST_F(Language, PrintsAdsAsCondorSubmitDoes) {
  std::string text, json;
  const Submission submission = read("arguments = $(Process)\n+E = 1 + x\nqueue 2").value();
  print_dry_run(submission, [&text](std::string_view part) { text += part; });
  EXPECT_THAT(text, StartsWith("\nArgs=\"0\"\n"));
  EXPECT_THAT(text,
              ::testing::EndsWith("ProcId=0\nJobStatus=1\n\nArgs=\"1\"\nProcId=1\nJobStatus=1\n"));
  print_json(submission, [&json](std::string_view part) { json += part; });
  EXPECT_THAT(json, AllOf(HasSubstr("\"Args\": \"1\""), HasSubstr("\"E\": \"/Expr(1 + x)/\"")));
}

TEST_F(Language, IsFilledInWhenTheMachineIsKnown) {
  const JobAd job = read(
                        "arguments = $$(Arch) $$(Nope:none) $$([Memory * 2]) $$(CondorScratchDir) "
                        "$(DOLLAR)5\nqueue")
                        .value()
                        .jobs()
                        .at(0);
  const auto machine = classad::Ad::parse("Arch = \"X86_64\"\nMemory = 100\n").value();
  const JobAd filled = fill_in_match(job, machine, 0).value();
  EXPECT_EQ(filled.get_string("Args"), "X86_64 none 200 $$(CondorScratchDir) $5");
  EXPECT_EQ(filled.get_string("MATCH_Arch"), "X86_64");
  EXPECT_EQ(filled.get_string("MATCH_Nope"), "none");
  EXPECT_EQ(filled.get_string("MATCH_EXP_Args"), filled.get_string("Args"));
  const JobAd other = read("arguments = $$(Nope)\nqueue").value().jobs().at(0);
  EXPECT_THAT(fill_in_match(other, machine, 0).error().message,
              HasSubstr("Cannot expand $$ expression (Nope)."));
}

}  // namespace
}  // namespace cairn
