// The one sentence that all of Cairn rests on: after any crash, restore() yields exactly
// one committed generation, never older than the newest that was acknowledged, and the
// output file is as it was then.  Each canary breaks one rule and must be seen.
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <map>

#include "base/text.h"
#include "base/try.h"
#include "format/generation.h"
#include "session/session_fixture.h"

namespace cairn::testing {
namespace {

constexpr std::int64_t kSteps = 3;

// A program whose state after `i` steps is known, and which prints a line at each.
struct Program {
  std::int64_t i = -7;
  std::vector<double> field = {-1, -1};
  std::string text = "not restored";

  static Program after(std::int64_t steps) {
    Program program{0, {}, ""};
    while (program.i < steps) program.step();
    return program;
  }
  void step() {
    ++i;
    work();
  }
  void work() {
    field.push_back(1.0 / static_cast<double>(1 + field.size()));
    text += cat(field.size(), ' ');
  }
  static std::string output(std::int64_t steps) {
    std::string lines;
    for (std::int64_t i = 1; i <= steps; ++i) lines += cat("line ", i, '\n');
    return lines;
  }
  friend bool operator==(const Program&, const Program&) = default;
};

void protect(Session& session, Program& program) {
  session.protect("i", program.i);
  session.protect("field", program.field);
  session.protect("text", program.text);
  session.protect_file("out.csv");
}

enum class Fault { none, off_by_one };

// Runs the program from where it stands and commits after each step.  Returns the newest
// generation that was acknowledged, 0 for none.
//   seen  how the library sees the disk; the program itself sees it as it is
struct Run {
  std::uint64_t acknowledged = 0;
  bool ended = false;
};
Status run(SimFileSystem& disk, FileSystem& seen, Fault fault, bool keep_on, Run& result) {
  World world{seen};
  CAIRN_TRY(Session session, world.open(by_hand()));
  Program program = Program::after(0);
  protect(session, program);
  CAIRN_CHECK(session.restore());
  CAIRN_TRY(const auto output, disk.append_to("out.csv"));
  while (program.i < kSteps) {
    const std::string line = cat("line ", program.i + 1, '\n');
    CAIRN_CHECK(output->append(as_bytes(line)));
    if (fault == Fault::off_by_one) {
      ++program.i;  // the safe point lies in the middle of the step
    } else {
      program.step();
    }
    const auto generation = session.checkpoint();
    if (generation) result.acknowledged = *generation;
    if (!generation && !keep_on) return generation.error();
    if (fault == Fault::off_by_one) program.work();
  }
  result.ended = true;
  return {};
}
Run run(SimFileSystem& disk, FileSystem& seen, Fault fault = Fault::none, bool keep_on = false) {
  Run result;
  static_cast<void>(run(disk, seen, fault, keep_on, result).has_value());
  return result;
}
Run run(SimFileSystem& disk) { return run(disk, disk); }

// What a program finds that starts on this disk; empty if all is right.
std::string fault_after(SimFileSystem& disk, std::uint64_t acknowledged) {
  World world{disk};
  auto session = world.open(by_hand());
  if (!session) return session.error().text();
  Program program;
  protect(*session, program);
  const auto restored = session->restore();
  if (!restored) return restored.error().text();
  const std::uint64_t generation = restored->generation;
  if (generation < acknowledged)
    return cat("generation ", acknowledged, " was acknowledged, ", generation, " came back");
  const auto output = read_file(disk, "out.csv");
  if (generation == 0) {
    if (output && !output->empty()) return "a first start finds output: " + *output;
    return program == Program{} ? "" : "a first start changed the state";
  }
  // The generations were committed one at each step, failed ones may have used up a number.
  if (program.i < 0 || program.i > kSteps || program != Program::after(program.i))
    return cat("generation ", generation, " holds no state that ever was: i = ", program.i);
  if (!output || *output != Program::output(program.i))
    return cat("output is not that of step ", program.i, ": ", output ? *output : "missing");
  return "";
}

// How the program sees the disk; nothing: as it is.
using View = std::function<std::unique_ptr<FileSystem>(SimFileSystem&)>;
std::unique_ptr<FileSystem> as_it_is(SimFileSystem&) { return nullptr; }

// Cuts the power after every operation, in every way; the first thing wrong, or nothing.
std::string first_fault(Fault fault, const View& view) {
  std::string first;
  for_each_crash(
      SimFileSystem(),
      [&](SimFileSystem& disk) {
        if (!first.empty()) return std::uint64_t{0};  // ends the search
        const auto seen = view(disk);
        return run(disk, seen ? *seen : disk, fault).acknowledged;
      },
      [&](SimFileSystem& disk, std::uint64_t acknowledged) {
        if (first.empty()) first = fault_after(disk, acknowledged);
      });
  return first;
}

TEST(SessionCrash, NeverLosesAnAcknowledgedGenerationNorMixesTwo) {
  EXPECT_EQ(first_fault(Fault::none, as_it_is), "");
}

TEST(SessionCrash, IsCaughtWithoutFileSync) {
  const auto liar = [](SimFileSystem& copy) -> std::unique_ptr<FileSystem> {
    copy.lie_about_file_sync();
    return nullptr;
  };
  EXPECT_NE(first_fault(Fault::none, liar), "");
}

TEST(SessionCrash, IsCaughtWithoutFolderSync) {
  const auto liar = [](SimFileSystem& copy) -> std::unique_ptr<FileSystem> {
    copy.lie_about_folder_sync();
    return nullptr;
  };
  EXPECT_NE(first_fault(Fault::none, liar), "");
}

TEST(SessionCrash, IsCaughtWhenTheSafePointLiesInsideTheStep) {
  EXPECT_NE(first_fault(Fault::off_by_one, as_it_is), "");
}

// The disk below, as the session sees it: canaries change one thing.
class Passing : public FileSystem {
 public:
  explicit Passing(FileSystem& below) : below_(below) {}

