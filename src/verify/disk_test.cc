#include "verify/disk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <map>
#include <set>
#include <sstream>

#include "base/text.h"
#include "support/temp_folder.h"

namespace cairn::verify {
namespace {

using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Key;
using ::testing::Not;
using ::testing::Pair;
using ::testing::SizeIs;

// The sandbox: bytes by name; a name that ends in '/' is a folder.
using Contents = std::map<std::string, std::string>;

constexpr std::size_t kAll = 100'000;

std::string in_sandbox(const std::string& name) {
  return name.empty() ? "sandbox" : "sandbox/" + name;
}

// An Event, to be written down field by field.
struct Did {
  Call call = Call::open;
  std::string path{}, target{};
  std::uint64_t inode = 0, offset = 0, bytes = 0;
  std::string data{};
  bool created = false, truncated = false, synchronous = false, exchange = false;
};

// What a program did, as the tracer would tell it.
class History {
 public:
  History() : History(Contents()) {}
  explicit History(const Contents& before) {
    before_.entries["sandbox"] = {.kind = ImageEntry::Kind::folder, .mode = 0755, .content = {}};
    for (const auto& [name, bytes] : before) {
      if (name.ends_with('/'))
        before_.entries[in_sandbox(name.substr(0, name.size() - 1))] = {
            .kind = ImageEntry::Kind::folder, .mode = 0755, .content = {}};
      else
        before_.entries[in_sandbox(name)] = store.add(as_bytes(bytes)).value();
      inodes_[name.substr(0, name.find_last_not_of('/') + 1)] = next_inode_++;
    }
  }

  History& create(const std::string& name) {
    inodes_[name] = next_inode_++;
    add({.call = Call::open, .path = name, .inode = inodes_[name], .created = true});
    return *this;
  }
  History& open_truncated(const std::string& name) {
    return add({.call = Call::open, .path = name, .inode = inodes_[name], .truncated = true});
  }
  History& write(const std::string& name, std::uint64_t offset, const std::string& bytes,
                 bool synchronous = false) {
    return add({.call = Call::write,
                .path = name,
                .inode = inodes_[name],
                .offset = offset,
                .bytes = bytes.size(),
                .data = store.add(as_bytes(bytes)).value().content,
                .synchronous = synchronous});
  }
  History& allocate(const std::string& name, std::uint64_t offset, std::uint64_t bytes) {
    return add({.call = Call::write,
                .path = name,
                .inode = inodes_[name],
                .offset = offset,
                .bytes = bytes});
  }
  History& truncate(const std::string& name, std::uint64_t bytes) {
    return add({.call = Call::truncate, .path = name, .inode = inodes_[name], .offset = bytes});
  }
  History& rename(const std::string& from, const std::string& to) {
    const std::uint64_t inode = inodes_[from];
    inodes_.erase(from);
    inodes_[to] = inode;
    return add({.call = Call::rename, .path = from, .target = to, .inode = inode});
  }
  History& exchange(const std::string& one, const std::string& other) {
    const std::uint64_t inode = inodes_[one];
    std::swap(inodes_[one], inodes_[other]);
    return add(
        {.call = Call::rename, .path = one, .target = other, .inode = inode, .exchange = true});
  }
  History& link(const std::string& from, const std::string& to) {
    inodes_[to] = inodes_[from];
    return add({.call = Call::link, .path = from, .target = to, .inode = inodes_[from]});
  }
  History& symlink(const std::string& name, const std::string& target) {
    add({.call = Call::symlink, .path = name, .inode = next_inode_++});
    events.back().target = target;
    return *this;
  }
  History& unlink(const std::string& name) {
    const std::uint64_t inode = inodes_[name];
    inodes_.erase(name);
    return add({.call = Call::unlink, .path = name, .inode = inode});
  }
  History& make_folder(const std::string& name) {
    inodes_[name] = next_inode_++;
    return add({.call = Call::make_folder, .path = name, .inode = inodes_[name]});
  }
  // A file, or a folder; "" is the sandbox.
  History& sync(const std::string& name) {
    return add({.call = Call::sync, .path = name, .inode = name.empty() ? 1 : inodes_[name]});
  }
  History& sync_disk() { return add({.call = Call::sync_disk}); }
  // The last call failed.
  History& failed(int error) {
    events.back().error = error;
    return *this;
  }

  // Each state at the boundary behind the last event, or behind event number `boundary`.
  std::vector<PowerCut> cuts(std::size_t limit = kAll, int boundary = 0, std::uint64_t seed = 1,
                             const Image* now = nullptr) {
    const int at = boundary == 0 ? static_cast<int>(events.size()) + 1 : boundary;
    return power_cuts(before_, events, at, limit, seed, store, now).value();
  }
  std::vector<Contents> states(std::size_t limit = kAll, int boundary = 0) {
    std::vector<Contents> found;
    for (const PowerCut& cut : cuts(limit, boundary)) found.push_back(contents_of(cut.image));
    return found;
  }
  // If the folder is seen to hold these bytes, too.
  std::vector<Contents> states_seen(const Contents& seen) {
    Image now = before_;
    for (const auto& [name, bytes] : seen)
      now.entries[in_sandbox(name)] = store.add(as_bytes(bytes)).value();
    std::vector<Contents> found;
    for (const PowerCut& cut : cuts(kAll, 0, 1, &now)) found.push_back(contents_of(cut.image));
    return found;
  }
  std::vector<std::string> sentences(std::size_t limit = kAll) {
    std::vector<std::string> found;
    for (const PowerCut& cut : cuts(limit)) found.push_back(cut.what);
    return found;
  }

