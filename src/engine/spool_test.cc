#include "engine/spool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <cstdlib>
#include <map>

#include "base/text.h"
#include "base/try.h"
#include "engine/spool_manifest.h"
#include "format/generation.h"
#include "support/sim_filesystem.h"
#include "support/temp_folder.h"

namespace cairn::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// A checkpoint's files by name; a name that ends in '/' is a folder.
using Contents = std::map<std::string, std::string>;

class TextFile final : public File {
 public:
  explicit TextFile(std::string text) : text_(std::move(text)) {}
  Status append(Bytes) override { return system_error("write", "text", EBADF); }
  Result<std::size_t> read_at(std::uint64_t offset, MutableBytes into) override {
    if (offset >= text_.size()) return std::size_t{0};
    return text_.copy(reinterpret_cast<char*>(into.data()), into.size(), offset);
  }
  Result<std::uint64_t> size() override { return std::uint64_t{text_.size()}; }
  Status sync() override { return {}; }
  Status close() override { return {}; }

 private:
  std::string text_;
};

std::vector<SpoolItem> items_of(const Contents& contents) {
  std::vector<SpoolItem> items;
  for (const auto& [name, text] : contents) {
    if (name.ends_with('/')) {
      items.push_back({name.substr(0, name.size() - 1), 0755, true, {}});
      continue;
    }
    items.push_back({name, 0644, false, [text = text] {
                       return Result<std::unique_ptr<File>>(std::make_unique<TextFile>(text));
                     }});
  }
  return items;
}

// What a restart would find in the checkpoint's folder, the MANIFEST left out.
Contents read_back(FileSystem& files, const Path& folder, const std::string& prefix = "") {
  Contents found;
  for (const std::string& name : files.list(folder).value()) {
    const Path path = folder / name;
    if (files.info(path).value().kind == FileInfo::Kind::folder) {
      found[prefix + name + "/"] = "";
      found.merge(read_back(files, path, prefix + name + "/"));
    } else if (prefix + name != kSpoolManifestName) {
      found[prefix + name] = read_file(files, path).value();
    }
  }
  return found;
}

// Different in every file, and two blocks long in one.
Contents generation(int number) {
  const std::string mark = cat("generation ", number, "\n");
  std::string large;
  while (large.size() < 5000) large += mark;
  return {{"state", mark}, {"data/", ""}, {"data/field", large}, {"empty/", ""}};
}

SimFileSystem empty_disk() {
  SimFileSystem disk;
  disk.make_folder("job").value();
  disk.settle();
  return disk;
}

class SpoolTest : public ::testing::Test {
 protected:
  SpooledCheckpoint commit(int number) {
    return spool_.commit(number, items_of(generation(number))).value();
  }
  Spool::Newest newest() { return Spool(disk_, "job/spool").newest().value(); }
  std::vector<std::string> folders() { return disk_.list("job/spool").value(); }

  SimFileSystem disk_ = empty_disk();
  Spool spool_{disk_, "job/spool"};
};

TEST_F(SpoolTest, GivesBackWhatWasCommitted) {
  const SpooledCheckpoint committed = commit(0);
  EXPECT_EQ(committed.number, 0);
  EXPECT_EQ(committed.folder, "job/spool/000000");
  EXPECT_THAT(committed.files, ElementsAre("data/field", "state"));
  const Spool::Newest found = newest();
  ASSERT_TRUE(found.checkpoint);
  EXPECT_EQ(found.checkpoint->number, 0);
  EXPECT_EQ(found.checkpoint->folder, committed.folder);
  EXPECT_EQ(found.checkpoint->bytes, committed.bytes);
  EXPECT_EQ(found.checkpoint->files, committed.files);
  EXPECT_EQ(found.last_number, 0);
  EXPECT_THAT(found.skipped, IsEmpty());
  EXPECT_EQ(read_back(disk_, committed.folder), generation(0));
}

TEST_F(SpoolTest, AnEmptySpoolHasNoCheckpointAndIsNoError) {
  const Spool::Newest found = newest();
  EXPECT_FALSE(found.checkpoint);
  EXPECT_EQ(found.last_number, -1);
  EXPECT_THAT(found.skipped, IsEmpty());
}

TEST_F(SpoolTest, ACheckpointMayHaveNoFiles) {
  spool_.commit(0, {}).value();
  EXPECT_EQ(newest().checkpoint->number, 0);
}

TEST_F(SpoolTest, KeepsModes) {
  auto items = items_of({{"run", "x"}, {"private/", ""}});
  items[0].mode = 0550;  // a folder that could not be removed again
  items[1].mode = 0755;
  spool_.commit(0, items).value();
  EXPECT_EQ(disk_.info("job/spool/000000/run").value().mode, 0755U);
  EXPECT_EQ(disk_.info("job/spool/000000/private").value().mode, 0750U);
}

