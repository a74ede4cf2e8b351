#include "pool/slurm_script.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "submit/submit.h"
#include "support/golden.h"
#include "support/source_folder.h"

namespace cairn {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::vector<JobAd> ads(const std::string& submit_file) {
  SubmitContext context;
  context.directory = "/home/u/work";
  context.cluster = 12;
  return parse_submit_file(submit_file, context).value().jobs();
}

SlurmSettings settings() {
  SlurmSettings settings;
  settings.folder = "/home/u/.local/state/cairn/slurm/12";
  return settings;
}

// Blocks of
//   a submit file
//   ----
//   the scripts, or the error
// with an empty line behind each.
std::string replay(const std::string& text) {
  std::string out;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t rule = text.find("----\n", at);
    if (rule == std::string::npos) break;
    const std::string input = text.substr(at, rule - at);
    const std::size_t end = text.find("\n====\n", rule);
    SlurmSettings chosen = settings();
    if (input.find("# option") != std::string::npos)
      chosen.options = {"--partition=long", "--constraint=a b", "--exclusive"};
    if (input.find("# short arrays") != std::string::npos) chosen.array_max = 2;
    out += input + "----\n";
    const std::vector<JobAd> jobs = ads(input);
    const auto scripts = slurm_scripts(jobs, chosen);
    if (scripts)
      for (const SlurmScript& script : *scripts) out += "[" + script.name + "]\n" + script.text;
    else
      out += scripts.error().text() + "\n";
    for (const std::string& clause : not_translated(jobs.front())) out += "(" + clause + ")\n";
    out += "\n====\n";
    if (end == std::string::npos) break;
    at = end + 6;
  }
  return out;
}

TEST(SlurmScript, SaysInSlurmsWordsWhatTheSubmitFileSays) {
  const std::string path = "src/pool/testdata/slurm_scripts.txt";
  testing::expect_golden(path, replay(testing::read_text(testing::source_folder() + "/" + path)));
}

JobAd simple() { return ads("executable = a\nqueue\n").front(); }

TEST(SlurmScript, RefusesWhatWouldEndItsLine) {
  JobAd ad = simple();
  ad.set("AcctGroup", "\"a\nrm -rf x\"");
  const std::vector<JobAd> jobs = {ad};
  SlurmSettings hostile = settings();
  hostile.options = {"--comment=a\nrm -rf x"};
  EXPECT_FALSE(slurm_scripts(std::vector<JobAd>{simple()}, hostile));
  hostile = settings();
  hostile.folder = "/home/a\nrm -rf x";
  EXPECT_FALSE(slurm_scripts(std::vector<JobAd>{simple()}, hostile));
}

// Whatever a submit file says, a shell reads nothing of it: all of it is in comments.
TEST(SlurmScript, AShellReadsNothingOfTheSubmitFile) {
  const std::string hostile = R"($(touch x) `touch x` ' " \ # ; touch x)";
  JobAd ad = simple();
  ad.set_string("JobBatchName", hostile);
  ad.set_string("AcctGroup", hostile);
  ad.set_string("Cmd", hostile);
  const std::string text = slurm_scripts(std::vector<JobAd>{ad}, settings()).value().front().text;
  std::string code;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);)
    if (!line.starts_with('#')) code += line + '\n';
  EXPECT_THAT(text, HasSubstr("touch"));
  EXPECT_THAT(code, Not(HasSubstr("touch")));
}

TEST(SlurmScript, QuotesTheFolderForTheShell) {
  SlurmSettings odd = settings();
  odd.folder = "/home/it's $(x)/12";
  const std::string text = slurm_scripts(std::vector<JobAd>{simple()}, odd).value().front().text;
  EXPECT_THAT(text, HasSubstr("\ncd '/home/it'\\''s $(x)/12' ||"));
}

}  // namespace
}  // namespace cairn
