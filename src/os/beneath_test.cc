// Every test runs both ways of resolving a path: the kernel's and by hand.
#include "os/beneath.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <array>
#include <atomic>
#include <optional>
#include <thread>

#include "base/text.h"
#include "support/temp_folder.h"

namespace cairn::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class BeneathTest : public ::testing::TestWithParam<Beneath::Way> {
 protected:
  BeneathTest() {
    top_.write("secret", "secret");
    top_.write("outside/secret", "secret");
    write("data", "data");
    beneath_.emplace(Beneath::open(sandbox(), GetParam()).value());
  }

  Path sandbox() const { return top_ / "sandbox"; }
  Path at(const std::string& name) const { return sandbox() / name; }
  void write(const std::string& name, const std::string& text) {
    top_.write("sandbox/" + name, text);
  }
  void folder(const std::string& name) { std::filesystem::create_directories(at(name)); }
  void link(const std::string& target, const std::string& name) {
    std::filesystem::create_symlink(target, at(name));
  }

  static std::string contents(File& file) {
    std::string text(file.size().value(), '\0');
    text.resize(file.read_at(0, std::as_writable_bytes(std::span(text))).value());
    return text;
  }
  std::string read(const std::string& name) { return contents(*beneath_->open_file(name).value()); }
  Error refusal(const std::string& name) {
    auto file = beneath_->open_file(name);
    return file ? Error{Errc::io, "was opened: " + name, 0, {}} : file.error();
  }

  // "name" or "name/", in order.
  std::vector<std::string> names(const std::vector<std::string>& entries, bool preserve = false) {
    std::vector<std::string> found;
    for (const FileItem& item : beneath_->walk_all(entries, preserve).value())
      found.push_back(item.name + (item.folder ? "/" : ""));
    return found;
  }
  Error walk_error(const std::vector<std::string>& entries, bool preserve = false) {
    auto items = beneath_->walk_all(entries, preserve);
    return items ? Error{Errc::io, "was accepted", 0, {}} : items.error();
  }

  TempFolder top_;
  std::optional<Beneath> beneath_;
};

#define EXPECT_ERROR(error, wanted, name)                                            \
  do {                                                                               \
    const Error seen = (error);                                                      \
    EXPECT_EQ(static_cast<int>(seen.code), static_cast<int>(wanted)) << seen.text(); \
    EXPECT_THAT(seen.message, HasSubstr(name));                                      \
  } while (false)

TEST_P(BeneathTest, OpensFilesInTheFolderAndBelow) {
  write("a/b/c", "deep");
  EXPECT_EQ(read("data"), "data");
  EXPECT_EQ(read("a/b/c"), "deep");
  EXPECT_EQ(read("./a//b/./c"), "deep");
  EXPECT_EQ(read("a/../data"), "data");
}

TEST_P(BeneathTest, FollowsLinksThatStayBeneath) {
  write("a/b/c", "deep");
  link("a/b/c", "file_link");
  link("b", "a/folder_link");
  link("../../data", "a/b/up");
  link("file_link", "link_to_link");
  EXPECT_EQ(read("file_link"), "deep");
  EXPECT_EQ(read("a/folder_link/c"), "deep");
  EXPECT_EQ(read("a/folder_link/up"), "data");
  EXPECT_EQ(read("link_to_link"), "deep");
}

TEST_P(BeneathTest, RefusesEveryWayOut) {
  folder("a");
  link("../secret", "by_link");
  link(top_ / "secret", "by_absolute_link");
  link("..", "up");
  link("/", "root");
  link("../../secret", "a/twice_up");
  link("/proc/self/cwd", "magic");
  for (const char* name :
       {"../secret", "a/../../secret", "by_link", "by_absolute_link", "up/secret",
        "up/outside/secret", "root/etc/passwd", "a/twice_up", "magic", ".."})
    EXPECT_ERROR(refusal(name), Errc::invalid, name);
  EXPECT_ERROR(refusal((top_ / "secret").native()), Errc::invalid, "secret");
  EXPECT_ERROR(refusal((sandbox() / "data").native()), Errc::invalid, "data");
}

TEST_P(BeneathTest, ANeighbourWhoseNameBeginsAlikeIsOutside) {
  top_.write("sandbox2/secret", "secret");
  EXPECT_ERROR(refusal("../sandbox2/secret"), Errc::invalid, "sandbox2");
}