TEST_F(SpoolTest, MakesTheFoldersThatANameNeeds) {
  spool_.commit(0, items_of({{"a/b/c", "deep"}})).value();
  EXPECT_EQ(read_file(disk_, "job/spool/000000/a/b/c").value(), "deep");
}

TEST_F(SpoolTest, KeepsTheNewestTwo) {
  for (int number = 0; number < 5; ++number) commit(number);
  EXPECT_THAT(folders(), ElementsAre("000003", "000004"));
}

TEST_F(SpoolTest, NumbersOnlyGrow) {
  commit(3);
  for (const int number : {3, 2, 0, -1})
    EXPECT_EQ(spool_.commit(number, {}).error().code, Errc::misuse) << number;
  commit(7);
  EXPECT_EQ(newest().last_number, 7);
}

TEST_F(SpoolTest, SortsNumbersAsNumbers) {
  commit(999999);
  commit(1000000);
  EXPECT_EQ(newest().checkpoint->number, 1000000);
}

TEST_F(SpoolTest, FallsBackToTheOneBeforeADamagedOneAndSaysSo) {
  commit(0);
  commit(1);
  disk_.flip("job/spool/000001/data/field", 4500);
  const Spool::Newest found = newest();
  EXPECT_EQ(found.checkpoint->number, 0);
  EXPECT_EQ(found.last_number, 1);
  ASSERT_THAT(found.skipped, SizeIs(1));
  EXPECT_EQ(found.skipped[0].code, Errc::corrupt);
  EXPECT_THAT(found.skipped[0].message, AllOf(HasSubstr("000001"), HasSubstr("data/field")));
  EXPECT_EQ(spool_.commit(1, {}).error().code, Errc::misuse) << "a damaged number is used up";
}

TEST_F(SpoolTest, NoticesMissingAndAdditionalFiles) {
  commit(0);
  commit(1);
  disk_.remove("job/spool/000001/state").value();
  EXPECT_THAT(newest().skipped.at(0).message, HasSubstr("state: is missing"));
  commit(2);
  disk_.create("job/spool/000002/data/more").value();
  EXPECT_THAT(newest().skipped.at(0).message, HasSubstr("data/more: is not in the MANIFEST"));
  commit(3);
  disk_.remove("job/spool/000003/MANIFEST").value();
  EXPECT_THAT(newest().skipped.at(0).message, HasSubstr("MANIFEST"));
}

TEST_F(SpoolTest, EveryFlippedByteOfACheckpointIsNoticed) {
  spool_.commit(0, items_of({{"a", "alpha"}, {"b/c", "beta"}})).value();
  for (const char* name : {"a", "b/c", "MANIFEST"}) {
    const Path path = Path("job/spool/000000") / name;
    const std::uint64_t bytes = disk_.info(path).value().bytes;
    for (std::uint64_t offset = 0; offset < bytes; ++offset) {
      disk_.flip(path, offset);
      EXPECT_FALSE(newest().checkpoint) << name << " at " << offset;
      disk_.flip(path, offset);
    }
  }
  EXPECT_TRUE(newest().checkpoint);
}

TEST_F(SpoolTest, EveryShortenedFileOfACheckpointIsNoticed) {
  spool_.commit(0, items_of({{"a", "alpha"}})).value();
  disk_.settle();
  for (const char* name : {"a", "MANIFEST"}) {
    const Path path = Path("job/spool/000000") / name;
    for (std::uint64_t bytes = disk_.info(path).value().bytes; bytes-- > 0;) {
      SimFileSystem torn = disk_;
      torn.truncate(path, bytes).value();
      EXPECT_FALSE(Spool(torn, "job/spool").newest().value().checkpoint) << name << " of " << bytes;
    }
  }
}

// Checkpoint 1 is damaged, and each commit is another process's.
TEST_F(SpoolTest, ADamagedCheckpointNeverPushesOutAGoodOne) {
  commit(0);
  commit(1);
  disk_.flip("job/spool/000001/state", 0);
  Spool(disk_, "job/spool").commit(2, items_of(generation(2))).value();
  EXPECT_THAT(folders(), ElementsAre("000000", "000001", "000002"));
  disk_.flip("job/spool/000002/state", 0);
  EXPECT_EQ(newest().checkpoint->number, 0);
  Spool(disk_, "job/spool").commit(3, items_of(generation(3))).value();
  Spool(disk_, "job/spool").commit(4, items_of(generation(4))).value();
  EXPECT_THAT(folders(), ElementsAre("000003", "000004"));
}

TEST_F(SpoolTest, RemovesWhatUnfinishedCommitsLeft) {
  commit(0);
  disk_.make_folder("job/spool/000001.tmp").value();
  disk_.create("job/spool/000001.tmp/state").value();
  EXPECT_EQ(newest().last_number, 0);
  EXPECT_THAT(folders(), ElementsAre("000000"));
}

