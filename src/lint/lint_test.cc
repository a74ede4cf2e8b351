#include "lint/lint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "fuzz/replay.h"
#include "lint/lint_fixture.h"
#include "submit/fake_world.h"
#include "submit/vocabulary.h"

extern "C" int fuzz_lint(const std::uint8_t* data, std::size_t size);

namespace cairn::lint {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const std::string kJob =
    "executable = work\ncheckpoint_exit_code = 77\ntransfer_checkpoint_files = state\n"
    "transfer_output_files = results.csv\nshould_transfer_files = YES\nmax_retries = 3\nlog = "
    "job.log\n"
    "request_memory = 1GB\nrequest_disk = 1GB\n";  // nine lines

class Lint : public ::testing::Test {
 protected:
  Findings check(const std::string& text) {
    input_.directory = "/job";
    input_.files = &files_;
    input_.text = text;
    return lint(input_);
  }
  std::vector<std::string> codes(const std::string& lines) {
    return codes_of(check(kJob + lines + "queue\n"));
  }
  std::vector<std::string> codes_of_script(const std::string& script,
                                           const std::string& lines = "") {
    files_.add("/job/run.sh", script);
    const bool has_inputs = lines.find("transfer_input_files") != std::string::npos;
    return codes("executable = run.sh\n" +
                 std::string(has_inputs ? "" : "transfer_input_files = work\n") + lines);
  }
  std::vector<std::string> codes_of_python(const std::string& script,
                                           const std::string& lines = "") {
    files_.add("/job/work.py", script);
    return codes("executable = work.py\n" + lines);
  }
  FakeFiles files_ = job_folder();
  LintInput input_;
};

TEST_F(Lint, SaysNothingOfARightJob) { EXPECT_THAT(codes(""), IsEmpty()); }

TEST_F(Lint, SaysWhereAndWhatToWrite) {
  const Findings findings = check(kJob + "checkpoint_exit_code = 300\nqueue\n");
  ASSERT_EQ(findings.list.size(), 1U);
  EXPECT_THAT(findings.list[0].headline(),
              HasSubstr("job.sub:10: error CL103: no program can exit with 300"));
  EXPECT_THAT(findings.list[0].fix, HasSubstr("checkpoint_exit_code = 77"));
  EXPECT_TRUE(findings.has_errors());
}

TEST_F(Lint, TakesOutWhatACommentOrAnOptionDisables) {
  const std::string wrong = "checkpoint_exit_code = 300\nlog =\n";
  EXPECT_THAT(codes(wrong), ElementsAre("CL103", "CL218"));
  EXPECT_THAT(codes(wrong + "# cairn-lint: disable=CL218, CL103\n"), IsEmpty());
  EXPECT_THAT(codes(wrong + "# cairn-lint: disable=CL218 is meant here\n"), ElementsAre("CL103"));
  input_.disabled = {"CL103"};
  EXPECT_THAT(codes(wrong), ElementsAre("CL218"));
}

TEST_F(Lint, TakesACommentInAScriptForThatScript) {
  EXPECT_THAT(codes_of_script("#!/bin/sh\n./work\necho\n"), ElementsAre("CL402"));
  EXPECT_THAT(codes_of_script("#!/bin/sh\n# cairn-lint: disable=CL402\n./work\necho\n"), IsEmpty());
}

TEST_F(Lint, SaysOnceWhatAllJobsHaveWrong) {
  EXPECT_THAT(codes("arguments = /home/me/$(Process)\ntransfer_output_files =\nqueue 500\n"),
              ElementsAre("CL215"));
}

TEST_F(Lint, LooksAtEachQueueStatement) {
  EXPECT_THAT(codes_of(check(kJob + "queue\nlog =\nqueue\n# cairn-lint: disable=CL214\n")),
              ElementsAre("CL002", "CL218"));  // the first job's log stays
}

TEST_F(Lint, CountsFilesThatSeveralJobsWrite) {
  const Findings findings = check(kJob + "output = job.out\nqueue 300\n");
  ASSERT_EQ(codes_of(findings), (std::vector<std::string>{"CL214", "CL214"}));
  EXPECT_THAT(findings.list[1].text, HasSubstr("300 jobs write output to job.out"));
  EXPECT_THAT(
      codes("output = job.$(Process).out\ntransfer_output_files =\ninitialdir = logs\nqueue 3\n"),
      Not(Contains("CL214")));
}

TEST_F(Lint, ReportsAFileThatIsRefusedAndStillLooksAtItsJobs) {
  EXPECT_THAT(codes_of(check("what is this\n")), ElementsAre("CL001"));
  EXPECT_THAT(codes("log =\nmax_retries = often\n"), ElementsAre("CL001", "CL218"));
}

TEST_F(Lint, ReadsWhatTheFileIncludesAndQueuesFrom) {
  const auto world = std::make_shared<testing::FakeWorld>();
  world->directory = "/job";
  world->add("list.txt", "10\n20\n");
  world->add("common.conf", "max_retries = 5\n");
  world->variables["STEPS"] = "60";
  input_.world = world;
  const std::string streams = "output = $(n).out\ntransfer_output_files =\n";
  for (const char* lines :
       {"arguments = $(n)\nqueue n from list.txt\n", "arguments = $(n)\nqueue n matching *.txt\n",
        "n =\ninclude : common.conf\nqueue\n", "n = 1\narguments = $ENV(STEPS)\nqueue\n"})
    EXPECT_THAT(codes_of(check(kJob + streams + lines)), IsEmpty()) << lines;
  EXPECT_THAT(codes_of(check(kJob + "queue n from lost.txt\n")), ElementsAre("CL001"));
  EXPECT_THAT(codes_of(check(kJob + "include : common.conf\nlog =\nqueue\n")),
              ElementsAre("CL218"));
}

TEST_F(Lint, RunsNoCommandAndWritesNothing) {
  const auto world = std::make_shared<testing::FakeWorld>();
  world->directory = "/job";
  world->commands["seq 3"] = "1\n2\n3\n";
  world->standard_input = "1\n";
  input_.world = world;
  for (const char* lines :
       {"queue n from seq 3 |\n", "queue n from -\n", "include : seq 3 |\nqueue\n",
        "include command into made.conf : seq 3\nqueue\n"}) {
    // The jobs before it are looked at.
    const Findings findings = check(kJob + "log =\nqueue\n" + lines);
    EXPECT_THAT(codes_of(findings), ElementsAre("CL218", "CL004")) << lines;
    EXPECT_FALSE(findings.has_errors());
  }
  EXPECT_TRUE(world->files.empty());
}

TEST_F(Lint, SaysWhyAnExpressionThatIsNoConditionIsRefused) {
  for (const char* line :
       {"request_cpus = 4 cores\n", "+MaxRuntime = 2h\n", "allowed_execute_duration = 2 hours\n"})
    EXPECT_THAT(codes(line), ElementsAre("CL001")) << line;
  EXPECT_THAT(codes("periodic_hold = MemoryUsage > 4GB\n"), ElementsAre("CL613"));
}

TEST_F(Lint, LooksAtNoFileWithoutAReader) {
  input_.directory = "/job";
  input_.text = kJob + "executable = nowhere\ntransfer_input_files = nothing\nqueue\n";
  EXPECT_THAT(lint(input_).list, IsEmpty());
}

TEST_F(Lint, TakesAMacroForOneIfItIsUsed) {
  EXPECT_THAT(codes("max_retrys = 3\nmax_retries = $(max_retrys)\n"), IsEmpty());
  EXPECT_THAT(codes("max_retrys = 3\n"), ElementsAre("CL108"));
}

TEST_F(Lint, LeavesAttributesOfOnesOwnAlone) {
  EXPECT_THAT(
      codes("+ProjectName = \"walks\"\n+WantGPULab = true\n+MyColour = \"red\"\nMY.Steps = 5\n"),
      IsEmpty());
}

TEST_F(Lint, FindsEveryOldAndMisspeltAttribute) {
  EXPECT_THAT(codes("+WantFTOnChekpoint = True\n"), ElementsAre("CL108"));
  EXPECT_THAT(codes("+want_ft_on_checkpoint = True\n"), ElementsAre("CL108"));
  EXPECT_THAT(codes("want_ft_on_checkpoint = True\n"), ElementsAre("CL107"));
  EXPECT_THAT(codes("WantFTOnCheckpoint = True\n"), ElementsAre("CL107"));
  EXPECT_THAT(codes("SuccessCheckpointExitCode = 77\n"), ElementsAre("CL107"));
  EXPECT_THAT(codes("+CheckpointExitBySignal = True\n"), ElementsAre("CL106"));
}

TEST_F(Lint, FollowsAScriptToTheProgramThatItRuns) {
  files_.add("/job/sim.py", "import sys\nopen('state', 'w')\nsys.exit(85)\n");
  const auto found =
      codes_of_script("#!/bin/sh\nexec python3 sim.py\n", "transfer_input_files = sim.py\n");
  EXPECT_THAT(found, ElementsAre("CL501", "CL307"));
}

TEST_F(Lint, ReadsTheScriptThatAnInterpreterIsGiven) {
  files_.add("/job/sim.py", "import sys\nprint('state')\nsys.exit(85)\n");
  EXPECT_THAT(codes("executable = /usr/bin/python3\ntransfer_executable = false\narguments = "
                    "sim.py\ntransfer_input_files = sim.py\n"),
              ElementsAre("CL307"));
}

TEST_F(Lint, AccusesNoProgramOfWhatItCannotSee) {
  // The code comes from elsewhere, or may do.
  for (const char* script :
       {"import sys, helper\nhelper.main()\n",
        "import sys\nsys.exit(int(sys.argv[1]))\nCODE = 77\n", "import cairn\n"})
    EXPECT_THAT(codes_of_python(cat("#!/usr/bin/python3\n# state\n", script)),
                Not(Contains("CL306")))
        << script;
  EXPECT_THAT(codes_of_script("#!/bin/sh\n. ./settings\nexec ./work\n"), Not(Contains("CL306")));
}

TEST_F(Lint, KnowsTheWaysInWhichAScriptPassesTheCodeOn) {
  for (const char* script :
       {"exec ./work\n", "./work\n", "./work\nexit $?\n", "./work\ns=$?\necho $s\nexit $s\n",
        "set -e\n./work\ndate\n", "./work && date\n", "if ./work; then date; else exit 77; fi\n",
        "./work &\npid=$!\nwait $pid\nexit $?\n",
        "./work\ncase $? in 77) exit 77 ;; *) exit 1 ;; esac\n",
        "set -o pipefail\n./work | tee work.txt\n", "./work | tee x\nexit ${PIPESTATUS[0]}\n",
        "./work\nif [ -f done ]; then exit 0; fi\nexit 77\n", "main() { ./work; }\nmain\n",
        "timeout 1h ./work\nif [ $? -eq 124 ]; then exit 77; fi\n",
        "timeout 1h ./work || s=$?\n[ $s = 124 ] && s=77\nexit $s\n"})
    EXPECT_THAT(codes_of_script(cat("#!/bin/bash\n# state\n", script)), IsEmpty()) << script;
}

TEST_F(Lint, KnowsTheWaysInWhichAScriptLosesTheCode) {
  const std::vector<std::pair<std::string, std::string>> wrong = {
      {"./work\ndate\n", "CL402"},
      {"./work || true\n", "CL402"},
      {"python3 -u work.py\ncp a b\n", "CL402"},
      {"./work 2>&1 | tee x\n", "CL403"},
      {"./work &\nwait\n", "CL412"},
      {"./work &\n", "CL412"},
      {"timeout -k 10 1h ./work\n", "CL404"},
      {"./work\necho over\nexit $?\n", "CL405"},
      {"timeout 1h ./work\ns=$?\n[ $s -eq 124 ] && exit 1\nexit $s\n", "CL409"},
  };
  for (const auto& [script, code] : wrong)
    EXPECT_THAT(codes_of_script(cat("#!/bin/bash\n# state\n", script)), Contains(code)) << script;
}

TEST_F(Lint, HeedsWhoNeedsTheSignal) {
  const std::string wrapper = "#!/bin/sh\npython3 sim.py\n";
  files_.add("/job/sim.py", "import signal, sys\nprint('state')\nsys.exit(77)\n");
  EXPECT_THAT(codes_of_script(wrapper, "transfer_input_files = sim.py\n"), IsEmpty());
  files_.add(
      "/job/sim.py",
      "import signal, sys\nsignal.signal(signal.SIGTERM, later)\nprint('state')\nsys.exit(77)\n");
  EXPECT_THAT(codes_of_script(wrapper, "transfer_input_files = sim.py\n"), Contains("CL401"));
  EXPECT_THAT(
      codes_of_script("#!/bin/sh\nexec python3 sim.py\n", "transfer_input_files = sim.py\n"),
      Not(Contains("CL401")));
}

TEST_F(Lint, ReadsConditionsAsExpressions) {
  EXPECT_THAT(codes("periodic_remove = JobStatus == 5 && (\n"), Contains("CL613"));
  EXPECT_THAT(codes("periodic_remove = 2 > 1\n"), ElementsAre("CL610"));
  EXPECT_THAT(codes("periodic_remove = time() - EnteredCurrentStatus > 3600\n"), IsEmpty());
  EXPECT_THAT(codes("periodic_remove = ifThenEls(NumJobStarts > 3, true, false)\n"),
              ElementsAre("CL609"));
  EXPECT_THAT(codes("requirements = HasWidgets && \"a = b\" == Site\n"), IsEmpty());
}

TEST_F(Lint, SpeaksOfVersionsOnlyWhereOneIsKnown) {
  EXPECT_THAT(codes("checkpoint_exit_code = 77\n"), IsEmpty());
  input_.pool = PoolVersion{8, 9, 2};
  EXPECT_THAT(codes(""), ElementsAre("CL701", "CL704", "CL701"));
  input_.pool = PoolVersion{23, 9, 6};
  EXPECT_THAT(codes(""), IsEmpty());
}

TEST(LintFuzz, ReplaysItsCorpus) { testing::replay_corpus("lint", fuzz_lint); }

TEST(PoolVersion, IsReadFromWhatPeopleAndProgramsWrite) {
  EXPECT_EQ(parse_pool_version("8.9.7"), (PoolVersion{8, 9, 7}));
  EXPECT_EQ(parse_pool_version("23.9"), (PoolVersion{23, 9, 0}));
  EXPECT_EQ(parse_pool_version(
                "$CondorVersion: 23.9.6 2024-08-08 BuildID: Debian $\n$CondorPlatform: x $\n"),
            (PoolVersion{23, 9, 6}));
  for (const char* none : {"", "8", "8.", "8.9.", "8.9.7.1", "a.b", "-1.2", "8,9", "99999.1"})
    EXPECT_FALSE(parse_pool_version(none)) << none;
  EXPECT_LT((PoolVersion{8, 9, 11}), (PoolVersion{9, 0, 0}));
}

TEST(Vocabulary, BelievesOnlyNearSlips) {
  EXPECT_EQ(slip_of("transfer_chekpoint_files", all_commands()), "transfer_checkpoint_files");
  EXPECT_EQ(slip_of("TransferCheckpointFiles", all_commands()), "transfer_checkpoint_files");
  EXPECT_EQ(slip_of("JobSatus", all_attributes()), "JobStatus");
  for (const char* own : {"steps", "ProjectName2", "seed", "log2", "site", "colour", "input_dir"})
    EXPECT_EQ(slip_of(own, all_commands()), std::nullopt) << own;
}

// ---- shared libraries

TEST_F(Lint, KnowsWhichSharedLibrariesAreThere) {
  const auto codes_of_program = [this](const std::string& elf, const std::string& lines = "") {
    files_.add("/job/work", elf_with("NEEDED libc.so.6\n" + elf));
    return codes(lines);
  };
  const std::string away = "NEEDED libgsl.so.27\nRUNPATH /home/ada/lib\n";
  EXPECT_THAT(codes_of_program(""), IsEmpty());
  EXPECT_THAT(codes_of_program(away), ElementsAre("CL315"));
  EXPECT_THAT(codes_of_program("NEEDED libgsl.so.27\n"), ElementsAre("CL315"));
  // It goes along, and is looked for elsewhere.
  EXPECT_THAT(codes_of_program(away, "transfer_input_files = libgsl.so.27\n"),
              ElementsAre("CL315"));
  for (const char* folder : {"$ORIGIN", "${ORIGIN}/", "/opt:$ORIGIN/."})
    EXPECT_THAT(codes_of_program(cat("NEEDED libgsl.so.27\nRUNPATH ", folder, "\n"),
                                 "transfer_input_files = libgsl.so.27\n"),
                IsEmpty())
        << folder;
  files_.add_folder("/job/lib");
  files_.add("/job/lib/libgsl.so.27", kElf);
  const std::string below = "NEEDED libgsl.so.27\nRUNPATH $ORIGIN/lib\n";
  EXPECT_THAT(codes_of_program(below, "transfer_input_files = lib\n"), IsEmpty());
  EXPECT_THAT(codes_of_program(below), ElementsAre("CL315"));
}

TEST_F(Lint, SaysNothingOfLibrariesWhereItCannotKnow) {
  files_.add("/job/work", elf_with("NEEDED libgsl.so.27\n"));
  ASSERT_THAT(codes(""), ElementsAre("CL315"));
  for (const char* line :
       {"environment = LD_LIBRARY_PATH=.", "getenv = True", "docker_image = debian:12",
        "container_image = x.sif", "transfer_executable = false"})
    EXPECT_THAT(codes(cat(line, "\n")), Not(Contains("CL315"))) << line;
}

TEST_F(Lint, SaysWhatToDoAboutALibrary) {
  const auto fix = [this](const std::string& folder, const std::string& lines) {
    files_.add("/job/work", elf_with(cat("NEEDED libgsl.so.27\nRUNPATH ", folder, "\n")));
    return check(kJob + lines + "queue\n").list.at(0).fix;
  };
  EXPECT_EQ(fix("$ORIGIN", ""), "send it along: transfer_input_files = /job/libgsl.so.27");
  EXPECT_THAT(fix("/home/ada/lib", ""), HasSubstr("or link it statically"));
  EXPECT_EQ(fix("/home/ada/lib", "transfer_input_files = libgsl.so.27\n"),
            "link it with -Wl,-rpath,'$ORIGIN', so that it looks beside itself");
}

}  // namespace
}  // namespace cairn::lint
