#include "os/lock.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <optional>
#include <thread>

#include "base/text.h"
#include "support/temp_folder.h"

namespace cairn::testing {
namespace {

using ::testing::HasSubstr;

// A process of its own that does `body` and then lives until it is told to end or killed.
class Other {
 public:
  template <class Body>
  explicit Other(Body body) {
    int from_child[2], to_child[2];
    CAIRN_ASSERT(::pipe(from_child) == 0 && ::pipe(to_child) == 0, "pipe");
    pid_ = ::fork();
    if (pid_ == 0) {
      ::close(to_child[1]);
      const char answer = body();
      char ignored;
      if (::write(from_child[1], &answer, 1) != 1) ::_exit(9);
      const auto told = ::read(to_child[0], &ignored, 1);
      ::_exit(told == 0 ? 0 : 1);
    }
    ::close(from_child[1]);
    ::close(to_child[0]);
    end_.reset(to_child[1]);
    const Descriptor answers(from_child[0]);
    CAIRN_ASSERT(::read(answers.get(), &answer_, 1) == 1, "the child does not answer");
  }
  ~Other() {
    end_.reset();
    if (pid_ != 0) ::waitpid(pid_, nullptr, 0);
  }
  void kill() {
    ::kill(pid_, SIGKILL);
    ::waitpid(std::exchange(pid_, 0), nullptr, 0);
  }
  pid_t pid() const { return pid_; }
  char answer() const { return answer_; }

 private:
  pid_t pid_ = 0;
  char answer_ = '?';
  Descriptor end_;
};

// Runs in the child: takes the lock and keeps it.
auto taking(const Path& folder) {
  return [folder] {
    static std::optional<FolderLock> kept;
    auto lock = FolderLock::take(folder);
    if (!lock) return lock.error().code == Errc::locked ? 'l' : 'e';
    kept.emplace(*std::move(lock));
    return 't';
  };
}

TEST(FolderLock, IsFreeAgainAfterItsEndAndLeavesNoFile) {
  const TempFolder folder;
  {
    const FolderLock lock = FolderLock::take(folder.path()).value();
    EXPECT_TRUE(std::filesystem::exists(folder / "lock"));
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  EXPECT_TRUE(FolderLock::take(folder.path()));
}

TEST(FolderLock, TheSameProcessIsRefusedToo) {
  const TempFolder folder;
  std::optional<FolderLock> lock = FolderLock::take(folder.path()).value();
  const auto second = FolderLock::take(folder.path());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::locked);
  EXPECT_THAT(second.error().message, HasSubstr(cat("is locked by pid ", ::getpid())));
  // The refusal has not dropped the first one's lock, as a second close(2) would.
  EXPECT_EQ(Other(taking(folder.path())).answer(), 'l');
}

TEST(FolderLock, TheSameFolderByAnotherNameIsTheSameFolder) {
  const TempFolder folder;
  const FolderLock lock = FolderLock::take(folder.path()).value();
  EXPECT_FALSE(FolderLock::take(folder.path() / "." / ".." / folder.path().filename()));
}

TEST(FolderLock, NamesTheProcessThatHasIt) {
  const TempFolder folder;
  const Other owner(taking(folder.path()));
  ASSERT_EQ(owner.answer(), 't');
  const auto refused = FolderLock::take(folder.path());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::locked);
  char host[256] = {};
  ::gethostname(host, sizeof host - 1);
  EXPECT_EQ(refused.error().message,
            cat(folder.path().native(), " is locked by pid ", owner.pid(), " on host ", host));
  EXPECT_FALSE(refused.error().hint.empty());
}

TEST(FolderLock, IsTakenOverSilentlyFromAKilledProcess) {
  const TempFolder folder;
  Other owner(taking(folder.path()));
  ASSERT_EQ(owner.answer(), 't');
  owner.kill();
  EXPECT_TRUE(std::filesystem::exists(folder / "lock"));
  EXPECT_TRUE(FolderLock::take(folder.path()));
}

TEST(FolderLock, AForkedChildNeitherOwnsNorReleasesIt) {
  const TempFolder folder;
  std::optional<FolderLock> lock = FolderLock::take(folder.path()).value();
  const Other child([&] {
    lock.reset();  // the child's copy
    return taking(folder.path())();
  });
  EXPECT_EQ(child.answer(), 'l');
  EXPECT_TRUE(std::filesystem::exists(folder / "lock"));
  EXPECT_EQ(Other(taking(folder.path())).answer(), 'l');
}

TEST(FolderLock, MovesItsOwnership) {
  const TempFolder a, b;
  FolderLock lock = FolderLock::take(a.path()).value();
  FolderLock other = FolderLock::take(b.path()).value();
  lock = std::move(other);
  EXPECT_TRUE(FolderLock::take(a.path()));
  EXPECT_FALSE(FolderLock::take(b.path()));
}

TEST(FolderLock, MissingFolderIsNotFound) {
  const TempFolder folder;
  EXPECT_EQ(FolderLock::take(folder / "none").error().code, Errc::not_found);
}

TEST(FolderLock, ALinkInItsPlaceIsNotFollowed) {
  const TempFolder folder;
  folder.write("precious", "text");
  std::filesystem::create_symlink("precious", folder / "lock");
  EXPECT_FALSE(FolderLock::take(folder.path()));
  EXPECT_EQ(std::filesystem::file_size(folder / "precious"), 4U);
}

// Processes that take and release in turn; the folder's owner is alone in it: he makes a
// file exclusively and removes it.  Fails if the lock is given to two (as without the
// same-inode check after locking a file that its last owner has just removed).
TEST(FolderLock, NeverHasTwoOwnersHoweverManyComeAndGo) {
  const TempFolder folder;
  std::vector<pid_t> children;
  for (int child = 0; child < 4; ++child) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      for (int owned = 0; owned < 300;) {
        auto lock = FolderLock::take(folder.path());
        if (!lock && lock.error().code != Errc::locked) ::_exit(2);
        if (!lock) continue;
        ++owned;
        const int fd = ::open((folder / "alone").c_str(), O_CREAT | O_EXCL | O_WRONLY, 0600);
        if (fd == -1) ::_exit(1);
        ::close(fd);
        ::unlink((folder / "alone").c_str());
      }
      ::_exit(0);
    }
    children.push_back(pid);
  }
  for (const pid_t pid : children) {
    int status = -1;
    ASSERT_EQ(::waitpid(pid, &status, 0), pid);
    EXPECT_EQ(status, 0);
  }
}

TEST(FolderLock, ThreadsOfOneProcessExcludeEachOther) {
  const TempFolder folder;
  std::atomic<int> owners = 0, mistakes = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i)
    threads.emplace_back([&] {
      for (int owned = 0; owned < 50;) {
        const auto lock = FolderLock::take(folder.path());
        if (!lock) continue;
        if (owners.fetch_add(1) != 0) ++mistakes;
        ++owned;
        owners.fetch_sub(1);
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(mistakes, 0);
}

}  // namespace
}  // namespace cairn::testing