TEST_F(SpoolTest, RefusesNamesThatItCannotKeep) {
  for (const char* name : {"", "/etc/passwd", "../up", "a/../b", "a//b", "./a", "a/", "MANIFEST"}) {
    std::vector<SpoolItem> items = items_of({{"x", "text"}});
    items[0].name = name;
    EXPECT_EQ(spool_.commit(0, items).error().code, Errc::invalid) << name;
  }
  auto twice = items_of({{"x", "text"}});
  twice.push_back(twice[0]);
  EXPECT_THAT(spool_.commit(0, twice).error().message, HasSubstr("x: is listed twice"));
  EXPECT_FALSE(newest().checkpoint);
  // Only at the top does the name mean something.
  EXPECT_TRUE(spool_.commit(0, items_of({{"leveldb/MANIFEST", "text"}})));
  EXPECT_TRUE(newest().checkpoint);
}

TEST_F(SpoolTest, AFileThatCannotBeOpenedLeavesEverythingAsItWas) {
  commit(0);
  auto items = items_of({{"a", "text"}, {"b", "text"}});
  items[1].open = []() -> Result<std::unique_ptr<File>> {
    return system_error("open", "b", ENOENT);
  };
  EXPECT_EQ(spool_.commit(1, items).error().message, "open b: No such file or directory");
  EXPECT_THAT(folders(), ElementsAre("000000"));
}

TEST_F(SpoolTest, AReadErrorOfTheProcessIsNoDamage) {
  commit(0);
  commit(1);
  for_each_failure(
      disk_, EMFILE, [](SimFileSystem& disk) { return Spool(disk, "job/spool").newest(); },
      [](SimFileSystem&, const Result<Spool::Newest>& found) {
        EXPECT_TRUE(!found || found->checkpoint->number == 1);
      });
}

TEST_F(SpoolTest, ASectorThatCannotBeReadIsDamageAndIsReported) {
  commit(0);
  commit(1);
  for_each_failure(
      disk_, EIO, [](SimFileSystem& disk) { return Spool(disk, "job/spool").newest(); },
      [](SimFileSystem&, const Result<Spool::Newest>& found) {
        if (!found) return;
        EXPECT_EQ(found->checkpoint->number + static_cast<int>(found->skipped.size()), 1);
        EXPECT_EQ(found->last_number, 1);
      });
}

TEST_F(SpoolTest, ASuspectIsNotFoundAndStaysUntilTwoNewerOnesAreGood) {
  commit(0);
  commit(1);
  EXPECT_EQ(spool_.set_aside(1).value(), Spool::SetAside::yes);
  EXPECT_EQ(newest().checkpoint->number, 0);
  EXPECT_EQ(newest().last_number, 1) << "its number is used";
  EXPECT_EQ(spool_.commit(1, {}).error().code, Errc::misuse);
  commit(2);
  EXPECT_THAT(folders(), ElementsAre("000000", "000001.suspect", "000002"));
  commit(3);
  EXPECT_THAT(folders(), ElementsAre("000002", "000003"));
}

TEST_F(SpoolTest, ASuspectComesBackWhenItIsRecalled) {
  commit(0);
  commit(1);
  spool_.set_aside(1).value();
  spool_.recall().value();
  spool_.recall().value();
  EXPECT_EQ(newest().checkpoint->number, 1);
  EXPECT_EQ(read_back(disk_, newest().checkpoint->folder), generation(1));
}

TEST_F(SpoolTest, TheOnlyGoodCheckpointIsNotSetAside) {
  commit(0);
  EXPECT_EQ(spool_.set_aside(0).value(), Spool::SetAside::no);
  commit(1);
  disk_.flip("job/spool/000000/state", 0);
  EXPECT_EQ(spool_.set_aside(1).value(), Spool::SetAside::no);
  EXPECT_EQ(spool_.set_aside(7).value(), Spool::SetAside::no);
  EXPECT_EQ(newest().checkpoint->number, 1);
}

TEST_F(SpoolTest, DropLeavesNothing) {
  commit(0);
  commit(1);
  spool_.drop().value();
  spool_.drop().value();
  EXPECT_THAT(disk_.list("job").value(), IsEmpty());
  commit(2);
  EXPECT_EQ(newest().checkpoint->number, 2);
}

// --- power cuts -------------------------------------------------------------------

constexpr int kCommits = 3;

// Small files are kept in memory until they are made durable, large ones are copied when taken.
constexpr std::uint64_t kAllInMemory = 1 << 20, kNothingInMemory = 0;

// Commits again and again; returns the last number that was acknowledged.
int commit_some(FileSystem& disk, std::uint64_t memory_bytes) {
  Spool spool(disk, "job/spool", 2, memory_bytes);
  int acknowledged = -1;
  for (int number = 0; number < kCommits; ++number)
    if (spool.commit(number, items_of(generation(number)))) acknowledged = number;
  return acknowledged;
}

