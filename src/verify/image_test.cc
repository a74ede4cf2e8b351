#include "verify/image.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <thread>
#include <vector>

#include "support/temp_folder.h"

namespace cairn::verify {
namespace {

using cairn::testing::TempFolder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Kind = ImageEntry::Kind;

std::vector<std::string> names(const Image& image) {
  std::vector<std::string> result;
  for (const auto& [name, entry] : image.entries) result.push_back(name);
  return result;
}

std::vector<std::string> names_on_disk(const Path& folder) {
  std::vector<std::string> result;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    result.push_back(entry.path().filename());
  std::sort(result.begin(), result.end());
  return result;
}

unsigned mode_of(const Path& path) {
  struct stat status {};
  ::lstat(path.c_str(), &status);
  return status.st_mode & 07777U;
}

class ImageTest : public ::testing::Test {
 protected:
  Image capture(ImageStore::Memory* memory = nullptr) {
    return store.capture(folder / "job", memory).value();
  }
  // Until the clock that files are stamped with is past the file's last change.
  void wait_for_a_tick(const Path& path) {
    struct stat status {};
    ::stat(path.c_str(), &status);
    const auto now = [] {
      timespec time{};
      ::clock_gettime(CLOCK_REALTIME_COARSE, &time);
      return std::pair(time.tv_sec, time.tv_nsec);
    };
    while (now() <= std::pair(status.st_ctim.tv_sec, status.st_ctim.tv_nsec))
      std::this_thread::yield();
  }