  Contents contents_of(const Image& image) const {
    Contents contents;
    for (const auto& [path, entry] : image.entries) {
      if (!path.starts_with("sandbox/")) continue;
      const std::string name = path.substr(8);
      if (entry.kind == ImageEntry::Kind::folder)
        contents[name + "/"];
      else
        contents[name] = entry.kind == ImageEntry::Kind::link ? "-> " + entry.content
                                                              : store.read(entry).value();
    }
    return contents;
  }

  const Image& before() const { return before_; }
  Image& before() { return before_; }
  std::map<std::string, std::uint64_t>& inodes() { return inodes_; }

  History& add(const Did& did) {
    Event event;
    event.boundary = static_cast<int>(events.size()) + 1;
    event.call = did.call;
    event.path = in_sandbox(did.path);
    if (!did.target.empty()) event.target = in_sandbox(did.target);
    event.inode = did.inode;
    event.offset = did.offset;
    event.bytes = did.bytes;
    event.data = did.data;
    event.created = did.created;
    event.truncated = did.truncated;
    event.synchronous = did.synchronous;
    event.exchange = did.exchange;
    events.push_back(std::move(event));
    return *this;
  }

  cairn::testing::TempFolder folder;
  ImageStore store{folder / "store"};
  std::vector<Event> events;