// The oracle: newest() yields a checkpoint that was committed, bit for bit, never one
// earlier than the last acknowledged.  Empty, or what is wrong.
std::string complaint(SimFileSystem& disk, int acknowledged) {
  auto found = Spool(disk, "job/spool").newest();
  if (!found) return "newest() fails: " + found.error().text();
  if (!found->checkpoint) return acknowledged < 0 ? "" : "all is lost";
  const int number = found->checkpoint->number;
  if (number < acknowledged) return cat("yields ", number, " after ", acknowledged);
  if (read_back(disk, found->checkpoint->folder) != generation(number)) return "yields a mixture";
  // The road goes on from there.
  Spool next(disk, "job/spool");
  const int last = found->last_number;
  if (!next.commit(last + 1, items_of(generation(last + 1)))) return "takes no further checkpoint";
  return {};
}

// The first complaint at any power cut, with the disk; empty if there is none.
std::string first_complaint(const SimFileSystem& start, std::uint64_t memory_bytes = kAllInMemory) {
  std::string first;
  const auto work = [&](FileSystem& disk) { return commit_some(disk, memory_bytes); };
  for_each_crash(start, work, [&](SimFileSystem& disk, int acknowledged) {
    const SimFileSystem before = disk;
    first = complaint(disk, acknowledged);
    if (!first.empty()) first += "\n" + before.describe();
    return first.empty();
  });
  return first;
}

TEST(SpoolCrash, NeverLosesAnAcknowledgedCheckpoint) {
  EXPECT_EQ(first_complaint(empty_disk(), kAllInMemory), "");
  EXPECT_EQ(first_complaint(empty_disk(), kNothingInMemory), "");
}

TEST(SpoolCrash, CanaryWithoutFileSyncIsCaught) {
  SimFileSystem disk = empty_disk();
  disk.lie_about_file_sync();
  EXPECT_NE(first_complaint(disk, kAllInMemory), "");
  EXPECT_NE(first_complaint(disk, kNothingInMemory), "");
}

TEST(SpoolCrash, CanaryWithoutFolderSyncIsCaught) {
  SimFileSystem disk = empty_disk();
  disk.lie_about_folder_sync();
  EXPECT_NE(first_complaint(disk), "");
}

const Contents kHello{{"state", "hello"}};

// A commit as others write it, with one step left out or misplaced.
struct Careless {
  bool syncs_the_inner_folder = true;
  bool syncs_the_outer_folder = true;
  bool renames = true;  // else it writes in place
  bool manifest_last = true;

  int operator()(SimFileSystem& disk) const { return publish(disk) ? 0 : -1; }

  Status publish(SimFileSystem& disk) const {
    const Path target = "job/spool/000000";
    const Path folder = renames ? Path("job/spool/000000.tmp") : target;
    Sha256 hash;
    hash.add(as_bytes("hello"));
    const std::string manifest = encode_spool_manifest({{"state", hash.hex()}});
    const auto write = [&](const Path& name, const std::string& text) -> Status {
      CAIRN_TRY(auto file, disk.create(folder / name));
      CAIRN_CHECK(file->append(as_bytes(text)));
      return file->sync();
    };
    CAIRN_CHECK(disk.make_folder("job/spool"));
    CAIRN_CHECK(disk.sync_directory("job"));
    CAIRN_CHECK(disk.make_folder(folder));
    if (!manifest_last) CAIRN_CHECK(write("MANIFEST", manifest));
    CAIRN_CHECK(write("state", "hello"));
    if (manifest_last) CAIRN_CHECK(write("MANIFEST", manifest));
    if (syncs_the_inner_folder) CAIRN_CHECK(disk.sync_directory(folder));
    if (renames) CAIRN_CHECK(disk.rename(folder, target));
    return syncs_the_outer_folder ? disk.sync_directory("job/spool") : Status();
  }
};

// The reader that Spool is: a checkpoint was acknowledged and is not to be had.
std::size_t losses(const Careless& commit) {
  std::size_t lost = 0;
  for_each_crash(empty_disk(), commit, [&](SimFileSystem& disk, int acknowledged) {
    const auto found = Spool(disk, "job/spool").newest().value();
    if (acknowledged == 0 && !found.checkpoint) ++lost;
    EXPECT_TRUE(!found.checkpoint || read_back(disk, found.checkpoint->folder) == kHello);
  });
  return lost;
}

// A reader who believes a folder that has a MANIFEST.
std::size_t torn_for_a_trusting_reader(const Careless& commit) {
  std::size_t torn = 0;
  for_each_crash(empty_disk(), commit, [&](SimFileSystem& disk, int) {
    if (!disk.info("job/spool/000000/MANIFEST")) return;
    if (read_back(disk, "job/spool/000000") != kHello) ++torn;
  });
  return torn;
}

TEST(SpoolCrash, CanariesThatLeaveOutAFolderSyncAreCaught) {
  EXPECT_EQ(losses({}), 0U);
  EXPECT_GT(losses({.syncs_the_inner_folder = false}), 0U);
  EXPECT_GT(losses({.syncs_the_outer_folder = false}), 0U);
}