  Result<std::unique_ptr<File>> create(const Path& path, unsigned mode) override {
    return below_.create(path, mode);
  }
  Result<std::unique_ptr<File>> open(const Path& path) override { return below_.open(path); }
  Result<FileInfo> info(const Path& path) override { return below_.info(path); }
  Status truncate(const Path& path, std::uint64_t n) override { return below_.truncate(path, n); }
  Status set_mode(const Path& path, unsigned mode) override { return below_.set_mode(path, mode); }
  Result<std::vector<std::string>> list(const Path& path) override { return below_.list(path); }
  Status make_folder(const Path& path) override { return below_.make_folder(path); }
  Status link(File& file, const Path& to) override { return below_.link(file, to); }
  Status rename(const Path& from, const Path& to) override { return below_.rename(from, to); }
  Status remove(const Path& path) override { return below_.remove(path); }
  Status sync_directory(const Path& path) override { return below_.sync_directory(path); }

 private:
  FileSystem& below_;
};

// The session's sync of the output file does nothing.
class OutputIsNotSynced final : public Passing {
 public:
  using Passing::Passing;
  Result<std::unique_ptr<File>> open(const Path& path) override {
    CAIRN_TRY(auto file, Passing::open(path));
    if (path == "out.csv") return std::unique_ptr<File>(new Unsynced(std::move(file)));
    return file;
  }

 private:
  class Unsynced final : public File {
   public:
    explicit Unsynced(std::unique_ptr<File> below) : below_(std::move(below)) {}
    Status append(Bytes bytes) override { return below_->append(bytes); }
    Result<std::size_t> read_at(std::uint64_t offset, MutableBytes into) override {
      return below_->read_at(offset, into);
    }
    Result<std::uint64_t> size() override { return below_->size(); }
    Status sync() override { return {}; }
    Status close() override { return below_->close(); }

