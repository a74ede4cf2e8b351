#include "cairn/session.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "base/text.h"
#include "session/session_fixture.h"
#include "support/temp_folder.h"

namespace cairn::testing {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

// Writes one generation with i = 41 and the given options.
void leave_a_generation(World world, Options options = by_hand(), std::int64_t i = 41) {
  Session session = world.open(std::move(options)).value();
  session.protect("i", i);
  session.restore().value();
  session.checkpoint().value();
}

// What restore() says to a program that protects i.
Status restore_i(World world, Options options = by_hand()) {
  Session session = world.open(std::move(options)).value();
  std::int64_t i = 0;
  session.protect("i", i);
  auto restored = session.restore();
  if (restored) return {};
  EXPECT_EQ(i, 0) << "changed although it failed";
  return std::move(restored).error();
}

// ---- restore

TEST(Session, StartsWithGenerationZeroAndGoesOnWithTheLastCommitted) {
  SimFileSystem disk;
  leave_a_generation({disk});
  World world{disk};
  Session session = world.open(by_hand()).value();
  std::int64_t i = 0;
  session.protect("i", i);
  EXPECT_EQ(session.restore().value().generation, 1u);
  EXPECT_EQ(i, 41);
  EXPECT_EQ(session.checkpoint().value(), 2u);
  EXPECT_EQ(disk.info("state.ckpt/gen-000002.cairn").value().mode, 0444u);
}

TEST(Session, RemovesWhatACrashLeftHalfWritten) {
  SimFileSystem disk;
  ASSERT_TRUE(disk.make_folder("state.ckpt"));
  ASSERT_TRUE(disk.create("state.ckpt/gen-000007.cairn.tmp"));
  ASSERT_TRUE(disk.create("state.ckpt/notes.tmp"));
  World world{disk};
  ASSERT_TRUE(world.open());
  EXPECT_FALSE(disk.info("state.ckpt/gen-000007.cairn.tmp"));
  EXPECT_TRUE(disk.info("state.ckpt/notes.tmp")) << "is not ours";
}

TEST(Session, RefusesTheCheckpointOfOtherArgumentsAndNamesBothSides) {
  SimFileSystem disk;
  leave_a_generation({disk});
  World other{disk};
  other.arguments = {"0", "50000"};
  const Status status = restore_i(other);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Errc::mismatch);
  EXPECT_EQ(status.error().message,
            "state.ckpt belongs to arguments \"0 40000\", this program runs with arguments "
            "\"0 50000\"");
  EXPECT_NE(status.error().hint, "");
}

TEST(Session, RefusesAnotherIdentityInEitherDirection) {
  SimFileSystem disk;
  Options seeded = by_hand(), other = by_hand();
  seeded.identity = {{"seed", "5"}};
  other.identity = {{"seed", "6"}};
  leave_a_generation({disk}, seeded);
  EXPECT_TRUE(restore_i({disk}, seeded));
  EXPECT_FALSE(restore_i({disk}, other));
  EXPECT_FALSE(restore_i({disk}, by_hand()));
  SimFileSystem plain;
  leave_a_generation({plain});
  EXPECT_FALSE(restore_i({plain}, seeded));
}

TEST(Session, TellsArgumentsWithBlanksApart) {
  EXPECT_NE(quoted_line({"a b"}), quoted_line({"a", "b"}));
  EXPECT_NE(quoted_line({""}), quoted_line({}));
  EXPECT_NE(quoted_line({"'a'"}), quoted_line({"a"}));
}

TEST(Session, NamesTheRegionThatDoesNotFit) {
  SimFileSystem disk;
  leave_a_generation({disk});
  const auto error = [&](auto protect) {
    World world{disk};
    Session session = world.open(by_hand()).value();
    protect(session);
    const auto restored = session.restore();
    EXPECT_FALSE(restored);
    EXPECT_EQ(restored.error().code, Errc::mismatch);
    EXPECT_NE(restored.error().hint, "");
    return restored.error().message;
  };
  float f = 0;
  std::int64_t i = 0, j = 0;
  EXPECT_EQ(error([&](Session& s) { s.protect("i", f); }),
            "region i was saved as i64, the program now has f32");
  EXPECT_EQ(error([&](Session&) {}),
            "region i is in state.ckpt/gen-000001.cairn, the program does not protect it");
  EXPECT_EQ(error([&](Session& s) { s.protect("i", i), s.protect("j", j); }),
            "region j is protected by the program, and not in state.ckpt/gen-000001.cairn");
}