// Why both: the rename protects him who does not verify, the checksums him who does.
TEST(SpoolCrash, CanariesThatWriteInPlaceAreTornUnlessTheReaderVerifies) {
  EXPECT_EQ(torn_for_a_trusting_reader({}), 0U);
  EXPECT_GT(torn_for_a_trusting_reader({.renames = false}), 0U);
  EXPECT_GT(torn_for_a_trusting_reader({.renames = false, .manifest_last = false}), 0U);
  EXPECT_EQ(losses({.renames = false, .manifest_last = false}), 0U);
}

TEST(SpoolCrash, SettingAsideAndRecallingLoseNothing) {
  SimFileSystem start = empty_disk();
  Spool both(start, "job/spool");
  for (const int number : {0, 1}) both.commit(number, items_of(generation(number))).value();
  start.settle();
  const auto work = [](SimFileSystem& disk) {
    Spool spool(disk, "job/spool");
    return spool.set_aside(1) && spool.recall();
  };
  for_each_crash(start, work, [](SimFileSystem& disk, bool) {
    EXPECT_EQ(complaint(disk, 0), "") << disk.describe();
    Spool(disk, "job/spool").recall().value();
    EXPECT_TRUE(disk.info("job/spool/000001")) << disk.describe();
  });
}

// --- generations are linked ---------------------------------------------------------

// A generation file, different in every number.
std::string generation_bytes(std::uint64_t number) {
  std::string bytes;
  const auto sink = [&](Bytes piece) -> Status {
    bytes += as_text(piece);
    return {};
  };
  GenerationWriter writer = GenerationWriter::begin(sink, number).value();
  const std::string text = cat("state of generation ", number);
  writer.add_section({.name = "state", .type = "bytes"}, as_bytes(text)).value();
  writer.finish().value();
  return bytes;
}

// What a program with libcairn does in its sandbox: a folder of two generations, and a file
// that it appends to, in place.
class Program {
 public:
  explicit Program(FileSystem& files) : files_(files) {
    for (const char* folder : {"job/sandbox", "job/sandbox/state.ckpt"})
      std::ignore = files_.make_folder(folder);
  }

  static std::string name(std::uint64_t number) {
    return "state.ckpt/" + generation_file_name(number);
  }
  static Path path(const std::string& name) { return Path("job/sandbox") / name; }

  Status write(const std::string& name, const std::string& text, unsigned mode) const {
    CAIRN_TRY(auto file, files_.create(path(name), 0644));
    CAIRN_CHECK(file->append(as_bytes(text)));
    CAIRN_CHECK(file->sync());
    return files_.set_mode(path(name), mode);
  }
  // Commits generation `number` and removes the last but one; returns what is to be taken.
  Result<std::vector<SpoolItem>> step(std::uint64_t number) const {
    CAIRN_CHECK(write(name(number), generation_bytes(number), 0444));
    if (number > 2) CAIRN_CHECK(files_.remove(path(name(number - 2))));
    CAIRN_CHECK(write("lines", lines(number), 0644));
    std::vector<SpoolItem> items = {item("lines", 0644)};
    items.push_back({"state.ckpt", 0755, true, {}});
    if (number > 1) items.push_back(item(name(number - 1), 0444));
    items.push_back(item(name(number), 0444));
    return items;
  }
  static std::string lines(std::uint64_t number) { return cat("lines up to ", number, "\n"); }
  static Contents contents(std::uint64_t number) {
    Contents found{{"lines", lines(number)}, {"state.ckpt/", ""}};
    found[name(number)] = generation_bytes(number);
    if (number > 1) found[name(number - 1)] = generation_bytes(number - 1);
    return found;
  }
  SpoolItem item(const std::string& name, unsigned mode) const {
    return {name, mode, false, [this, name] { return files_.open(path(name)); }};
  }

 private:
  FileSystem& files_;
};

class SpoolLinkTest : public SpoolTest {
 protected:
  SpooledCheckpoint commit(int number) {
    return spool_.commit(number, program_.step(static_cast<std::uint64_t>(number) + 1).value())
        .value();
  }
  bool is_one_file(const Path& one, const Path& other) {
    disk_.flip(one, 0);
    const bool same = read_file(disk_, one).value() == read_file(disk_, other).value();
    disk_.flip(one, 0);
    return same;
  }
  static Path spooled(int number, const std::string& name) {
    return Path("job/spool") / cat("00000", number) / name;
  }

  Program program_{disk_};
};