 private:
  Image before_;
  std::map<std::string, std::uint64_t> inodes_;
  std::uint64_t next_inode_ = 100;
};

const std::string kOld(1024, 'o');
const std::string kNew(1024, 'n');

// --- protocols ---------------------------------------------------------------------

// Writes state.tmp and renames it; what a canary leaves out is not there.
struct Protocol {
  bool sync_file = true, sync_folder = true;
};

void save(History& program, const std::string& bytes, const Protocol& protocol) {
  program.create("state.tmp").write("state.tmp", 0, bytes.substr(0, 512));
  program.write("state.tmp", 512, bytes.substr(512));
  if (protocol.sync_file) program.sync("state.tmp");
  program.rename("state.tmp", "state.dat");
  if (protocol.sync_folder) program.sync("");
}

TEST(DiskProtocol, WriteSyncRenameSyncLeavesTheOldOrTheNewFileWholeAtEachBoundary) {
  History program(Contents{{"state.dat", kOld}});
  save(program, kNew, {});
  save(program, kOld + kNew, {});
  for (int boundary = 1; boundary <= static_cast<int>(program.events.size()) + 1; ++boundary)
    for (const Contents& state : program.states(kAll, boundary))
      EXPECT_THAT(state, Contains(Pair("state.dat", AnyOf(kOld, kNew, kOld + kNew))));
}

TEST(DiskProtocol, WriteSyncRenameSyncIsDurableInTheEnd) {
  History program(Contents{{"state.dat", kOld}});
  save(program, kNew, {});
  EXPECT_THAT(program.states(), IsEmpty());
}

TEST(DiskProtocolCanary, WithoutTheSyncOfTheFileTheNewOneMayBeEmpty) {
  History program(Contents{{"state.dat", kOld}});
  save(program, kNew, {.sync_file = false});
  EXPECT_THAT(program.states(), Contains(Contents{{"state.dat", ""}}));
}

TEST(DiskProtocolCanary, WithoutTheSyncOfTheFileTheNewOneMayBeZerosOrTorn) {
  History program(Contents{{"state.dat", kOld}});
  save(program, kNew, {.sync_file = false});
  EXPECT_THAT(program.states(), Contains(Contents{{"state.dat", std::string(1024, '\0')}}));
  EXPECT_THAT(program.states(), Contains(Contents{{"state.dat", kNew.substr(0, 512 + 256)}}));
}

TEST(DiskProtocolCanary, WithoutTheSyncOfTheFolderTheOldFileMayComeBack) {
  History program(Contents{{"state.dat", kOld}});
  save(program, kNew, {.sync_folder = false});
  EXPECT_THAT(program.states(), Contains(Contents{{"state.dat", kOld}}));
  EXPECT_THAT(program.states(), Contains(Contents{{"state.dat", kOld}, {"state.tmp", kNew}}));
}

TEST(DiskProtocolCanary, RemovingTheOldFileBeforeTheNewOneIsMadeMayLeaveNone) {
  History program(Contents{{"state.1", kOld}});
  program.unlink("state.1").create("state.2").write("state.2", 0, kNew).sync("state.2");
  EXPECT_THAT(program.states(), Contains(IsEmpty()));
  program.sync("");
  EXPECT_THAT(program.states(), IsEmpty());
}

TEST(DiskProtocolCanary, OverwritingInPlaceMayTear) {
  History program(Contents{{"state.dat", kOld}});
  program.write("state.dat", 0, kNew);
  EXPECT_THAT(program.states(),
              ElementsAre(Contents{{"state.dat", kOld}},
                          Contents{{"state.dat", kNew.substr(512) + kOld.substr(512)}}));
}

TEST(DiskProtocolCanary, TruncatingAndWritingMayLeaveNothing) {
  History program(Contents{{"state.dat", kOld}});
  program.open_truncated("state.dat").write("state.dat", 0, "new");
  EXPECT_THAT(program.states(), Contains(Contents{{"state.dat", ""}}));
  EXPECT_THAT(program.states(), Contains(Contents{{"state.dat", kOld}}));
  EXPECT_THAT(program.states(), Contains(Contents{{"state.dat", "new" + kOld.substr(3)}}));
}

TEST(DiskProtocolCanary, AnAppendedLineMayBeLost) {
  History program(Contents{{"log", "1\n"}});
  program.write("log", 2, "2\n");
  EXPECT_THAT(program.states(), Contains(Contents{{"log", "1\n"}}));
  program.sync("log");
  EXPECT_THAT(program.states(), IsEmpty());
}

TEST(DiskProtocolCanary, TheSyncOfAnotherFileHelpsNothing) {
  History program(Contents{{"state.dat", kOld}, {"log", ""}});
  program.create("state.tmp").write("state.tmp", 0, kNew).sync("log");
  program.rename("state.tmp", "state.dat").sync("");
  EXPECT_THAT(program.states(), Contains(Contents{{"log", ""}, {"state.dat", ""}}));
}

// --- data --------------------------------------------------------------------------

TEST(Disk, KeepsWhatWasThereBefore) {
  History program(Contents{{"a", "1"}, {"f/", ""}, {"f/b", "2"}});
  program.create("c");
  EXPECT_THAT(program.states(), ElementsAre(Contents{{"a", "1"}, {"f/", ""}, {"f/b", "2"}}));
}

TEST(Disk, HasNoStateWhenNothingIsPending) {
  History program(Contents{{"a", "1"}});
  EXPECT_THAT(program.states(), IsEmpty());
}

TEST(Disk, LooksAtNoEventFromTheBoundaryOn) {
  History program;
  program.create("a").create("b");
  EXPECT_THAT(program.states(kAll, 1), IsEmpty());
  EXPECT_THAT(program.states(kAll, 2), ElementsAre(IsEmpty()));
}

TEST(Disk, ShowsNeitherTheWrittenStateNorAnyStateTwice) {
  History program(Contents{{"a", kOld}});
  program.write("a", 0, kNew).write("a", 0, kOld).write("a", 0, kNew).rename("a", "b");
  const auto states = program.states();
  EXPECT_THAT(states, Not(Contains(Contents{{"b", kNew}})));
  EXPECT_EQ(std::set<Contents>(states.begin(), states.end()).size(), states.size());
}

TEST(Disk, TearsLargeWritesBetweenSectors) {
  History program(Contents{{"a", ""}});
  program.write("a", 0, std::string(5000, 'x'));
  EXPECT_THAT(program.states(), Contains(Contents{{"a", std::string(2048, 'x')}}));
}

TEST(Disk, TearsSmallWritesInTheMiddle) {
  History program(Contents{{"a", "0123456789"}});
  program.write("a", 2, "abcd");
  EXPECT_THAT(program.states(),
              ElementsAre(Contents{{"a", "0123456789"}}, Contents{{"a", "01ab456789"}}));
}

TEST(Disk, LeavesZerosOnlyWhereTheFileBecameLonger) {
  History program(Contents{{"a", "0123"}});
  program.write("a", 2, "abcd");
  EXPECT_THAT(program.states(), Contains(Contents{{"a", std::string("0123\0\0", 6)}}));
  EXPECT_THAT(program.states(), Not(Contains(Contents{{"a", std::string("01\0\0\0\0", 6)}})));
}

TEST(Disk, LeavesAHoleWhereAnEarlierAppendIsMissing) {
  History program(Contents{{"a", ""}});
  program.write("a", 0, "12").write("a", 2, "34");
  EXPECT_THAT(program.states(), Contains(Contents{{"a", std::string("\0\0\0\0", 4)}}));
  std::set<std::string> seen;
  for (const Contents& state : program.states()) seen.insert(state.at("a"));
  EXPECT_THAT(seen, Contains(std::string("\0\0"
                                         "34",
                                         4)));
}

TEST(Disk, MayUndoATruncation) {
  History program(Contents{{"a", "0123456789"}});
  program.truncate("a", 4);
  EXPECT_THAT(program.states(), ElementsAre(Contents{{"a", "0123456789"}}));
  program.sync("a");
  EXPECT_THAT(program.states(), IsEmpty());
}

TEST(Disk, MayUndoATruncationThatMadeAFileLonger) {
  History program(Contents{{"a", "01"}});
  program.truncate("a", 4);
  EXPECT_THAT(program.states(), ElementsAre(Contents{{"a", "01"}}));
}

TEST(Disk, TakesRoomThatWasMadeForZeros) {
  History program(Contents{{"a", "01"}});
  program.allocate("a", 0, 4).sync("a").write("a", 2, "ab");
  EXPECT_THAT(program.states(), Contains(Contents{{"a", std::string("01\0\0", 4)}}));
}

TEST(Disk, KeepsASynchronousWrite) {
  History program(Contents{{"a", "0123"}});
  program.write("a", 1, "x", /*synchronous=*/true);
  EXPECT_THAT(program.states(), IsEmpty());
}

TEST(Disk, ASynchronousWriteKeepsTheTruncationBeforeIt) {
  History program(Contents{{"state.dat", kOld}});
  program.open_truncated("state.dat").write("state.dat", 0, "new", /*synchronous=*/true);
  EXPECT_THAT(program.states(), IsEmpty());
}

TEST(DiskCanary, ASynchronousWriteKeepsNoOtherBytes) {
  History program(Contents{{"a", ""}});
  program.write("a", 0, "1").write("a", 1, "2", /*synchronous=*/true);
  EXPECT_THAT(program.states(), ElementsAre(Contents{{"a", std::string("\0"
                                                                       "2",
                                                                       2)}}));
}

TEST(Disk, KeepsASynchronousWriteOverOneThatIsLost) {
  History program(Contents{{"a", "0123"}});
  program.write("a", 0, "abcd").write("a", 1, "X", /*synchronous=*/true);
  EXPECT_THAT(program.states(), Contains(Contents{{"a", "0X23"}}));
  EXPECT_THAT(program.states(), Each(Contains(Pair("a", HasSubstr("X")))));
}

TEST(Disk, WhatIsDurableStaysOverAnEarlierWriteThatIsNot) {
  History program(Contents{{"a", "0123"}, {"b", ""}});
  program.write("a", 0, "abcd").write("a", 1, "X", /*synchronous=*/true).sync("b");
  EXPECT_THAT(program.states(), Each(Contains(Pair("a", HasSubstr("X")))));
}

TEST(Disk, ASyncKeepsTheBytesAndNotTheName) {
  History program;
  program.create("a").write("a", 0, "x").sync("a");
  EXPECT_THAT(program.states(), ElementsAre(IsEmpty()));
}

TEST(Disk, ASyncOfTheFolderKeepsTheNameAndNotTheBytes) {
  History program;
  program.create("a").write("a", 0, "x").sync("");
  EXPECT_THAT(program.states(), Each(Contains(Key("a"))));
  EXPECT_THAT(program.states(), Contains(Contents{{"a", ""}}));
}

TEST(Disk, ASyncOfTheDiskKeepsAll) {
  History program(Contents{{"a", "1"}});
  program.create("b").write("b", 0, "x").rename("a", "c").truncate("c", 0).sync_disk();
  EXPECT_THAT(program.states(), IsEmpty());
}

TEST(Disk, AFailedCallDidNothing) {
  History program(Contents{{"a", "1"}});
  program.write("a", 0, "2").sync("a").failed(EIO);
  EXPECT_THAT(program.states(), Contains(Contents{{"a", "1"}}));
  program.unlink("a").failed(EACCES);
  EXPECT_THAT(program.states(), Each(Contains(Key("a"))));
}

TEST(Disk, AWriteFollowsTheFileAndNotTheName) {
  History program(Contents{{"a", ""}, {"b", ""}});
  const std::uint64_t inode = program.inodes()["a"];
  program.write("a", 0, "x").sync("a").rename("a", "c").sync("");
  // Through the old descriptor, whatever the tracer took for its name.
  program.add({.call = Call::write,
               .path = "b",
               .inode = inode,
               .offset = 1,
               .bytes = 1,
               .data = program.store.add(as_bytes("y")).value().content});
  EXPECT_THAT(program.states(), Contains(Contents{{"b", ""}, {"c", "x"}}));
}

TEST(Disk, TakesAnInodeNumberThatIsUsedAgainForANewFile) {
  History program(Contents{{"a", "old"}});
  program.write("a", 0, "OLD").unlink("a").sync_disk().create("b");
  program.events.back().inode = program.events.front().inode;
  program.inodes()["b"] = program.events.front().inode;
  program.write("b", 0, "new").sync("");
  EXPECT_THAT(program.states(), Contains(Contents{{"b", ""}}));
}

// A file that is made longer, mapped, filled and renamed.
std::vector<Contents> states_after_mapping(bool synced) {
  History program(Contents{{"dat", "old!"}});
  program.create("tmp").truncate("tmp", 4);
  if (synced) program.sync("tmp");
  program.rename("tmp", "dat");
  return program.states_seen({{"dat", "new!"}});
}

TEST(Disk, MappedMemoryThatWasSyncedIsDurable) {
  for (const Contents& state : states_after_mapping(true))
    EXPECT_THAT(state, Contains(Pair("dat", AnyOf("old!", "new!"))));
}

TEST(DiskCanary, MappedMemoryThatWasNotSyncedMayBeLost) {
  EXPECT_THAT(states_after_mapping(false), Contains(Contents{{"dat", ""}}));
  EXPECT_THAT(states_after_mapping(false), Contains(Contents{{"dat", std::string(4, '\0')}}));
}

TEST(DiskCanary, MappedMemoryMakesNoWriteToTheSameFileDurable) {
  History program(Contents{{"a", kOld + kOld}});
  program.sync("a").write("a", 0, "new");
  const std::string mapped = kOld + kOld.substr(0, 1020) + "MAP!";
  EXPECT_THAT(program.states_seen({{"a", "new" + mapped.substr(3)}}),
              ElementsAre(Contents{{"a", mapped}}, Contents{{"a", "n" + mapped.substr(1)}}));
}

TEST(Disk, AFileThatTheProgramNeverOpenedIsAsItWasSeen) {
  History program(Contents{{"stdout", ""}, {"a", "1"}});
  program.write("a", 0, "2");
  EXPECT_THAT(program.states_seen({{"stdout", "hello"}, {"a", "2"}}),
              ElementsAre(Contents{{"a", "1"}, {"stdout", "hello"}}));
}

// --- names -------------------------------------------------------------------------

TEST(Disk, NamesAreThereInTheirOrder) {
  History program;
  program.create("a").create("b").create("c");
  EXPECT_THAT(program.states(), ::testing::UnorderedElementsAre(IsEmpty(), Contents{{"a", ""}},
                                                                Contents{{"a", ""}, {"b", ""}}));
}

TEST(Disk, ALaterRenameIsNeverThereWithoutAnEarlierCreation) {
  History program(Contents{{"state.dat", kOld}});
  program.create("results.csv").write("results.csv", 0, "1\n").sync("results.csv");
  save(program, kNew, {.sync_folder = false});
  EXPECT_THAT(program.states(), Contains(Not(Contains(Key("results.csv")))));
  for (const Contents& state : program.states())
    EXPECT_TRUE(state.contains("results.csv") || state.at("state.dat") == kOld);
}

TEST(DiskCanary, TheOrderOfNamesIsNoneOfBytes) {
  History program(Contents{{"state.dat", kOld}});
  program.create("results.csv").write("results.csv", 0, "1\n");
  save(program, kNew, {});
  EXPECT_THAT(program.states(), Contains(Contents{{"results.csv", ""}, {"state.dat", kNew}}));
}

TEST(Disk, ASyncOfAFolderKeepsAllEarlierNames) {
  History program(Contents{{"f/", ""}});
  program.create("a").create("f/b").create("c").sync("f");
  EXPECT_THAT(program.states(), ElementsAre(Contents{{"a", ""}, {"f/", ""}, {"f/b", ""}}));
}

TEST(Disk, AnExchangeIsAtomic) {
  History program(Contents{{"a", "1"}, {"b", "2"}});
  program.exchange("a", "b").write("a", 0, "3").sync("a");
  EXPECT_THAT(program.states(), ElementsAre(Contents{{"a", "1"}, {"b", "3"}}));
  EXPECT_THAT(program.sentences().at(0), HasSubstr("the exchange of a and b is not on the disk"));
  program.sync("");
  EXPECT_THAT(program.states(), IsEmpty());
}

TEST(Disk, AnInodeThatWasRenamedTwiceIsUnderOneName) {
  History program(Contents{{"a", "x"}});
  program.rename("a", "b").rename("b", "c");
  const auto states = program.states();
  EXPECT_THAT(states, Each(SizeIs(1)));
  EXPECT_THAT(states, ElementsAre(Contents{{"a", "x"}}, Contents{{"b", "x"}}));
}

TEST(Disk, ARenameIsAtomic) {
  History program(Contents{{"dat", "old"}, {"tmp", "new"}});
  program.rename("tmp", "dat");
  EXPECT_THAT(program.states(), ElementsAre(Contents{{"dat", "old"}, {"tmp", "new"}}));
}

TEST(Disk, ANameIsUsedAgainForAnotherFile) {
  History program(Contents{{"a", "old"}});
  program.unlink("a").create("a").rename("a", "b");
  EXPECT_THAT(program.states(),
              ElementsAre(Contents{{"a", "old"}}, Contents{{"a", ""}}, IsEmpty()));
}

TEST(Disk, ARenameAcrossFoldersIsDurableAfterASyncOfEither) {
  for (const std::string folder : {"", "f"}) {
    History program(Contents{{"f/", ""}, {"a", "x"}});
    program.rename("a", "f/a");
    EXPECT_THAT(program.states(), ElementsAre(Contents{{"a", "x"}, {"f/", ""}}));
    program.sync(folder);
    EXPECT_THAT(program.states(), IsEmpty());
  }
}

TEST(Disk, NothingIsInAFolderThatIsNotThere) {
  History program;
  program.make_folder("f").create("f/a").write("f/a", 0, "x").sync("f/a");
  EXPECT_THAT(program.states(), ::testing::UnorderedElementsAre(IsEmpty(), Contents{{"f/", ""}}));
  program.sync("f");
  EXPECT_THAT(program.states(), IsEmpty());
}

TEST(Disk, AFolderIsRenamedWithAllThatIsInIt) {
  History program(Contents{{"gen.tmp/", ""}, {"gen.tmp/a", "1"}});
  program.create("gen.tmp/b").sync("gen.tmp").rename("gen.tmp", "gen").create("gen/c");
  EXPECT_THAT(program.states(),
              ElementsAre(Contents{{"gen.tmp/", ""}, {"gen.tmp/a", "1"}, {"gen.tmp/b", ""}},
                          Contents{{"gen/", ""}, {"gen/a", "1"}, {"gen/b", ""}}));
}

TEST(Disk, ARemovedFolderTakesWhatWasInIt) {
  History program(Contents{{"f/", ""}, {"f/a", "1"}});
  program.unlink("f/a").unlink("f").sync("");
  EXPECT_THAT(program.states(), IsEmpty());
}

TEST(Disk, TwoNamesOfAFileHaveTheSameBytes) {
  History program(Contents{{"a", ""}});
  program.link("a", "b").sync("").write("a", 0, "x").sync("b");
  EXPECT_THAT(program.states(), IsEmpty());
  program.write("b", 0, "y");
  EXPECT_THAT(program.states(), ElementsAre(Contents{{"a", "x"}, {"b", "x"}}));
}

TEST(Disk, AFileWithoutANameGetsOneByALink) {
  History program(Contents{{"f/", ""}});
  program.add({.call = Call::open, .path = "f", .inode = 77, .created = true});
  program.add({.call = Call::write,
               .path = "f/#77 (deleted)",
               .inode = 77,
               .bytes = 1,
               .data = program.store.add(as_bytes("x")).value().content});
  program.add({.call = Call::link, .path = "f/#77 (deleted)", .target = "f/a", .inode = 77});
  EXPECT_THAT(program.states(), ::testing::UnorderedElementsAre(
                                    Contents{{"f/", ""}}, Contents{{"f/", ""}, {"f/a", ""}},
                                    Contents{{"f/", ""}, {"f/a", std::string(1, '\0')}}));
}

TEST(Disk, ASymbolicLinkIsAName) {
  History program(Contents{{"current", "1"}});
  program.symlink("current.tmp", "gen-2").rename("current.tmp", "current");
  EXPECT_THAT(program.states(), Contains(Contents{{"current", "1"}, {"current.tmp", "-> gen-2"}}));
}

TEST(Disk, SharedMemoryIsEmptyAfterAPowerCut) {
  History program(Contents{{"a", ""}});
  program.before().entries["shm"] = {
      .kind = ImageEntry::Kind::folder, .mode = 01777, .content = {}};
  program.before().entries["shm/b"] = program.store.add(as_bytes("x")).value();
  program.write("a", 0, "1");
  for (const PowerCut& cut : program.cuts()) {
    EXPECT_NE(cut.image.find("shm"), nullptr);
    EXPECT_EQ(cut.image.find("shm/b"), nullptr);
  }
}

// --- which ones, and what they are called ------------------------------------------

TEST(Disk, ShowsAtMostSoManyStates) {
  History program;
  for (int file = 0; file < 5; ++file) program.create(cat(file)).write(cat(file), 0, kNew);
  EXPECT_THAT(program.states(0), IsEmpty());
  EXPECT_THAT(program.states(3), SizeIs(3));
  EXPECT_THAT(program.states(50), SizeIs(50));
}

TEST(Disk, ShowsTheTellingStatesFirst) {
  History program(Contents{{"state.dat", kOld}});
  save(program, kNew, {.sync_file = false, .sync_folder = false});
  EXPECT_THAT(program.states(3), ElementsAre(Contents{{"state.dat", kOld}},
                                             Contents{{"state.dat", std::string(1024, '\0')}},
                                             Contents{{"state.dat", ""}}));
}

TEST(Disk, DrawsTheSameSampleForTheSameSeed) {
  History program;
  for (int file = 0; file < 6; ++file) program.create(cat(file)).write(cat(file), 0, "0123");
  const auto keys = [&](std::uint64_t seed) {
    std::vector<std::string> found;
    for (const PowerCut& cut : program.cuts(120, 0, seed)) found.push_back(key_of(cut.image));
    return found;
  };
  EXPECT_EQ(keys(5), keys(5));
  EXPECT_NE(keys(5), keys(6));
}

TEST(Disk, OneThatIsAskedAtEachBoundarySaysTheSame) {
  History program(Contents{{"state.dat", kOld}});
  save(program, kNew, {.sync_file = false});
  save(program, kOld + kNew, {});
  Disk disk(program.before());
  for (const Event& event : program.events) {
    disk.happened(event);
    const auto cuts = disk.power_cuts(event.boundary + 1, 40, 7, program.store).value();
    const auto expected = program.cuts(40, event.boundary + 1, 7);
    ASSERT_EQ(cuts.size(), expected.size());
    for (std::size_t n = 0; n < cuts.size(); ++n) {
      EXPECT_EQ(cuts[n].image, expected[n].image);
      EXPECT_EQ(cuts[n].what, expected[n].what);
      EXPECT_EQ(cuts[n].boundary, event.boundary + 1);
    }
  }
}

TEST(Disk, PutsNoFileTogetherThatIsWholeAlready) {
  History program(Contents{{"big", kOld + kNew}});
  program.create("a").write("a", 0, kNew).rename("a", "big");
  const auto files_in_store = [&] {
    const std::filesystem::directory_iterator files(program.folder / "store");
    return std::distance(begin(files), end(files));
  };
  const auto before = files_in_store();
  program.cuts(1);
  EXPECT_EQ(files_in_store(), before);
}

TEST(Disk, BearsAFileOfManyPendingWrites) {
  History program(Contents{{"log", ""}});
  for (std::uint64_t line = 0; line < 20'000; ++line) program.write("log", 2 * line, "x\n");
  EXPECT_THAT(program.cuts(8), SizeIs(8));
}

TEST(DiskWords, NameTheFilesAndTheCalls) {
  History program(Contents{{"state.dat", kOld}});
  save(program, kNew, {.sync_file = false, .sync_folder = false});
  EXPECT_THAT(
      program.sentences(5),
      ElementsAre(
          "the rename of state.tmp to state.dat and the creation of state.tmp are not on the "
          "disk, the 1024 bytes written to state.tmp are not: state.dat is as it was before",
          "the rename of state.tmp to state.dat is on the disk, the 1024 bytes written to "
          "state.tmp are not: state.dat has 1024 bytes of zeros",
          "the rename of state.tmp to state.dat is on the disk, the 1024 bytes written to "
          "state.tmp are not: state.dat is empty",
          "the rename of state.tmp to state.dat is on the disk, 256 of the 1024 bytes "
          "written to state.tmp are not: state.dat has 768 of its 1024 bytes",
          "the creation of state.tmp is on the disk, the rename of state.tmp to state.dat is "
          "not: state.dat is as it was before, state.tmp is there"));
}

TEST(DiskWords, SayThatAFileWhoseNewNameIsDurableIsEmpty) {
  History program(Contents{{"state.dat", kOld}});
  save(program, kNew, {.sync_file = false});
  EXPECT_EQ(program.sentences(1).at(0),
            "the 1024 bytes written to state.tmp are not on the disk: state.dat is empty");
}

TEST(DiskWords, SayWhatNamesAreMissing) {
  History program(Contents{{"state.dat", kOld}});
  save(program, kNew, {.sync_folder = false});
  EXPECT_THAT(program.sentences(),
              Contains("the rename of state.tmp to state.dat and the creation of state.tmp are not "
                       "on the disk: state.dat is as it was before"));
}

TEST(DiskWords, SayWhatIsStillThereAndWhatIsGone) {
  History program(Contents{{"state.1", kOld}});
  program.create("state.2").write("state.2", 0, kNew).sync("state.2").unlink("state.1");
  EXPECT_THAT(program.sentences(),
              ::testing::UnorderedElementsAre(
                  "the removal of state.1 and the creation of state.2 are not on the disk: "
                  "state.2 is missing, state.1 is still there",
                  "the creation of state.2 is on the disk, the removal of state.1 is not: "
                  "state.1 is still there"));
}

TEST(DiskWords, SayWhatATornWriteLeaves) {
  History program(Contents{{"state.dat", kOld}});
  program.write("state.dat", 0, kNew);
  EXPECT_THAT(program.sentences(),
              ElementsAre("the 1024 bytes written to state.dat are not on the disk: state.dat is "
                          "as it was before",
                          "512 of the 1024 bytes written to state.dat are not on the disk: "
                          "state.dat is partly new and partly old"));
}

TEST(DiskWords, NameAFewOfManyFiles) {
  History program;
  for (int file = 0; file < 9; ++file) program.create(cat("f", file));
  EXPECT_EQ(program.sentences(1).at(0),
            "the creation of f8, the creation of f7 and 7 other changes of names are not on the "
            "disk: f0 is missing, f1 is missing, f2 is missing, and 6 others differ");
}

// --- against brute force -------------------------------------------------------------

// The same promises, told as simply as can be: for every combination of fates of the data and
// every number of names all calls are made again, one after the other, on strings.
class BruteForce {
 public:
  BruteForce(const History& program, Contents before, std::map<std::string, std::uint64_t> inodes)
      : program_(program), before_(std::move(before)), inodes_(std::move(inodes)) {
    for (std::size_t i = 0; i < events().size(); ++i)
      if (changes(i) && !durable(i)) (is_data(i) ? open_ : names_).push_back(i);
  }

  enum Fate { absent, present, zeros, torn };
  using Fates = std::map<std::size_t, Fate>;  // of the events that are open

  std::size_t combinations() const {
    std::size_t product = names_.size() + 1;
    for (const std::size_t i : open_) product *= radix(i);
    return product;
  }
  std::set<Contents> all() const {
    std::set<Contents> found;
    for (std::size_t n = 0; n < combinations(); ++n) {
      Fates fates;
      std::size_t rest = n;
      for (const std::size_t i : open_) {
        fates[i] = static_cast<Fate>(rest % radix(i));
        rest /= radix(i);
      }
      for (std::size_t name = 0; name < names_.size(); ++name)
        fates[names_[name]] = name < rest ? present : absent;
      found.insert(state(fates));
    }
    return found;
  }
  Contents written() const {
    return made([](std::size_t) { return present; });
  }

  // The states that must be shown, by what they teach.
  std::map<std::string, Contents> telling() const {
    std::map<std::string, Contents> found;
    found["nothing"] = made([](std::size_t) { return absent; });
    found["names and zeros"] = made([&](std::size_t i) { return is_write(i) ? zeros : present; });
    found["names and lengths"] =
        made([&](std::size_t i) { return is_write(i) ? absent : present; });
    found["names only"] = made([&](std::size_t i) { return is_data(i) ? absent : present; });
    found["data only"] = made([&](std::size_t i) { return is_data(i) ? present : absent; });
    std::vector<std::size_t> all_open = open_;
    all_open.insert(all_open.end(), names_.begin(), names_.end());
    for (const std::size_t one : all_open) {
      const auto same_file = [&](std::size_t i) {
        return is_data(i) && events()[i].inode == events()[one].inode;
      };
      found[cat("without the file of ", one)] =
          made([&](std::size_t i) { return same_file(i) ? absent : present; });
      found[cat("without the bytes of ", one)] =
          made([&](std::size_t i) { return same_file(i) && is_write(i) ? absent : present; });
      if (!is_data(one))
        found[cat("without the names from ", one)] =
            made([&](std::size_t i) { return is_data(i) || i < one ? present : absent; });
      found[cat("in order up to ", one)] = made([&](std::size_t i) {
        return i < one ? present : (i > one ? absent : (is_write(i) ? torn : present));
      });
    }
    return found;
  }

 private:
  const std::vector<Event>& events() const { return program_.events; }
  bool is_write(std::size_t i) const { return events()[i].call == Call::write; }
  bool is_data(std::size_t i) const {
    const Event& event = events()[i];
    return is_write(i) || event.call == Call::truncate ||
           (event.call == Call::open && !event.created);
  }
  bool changes(std::size_t i) const {
    return events()[i].call != Call::sync && events()[i].call != Call::sync_disk;
  }
  std::size_t radix(std::size_t i) const { return is_write(i) ? 4 : 2; }

  static std::string folder_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

  bool synced_after(std::size_t i, const std::function<bool(const Event&)>& by) const {
    return std::any_of(
        events().begin() + static_cast<std::ptrdiff_t>(i), events().end(), [&](const Event& event) {
          return event.call == Call::sync_disk || (event.call == Call::sync && by(event));
        });
  }
  bool durable(std::size_t i) const {
    const Event& event = events()[i];
    if (is_data(i))
      return event.synchronous || (!is_write(i) && written_synchronously_after(i)) ||
             synced_after(i, [&](const Event& sync) { return sync.inode == event.inode; });
    for (std::size_t later = i; later < events().size(); ++later)
      if (changes(later) && !is_data(later) && synced_after(later, [&](const Event& sync) {
            const Event& name = events()[later];
            // A link is in the folder of its new name alone.
            return (name.call != Call::link && sync.path == folder_of(name.path)) ||
                   (!name.target.empty() && sync.path == folder_of(name.target));
          }))
        return true;
    return false;
  }
  bool written_synchronously_after(std::size_t i) const {
    return std::any_of(
        events().begin() + static_cast<std::ptrdiff_t>(i), events().end(),
        [&](const Event& event) { return event.synchronous && event.inode == events()[i].inode; });
  }

  Contents made(const std::function<Fate(std::size_t)>& choose) const {
    Fates fates;
    for (const auto* open : {&open_, &names_})
      for (const std::size_t i : *open) fates[i] = choose(i);
    return state(fates);
  }

  Contents state(const Fates& fates) const {
    std::map<std::string, std::uint64_t> names;
    std::map<std::uint64_t, std::string> bytes;
    for (const auto& [name, inode] : inodes_)
      if (!before_.contains(name + "/")) bytes[names[in_sandbox(name)] = inode] = before_.at(name);
    for (std::size_t i = 0; i < events().size(); ++i) {
      const Event& event = events()[i];
      if (!changes(i)) continue;
      const auto open = fates.find(i);
      const Fate fate = open == fates.end() ? present : open->second;
      if (is_data(i))
        change_bytes(event, fate, bytes[event.inode]);
      else if (fate == present)
        change_names(event, names);
    }
    Contents contents;
    for (const auto& [name, text] : before_)
      if (name.ends_with('/')) contents[name];
    for (const auto& [path, inode] : names) contents[path.substr(8)] = bytes[inode];
    return contents;
  }

  static void change_names(const Event& event, std::map<std::string, std::uint64_t>& names) {
    if (event.exchange) return std::swap(names.at(event.path), names.at(event.target));
    if (event.call == Call::unlink || event.call == Call::rename) names.erase(event.path);
    if (event.call != Call::unlink)
      names[event.target.empty() ? event.path : event.target] = event.inode;
  }

  void change_bytes(const Event& event, Fate fate, std::string& bytes) const {
    if (fate == absent) return;
    if (event.call != Call::write) return bytes.resize(event.offset);
    std::string data = program_.store.read({.bytes = event.bytes, .content = event.data}).value();
    if (fate == torn) data.resize(data.size() / 2);
    if (data.empty()) return;
    bytes.resize(std::max<std::size_t>(bytes.size(), event.offset + data.size()));
    if (fate != zeros) bytes.replace(event.offset, data.size(), data);
  }

  const History& program_;
  Contents before_;
  std::map<std::string, std::uint64_t> inodes_;
  std::vector<std::size_t> open_, names_;  // of data, of names
};

const std::vector<std::string> kNames{"a", "b", "f/a"};

// One more call, if it makes sense now.
void do_something(History& program) {
  const std::string name = *rc::gen::elementOf(kNames);
  const std::string other = *rc::gen::elementOf(kNames);
  auto& inodes = program.inodes();
  const bool there = inodes.contains(name);
  switch (*rc::gen::inRange(0, 11)) {
    case 0:
    case 1:
    case 2:
      if (!there) program.create(name);
      program.write(name, *rc::gen::inRange<std::uint64_t>(0, 4),
                    *rc::gen::element<std::string>("x", "yz", "1234"),
                    *rc::gen::weightedElement<bool>({{2, false}, {1, true}}));
      return;
    case 3:
      if (there) program.truncate(name, *rc::gen::inRange<std::uint64_t>(0, 5));
      return;
    case 4:
    case 5:
      if (there && name != other && (!inodes.contains(other) || inodes[other] != inodes[name]))
        program.rename(name, other);
      return;
    case 6:
      if (there) program.unlink(name);
      return;
    case 7:
      if (there && !inodes.contains(other)) program.link(name, other);
      return;
    case 8:
      if (there) program.open_truncated(name);
      return;
    case 9:
      if (there && inodes.contains(other) && inodes[other] != inodes[name])
        program.exchange(name, other);
      return;
    default: {
      const std::string synced = *rc::gen::element<std::string>("a", "b", "f/a", "f", "");
      if (synced.empty() || synced == "f" || inodes.contains(synced)) program.sync(synced);
    }
  }
}

std::string told(const Contents& contents) {
  std::ostringstream text;
  for (const auto& [name, bytes] : contents)
    text << name << "=" << ::testing::PrintToString(bytes) << " ";
  return text.str();
}

TEST(DiskProperty, ShowsOnlyWhatBruteForceFindsAndAllThatIsTelling) {
  const bool good = rc::check([] {
    const Contents before{{"a", "0123456"}, {"f/", ""}};
    History program(before);
    const auto inodes = program.inodes();
    const int calls = *rc::gen::inRange(1, 9);
    for (int call = 0; call < calls; ++call) do_something(program);
    const BruteForce brute_force(program, before, inodes);
    RC_PRE(brute_force.combinations() <= 4096U);

    const std::vector<Contents> shown = program.states();
    const std::set<Contents> found(shown.begin(), shown.end());
    const std::set<Contents> all = brute_force.all();
    RC_ASSERT(found.size() == shown.size());
    RC_ASSERT(!found.contains(brute_force.written()));
    for (const Contents& state : shown)
      if (!all.contains(state)) RC_FAIL("shown, but not possible: " + told(state));
    for (const auto& [name, state] : brute_force.telling())
      if (state != brute_force.written() && !found.contains(state))
        RC_FAIL(name + " is not shown: " + told(state));
  });
  EXPECT_TRUE(good);
}

TEST(DiskProperty, WithManyDrawsShowsEveryStateOfATinyHistory) {
  const Contents before{{"a", "01"}};
  History program(before);
  const auto inodes = program.inodes();
  program.write("a", 0, "xy").rename("a", "b").create("c").write("c", 0, "12");
  const BruteForce brute_force(program, before, inodes);
  std::set<Contents> expected = brute_force.all();
  expected.erase(brute_force.written());
  const auto shown = program.states();
  EXPECT_EQ(std::set<Contents>(shown.begin(), shown.end()), expected);
}

}  // namespace
}  // namespace cairn::verify