  TempFolder folder;
  ImageStore store{folder / "store"};
};

TEST_F(ImageTest, HoldsFilesFoldersLinksAndFifosButNoSockets) {
  folder.write("job/state.dat", "thirty");
  folder.write("job/deep/er/x", "");
  std::filesystem::create_directory(folder / "job/empty");
  std::filesystem::create_symlink("nowhere", folder / "job/link");
  ::mkfifo((folder / "job/fifo").c_str(), 0600);
  const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strcpy(address.sun_path, (folder / "job/socket").c_str());
  ASSERT_EQ(::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ::close(socket);

  const Image image = capture();
  EXPECT_THAT(names(image),
              ElementsAre("deep", "deep/er", "deep/er/x", "empty", "fifo", "link", "state.dat"));
  EXPECT_EQ(image.find("link")->content, "nowhere");
  EXPECT_EQ(image.find("state.dat")->bytes, 6U);
  EXPECT_EQ(image.bytes(), 6U);
  EXPECT_EQ(store.read(*image.find("state.dat")).value(), "thirty");
  EXPECT_EQ(image.find("socket"), nullptr);
}

TEST_F(ImageTest, AFolderThatIsMissingIsAnError) {
  const auto image = store.capture(folder / "nowhere");
  ASSERT_FALSE(image);
  EXPECT_EQ(image.error().code, Errc::not_found);
  EXPECT_THAT(image.error().message, HasSubstr("nowhere"));
}

TEST_F(ImageTest, WhatMayNotBeReadIsAnErrorThatSaysSo) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may read everything";
  ::chmod(folder.write("job/secret", "x").c_str(), 0);
  const auto image = store.capture(folder / "job");
  ASSERT_FALSE(image);
  EXPECT_THAT(image.error().text(), HasSubstr("secret"));
  EXPECT_THAT(image.error().text(), HasSubstr("chmod"));
}

TEST_F(ImageTest, AContentIsStoredOnceAndWholeWhoeverBringsIt) {
  const std::string big(3'000'000, 'x');
  folder.write("job/a", big);
  folder.write("job/b", big);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back([this] { capture(); });
  for (std::thread& thread : threads) thread.join();
  ASSERT_THAT(names_on_disk(folder / "store"), SizeIs(1));
  EXPECT_EQ(store.read(store.add(as_bytes(big)).value()).value(), big);
}

TEST_F(ImageTest, AddGivesTheNameThatCaptureGives) {
  for (const std::size_t bytes : {0U, 1U, 262143U, 262144U, 262145U, 1000000U}) {
    const std::string content(bytes, 'y');
    folder.write("job/f", content);
    EXPECT_EQ(store.add(as_bytes(content)).value().content, capture().find("f")->content);
  }
}

TEST_F(ImageTest, HolesComeBackAsZerosAndTakeNoSpace) {
  folder.write("job/sparse", "begin");
  std::filesystem::resize_file(folder / "job/sparse", 64 << 20);
  store.lay_out(capture(), folder / "copy").value();
  struct stat status {};
  ::stat((folder / "copy/sparse").c_str(), &status);
  EXPECT_EQ(status.st_size, 64 << 20);
  EXPECT_LT(status.st_blocks * 512, 2 << 20);
  EXPECT_EQ(key_of(store.capture(folder / "copy").value()), key_of(capture()));
}

TEST_F(ImageTest, LaysOutModesExactlyEvenOfFoldersThatNobodyMayWriteTo) {
  folder.write("job/closed/x", "x");
  ::chmod((folder / "job/closed/x").c_str(), 0751);
  ::chmod((folder / "job/closed").c_str(), 0555);
  const Image image = capture();
  const mode_t before = ::umask(077);
  store.lay_out(image, folder / "parent/copy").value();
  EXPECT_EQ(mode_of(folder / "parent/copy/closed/x"), 0751U);
  EXPECT_EQ(mode_of(folder / "parent/copy/closed"), 0555U);
  store.lay_out(image, folder / "parent/copy").value();  // over itself
  ::umask(before);
  EXPECT_EQ(store.capture(folder / "parent/copy").value(), image);
  store.lay_out(Image(), folder / "parent/copy").value();
  EXPECT_THAT(names_on_disk(folder / "parent/copy"), IsEmpty());
}

TEST_F(ImageTest, ACopyIsItsOwnFile) {
  folder.write("job/a", "original");
  const Image image = capture();
  store.lay_out(image, folder / "copy").value();
  folder.write("copy/a", "another!");
  EXPECT_EQ(store.read(*image.find("a")).value(), "original");
  EXPECT_EQ(store.capture(folder / "copy").value().entries.size(), 1U);
}

TEST_F(ImageTest, NothingIsWrittenThroughALink) {
  Image image;
  image.entries["a"] = {.kind = Kind::link, .mode = 0777, .content = folder / "elsewhere"};
  image.entries["a/b"] = store.add(as_bytes("x")).value();
  EXPECT_DEATH(static_cast<void>(store.lay_out(image, folder / "copy")), "stands in a folder");
  Image outside;
  outside.entries["../b"] = image.entries["a/b"];
  EXPECT_DEATH(static_cast<void>(store.lay_out(outside, folder / "copy")), "relative and plain");
}

TEST_F(ImageTest, ALinkIsRemovedNotWhatItLeadsTo) {
  folder.write("precious/x", "x");
  std::filesystem::create_directory(folder / "copy");
  std::filesystem::create_symlink(folder / "precious", folder / "copy/link");
  store.lay_out(Image(), folder / "copy").value();
  EXPECT_TRUE(std::filesystem::exists(folder / "precious/x"));
  EXPECT_THAT(names_on_disk(folder / "copy"), IsEmpty());
}

// --- memory ----------------------------------------------------------------------

// Linux 6.13 and later give each change that somebody could see a time of its own: there it holds
// whatever we do.
TEST_F(ImageTest, ReadsAFileAgainThatChangedWithinOneTickOfTheClock) {
  ImageStore::Memory memory;
  for (int i = 0; i < 200; ++i) {
    const std::string content = i % 2 == 0 ? "even" : "odd!";
    folder.write("job/state", content);
    ASSERT_EQ(store.read(*capture(&memory).find("state")).value(), content) << i;
  }
}

TEST_F(ImageTest, DoesNotReadWhatItRemembers) {
  wait_for_a_tick(folder.write("job/state", "thirty"));
  ImageStore::Memory memory;
  const Image first = capture(&memory);
  // Were it read, it would be put into the store again.
  std::filesystem::remove(store.path_of(*first.find("state")));
  EXPECT_EQ(capture(&memory), first);
  EXPECT_THAT(names_on_disk(folder / "store"), IsEmpty());
  memory.forget("state");
  EXPECT_EQ(capture(&memory), first);
  EXPECT_THAT(names_on_disk(folder / "store"), SizeIs(1));
}

TEST_F(ImageTest, ForgettingAFolderForgetsWhatIsInIt) {
  wait_for_a_tick(folder.write("job/d/state", "thirty"));
  ImageStore::Memory memory;
  const Image first = capture(&memory);
  std::filesystem::remove(store.path_of(*first.find("d/state")));
  memory.forget("d");
  capture(&memory);
  EXPECT_THAT(names_on_disk(folder / "store"), SizeIs(1));
}

// --- parts -----------------------------------------------------------------------

Image image_of(ImageStore& store, const std::vector<std::string>& files) {
  Image image;
  for (const std::string& name : files) {
    Image file;
    file.entries[""] = store.add(as_bytes(name)).value();
    image = with_part(image, name, file);
  }
  return image;
}

TEST_F(ImageTest, APartIsWhatIsBelowAName) {
  const Image image = image_of(store, {"a", "a-b", "s/x", "s/d/y", "s0", "sx"});
  EXPECT_THAT(names(part_of(image, "s")), ElementsAre("d", "d/y", "x"));
  EXPECT_THAT(names(part_of(image, "a")), ElementsAre(""));
  EXPECT_THAT(names(part_of(image, "none")), IsEmpty());
  EXPECT_EQ(part_of(image, ""), image);
}

TEST_F(ImageTest, APartReplacesWhatWasThereAsAWhole) {
  Image image = image_of(store, {"s/x", "s/d/y", "s-", "s0"});
  image.entries["s"].mode = 0700;
  const Image changed = with_part(image, "s", image_of(store, {"z"}));
  EXPECT_THAT(names(changed), ElementsAre("s", "s-", "s/z", "s0"));
  EXPECT_EQ(changed.find("s")->mode, 0700U);
}

TEST_F(ImageTest, WhatStandsInTheWayOfAPartBecomesAFolder) {
  const Image image = with_part(image_of(store, {"a"}), "a/b", image_of(store, {"c"}));
  EXPECT_THAT(names(image), ElementsAre("a", "a/b", "a/b/c"));
  store.lay_out(image, folder / "copy").value();
}

TEST_F(ImageTest, ACheckpointReplacesTheInputsOfItsTopLevelNames) {
  const Image inputs = image_of(store, {"input", "state/old", "state/both", "state.txt"});
  const Image checkpoint = image_of(store, {"state/both", "state/new"});
  EXPECT_THAT(names(overlaid(inputs, checkpoint)),
              ElementsAre("input", "state", "state.txt", "state/both", "state/new"));
}

TEST_F(ImageTest, EveryFieldOfAnEntryIsInTheKey) {
  const Image image = image_of(store, {"a", "b"});
  const std::string key = key_of(image);
  EXPECT_EQ(key_of(image_of(store, {"b", "a"})), key);
  const auto changed = [&](auto change) {
    Image copy = image;
    change(copy.entries["a"]);
    return key_of(copy);
  };
  EXPECT_NE(changed([](ImageEntry& entry) { entry.mode = 0600; }), key);
  EXPECT_NE(changed([](ImageEntry& entry) { entry.kind = Kind::link; }), key);
  EXPECT_NE(changed([](ImageEntry& entry) { entry.bytes++; }), key);
  EXPECT_NE(changed([](ImageEntry& entry) { entry.content += "x"; }), key);
  Image renamed = image;
  auto node = renamed.entries.extract("a");
  node.key() = "c";
  renamed.entries.insert(std::move(node));
  EXPECT_NE(key_of(renamed), key);
}

// --- any image -------------------------------------------------------------------

Image any_image(ImageStore& store) {
  Image image;
  const auto count = *rc::gen::inRange(0, 12);
  for (int i = 0; i < count; ++i) {
    const auto part = rc::gen::element<std::string>("a", "b", "a b", "-", "\xff", "..x", "a0");
    const auto parts = *rc::gen::container<std::vector<std::string>>(part);
    std::string name;
    for (std::size_t j = 0; j < parts.size() && j < 4; ++j) name += (j == 0 ? "" : "/") + parts[j];
    if (name.empty()) continue;
    Image one;
    switch (*rc::gen::inRange(0, 4)) {
      case 0:
        break;  // a folder
      case 1:
        one.entries[""] = {.kind = Kind::link, .mode = 0777, .content = "to/" + name};
        break;
      case 2:
        one.entries[""] = {
            .kind = Kind::fifo, .mode = *rc::gen::inRange(0U, 01000U), .content = {}};
        break;
      default:
        one.entries[""] = store
                              .add(as_bytes(*rc::gen::arbitrary<std::string>()),
                                   *rc::gen::inRange(0U, 01000U) | 0400U)
                              .value();
    }
    image = with_part(image, name, one);
    if (one.entries.empty()) image.entries[name].mode = *rc::gen::inRange(0U, 010U) | 0700U;
  }
  return image;
}

RC_GTEST_FIXTURE_PROP(ImageTest, WhatWasLaidOutIsCapturedAgain, ()) {
  const Image image = any_image(store);
  const Image other = any_image(store);
  store.lay_out(other, folder / "copy").value();
  store.lay_out(image, folder / "copy").value();
  RC_ASSERT(store.capture(folder / "copy").value() == image);
  RC_ASSERT((key_of(image) == key_of(other)) == (image == other));
}

RC_GTEST_FIXTURE_PROP(ImageTest, APartThatIsPutBackChangesNothing, ()) {
  const Image image = any_image(store);
  RC_PRE(!image.entries.empty());
  const std::string name = *rc::gen::elementOf(names(image));
  RC_ASSERT(with_part(image, name, part_of(image, name)) == image);
  RC_ASSERT(part_of(with_part(Image(), "x/y", image), "x/y") == image);
}

}  // namespace
}  // namespace cairn::verify