TEST_F(SpoolLinkTest, LinksGenerationsAndCopiesEverythingElse) {
  program_.write("state.ckpt/gen-000009.cairn", "no generation", 0444).value();
  auto items = program_.step(1).value();
  items.push_back(program_.item("state.ckpt/gen-000009.cairn", 0444));
  items.push_back({"writable", 0644, false, program_.item(Program::name(1), 0644).open});
  spool_.commit(0, items).value();
  EXPECT_TRUE(is_one_file(spooled(0, Program::name(1)), Program::path(Program::name(1))));
  EXPECT_FALSE(is_one_file(spooled(0, "lines"), Program::path("lines")));
  EXPECT_FALSE(is_one_file(spooled(0, "writable"), Program::path(Program::name(1))));
  EXPECT_FALSE(is_one_file(spooled(0, "state.ckpt/gen-000009.cairn"),
                           Program::path("state.ckpt/gen-000009.cairn")));
  EXPECT_EQ(newest().checkpoint->number, 0);
}

// In memory, or copied; with threads or without: the checkpoint is the same.
TEST(SpoolOfManyFiles, IsMadeDurableByThreads) {
  Contents contents = {{"d/", ""}};
  for (int i = 0; i < 500; ++i) contents[cat("d/file-", i)] = cat("text ", i);
  for (const std::uint64_t memory_bytes : {std::uint64_t{0}, Spool::kMemoryBytes}) {
    const TempFolder folder;
    PosixFileSystem files;
    Spool spool(files, folder / "spool", 2, memory_bytes, 8);
    spool.commit(0, items_of(contents)).value();
    const SpooledCheckpoint found = spool.newest().value().checkpoint.value();
    EXPECT_THAT(found.files, SizeIs(500));
    EXPECT_EQ(read_back(files, found.folder), contents);
  }
}

TEST(SpoolOfManyFiles, IsNoCheckpointIfOneIsMissing) {
  Contents contents;
  for (int i = 0; i < 500; ++i) contents[cat("file-", i)] = "text";
  const TempFolder folder;
  PosixFileSystem files;
  Spool spool(files, folder / "spool", 2, 0, 8);
  const TakenCheckpoint taken = spool.take(0, items_of(contents)).value();
  files.remove(folder / "spool/000000.tmp/file-321").value();
  const auto done = spool.make_durable(taken);
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().message, HasSubstr("file-321"));
  EXPECT_THAT(files.list(folder / "spool").value(), IsEmpty());
}

TEST_F(SpoolLinkTest, AGenerationStaysThatTheProgramRemoves) {
  commit(0);
  remove_tree(disk_, "job/sandbox").value();
  EXPECT_EQ(read_back(disk_, newest().checkpoint->folder), Program::contents(1));
}

TEST_F(SpoolLinkTest, WhatTheProgramDoesAfterItWasTakenIsNotInTheCheckpoint) {
  for (const std::uint64_t memory_bytes : {kAllInMemory, kNothingInMemory}) {
    SimFileSystem disk = empty_disk();
    const Program program(disk);
    Spool spool(disk, "job/spool", 2, memory_bytes);
    const TakenCheckpoint taken = spool.take(0, program.step(1).value()).value();
    program.step(2).value();
    program.step(3).value();
    spool.make_durable(taken).value();
    EXPECT_EQ(read_back(disk, spool.newest().value().checkpoint->folder), Program::contents(1));
  }
}

TEST_F(SpoolLinkTest, AGenerationThatIsWrittenToBeforeItIsDurableIsNoCheckpoint) {
  commit(0);
  const TakenCheckpoint taken = spool_.take(1, program_.step(2).value()).value();
  program_.write(Program::name(2), generation_bytes(7), 0444).value();
  const auto done = spool_.make_durable(taken);
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().message, HasSubstr("gen-000002.cairn was changed"));
  EXPECT_EQ(read_back(disk_, newest().checkpoint->folder), Program::contents(1));
  EXPECT_THAT(folders(), ElementsAre("000000"));
}

TEST_F(SpoolLinkTest, CanaryThatDoesNotLookAtTheTimeOfChangeIsCaught) {
  TakenCheckpoint taken = spool_.take(0, program_.step(1).value()).value();
  program_.write(Program::name(1), generation_bytes(7), 0444).value();
  for (auto& piece : taken.pieces) piece.linked = false;
  spool_.make_durable(taken).value();
  EXPECT_NE(read_back(disk_, "job/spool/000000"), Program::contents(1));
}

TEST_F(SpoolLinkTest, AGenerationThatIsWrittenToLaterIsDamagedAndTheCheckpointBeforeIsUsed) {
  commit(0);
  commit(1);
  program_.write(Program::name(2), "rubbish", 0444).value();
  const Spool::Newest found = newest();
  EXPECT_EQ(found.checkpoint->number, 0);
  ASSERT_THAT(found.skipped, SizeIs(1));
  EXPECT_THAT(found.skipped[0].message, HasSubstr("gen-000002.cairn"));
}

