// The suite of all pools: the fake, and HTCondor's with its commands played by a small schedd.
#include "pool/fake_pool.h"
#include "pool/htcondor.h"
#include "pool/pool_suite.h"
#include "pool/sim_condor.h"
#include "pool/sim_slurm.h"
#include "pool/slurm.h"

namespace cairn::testing {
namespace {

struct FakeWorld {
  FakePool fake;
  Pool& pool() { return fake; }
  static std::vector<JobAd> jobs(int procs) {
    return std::vector<JobAd>(static_cast<std::size_t>(procs));
  }
  void start(const PoolJob& job) { fake.start(job); }
  void checkpoint(const PoolJob& job) { fake.checkpoint(job); }
  void finish(const PoolJob& job, int code) { fake.finish(job, code); }
};

struct CondorWorld {
  TempFolder folder;
  PosixFileSystem files;
  SimCondor condor{folder / "job.log"};
  HTCondorPool real{files, [this](const CommandOptions& command) { return condor.run(command); }};

  Pool& pool() { return real; }
  std::vector<JobAd> jobs(int procs) const {
    JobAd ad;
    ad.set_string("Iwd", folder.path().native());
    ad.set_string("UserLog", "job.log");
    return std::vector<JobAd>(static_cast<std::size_t>(procs), ad);
  }
  void start(const PoolJob& job) { condor.start(job); }
  void checkpoint(const PoolJob& job) { condor.checkpoint(job); }
  void finish(const PoolJob& job, int code) { condor.finish(job, code); }
};

struct SlurmWorld {
  TempFolder folder;
  PosixFileSystem files;
  SimSlurm slurm{files, folder / "slurm"};
  SlurmPool real{files, options(),
                 [this](const CommandOptions& command) { return slurm.run(command); }};
  int clusters = 0;

  SlurmOptions options() {
    folder.write("cairn-starter", "a program\n");
    return {.folder = folder / "slurm",
            .shared_folder = {},
            .starter_program = folder / "cairn-starter",
            .options = {}};
  }
  Pool& pool() { return real; }
  std::vector<JobAd> jobs(int procs) {
    std::vector<JobAd> ads(static_cast<std::size_t>(procs));
    ++clusters;
    for (int proc = 0; JobAd & ad : ads) {
      ad.set_integer("ClusterId", clusters);
      ad.set_integer("ProcId", proc++);
      ad.set_string("Iwd", folder.path().native());
      ad.set_string("Cmd", "/bin/true");
    }
    return ads;
  }
  void start(const PoolJob& job) { slurm.start(job); }
  void checkpoint(const PoolJob& job) { slurm.checkpoint(job); }
  void finish(const PoolJob& job, int code) { slurm.finish(job, code); }
};

using Worlds = ::testing::Types<FakeWorld, CondorWorld, SlurmWorld>;
INSTANTIATE_TYPED_TEST_SUITE_P(Every, PoolSuite, Worlds);

class HTCondorPoolTest : public ::testing::Test {
 protected:
  PoolReceipt submit() {
    return world_.pool()
        .submit({.submit_file = "/a folder/a file.sub", .log_folder = "/my logs"})
        .value();
  }
  CondorWorld world_;
};

TEST_F(HTCondorPoolTest, HandsAFileOverAsOneArgument) {
  const PoolReceipt receipt = submit();
  EXPECT_EQ(receipt.pool_id, "101");
  EXPECT_EQ(world_.condor.submitted,
            (std::vector<std::string>{"condor_submit", "-terse", "a file.sub"}));
  EXPECT_EQ(world_.condor.submitted_in, Path("/a folder"));
  ASSERT_EQ(receipt.jobs.size(), 3U);
  EXPECT_EQ(receipt.jobs[2].get_integer("ProcId"), 2);
}

TEST_F(HTCondorPoolTest, GivesALogToAFileThatNamesNone) {
  world_.condor.dry_run = "Cmd=\"/bin/true\"\n";
  submit();
  EXPECT_EQ(world_.condor.submitted,
            (std::vector<std::string>{"condor_submit", "-terse", "-append",
                                      "log = /my logs/htcondor-$(Cluster).log", "a file.sub"}));
}

TEST_F(HTCondorPoolTest, SaysWhatTheToolSaid) {
  world_.condor.refusal = "\nERROR: on Line 3\n  Can't open file\n";
  const auto refused = world_.pool().submit({.submit_file = "job.sub"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().text(),
            "condor_submit: ERROR: on Line 3 Can't open file; nothing was handed over");
}

TEST_F(HTCondorPoolTest, SaysWhereCommandsAreToBeFound) {
  HTCondorPool none(world_.files, [](const CommandOptions&) -> Result<CommandResult> {
    return Error{Errc::not_found, "there is no program", 0, {}};
  });
  const auto checked = none.check();
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().message, "condor_version: no such command");
}

TEST_F(HTCondorPoolTest, AsksForManyJobsInSeveralCommands) {
  std::vector<PoolJob> jobs;
  for (int proc = 0; proc < 1200; ++proc) jobs.push_back({"101", proc});
  world_.condor.knows_all = true;
  world_.pool().remove(jobs, "").value();
  EXPECT_EQ(world_.condor.commands, 3);
  EXPECT_EQ(world_.condor.last.size(), 201U);
}

TEST_F(HTCondorPoolTest, SaysWhichLogIsNone) {
  const PoolCluster cluster = {submit().pool_id, {{.id = {7, 0}, .ad = world_.jobs(1).front()}}};
  world_.folder.write("job.log", "no log at all\n");
  const PoolNews news = world_.pool().poll({&cluster, 1}).value();
  ASSERT_TRUE(news.trouble);
  EXPECT_NE(news.trouble->message.find("job.log: event log, line 1"), std::string::npos);
}

TEST_F(HTCondorPoolTest, HasNothingToTellBeforeTheLogBegins) {
  const PoolCluster cluster = {"55", {{.id = {7, 0}, .ad = world_.jobs(1).front()}}};
  EXPECT_TRUE(world_.pool().poll({&cluster, 1}).value().updates.empty());
}

}  // namespace
}  // namespace cairn::testing