TEST(Session, ChangesNoRegionWhenOneDoesNotFit) {
  SimFileSystem disk;
  World world{disk};
  {
    Session session = world.open(by_hand()).value();
    std::int64_t a = 1;
    std::vector<std::string> b{"saved"};
    double c = 3;
    session.protect("a", a), session.protect("b", b), session.protect("c", c);
    session.restore().value();
    session.checkpoint().value();
  }
  Session session = world.open(by_hand()).value();
  std::int64_t a = 0;
  std::vector<std::string> b{"now"};
  float c = 0;
  session.protect("a", a), session.protect("b", b), session.protect("c", c);
  EXPECT_FALSE(session.restore());
  EXPECT_EQ(a, 0);
  EXPECT_EQ(b, std::vector<std::string>{"now"});
}

TEST(Session, SaysWhatIsWrongWithTheOrderOfCalls) {
  SimFileSystem disk;
  leave_a_generation({disk});
  World world{disk};
  Session session = world.open(by_hand()).value();
  const auto early = session.checkpoint();
  ASSERT_FALSE(early);
  EXPECT_EQ(early.error().code, Errc::misuse);
  EXPECT_NE(early.error().message.find("state.ckpt holds generation 1"), std::string::npos);
  EXPECT_EQ(session.safe_point().error().code, Errc::misuse);
  EXPECT_THROW(static_cast<void>(session.loop("l", 0, 3)), Failure);
  std::int64_t i = 0;
  session.protect("i", i);
  session.restore().value();
  EXPECT_EQ(session.restore().error().code, Errc::misuse);
  EXPECT_EQ(i, 41);
}

void protect_twice() {
  SimFileSystem disk;
  World world{disk};
  Session session = world.open(by_hand()).value();
  std::int64_t i = 0;
  session.protect("i", i);
  session.protect("i", i);
}
TEST(SessionDeathTest, SaysASentenceWhenARegionIsProtectedTwice) {
  EXPECT_DEATH(protect_twice(), "region i is protected twice");
}