// It stands in two checkpoints as one file.
TEST_F(SpoolLinkTest, ADamagedGenerationCostsOneCheckpointAtMost) {
  for (const std::uint64_t damaged : {1, 2, 3}) {
    SCOPED_TRACE(damaged);
    SimFileSystem disk = empty_disk();
    const Program program(disk);
    Spool spool(disk, "job/spool");
    for (int number = 0; number < 3; ++number)
      spool.commit(number, program.step(static_cast<std::uint64_t>(number) + 1).value()).value();
    disk.flip(spooled(damaged == 3 ? 2 : 1, Program::name(damaged)), 100);
    const Spool::Newest found = Spool(disk, "job/spool").newest().value();
    ASSERT_TRUE(found.checkpoint);
    EXPECT_EQ(found.checkpoint->number, damaged == 3 ? 1 : 2);
    EXPECT_EQ(found.checkpoint->left_out.size(), damaged == 2 ? 1U : 0U);
    EXPECT_THAT(found.checkpoint->files, ::testing::Contains(Program::name(damaged == 3 ? 2 : 3)));
  }
}

// The program left twice with the same.
TEST_F(SpoolLinkTest, TheNewestGenerationIsNeverOneFileWithThatOfTheCheckpointBefore) {
  const auto items = program_.step(2).value();
  spool_.commit(0, {items[0], items[1], items[3]}).value();
  spool_.commit(1, {items[0], items[1], items[3]}).value();
  EXPECT_FALSE(is_one_file(spooled(0, Program::name(2)), spooled(1, Program::name(2))));
}

TEST_F(SpoolLinkTest, VerifiesAGenerationThatIsTornAsItWasTaken) {
  const std::string torn = generation_bytes(2).substr(0, 5000);
  program_.write(Program::name(2), torn, 0444).value();
  spool_.commit(0, {program_.item(Program::name(2), 0444)}).value();
  EXPECT_TRUE(newest().checkpoint);
  disk_.flip(spooled(0, Program::name(2)), 4999);
  EXPECT_FALSE(newest().checkpoint);
}

// The program runs on between take() and make_durable(); returns the last number acknowledged.
int run_program(FileSystem& disk) {
  const Program program(disk);
  Spool spool(disk, "job/spool");
  int acknowledged = -1;
  for (int number = 0; number < 2; ++number) {
    const auto step = static_cast<std::uint64_t>(number) + 1;
    const auto items = program.step(step);
    if (!items) break;
    const auto taken = spool.take(number, *items);
    if (!program.write("lines", "what comes next", 0644)) break;
    if (taken && spool.make_durable(*taken)) acknowledged = number;
  }
  return acknowledged;
}

std::string complaint_of_linked(SimFileSystem& disk, int acknowledged) {
  const auto found = Spool(disk, "job/spool").newest();
  if (!found) return "newest() fails: " + found.error().text();
  if (!found->checkpoint) return acknowledged < 0 ? "" : "all is lost";
  const int number = found->checkpoint->number;
  if (number < acknowledged) return cat("yields ", number, " after ", acknowledged);
  if (read_back(disk, found->checkpoint->folder) !=
      Program::contents(static_cast<std::uint64_t>(number) + 1))
    return "yields a mixture";
  return {};
}

std::string first_complaint_of_linked(const SimFileSystem& start) {
  std::string first;
  for_each_crash(start, run_program, [&](SimFileSystem& disk, int acknowledged) {
    const SimFileSystem before = disk;
    first = complaint_of_linked(disk, acknowledged);
    if (!first.empty()) first += "\n" + before.describe();
    return first.empty();
  });
  return first;
}

TEST(SpoolLinkCrash, NeverLosesAnAcknowledgedCheckpointAndNeverMixesTwo) {
  EXPECT_EQ(first_complaint_of_linked(empty_disk()), "");
}

TEST(SpoolLinkCrash, CanariesWithoutASyncAreCaught) {
  SimFileSystem no_files = empty_disk();
  no_files.lie_about_file_sync();
  EXPECT_NE(first_complaint_of_linked(no_files), "");
  SimFileSystem no_folders = empty_disk();
  no_folders.lie_about_folder_sync();
  EXPECT_NE(first_complaint_of_linked(no_folders), "");
}

TEST(SpoolLinkFailure, KeepsWhatWasAcknowledgedWhicheverOperationFails) {
  for (const int sys_errno : {EIO, ENOSPC})
    for_each_failure(empty_disk(), sys_errno, run_program,
                     [](SimFileSystem& disk, int acknowledged) {
                       EXPECT_EQ(complaint_of_linked(disk, acknowledged), "") << disk.describe();
                     });
}

// --- failures ------------------------------------------------------------------------

TEST(SpoolFailure, KeepsWhatWasAcknowledgedWhicheverOperationFails) {
  for (const int sys_errno : {EIO, ENOSPC, EINTR}) {
    const auto work = [&](FileSystem& disk) {
      return commit_some(disk, sys_errno == EIO ? kNothingInMemory : kAllInMemory);
    };
    const std::size_t failed =
        for_each_failure(empty_disk(), sys_errno, work, [](SimFileSystem& disk, int acknowledged) {
          EXPECT_EQ(complaint(disk, acknowledged), "") << disk.describe();
          EXPECT_GE(acknowledged, kCommits - 2) << "one failure spoils one commit";
        });
    EXPECT_GT(failed, 30U);
  }
}

