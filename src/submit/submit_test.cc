#include "submit/submit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <filesystem>
#include <set>
#include <sstream>

#include "base/text.h"
#include "fuzz/replay.h"
#include "job/job_spec.h"
#include "submit/macro.h"
#include "submit/submit_lines.h"
#include "support/golden.h"
#include "support/source_folder.h"

extern "C" int fuzz_submit(const std::uint8_t* data, std::size_t size);

namespace cairn {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::StartsWith;

const std::string kTestdata = testing::source_folder() + "/src/submit/testdata/";

SubmitContext context_for(std::string file) {
  SubmitContext context;
  context.file = std::move(file);
  context.directory = "/share/dryrun";
  context.owner = "htc";
  context.host = "pool.test";
  context.now_seconds = 1795330692;
  return context;
}

Result<Submission> parse(std::string_view text) {
  return parse_submit_file(text, context_for("job.sub"));
}

// A submit file of one job with `lines` in it.
JobAd ad_with(std::string_view lines) {
  auto submission = parse(cat("executable = work\n", lines, "\nqueue\n"));
  if (!submission) throw Failure(submission.error());
  return submission->jobs().at(0);
}
JobSpec job_with(std::string_view lines) { return job_spec(ad_with(lines)).value(); }

std::string error_of(std::string_view text) {
  const auto submission = parse(text);
  return submission ? "no error" : submission.error().text();
}
std::string error_with(std::string_view lines) {
  return error_of(cat("executable = work\n", lines, "\nqueue\n"));
}

std::vector<std::string> warnings_of(std::string_view text) {
  std::vector<std::string> warnings;
  for (const SubmitWarning& warning : parse(text).value().warnings)
    warnings.push_back(warning.text);
  return warnings;
}

TEST(Submit, ShowsEachJobWithTheLinesOfItsCommandsEvenIfItIsRefused) {
  std::vector<std::string> seen;
  SubmitContext context = context_for("job.sub");
  context.each_job = [&seen](int proc, int queue_line, const Macros& macros) {
    const Macro& arguments = macros.assigned().at("arguments");
    seen.push_back(cat(proc, " at ", queue_line, ": ", arguments.raw, " from ", arguments.line));
  };
  EXPECT_FALSE(
      parse_submit_file("executable = a\narguments = $(Process) 1\nqueue 2\n"
                        "arguments = \"unbalanced\nqueue\n",
                        context));
  EXPECT_THAT(seen, ElementsAre("0 at 3: $(Process) 1 from 2", "1 at 3: $(Process) 1 from 2",
                                "2 at 5: \"unbalanced from 4"));
}

TEST(Submit, QueuesNothingWithAWarning) {
  const auto submission = parse("executable = work\nqueue 0\n").value();
  EXPECT_THAT(submission.jobs(), IsEmpty());
  EXPECT_THAT(warnings_of("executable = work\nqueue 0\n"),
              ElementsAre("job.sub:2: nothing is queued"));
}

// --- Lines ---------------------------------------------------------------------------------

std::vector<std::pair<int, std::string>> lines_of(std::string_view text) {
  std::vector<std::pair<int, std::string>> lines;
  for (const SubmitLine& line : submit_lines(text, "job.sub").value())
    lines.emplace_back(line.number, line.text);
  return lines;
}

TEST(SubmitLines, JoinContinuationsUnderTheirFirstNumber) {
  EXPECT_THAT(lines_of("\na = 1 \\\n   2 \\  \n\t3\nb = 2\r\n"),
              ElementsAre(Pair(2, "a = 1 2 3"), Pair(5, "b = 2")));
  EXPECT_THAT(lines_of("a = 1 \\\n\nb = 2"), ElementsAre(Pair(1, "a = 1"), Pair(3, "b = 2")));
  EXPECT_THAT(lines_of("a = 1 \\"), ElementsAre(Pair(1, "a = 1")));
}

TEST(SubmitLines, TakeACommentOnlyWhereItBeginsALine) {
  EXPECT_THAT(lines_of("  # c \\\na = 1 # y\n"), ElementsAre(Pair(2, "a = 1 # y")));
  EXPECT_THAT(lines_of("a = 1 \\\n # skipped \\\n 2\n"), ElementsAre(Pair(1, "a = 1 2")));
}

TEST(SubmitLines, RefuseACommentThatCutsAContinuationOff) {
  EXPECT_THAT(error_of("a = 1 \\\n# cut\n 2\nqueue\n"), StartsWith("job.sub:2: "));
}

// --- Macros --------------------------------------------------------------------------------

std::string expanded(std::string_view text,
                     const std::vector<std::pair<std::string, std::string>>& assignments) {
  Macros macros;
  for (const auto& [name, value] : assignments) EXPECT_TRUE(macros.assign(name, value, 1));
  return macros.expand(text).value();
}

TEST(Macros, AreExpandedLazilyExceptForTheirOwnName) {
  EXPECT_EQ(expanded("$(late)", {{"late", "$(Early)"}, {"early", "x"}, {"early", "y"}}), "y");
  EXPECT_EQ(expanded("$(count)", {{"count", "1"}, {"count", "$(COUNT)2"}}), "12");
  EXPECT_EQ(expanded("$(x)", {{"x", "$(x) more"}}), " more");
  EXPECT_EQ(expanded("$(x)", {{"x", "$(x:none) more"}}), "none more");
  EXPECT_EQ(expanded("$(x)", {{"x", "1"}, {"x", "$(y:$(x))$(X)"}}), "11");
}

TEST(Macros, TakeTheDefaultWhereTheMacroIsMissingOrEmpty) {
  EXPECT_EQ(expanded("[$(a:d)][$(b:d)][$(c:d)]", {{"a", "1"}, {"b", ""}}), "[1][d][d]");
  EXPECT_EQ(expanded("$(a:$(b:x y))", {}), "x y");
  EXPECT_EQ(expanded("[$(a)]", {}), "[]");
}

TEST(Macros, LeaveADollarAlone) {
  EXPECT_EQ(expanded("$5 $x $ $(DOLLAR)(x) a$", {{"x", "1"}}), "$5 $x $ $(x) a$");
  EXPECT_EQ(expanded("$other(x)", {}), "$other(x)");
}

TEST(Macros, EndWithAnErrorWhereTheyWouldNotEnd) {
  Macros macros;
  ASSERT_TRUE(macros.assign("a", "$(b)", 1));
  ASSERT_TRUE(macros.assign("b", "$(A)", 2));
  EXPECT_THAT(macros.expand("$(a)").error().message, HasSubstr("a -> b -> A"));
  for (char name = 'c'; name < 'z'; ++name) {
    const std::string next(1, static_cast<char>(name + 1));
    ASSERT_TRUE(macros.assign(std::string(1, name), cat("$(", next, ")$(", next, ")"), 3));
  }
  EXPECT_THAT(macros.expand("$(c)").error().message, HasSubstr("too many"));
  EXPECT_EQ(macros.expand("$(unclosed $(a b)").value(), "$(unclosed $(a b)");
}

// --- Statements ----------------------------------------------------------------------------

TEST(Submit, SaysWhatIsWrongAndWhere) {
  const struct {
    const char* line;
    const char* says;
  } kCases[] = {
      {"checkpoint_exit_code = 0",
       "checkpoint_exit_code = 0: expected a whole number from 1 to 255"},
      {"checkpoint_exit_code = 300", "from 1 to 255"},
      {"checkpoint_exit_code = abc", "from 1 to 255"},
      {"queue -1", "queue -1: the number of jobs is 0 or more"},
      {"queue many", "queue many: expected the number of jobs"},
      {"queue 10000001", "more than 10000000 jobs"},
      {"arguments = \"a 'b\"", "the quote that starts here has no end: 'b"},
      {"arguments = a \"b\"", "an unescaped double quote"},
      {"environment = \"A=1 B\"", "'B' is no environment variable"},
      {"universe = grid", "universe = grid is not supported"},
      {"transfer_checkpoint_files = /tmp/state", "'/tmp/state' leads out of the job's sandbox"},
      {"transfer_output_files = a, b/../../c", "'b/../../c' leads out of the job's sandbox"},
      {"transfer_input_files = a, https://x/y", "'https://x/y' is a URL"},
      {"transfer_input_files = ..", "would lie outside"},
      {"transfer_input_files = \"a, b\"", "without quotes"},
      {"checkpoint_destination = file:///x", "checkpoint_destination is not supported yet"},
      {"transfer_output_remaps = a = b", "in double quotes"},
      {"transfer_output_remaps = \"a\"", "a pair is not whole"},
      {"max_retries = -1", "max_retries = -1: expected a whole number"},
      {"arguments @=end\n\"a 'b\nc'\"\n@end", "arguments holds a line break"},
      {"transfer_input_files @=end\na\nb\n@end", "names with commas between them"},
      {"checkpoint_exit_code = 77 # saved", "a comment needs a line of its own"},
      {"requirements = Memory = 3", "compare with =="},
      {"requirements = Memory > 3 and Disk > 4", "write && for and"},
      {"allowed_execute_duration = 1h", "a time is in seconds"},
      {"+Project = my project", "a text stands in"},
      {"concurrency_limits = a-b", "expected name, group.name or name:count"},
      {"kill_sig = SIGNOTHING", "expected a signal's name"},
      {"should_transfer_files = MAYBE", "expected YES, NO or IF_NEEDED"},
      {"when_to_transfer_output = NEVER", "expected ON_EXIT"},
      {"preserve_relative_paths = perhaps", "expected true or false"},
      {"request_memory = 1.2GiB", "expected a size"},
      {"request_cpus = 0", "expected a whole number, 1 or more"},
      {"notification = sometimes", "expected never, always"},
      {"requirements = (Memory > 1", "expected a ClassAd expression"},
      {"+Project = \"demo", "expected a ClassAd expression"},
      {"+ProcId = 5", "is set by Cairn itself"},
      {"+Bad Name = 1", "'Bad Name' is no attribute name"},
      {"+Project", "has no ="},
      {"name : value", "assign with =, not with :"},
      {"quueue", "did you mean queue?"},
      {"hello", "write name = value"},
  };
  for (const auto& [line, says] : kCases)
    EXPECT_THAT(error_with(line), AllOf(StartsWith("job.sub:2: "), HasSubstr(says))) << line;
}

TEST(Submit, SaysWhatIsMissing) {
  EXPECT_THAT(error_of("queue\n"), HasSubstr("no executable"));
  EXPECT_THAT(error_of("executable = a\n"), HasSubstr("no queue statement"));
  EXPECT_THAT(error_of(""), HasSubstr("no queue statement"));
}

TEST(Submit, RefusesAnAttributeThatWouldLeadOutOfTheSandbox) {
  EXPECT_THAT(error_with("+TransferCheckpoint = \"../state\""), HasSubstr("leads out"));
  EXPECT_THAT(error_with("preserve_relative_paths = true\ntransfer_input_files = ../a"),
              HasSubstr("would lie outside"));
  EXPECT_EQ(job_with("transfer_input_files = ../a").input_files, std::vector<std::string>{"../a"});
}

TEST(Submit, WarnsOfUnknownCommandsWithTheNearestOne) {
  EXPECT_THAT(warnings_of("executable = a\ntransfer_chekpoint_files = x\nfoo = 1\npriority = 5\n"
                          "used = 1\narguments = $(used) $(undefined)\nqueue\nlog = late\n"),
              ElementsAre("job.sub:2: unknown command transfer_chekpoint_files is ignored; did you "
                          "mean transfer_checkpoint_files?",
                          "job.sub:3: unknown command foo is ignored",
                          "job.sub:6: $(undefined) is not defined and stands for nothing",
                          "job.sub:8: log comes after the last queue statement and has no effect"));
}

// A pool gives the later jobs what the first one has: the words of arguments in "..." go before
// all others, what stands for nothing is kept, variables are added.
TEST(Submit, GivesEachJobItsOwnArgumentsAndEnvironment) {
  const auto submission = parse(
      "executable = work\narguments = $(a)\nenvironment = $(e)\nqueue e, a from (\n"
      "A=1;B=2, \"one 'two words'\"\nA=5, three four\n,\n)\n");
  ASSERT_TRUE(submission) << submission.error().text();
  std::vector<std::string> seen;
  for (const JobAd& ad : submission->jobs()) {
    const JobSpec job = job_spec(ad).value();
    std::string line = join(job.arguments, "|");
    for (const auto& [name, value] : job.environment) line += cat(" ", name, "=", value);
    seen.push_back(line);
  }
  EXPECT_THAT(seen, ElementsAre("one|two words A=1 B=2", "three|four A=5", ""));
}

TEST(Submit, WarnsWhereAPoolWouldTakeTheFirstJobsValue) {
  EXPECT_THAT(
      warnings_of(
          "executable = work\narguments = $(a)\nenvironment = $(e)\noutput = $(o)\n"
          "queue a, e, o from (\n\"x\", \"A=1\", first.out\ny, \"B=2\", second.out\n,,\n)\n"),
      ElementsAre(
          AllOf(StartsWith("job.sub:2: "), HasSubstr("with the first job's arguments")),
          AllOf(StartsWith("job.sub:2: "), HasSubstr("arguments stands for nothing")),
          AllOf(StartsWith("job.sub:3: "), HasSubstr("the variable A of the cluster's")),
          AllOf(StartsWith("job.sub:3: "), HasSubstr("environment stands for nothing")),
          AllOf(StartsWith("job.sub:4: output stands for nothing here: the job has what the "
                           "cluster's first job has")),
          HasSubstr("item 2 has nothing for a, e, o")));
  EXPECT_THAT(warnings_of("executable = work\narguments = $(a)\nrank = $(r)\nhold = $(h)\n"
                          "queue a, r, h from (\n\"x\", Memory, true\n\"y\",,\n)\n"),
              ElementsAre(HasSubstr("item 1 has nothing for r, h")));
}

TEST(Submit, WarnsOfWordsThatCondorSubmitRefuses) {
  EXPECT_THAT(warnings_of("executable = work\nkill_sig = usr2\nstream_output = yes\nqueue\n"),
              ElementsAre("job.sub:2: kill_sig = usr2: condor_submit refuses it; write SIGUSR2",
                          "job.sub:3: stream_output = yes: condor_submit refuses it; write true"));
  EXPECT_EQ(job_with("kill_sig = usr2").kill_signal, job_with("kill_sig = SIGUSR2").kill_signal);
}

TEST(Submit, WarnsOfWhatLooksLikeSomethingElse) {
  const std::pair<const char*, const char*> kCases[] = {
      {"arguments = 'a b' c", "'a keeps its quote"},
      {"arguments = --n ${Process}", "${Process} stays as it is; write $(Process)"},
      {"arguments = --n $(Process", "$(Process has no ) and stays as it is"},
      {"environment = A=1 B=2", "A=1 B=2 is one variable; write \"A=1 B=2\" for 2"},
      {"environment = A=1, B=2;C=3", "A=1, B=2 is one variable"},
      {"requirements = Name == 'x y'", "'x y' is the name of an attribute"},
  };
  for (const auto& [line, says] : kCases)
    EXPECT_THAT(warnings_of(cat("executable = work\n", line, "\nqueue\n")),
                ElementsAre(AllOf(StartsWith("job.sub:2: "), HasSubstr(says))))
        << line;
  EXPECT_THAT(warnings_of("executable = work\narguments = it's $(DOLLAR)(x ${HOME}\n"
                          "environment = A=1;B=x y;C=a,b\nrequirements = Name == \"it's\"\n"
                          "request_gpu = 1\nqueue\n"),
              ElementsAre(HasSubstr("did you mean request_gpus?")));
}

// --- Values --------------------------------------------------------------------------------

TEST(Submit, ReadsSizesAsHTCondorDoes) {
  const struct {
    const char* line;
    const char* attribute;
    std::int64_t value;
  } kCases[] = {
      {"request_memory = 64M", "RequestMemory", 64},
      {"request_memory = 1.5GB", "RequestMemory", 1536},
      {"request_memory = 100KB", "RequestMemory", 1},
      {"request_memory = 100", "RequestMemory", 100},
      {"request_disk = 50M", "RequestDisk", 51200},
      {"request_disk = 2 MB", "RequestDisk", 2048},
      {"request_disk = 1.5T", "RequestDisk", 1610612736},
      {"request_disk = 1024", "RequestDisk", 1024},
  };
  for (const auto& [line, attribute, value] : kCases)
    EXPECT_EQ(ad_with(line).get_integer(attribute), value) << line;
  EXPECT_EQ(ad_with("request_memory = lots").get("RequestMemory"), "lots");  // dryrun 42
}

TEST(Submit, PathsStartWhereHTCondorSaysTheyDo) {
  const JobSpec job = job_with("initialdir = run\nlog = job.log\noutput = out\ninput = /dev/null");
  EXPECT_EQ(job.initial_directory, "/share/dryrun/run");
  EXPECT_EQ(job.executable, "/share/dryrun/work");  // not below initialdir
  EXPECT_EQ(job.log, "/share/dryrun/run/job.log");
  EXPECT_EQ(job.output, "out");
  EXPECT_EQ(job.input, "");
}

TEST(Submit, ACheckpointExitCodeTurnsTheTransferOn) {
  const JobSpec job = job_with("checkpoint_exit_code = 77\ntransfer_checkpoint_files = a, b/");
  EXPECT_TRUE(job.want_checkpoint_transfer);
  EXPECT_EQ(job.checkpoint_exit_code, 77);
  EXPECT_THAT(*job.checkpoint_files, ElementsAre("a", "b/"));
  EXPECT_FALSE(job_with("+SuccessCheckpointExitCode = 77").want_checkpoint_transfer);
}

TEST(Submit, AnEmptyListIsNotAnUnsetOne) {
  EXPECT_EQ(job_with("").output_files, std::nullopt);
  EXPECT_THAT(*job_with("transfer_output_files = \"\"").output_files, IsEmpty());
  EXPECT_EQ(job_with("transfer_output_files =").output_files, std::nullopt);
}

TEST(Submit, KnowsEveryCommandItNames) {
  for (const std::string_view command : submit_commands())
    EXPECT_THAT(error_with(cat(command, " = ")),
                ::testing::AnyOf("no error", HasSubstr("no executable")));
}

TEST(Submit, CorpusReplays) { testing::replay_corpus("submit", fuzz_submit); }

// --- cairn run … -- PROGRAM ARG… ---------------------------------------------------------

TEST(CommandAd, IsTheAdOfTheSameSubmitFile) {
  CommandJob command;
  command.executable = "work";
  command.arguments = {"1", "two words", "$(x)"};
  command.checkpoint_exit_code = 77;
  command.checkpoint_files = {"state.ckpt"};
  command.output_files = {"a", "b"};
  command.settings = {{"output", "out.txt"}, {"max_retries", "3"}};
  const auto ad = command_ad(command, context_for("job.sub"));
  ASSERT_TRUE(ad) << ad.error().text();
  EXPECT_EQ(*ad, ad_with("arguments = \"1 'two words' $(DOLLAR)(x)\"\ncheckpoint_exit_code = 77\n"
                         "transfer_checkpoint_files = state.ckpt\ntransfer_output_files = a, b\n"
                         "should_transfer_files = YES\noutput = out.txt\nmax_retries = 3\n"));
}

TEST(CommandAd, RefusesWhatAnAdCannotHold) {
  CommandJob command;
  command.executable = "work";
  command.arguments = {"two\nlines"};
  EXPECT_THAT(command_ad(command, context_for("command line")).error().message,
              HasSubstr("command line: arguments holds a line break"));
  command.arguments = {};
  command.checkpoint_files = {"a,b"};
  EXPECT_FALSE(command_ad(command, context_for("command line")));
  command.checkpoint_files = {"../a"};
  EXPECT_FALSE(command_ad(command, context_for("command line")));
  command.checkpoint_files.reset();
  command.settings = {{"outptu", "x"}};
  EXPECT_FALSE(command_ad(command, context_for("command line")));
}

RC_GTEST_PROP(CommandAd, KeepsEveryArgumentAndVariable, ()) {
  const auto words =
      rc::gen::container<std::string>(rc::gen::elementOf(std::string("ab'\" \t\\=;$()#")));
  CommandJob command;
  command.executable = "work";
  command.arguments = *rc::gen::container<Arguments>(words);
  command.environment = {{"A", *words}, {"B", *words}};
  const JobSpec job = job_spec(command_ad(command, context_for("command line")).value()).value();
  RC_ASSERT(job.arguments == command.arguments);
  RC_ASSERT(job.environment == command.environment);
}

}  // namespace
}  // namespace cairn
