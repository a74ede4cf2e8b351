// What a real condor_submit -dry-run made of testdata/dryrun/*.sub, and what Cairn makes of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <sstream>

#include "base/text.h"
#include "job/job_spec.h"
#include "submit/fake_world.h"
#include "submit/submit.h"
#include "support/golden.h"
#include "support/source_folder.h"

namespace cairn {
namespace {

namespace stdfs = std::filesystem;

const std::string kFolder = testing::source_folder() + "/src/submit/testdata/dryrun/";

// The ads of a .dryrun file; a later ad of a cluster has only what differs from its first.
std::vector<JobAd> golden_ads(const std::string& text) {
  std::vector<JobAd> ads;
  JobAd first;
  std::istringstream blocks(text);
  std::string block;
  const auto finish = [&] {
    if (block.empty()) return;
    const JobAd changes = JobAd::parse(std::exchange(block, {})).value();
    const bool whole = changes.get("ClusterId").has_value();
    JobAd ad = whole ? JobAd{} : first;
    for (const auto& [name, expression] : changes.attributes()) ad.set(name, expression);
    if (whole) first = ad;
    ads.push_back(std::move(ad));
  };
  for (std::string line; std::getline(blocks, line);) {
    if (line.empty()) finish();
    if (!line.empty()) block += line + "\n";
  }
  finish();
  return ads;
}

// docs/contract.md says why each is left out.
const std::set<std::string, LessIgnoringCase> kNotCompared = {
    "QDate",     "EnteredCurrentStatus", "CondorVersion", "CondorPlatform", "DiskUsage",
    "ImageSize", "ExecutableSize",       "Owner",         "User",           "GlobalJobId"};

std::string comparable(const JobAd& ad) {
  JobAd kept = ad;
  for (const std::string& name : kNotCompared) kept.erase(name);
  return kept.text();
}

// What condor_submit takes and Cairn does not, on purpose: docs/contract.md has the reasons.
const std::set<std::string> kRefusedHere = {"k4-parallel-universe", "k5-grid-universe"};
// Read in another sense than by 23.9.6, as newer versions do.
const std::set<std::string> kReadOtherwise = {"d2-from-unit-separator"};

// These came from a pool with another default.
const std::set<std::string> kShortLease = {"06e-queue-in-blank", "09g-queue-from-comment",
                                           "09h-queue-from-blank", "09i-queue-from-file-blank"};

testing::FakeWorld pool_machine() {
  testing::FakeWorld world;
  for (const auto& entry : stdfs::recursive_directory_iterator(kFolder)) {
    const std::string name = stdfs::relative(entry.path(), kFolder).string();
    const auto extension = entry.path().extension();
    if (extension == ".dryrun" || extension == ".stdout" || extension == ".stderr") continue;
    if (entry.is_directory())
      world.folders.insert(world.absolute(name));
    else if (name != "cached.conf")
      world.add(name, testing::read_text(entry.path().string()));
  }
  for (const char* argument : {"arg1", "b", "x"})
    world.commands[cat("./gen.sh ", argument)] =
        cat("gen = 42\nname_from_cmd = cmd-", argument, "\n");
  world.commands["./gen.sh \"a b\""] = "gen = 42\nname_from_cmd = cmd-\"a\n";
  world.commands["./items.sh"] = "1 one\n2, two more\n";
  world.variables = {{"HOME", "/home/htc"},
                     {"LANG", "C.UTF-8"},
                     {"LC_ALL", "C.UTF-8"},
                     {"LOGNAME", "htc"},
                     {"OLDPWD", "/share/dryrun"},
                     {"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
                     {"PWD", "/share/dryrun"},
                     {"SHLVL", "1"},
                     {"TERM", "xterm"},
                     {"USER", "htc"},
                     {"_", "/usr/bin/condor_submit"}};
  return world;
}

SubmitContext pool_context(const std::string& name, testing::FakeWorld& world) {
  SubmitContext context;
  context.file = name + ".sub";
  context.directory = "/share/dryrun";
  context.owner = "htc";
  context.host = "pool.test";
  context.now_seconds = 1795330692;
  context.machine = {"X86_64", "LINUX", "1300", "Debian13", "13", "/pool/local/spool", 2400, 300};
  if (kShortLease.contains(name)) context.machine.lease_seconds = 30;
  context.world = &world;
  context.one_cluster = false;
  context.as_htcondor = true;
  if (name == "36-cmdline") {  // 36-cmdline.args
    context.assignments = {{"x", "cmd"}};
    context.append = {"y=appended"};
    context.queue = "2 v in (a b)";
  }
  return context;
}

std::vector<std::string> cases() {
  std::vector<std::string> names;
  for (const auto& entry : stdfs::directory_iterator(kFolder))
    if (entry.path().extension() == ".sub") names.push_back(entry.path().stem().string());
  std::sort(names.begin(), names.end());
  return names;
}

class DryRun : public ::testing::TestWithParam<std::string> {};

TEST_P(DryRun, IsThatOfARealCondorSubmit) {
  const std::string name = GetParam(), path = kFolder + name;
  static const testing::FakeWorld kMachine = pool_machine();
  testing::FakeWorld world = kMachine;
  const auto submission =
      parse_submit_file(testing::read_text(path + ".sub"), pool_context(name, world));
  const bool refused_there = trim(testing::read_text(path + ".rc")) != "0";
  if (refused_there || kRefusedHere.contains(name)) {
    ASSERT_FALSE(submission) << "condor_submit refuses it";
    return;
  }
  ASSERT_TRUE(submission) << submission.error().text();
  if (kReadOtherwise.contains(name)) return;
  const bool queued = stdfs::exists(path + ".dryrun");
  const auto golden =
      queued ? golden_ads(testing::read_text(path + ".dryrun")) : std::vector<JobAd>();
  const std::vector<JobAd> jobs = submission->jobs();
  ASSERT_EQ(jobs.size(), golden.size());
  for (std::size_t i = 0; i < golden.size(); ++i)
    EXPECT_EQ(comparable(jobs[i]), comparable(golden[i])) << "ad " << i;
}

INSTANTIATE_TEST_SUITE_P(Samples, DryRun, ::testing::ValuesIn(cases()), [](const auto& sample) {
  std::string name = sample.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

TEST(DryRunSamples, AreAllThere) { EXPECT_GE(cases().size(), 47U + 30U); }

}  // namespace
}  // namespace cairn