// After a failed commit the disk is in more states than can all be looked at: every 50th.
TEST(SpoolFailure, AFailureAndThenAPowerCutLoseNothingEither) {
  SimFileSystem start = empty_disk();
  Spool(start, "job/spool").commit(0, items_of(generation(0))).value();
  start.settle();
  const auto commit_next = [](SimFileSystem& disk) {
    return Spool(disk, "job/spool").commit(1, items_of(generation(1))) ? 1 : 0;
  };
  for_each_failure(start, EIO, commit_next, [](SimFileSystem& disk, int acknowledged) {
    std::size_t seen = 0;
    disk.for_each_crash_state([&](SimFileSystem& after) {
      if (seen++ % 50 != 0) return;
      EXPECT_EQ(complaint(after, acknowledged), "");
    });
  });
}

TEST(SpoolFailure, LeavesNoTemporaryBehind) {
  SimFileSystem start = empty_disk();
  Spool(start, "job/spool").commit(0, items_of(generation(0))).value();
  start.settle();
  for_each_failure(
      start, ENOSPC,
      [](SimFileSystem& disk) {
        return Spool(disk, "job/spool").commit(1, items_of(generation(1))).has_value();
      },
      [](SimFileSystem& disk, bool) {
        for (const std::string& name : disk.list("job/spool").value())
          EXPECT_FALSE(name.ends_with(".tmp")) << disk.describe();
      });
}

// --- the MANIFEST ---------------------------------------------------------------------

const std::string kHash(64, 'a');

TEST(SpoolManifest, DecodesWhatItEncodes) {
  const SpoolManifest manifest{{"a b", kHash}, {"c\\d", kHash}, {"e\nf", kHash}, {"g/h", kHash}};
  const std::string text = encode_spool_manifest(manifest);
  EXPECT_EQ(decode_spool_manifest(text).value(), manifest);
  EXPECT_THAT(text, HasSubstr("\\" + kHash + " *c\\\\d\n"));
  EXPECT_THAT(text, HasSubstr("\\" + kHash + " *e\\nf\n"));
}

TEST(SpoolManifest, NoPrefixAndNoFlippedBitIsAnotherManifest) {
  const std::string text = encode_spool_manifest({{"a", kHash}, {"b", kHash}});
  for (std::size_t bytes = 0; bytes < text.size(); ++bytes)
    EXPECT_FALSE(decode_spool_manifest(text.substr(0, bytes)));
  for (std::size_t bit = 0; bit < text.size() * 8; ++bit) {
    std::string flipped = text;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    EXPECT_FALSE(decode_spool_manifest(flipped)) << bit;
  }
}

TEST(SpoolManifest, RefusesNamesThatLeadOut) {
  for (const char* name : {"/etc/passwd", "../up", "a/../../b", ""})
    EXPECT_EQ(decode_spool_manifest(encode_spool_manifest({{name, kHash}})).error().code,
              Errc::corrupt);
  EXPECT_FALSE(decode_spool_manifest(encode_spool_manifest({{"b", kHash}, {"a", kHash}})));
  EXPECT_FALSE(decode_spool_manifest(encode_spool_manifest({{"a", kHash}, {"a", kHash}})));
}

TEST(SpoolManifest, Sha256sumAgrees) {
  const TempFolder folder;
  PosixFileSystem files;
  Spool spool(files, folder / "spool");
  const Contents contents{{"plain", "text"},
                          {"with blank", "text"},
                          {"back\\slash", "1"},
                          {"new\nline", "2"},
                          {"carriage\rreturn", "3"},
                          {"a/b/c", "deep"},
                          {"empty", ""},
                          {"large", std::string(700000, 'x')}};
  const SpooledCheckpoint checkpoint = spool.commit(0, items_of(contents)).value();
  EXPECT_EQ(spool.newest().value().checkpoint->files, checkpoint.files);
  const std::string in = "cd '" + checkpoint.folder.native() + "' && ";
  EXPECT_EQ(std::system((in + "head -n -1 MANIFEST | sha256sum -c --strict --status").c_str()), 0);
  // Byte for byte what sha256sum writes, the last line too.
  EXPECT_EQ(std::system((in + "head -n -1 MANIFEST >../listed && LC_ALL=C; export LC_ALL; "
                              "find . -type f ! -name MANIFEST -printf '%P\\0' | sort -z | "
                              "xargs -0 sha256sum --binary | cmp - ../listed")
                            .c_str()),
            0);
  EXPECT_EQ(std::system((in + "test \"$(tail -n 1 MANIFEST)\" = "
                              "\"$(sha256sum <../listed | cut -c-64) *MANIFEST\"")
                            .c_str()),
            0);
}

}  // namespace
}  // namespace cairn::testing