   private:
    std::unique_ptr<File> below_;
  };
};

class OutputIsNotCutBack final : public Passing {
 public:
  using Passing::Passing;
  Status truncate(const Path&, std::uint64_t) override { return {}; }
};

TEST(SessionCrash, IsCaughtWhenTheOutputIsNotSyncedBeforeTheCommit) {
  const auto careless = [](SimFileSystem& copy) -> std::unique_ptr<FileSystem> {
    return std::make_unique<OutputIsNotSynced>(copy);
  };
  EXPECT_NE(first_fault(Fault::none, careless), "");
}

// Counts what would write to a committed generation: the engine keeps links to them.
class WatchesCommitted final : public Passing {
 public:
  using Passing::Passing;
  Result<std::unique_ptr<File>> create(const Path& path, unsigned mode) override {
    note(path);
    return Passing::create(path, mode);
  }
  Status truncate(const Path& path, std::uint64_t bytes) override {
    note(path);
    return Passing::truncate(path, bytes);
  }
  Status set_mode(const Path& path, unsigned mode) override {
    note(path);
    return Passing::set_mode(path, mode);
  }
  int touched = 0;

 private:
  void note(const Path& path) {
    if (parse_generation_file_name(path.filename().native())) ++touched;
  }
};

TEST(Session, NeverWritesToACommittedGeneration) {
  for (const int sys_errno : {EIO, ENOSPC}) {
    const auto work = [](SimFileSystem& disk) {
      WatchesCommitted watched(disk);
      for (int sessions = 0; sessions < 2; ++sessions)
        run(disk, watched, Fault::none, /*keep_on=*/true);
      return watched.touched;
    };
    for_each_failure(SimFileSystem(), sys_errno, work,
                     [](SimFileSystem&, int touched) { EXPECT_EQ(touched, 0); });
  }
  SimFileSystem disk;
  WatchesCommitted canary(disk);
  std::ignore = canary.create("state.ckpt/gen-000001.cairn", 0444);
  EXPECT_EQ(canary.touched, 1);
}

// ---- a chain of sessions: each starts on what a crash of the one before has left

struct Start {
  SimFileSystem disk;
  std::uint64_t acknowledged = 0;
};

// At most `count` of them, spread evenly.
std::vector<Start> some(const std::map<std::string, Start>& starts, std::size_t count) {
  std::vector<Start> chosen;
  const std::size_t step = starts.size() / count + 1;
  std::size_t number = 0;
  for (const auto& [description, start] : starts)
    if (number++ % step == 0) chosen.push_back(start);
  return chosen;
}

// The first thing wrong in three sessions after each other, each cut after every operation, in
// every way; of the disks that it leaves, some are where the next one starts.
std::string first_fault_of_a_chain(const View& view) {
  std::vector<Start> starts(1);
  std::string first;
  for (int session = 1; session <= 3 && first.empty(); ++session) {
    std::map<std::string, Start> left;
    for (const Start& start : starts) {
      const auto work = [&](SimFileSystem& disk) {
        const auto seen = view(disk);
        return std::max(start.acknowledged, run(disk, seen ? *seen : disk).acknowledged);
      };
      const auto check = [&](SimFileSystem& disk, std::uint64_t acknowledged) {
        left.try_emplace(cat(acknowledged, disk.describe()), Start{disk, acknowledged});
        if (const auto fault = fault_after(disk, acknowledged); !fault.empty())
          first = cat("session ", session, ": ", fault);
        return first.empty();
      };
      for_each_crash(start.disk, work, check);
      if (!first.empty()) break;
    }
    starts = some(left, 8);
  }
  return first;
}

TEST(SessionChainCrash, NeverLosesAGenerationNorALineOverManySessions) {
  EXPECT_EQ(first_fault_of_a_chain(as_it_is), "");
}

TEST(SessionChainCrash, IsCaughtWhenTheOutputIsNotSyncedBeforeTheCommit) {
  const auto careless = [](SimFileSystem& disk) -> std::unique_ptr<FileSystem> {
    return std::make_unique<OutputIsNotSynced>(disk);
  };
  EXPECT_NE(first_fault_of_a_chain(careless), "");
}

// One session alone does not show it: only the next one appends to what was not cut off.
TEST(SessionChainCrash, IsCaughtWhenTheOutputIsNotCutBack) {
  const auto careless = [](SimFileSystem& disk) -> std::unique_ptr<FileSystem> {
    return std::make_unique<OutputIsNotCutBack>(disk);
  };
  EXPECT_EQ(first_fault(Fault::none, careless), "");
  EXPECT_NE(first_fault_of_a_chain(careless), "");
}

TEST(SessionCrash, KeepsThePreviousGenerationWhenAnyOperationFails) {
  for (const int error : {EIO, ENOSPC}) {
    const std::size_t failures = for_each_failure(
        SimFileSystem(), error, [](SimFileSystem& disk) { return run(disk).acknowledged; },
        [](SimFileSystem& disk, std::uint64_t acknowledged) {
          SimFileSystem after = disk;
          EXPECT_EQ(fault_after(after, acknowledged), "") << disk.describe();
        });
    EXPECT_GT(failures, 40u);
  }
}

// The program runs on after an error; what it is told later must be true all the same.
TEST(SessionCrash, IsRightAboutLaterCommitsAfterAnyOperationFailed) {
  for (const int error : {EIO, ENOSPC})
    for_each_failure(
        SimFileSystem(), error,
        [](SimFileSystem& disk) {
          return run(disk, disk, Fault::none, /*keep_on=*/true).acknowledged;
        },
        [](SimFileSystem& disk, std::uint64_t acknowledged) {
          disk.for_each_crash_state([&](SimFileSystem& after) {
            EXPECT_EQ(fault_after(after, acknowledged), "") << after.describe();
          });
        });
}

TEST(SessionCrash, TriesAgainAtTheNextSafePointAfterAFullDisk) {
  SimFileSystem disk;
  World world{disk};
  Session session = world.open(each_point()).value();
  std::int64_t i = 1;
  session.protect("i", i);
  session.restore().value();
  disk.fail_operation(2, ENOSPC);
  const auto failed = session.safe_point();
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, Errc::no_space);
  EXPECT_TRUE(session.safe_point());
}

// Damages the newest of two generations in every way of a sample; restore() must say so and
// take the older.
TEST(SessionDamage, SkipsADamagedNewestGenerationAndReportsIt) {
  SimFileSystem disk;
  const Path newest = Path("state.ckpt") / "gen-000003.cairn";
  ASSERT_EQ(run(disk).acknowledged, 3u);
  disk.settle();
  const std::uint64_t bytes = disk.info(newest).value().bytes;
  const auto expect_older = [&](SimFileSystem copy, const std::string& how) {
    World world{copy};
    Session session = world.open(by_hand()).value();
    Program program;
    protect(session, program);
    const Restored restored = session.restore().value();
    EXPECT_EQ(restored.generation, 2u) << how;
    EXPECT_EQ(restored.skipped.size(), 1u) << how;
    EXPECT_EQ(program, Program::after(2)) << how;
    EXPECT_EQ(read_file(copy, "out.csv").value(), Program::output(2)) << how;
    EXPECT_EQ(session.checkpoint().value(), 4u) << "a damaged number is used up";
    EXPECT_TRUE(copy.info("state.ckpt/gen-000002.cairn")) << "2 and 4 are the good ones";
  };
  for (std::uint64_t at = 0; at < bytes; at += 1 + at / 200) {
    SimFileSystem cut = disk;
    ASSERT_TRUE(cut.truncate(newest, at));
    expect_older(cut, cat("cut at ", at));
    SimFileSystem flipped = disk;
    flipped.flip(newest, bytes - 1 - at);
    expect_older(flipped, cat("flipped at ", bytes - 1 - at));
  }
}

TEST(SessionDamage, IsAnErrorAndNoFirstStartWhenNoGenerationVerifies) {
  SimFileSystem disk;
  run(disk);
  const auto names = disk.list("state.ckpt").value();
  for (const std::string& name : names) disk.flip(Path("state.ckpt") / name, 100);
  World world{disk};
  Session session = world.open(by_hand()).value();
  Program program;
  protect(session, program);
  const auto restored = session.restore();
  ASSERT_FALSE(restored);
  EXPECT_EQ(restored.error().code, Errc::corrupt);
  EXPECT_EQ(program, Program{});
}

}  // namespace
}  // namespace cairn::testing