TEST(Session, RefusesToWorkInAForkedChild) {
  SimFileSystem disk;
  World world{disk};
  Session session = world.open(each_point()).value();
  session.restore().value();
  const pid_t child = ::fork();
  if (child == 0) {
    const auto next = session.safe_point();
    ::_exit(!next && next.error().code == Errc::misuse ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(session.safe_point()) << "the parent goes on";
}

TEST(Session, NeedsTheFolderForItself) {
  const TempFolder folder;
  Options options = by_hand();
  options.directory = folder.path() / "state.ckpt";
  auto first = Session::open(options);
  ASSERT_TRUE(first);
  const auto second = Session::open(options);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::locked);
  EXPECT_NE(second.error().message.find(cat("pid ", ::getpid())), std::string::npos);
  { const Session gone = std::move(first).value(); }
  EXPECT_TRUE(Session::open(options));
}

TEST(Session, KeepsAsManyGoodGenerationsAsItIsTold) {
  SimFileSystem disk;
  World world{disk};
  Options options = by_hand();
  options.keep_generations = 3;
  Session session = world.open(options).value();
  session.restore().value();
  for (int i = 0; i < 10; ++i) session.checkpoint().value();
  EXPECT_EQ(disk.list("state.ckpt").value(),
            (std::vector<std::string>{"gen-000008.cairn", "gen-000009.cairn", "gen-000010.cairn"}));
}

TEST(Session, CompressesWhatItIsToldTo) {
  SimFileSystem disk;
  World world{disk};
  Options options = by_hand();
  options.compression_level = 3;
  const std::vector<double> saved(10000, 1.5);
  {
    std::vector<double> field = saved;
    Session session = world.open(options).value();
    session.protect("field", field);
    session.restore().value();
    session.checkpoint().value();
  }
  EXPECT_LT(disk.info("state.ckpt/gen-000001.cairn").value().bytes, 20000u);
  std::vector<double> field;
  Session session = world.open(by_hand()).value();
  session.protect("field", field);
  session.restore().value();
  EXPECT_EQ(field, saved);
}

// ---- output files

TEST(SessionOutput, NamesAMissingFileAndSaysToTransferIt) {
  SimFileSystem disk;
  World world{disk};
  const auto open = [&] {
    Session session = world.open(by_hand()).value();
    session.protect_file("results.csv");
    return session;
  };
  {
    Session session = open();
    session.restore().value();
    ASSERT_TRUE(disk.create("results.csv").value()->append(as_bytes("1,2\n")));
    session.checkpoint().value();
  }
  ASSERT_TRUE(disk.remove("results.csv"));
  const auto restored = open().restore();
  ASSERT_FALSE(restored);
  EXPECT_EQ(restored.error().code, Errc::not_found);
  EXPECT_NE(restored.error().hint.find("add results.csv to transfer_checkpoint_files"),
            std::string::npos);
}

TEST(SessionOutput, RefusesOtherContentAndTellsTheWayBack) {
  SimFileSystem disk;
  World world{disk};
  const auto open = [&] {
    Session session = world.open(by_hand()).value();
    session.protect_file("results.csv");
    return session;
  };
  {
    Session session = open();
    session.restore().value();
    auto output = disk.create("results.csv").value();
    ASSERT_TRUE(output->append(as_bytes("first\n")));
    session.checkpoint().value();
    ASSERT_TRUE(output->append(as_bytes("second\n")));
    session.checkpoint().value();
  }
  disk.flip("results.csv", 8);  // in the second line
  const auto restored = open().restore();
  ASSERT_FALSE(restored);
  EXPECT_EQ(restored.error().code, Errc::corrupt);
  EXPECT_NE(restored.error().hint.find("go back to generation 1"), std::string::npos)
      << restored.error().text();
  ASSERT_TRUE(disk.remove("state.ckpt/gen-000002.cairn"));  // as the hint says
  EXPECT_EQ(open().restore().value().generation, 1u);
  EXPECT_EQ(read_file(disk, "results.csv").value(), "first\n");
}

TEST(SessionOutput, IsAnErrorWhenTheFileHasBecomeShorter) {
  SimFileSystem disk;
  World world{disk};
  Session session = world.open(by_hand()).value();
  session.protect_file("results.csv");
  session.restore().value();
  ASSERT_TRUE(disk.create("results.csv").value()->append(as_bytes("first\n")));
  session.checkpoint().value();
  ASSERT_TRUE(disk.truncate("results.csv", 2));
  EXPECT_EQ(session.checkpoint().error().code, Errc::corrupt);
}

// Opened with truncation, the file has soon as many bytes as before.
TEST(SessionOutput, IsAnErrorWhenTheFileWasWrittenAnew) {
  SimFileSystem disk;
  World world{disk};
  Session session = world.open(by_hand()).value();
  session.protect_file("results.csv");
  session.restore().value();
  ASSERT_TRUE(disk.create("results.csv").value()->append(as_bytes("1\n2\n")));
  session.checkpoint().value();
  ASSERT_TRUE(disk.create("results.csv").value()->append(as_bytes("3\n4\n5\n")));
  const auto checkpoint = session.checkpoint();
  ASSERT_FALSE(checkpoint);
  EXPECT_EQ(checkpoint.error().code, Errc::corrupt);
  EXPECT_NE(checkpoint.error().hint.find("for appending"), std::string::npos);
}

TEST(SessionOutput, GoesBackToTheStartAfterAKillBeforeTheFirstCommit) {
  SimFileSystem disk;
  World world{disk};
  ASSERT_TRUE(disk.create("results.csv").value()->append(as_bytes("was there\n")));
  {
    Session session = world.open(by_hand()).value();
    session.protect_file("results.csv");
    EXPECT_EQ(session.restore().value().generation, 0u);
  }
  ASSERT_TRUE(disk.create("results.csv").value()->append(as_bytes("was there\nand more\n")));
  Session session = world.open(by_hand()).value();
  session.protect_file("results.csv");
  EXPECT_EQ(session.restore().value().generation, 0u);
  EXPECT_EQ(read_file(disk, "results.csv").value(), "was there\n");
  EXPECT_EQ(session.checkpoint().value(), 1u);
}

TEST(SessionOutput, IsNeverSyncedASecondTimeAfterAFailedSync) {
  SimFileSystem disk;
  World world{disk};
  Session session = world.open(by_hand()).value();
  session.protect_file("results.csv");
  session.restore().value();
  auto output = disk.create("results.csv").value();
  ASSERT_TRUE(output->append(as_bytes("first\n")));
  disk.fail_operation(3, EIO);  // open, size, read, sync
  ASSERT_FALSE(session.checkpoint());
  EXPECT_FALSE(session.checkpoint()) << "the line may be lost, though a second sync succeeds";
}

TEST(SessionOutput, FlushesStreamsAtEachCommit) {
  const TempFolder folder;
  Options options = by_hand();
  options.directory = folder.path() / "state.ckpt";
  options.identify_arguments = false;
  const Path lines = folder.path() / "lines", c_lines = folder.path() / "c_lines";
  const auto contents = [](const Path& path) {
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  };
  std::ofstream stream;
  Session session = Session::open(options).value();
  session.protect_file(lines, stream);
  session.protect_file(c_lines);
  session.restore().value();
  stream.open(lines, std::ios::app);
  std::FILE* c_stream = std::fopen(c_lines.c_str(), "a");
  stream << "line\n";
  std::fputs("c line\n", c_stream);
  session.checkpoint().value();
  EXPECT_EQ(contents(lines), "line\n");
  EXPECT_EQ(contents(c_lines), "c line\n");
  std::fclose(c_stream);
}

// ---- policy

TEST(SessionPolicy, CommitsAtEachNthSafePoint) {
  SimFileSystem disk;
  World world{disk};
  Options options = by_hand();
  options.policy.commit_every = 3;
  Session session = world.open(options).value();
  session.restore().value();
  std::vector<std::size_t> generations;
  for (int i = 0; i < 7; ++i) {
    EXPECT_EQ(session.safe_point().value(), Next::proceed);
    generations.push_back(disk.list("state.ckpt").value().size());
  }
  EXPECT_EQ(generations, (std::vector<std::size_t>{0, 0, 1, 1, 1, 2, 2}));
}

TEST(SessionPolicy, CommitsAfterTheIntervalAndNotBefore) {
  SimFileSystem disk;
  World world{disk};
  Session session = world.open({.policy = {.commit_interval = minutes(10)}}).value();
  session.restore().value();
  world.clock.pass(minutes(10) - seconds(1));
  session.safe_point().value();
  EXPECT_EQ(disk.list("state.ckpt").value().size(), 0u);
  world.clock.pass(seconds(1));
  session.safe_point().value();
  EXPECT_EQ(disk.list("state.ckpt").value().size(), 1u);
}

TEST(SessionPolicy, TouchesNoFileWhenNothingIsDue) {
  SimFileSystem disk;
  World world{disk};
  Session session = world.open().value();
  session.protect_file("results.csv");
  session.restore().value();
  const std::size_t before = disk.operations();
  for (int i = 0; i < 1000; ++i) session.safe_point().value();
  EXPECT_EQ(disk.operations(), before);
}

Next leave_due(World world, Leave leave, int* exit_code) {
  Options options = by_hand();
  options.policy.leave_every = 1;
  options.leave = leave;
  Session session = world.open(options).value();
  session.restore().value();
  const Next next = session.safe_point().value();
  EXPECT_EQ(session.leaving(), next == Next::leave);
  EXPECT_EQ(world.disk.list("state.ckpt").value().size(), 1u) << "it is saved in any case";
  *exit_code = session.exit_code();
  return next;
}

TEST(SessionPolicy, LeavesOnlyWhenSomebodyPromisedToRestart) {
  SimFileSystem ad;
  ASSERT_TRUE(ad.create(".job.ad").value()->append(
      as_bytes("MyType = \"Job\"\nsuccesscheckpointexitcode = 85\nWantFTOnCheckpoint = true\n")));
  const auto leaves = [&](std::map<std::string, std::string> variables, Leave leave, int code) {
    SimFileSystem disk = ad;
    World world{disk};
    world.variables = std::move(variables);
    int exit_code = -1;
    const bool left = leave_due(world, leave, &exit_code) == Next::leave;
    EXPECT_EQ(exit_code, code);
    return left;
  };
  EXPECT_FALSE(leaves({}, Leave::when_promised, 0));
  EXPECT_TRUE(leaves({}, Leave::always, 77));
  EXPECT_TRUE(leaves({{"_CONDOR_JOB_AD", ".job.ad"}}, Leave::when_promised, 85));
  EXPECT_FALSE(leaves({{"_CONDOR_JOB_AD", "none"}}, Leave::when_promised, 0));
  EXPECT_FALSE(leaves({{"_CONDOR_JOB_AD", ".job.ad"}}, Leave::never, 0));
  EXPECT_TRUE(leaves({{"_CONDOR_JOB_AD", ".job.ad"}, {"CAIRN_CHECKPOINT_EXIT_CODE", "99"}},
                     Leave::when_promised, 99));
}

TEST(SessionPolicy, SavesNothingMoreOnceItHasSaidLeave) {
  SimFileSystem disk;
  World world{disk};
  Options options = by_hand();
  options.policy.leave_every = 1;
  options.leave = Leave::always;
  Session session = world.open(options).value();
  session.restore().value();
  EXPECT_EQ(session.safe_point().value(), Next::leave);
  EXPECT_EQ(session.safe_point().value(), Next::leave);
  EXPECT_EQ(session.checkpoint().value(), 1u);
  EXPECT_EQ(disk.list("state.ckpt").value().size(), 1u);
}

TEST(SessionPolicy, SavesAndLeavesAtTheSafePointAfterAVacateSignal) {
  SimFileSystem disk;
  World world{disk};
  Options options = by_hand();
  options.vacate_signal = SIGUSR1;
  options.leave = Leave::never;
  Session session = world.open(options).value();
  session.restore().value();
  EXPECT_EQ(session.safe_point().value(), Next::proceed);
  ::raise(SIGUSR1);
  EXPECT_TRUE(session.vacate_requested());
  EXPECT_EQ(disk.list("state.ckpt").value().size(), 0u) << "not in the handler";
  EXPECT_EQ(session.safe_point().value(), Next::leave);
  EXPECT_EQ(disk.list("state.ckpt").value().size(), 1u);
  EXPECT_EQ(session.exit_code(), 77);
}

TEST(SessionPolicy, NeitherSavesNorLeavesInAReferenceRun) {
  SimFileSystem disk;
  World world{disk};
  world.variables = {{"CAIRN_CHECKPOINT", "never"}};
  Options options = each_point();
  options.policy.leave_every = 1;
  options.leave = Leave::always;
  Session session = world.open(options).value();
  session.protect_file("results.csv");
  session.restore().value();
  EXPECT_EQ(session.safe_point().value(), Next::proceed);
  EXPECT_EQ(session.checkpoint().value(), 0u);
  EXPECT_EQ(disk.list("state.ckpt").value().size(), 0u);
}

TEST(SessionPolicy, ReadsThePromiseInAJobAd) {
  EXPECT_EQ(exit_code_in_job_ad("SuccessCheckpointExitCode = 77\n"), 77);
  EXPECT_EQ(exit_code_in_job_ad("  SUCCESSCHECKPOINTEXITCODE=77\r\nA = 1"), 77);
  EXPECT_EQ(exit_code_in_job_ad("SuccessCheckpointExitCode = 77\nWantFTOnCheckpoint = False\n"),
            std::nullopt);
  for (const char* ad : {"", "SuccessCheckpointExitCode = 0", "SuccessCheckpointExitCode = 256",
                         "SuccessCheckpointExitCode = undefined", "XSuccessCheckpointExitCode = 7"})
    EXPECT_EQ(exit_code_in_job_ad(ad), std::nullopt) << ad;
}

TEST(Progress, IsWrittenAtMostEvery250Milliseconds) {
  SimFileSystem disk;
  World world{disk};
  world.variables = {{"CAIRN_PROGRESS", "progress"}};
  Session session = world.open(by_hand()).value();
  session.progress(0.42126);
  EXPECT_EQ(read_file(disk, "progress").value(), "0.4213\n");
  session.progress(0.5);
  EXPECT_EQ(read_file(disk, "progress").value(), "0.4213\n");
  world.clock.pass(std::chrono::milliseconds(250));
  session.progress(7);
  EXPECT_EQ(read_file(disk, "progress").value(), "1.0000\n");
}

// Else the next one would be generation 0, which holds no regions.
TEST(SessionNumbers, AreAnErrorWhenTheyAreUsedUp) {
  SimFileSystem disk;
  World world{disk};
  ASSERT_TRUE(disk.make_folder("state.ckpt"));
  int i = 1;
  const auto open = [&] {
    Session session = world.open(by_hand()).value();
    session.protect("i", i);
    session.restore().value();
    return session;
  };
  open().checkpoint().value();
  ASSERT_TRUE(disk.create("state.ckpt/gen-18446744073709551615.cairn"));
  const auto checkpoint = open().checkpoint();
  ASSERT_FALSE(checkpoint);
  EXPECT_NE(checkpoint.error().hint.find("remove that file"), std::string::npos);
}

TEST(SessionNames, AreNeverEmpty) {
  SimFileSystem disk;
  World world{disk};
  Options options = by_hand();
  options.identity = {{"", "value"}};
  EXPECT_EQ(world.open(options).error().code, Errc::invalid);
  Session session = world.open(by_hand()).value();
  EXPECT_EQ(session.protect_region("", nullptr).error().code, Errc::misuse);
  EXPECT_EQ(session.protect_flushed_file("", {}).error().code, Errc::misuse);
  session.restore().value();
  EXPECT_THROW(session.loop("", 0, 3), Failure);
}

}  // namespace
}  // namespace cairn::testing