TEST_P(BeneathTest, LinksInACircleEnd) {
  link("two", "one");
  link("one", "two");
  EXPECT_ERROR(refusal("one"), Errc::invalid, "one");
}

TEST_P(BeneathTest, MissingFilesAreNamed) {
  link("nothing", "dangling");
  EXPECT_ERROR(refusal("state.dat"), Errc::not_found, "state.dat: no such file");
  EXPECT_ERROR(refusal("no/such/file"), Errc::not_found, "no/such/file");
  EXPECT_ERROR(refusal("dangling"), Errc::not_found, "dangling");
  EXPECT_ERROR(refusal("data/below"), Errc::not_found, "data/below");
  EXPECT_ERROR(refusal("data/"), Errc::not_found, "data/");
}

// Opening a FIFO for reading would wait for a writer for ever.
TEST_P(BeneathTest, OpensNothingButRegularFiles) {
  folder("folder");
  ASSERT_EQ(::mkfifo(at("fifo").c_str(), 0600), 0);
  const Descriptor socket(::socket(AF_UNIX, SOCK_STREAM, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  at("socket").native().copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  EXPECT_ERROR(refusal("folder"), Errc::invalid, "folder: is a folder");
  EXPECT_ERROR(refusal("fifo"), Errc::invalid, "fifo: is a FIFO");
  EXPECT_ERROR(refusal("socket"), Errc::invalid, "socket: is a socket");
  EXPECT_THAT(names({"."}), ElementsAre("data", "folder/"));
  EXPECT_THAT(names({"fifo"}), IsEmpty());
}

// The job swaps a file for a link to the secret, again and again, while we read.
TEST_P(BeneathTest, NeverReadsASecretWhateverIsSwappedMeanwhile) {
  folder("a");
  write("a/file", "data");
  std::filesystem::create_directory(at("other"));
  std::filesystem::create_symlink(top_ / "secret", at("other/file"));
  std::atomic<bool> done = false;
  std::thread job([&] {
    while (!done) {
      ::renameat2(AT_FDCWD, at("a").c_str(), AT_FDCWD, at("other").c_str(), RENAME_EXCHANGE);
      ::renameat2(AT_FDCWD, at("a/file").c_str(), AT_FDCWD, at("data").c_str(), RENAME_EXCHANGE);
    }
  });
  int opened = 0, refused = 0;
  while (opened + refused < 4000) {
    const auto file = beneath_->open_file("a/file");
    if (!file) {
      ++refused;
      continue;
    }
    ++opened;
    ASSERT_EQ(contents(**file), "data");
  }
  done = true;
  job.join();
}

TEST_P(BeneathTest, ListsAFolderWithItsNameAndEmptyFolders) {
  write("ckpt/a", "1");
  write("ckpt/sub/b", "2");
  folder("ckpt/empty");
  EXPECT_THAT(names({"ckpt"}),
              ElementsAre("ckpt/", "ckpt/a", "ckpt/empty/", "ckpt/sub/", "ckpt/sub/b"));
}

TEST_P(BeneathTest, ASlashMeansTheContents) {
  write("ckpt/a", "1");
  folder("ckpt/empty");
  EXPECT_THAT(names({"ckpt/"}), ElementsAre("a", "empty/"));
  EXPECT_THAT(names({"ckpt/."}), ElementsAre("a", "empty/"));
  EXPECT_THAT(names({"ckpt/"}, true), ElementsAre("ckpt/", "ckpt/a", "ckpt/empty/"));
  EXPECT_ERROR(walk_error({"data/"}), Errc::not_found, "data");
}

TEST_P(BeneathTest, FlattensUnlessPathsArePreserved) {
  write("a/b/c", "deep");
  EXPECT_THAT(names({"a/b/c"}), ElementsAre("c"));
  EXPECT_THAT(names({"a/b"}), ElementsAre("b/", "b/c"));
  EXPECT_THAT(names({"a/b/c"}, true), ElementsAre("a/", "a/b/", "a/b/c"));
  EXPECT_THAT(names({"a/./b/../b/c"}, true), ElementsAre("a/", "a/b/", "a/b/c"));
}

TEST_P(BeneathTest, EntriesThatFlattenOntoEachOtherAreBothNamed) {
  write("a/state", "1");
  write("b/state", "2");
  EXPECT_ERROR(walk_error({"a/state", "b/state"}), Errc::invalid, "a/state and b/state");
  EXPECT_ERROR(walk_error({"a/", "b/"}), Errc::invalid, "a/state and b/state");
  EXPECT_THAT(names({"a/state", "b/state"}, true), ElementsAre("a/", "a/state", "b/", "b/state"));
  EXPECT_THAT(names({"a/state", "a/state", "./a/state"}), ElementsAre("state"));
}

TEST_P(BeneathTest, ALinkToAFileArrivesAsAFile) {
  write("a/b", "text");
  link("a/b", "linked");
  link("../data", "a/inner");
  const auto items = beneath_->walk("linked", false).value();
  ASSERT_EQ(items.size(), 1U);
  EXPECT_EQ(items[0].name, "linked");
  EXPECT_EQ(contents(*items[0].open().value()), "text");
  EXPECT_THAT(names({"a"}), ElementsAre("a/", "a/b", "a/inner"));
}

TEST_P(BeneathTest, ALinkToAFolderIsAnError) {
  write("a/b", "text");
  link("a", "linked");
  link("../a", "a/self");
  EXPECT_ERROR(walk_error({"linked"}), Errc::invalid, "linked: is a symbolic link to a folder");
  EXPECT_ERROR(walk_error({"a"}), Errc::invalid, "a/self: is a symbolic link to a folder");
}

TEST_P(BeneathTest, WalksNowhereOutside) {
  folder("a");
  link("../outside", "out");
  link("../../secret", "a/secret");
  EXPECT_ERROR(walk_error({"/etc"}), Errc::invalid, "/etc");
  EXPECT_ERROR(walk_error({"../outside"}), Errc::invalid, "../outside");
  EXPECT_ERROR(walk_error({"a/../.."}), Errc::invalid, "a/../..");
  EXPECT_ERROR(walk_error({"out/secret"}), Errc::invalid, "out/secret");
  EXPECT_ERROR(walk_error({"out/"}), Errc::invalid, "out");
  EXPECT_ERROR(walk_error({"a"}), Errc::invalid, "a/secret");
  EXPECT_ERROR(walk_error({"none"}), Errc::not_found, "none");
  EXPECT_ERROR(walk_error({""}), Errc::invalid, "empty");
}

TEST_P(BeneathTest, KeepsModesAndContents) {
  write("run.sh", "#!/bin/sh");
  ::chmod(at("run.sh").c_str(), 0755);
  folder("f");
  ::chmod(at("f").c_str(), 0750);
  const auto items = beneath_->walk(".", false).value();
  ASSERT_EQ(items.size(), 3U);
  EXPECT_EQ(items[1].mode, 0750U);
  EXPECT_EQ(items[2].mode, 0755U);
  EXPECT_EQ(contents(*items[2].open().value()), "#!/bin/sh");
}

TEST_P(BeneathTest, AnItemStaysGuardedAfterTheWalk) {
  write("a/file", "text");
  const auto items = beneath_->walk("a/file", false).value();
  beneath_.reset();
  EXPECT_EQ(contents(*items[0].open().value()), "text");
  std::filesystem::remove(at("a/file"));
  link("../../secret", "a/file");
  EXPECT_FALSE(items[0].open());
}

TEST_P(BeneathTest, FoldersDeeperThanAPathCanSayAreAnError) {
  const std::string name(250, 'd');
  Descriptor here(::open(sandbox().c_str(), O_PATH | O_DIRECTORY));
  for (int level = 0; level < 20; ++level) {
    ASSERT_EQ(::mkdirat(here.get(), name.c_str(), 0700), 0);
    here = Descriptor(::openat(here.get(), name.c_str(), O_PATH | O_DIRECTORY));
  }
  EXPECT_EQ(beneath_->walk(name, false).error().sys_errno, ENAMETOOLONG);
}

INSTANTIATE_TEST_SUITE_P(Ways, BeneathTest,
                         ::testing::Values(Beneath::Way::best, Beneath::Way::by_hand),
                         [](const auto& way) {
                           return way.param == Beneath::Way::best ? "Best" : "ByHand";
                         });

TEST(Beneath, AMissingFolderIsNotFound) {
  const TempFolder folder;
  EXPECT_EQ(Beneath::open(folder / "none").error().code, Errc::not_found);
}

}  // namespace
}  // namespace cairn::testing
