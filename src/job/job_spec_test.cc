#include "job/job_spec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"

namespace cairn {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

// A whole ad with `lines` in place of what it says.
JobAd ad_with(std::string_view lines) {
  return JobAd::parse(
             cat("ClusterId = 12\nProcId = 3\nIwd = \"/home/u\"\nCmd = \"/bin/work\"\n", lines))
      .value();
}
JobSpec job_with(std::string_view lines) { return job_spec(ad_with(lines)).value(); }
std::string error_with(std::string_view lines) {
  const auto job = job_spec(ad_with(lines));
  return job ? "no error" : job.error().message;
}

TEST(JobSpec, HasHTCondorsDefaults) {
  const JobSpec job = job_with("");
  EXPECT_EQ(to_text(job.id), "12.3");
  EXPECT_TRUE(job.transfer_executable);
  EXPECT_TRUE(job.transfer_files);
  EXPECT_EQ(job.when, TransferOutput::on_exit);
  EXPECT_EQ(job.kill_signal, 15);
  EXPECT_EQ(job.output, "");
  EXPECT_EQ(job.output_files, std::nullopt);
  EXPECT_EQ(job.max_vacate_time, std::nullopt);
  EXPECT_FALSE(job.want_checkpoint_transfer);
}

TEST(JobSpec, ReadsEitherStyleOfArgumentsAndPrefersTheNewOne) {
  EXPECT_THAT(job_with("Args = \"a  'b c'\"").arguments, ElementsAre("a", "'b", "c'"));
  EXPECT_THAT(job_with("Arguments = \"a 'b c'\"").arguments, ElementsAre("a", "b c"));
  EXPECT_THAT(job_with("Args = \"a\"\nArguments = \"b\"").arguments, ElementsAre("b"));
  EXPECT_THAT(job_with("Env = \"A=1;B=x y\"").environment,
              ElementsAre(Pair("A", "1"), Pair("B", "x y")));
  EXPECT_THAT(job_with("Environment = \"A=1 B='x y'\"").environment,
              ElementsAre(Pair("A", "1"), Pair("B", "x y")));
}

TEST(JobSpec, TellsAnEmptyListFromNone) {
  EXPECT_THAT(*job_with("TransferCheckpoint = \"\"").checkpoint_files, IsEmpty());
  EXPECT_EQ(job_with("TransferCheckpoint = undefined").checkpoint_files, std::nullopt);
}

TEST(JobSpec, TakesACheckpointCodeOfZeroForNone) {
  EXPECT_EQ(job_with("SuccessCheckpointExitCode = 0").checkpoint_exit_code, std::nullopt);
}

TEST(JobSpec, NeedsTheSignalWhereItIsToBeOne) {
  const auto job =
      job_with("SuccessCheckpointExitBySignal = true\nSuccessCheckpointExitSignal = 12");
  EXPECT_EQ(job.checkpoint_exit_signal, 12);
  EXPECT_EQ(job_with("SuccessCheckpointExitSignal = 12").checkpoint_exit_signal, std::nullopt);
  EXPECT_THAT(error_with("SuccessCheckpointExitBySignal = true"), HasSubstr("no signal is named"));
}

TEST(JobSpec, KnowsSignalsByNameAndNumber) {
  for (const char* text : {"2", "\"2\"", "\"SIGINT\"", "\"int\""})
    EXPECT_EQ(job_with(cat("KillSig = ", text)).kill_signal, 2) << text;
  for (const char* text : {"0", "65", "\"SIG\"", "\"SIGSIGINT\"", "\"\"", "-9"})
    EXPECT_THAT(error_with(cat("KillSig = ", text)), HasSubstr("KillSig")) << text;
}

TEST(JobSpec, ReadsRemaps) {
  EXPECT_THAT(job_with("TransferOutputRemaps = \"a = out/b; c=d;\"").output_remaps,
              ElementsAre(Pair("a", "out/b"), Pair("c", "d")));
  EXPECT_THAT(parse_remaps("a\\=b = c\\;d").value(), ElementsAre(Pair("a=b", "c;d")));
  for (const char* text : {"a", "a =", "= b", "a = b; c"}) EXPECT_FALSE(parse_remaps(text)) << text;
}

TEST(JobSpec, NamesTheAttributeTheValueAndWhatWasExpected) {
  EXPECT_THAT(error_with("JobMaxRetries = \"3\""),
              HasSubstr("JobMaxRetries = \"3\": expected a whole number"));
  EXPECT_THAT(error_with("JobMaxRetries = 99999999999"), HasSubstr("a whole number"));
  EXPECT_THAT(error_with("WantFTOnCheckpoint = 5"), HasSubstr("true or false"));
  EXPECT_THAT(error_with("Out = 5"), HasSubstr("a text in double quotes"));
  EXPECT_THAT(error_with("Iwd = \"relative\""), HasSubstr("an absolute path"));
  EXPECT_THAT(error_with("Arguments = \"'a\""), HasSubstr("job attribute Arguments: "));
  EXPECT_THAT(error_with("ShouldTransferFiles = \"x\""), HasSubstr("YES, NO or IF_NEEDED"));
  EXPECT_THAT(job_spec(JobAd{}).error().message, HasSubstr("ClusterId"));
}

// The safety rule: no name in a list of a JobSpec leads out of the sandbox, however it got
// into the ad.  check_sandbox_names() taken out of job_spec() fails here.
TEST(JobSpec, RefusesNamesThatLeadOutOfTheSandbox) {
  for (const char* name : {"/etc/passwd", "..", "../a", "a/../../b", "a/..", "ok, /x"})
    for (const char* list : {"TransferOutput", "TransferCheckpoint"})
      EXPECT_THAT(error_with(cat(list, " = \"", name, "\"")), HasSubstr("leads out of")) << name;
  EXPECT_THAT(*job_with("TransferOutput = \"a, ..b, c..d/e, ./f\"").output_files,
              ElementsAre("a", "..b", "c..d/e", "./f"));
}

TEST(JobSpec, RefusesInputsThatWouldLieOutsideTheSandbox) {
  for (const char* name : {"..", "a/..", "http://x/y"})
    EXPECT_NE(error_with(cat("TransferInput = \"", name, "\"")), "no error") << name;
  EXPECT_EQ(error_with("TransferInput = \"../a\""), "no error");  // arrives as a
  EXPECT_NE(error_with("PreserveRelativePaths = true\nTransferInput = \"../a\""), "no error");
  EXPECT_EQ(error_with("PreserveRelativePaths = true\nTransferInput = \"/x/../a\""), "no error");
}

}  // namespace
}  // namespace cairn
