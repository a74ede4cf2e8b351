#include "wrap/freeze.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <functional>
#include <memory>
#include <thread>

#include "base/text.h"
#include "os/process.h"
#include "support/temp_folder.h"

namespace cairn::wrap {
namespace {

// A child that does `work` until it is killed.
class Child {
 public:
  explicit Child(const std::function<void()>& work) : pid_(::fork()) {
    if (pid_ != 0) return;
    work();
    ::_exit(0);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    for (const pid_t pid : descendants()) ::kill(pid, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  char state() const {
    const std::string stat = read_proc(pid_, "stat");
    const auto name_end = stat.rfind(')');
    return name_end == stat.npos ? '?' : stat[name_end + 2];
  }

 private:
  pid_t pid_;
};

[[noreturn]] void sleep_for_ever() {
  for (;;) ::pause();
}

TEST(Frozen, StandsStillAndGoesOn) {
  const Child child(sleep_for_ever);
  {
    const Frozen frozen;
    EXPECT_TRUE(frozen.stands_still());
    EXPECT_EQ(child.state(), 'T');
  }
  while (child.state() == 'T') std::this_thread::yield();
}

// In vfork() it cannot be stopped before its child has gone on, which is stopped: no reason to
// wait for ever.
TEST(Frozen, OneThatIsAboutToStartAnotherStandsStill) {
#ifdef __SANITIZE_THREAD__
  GTEST_SKIP() << "the sanitizer makes a fork of it";
#endif
  const Child child([] {
    if (::vfork() == 0)  // NOLINT(clang-analyzer-security.insecureAPI.vfork)
      ::pause();         // NOLINT(clang-analyzer-unix.Vfork)
    ::_exit(0);
  });
  while (child.state() != 'D') std::this_thread::yield();
  const Frozen frozen;
  EXPECT_TRUE(frozen.stands_still());
  EXPECT_EQ(frozen.processes().size(), 2U);
}

TEST(Frozen, EveryThreadStandsStill) {
  const Child child([] {
    const std::jthread busy([] {
      for (;;) std::this_thread::yield();
    });
  });
  const Frozen frozen;
  EXPECT_TRUE(frozen.stands_still());
}

TEST(OpenForWriting, NamesTheFile) {
  const testing::TempFolder folder;
  const Path file = folder.path() / "state";
  std::ofstream(file) << "x";
  const Child child([&] {
    const std::ofstream writing(file, std::ios::app);
    sleep_for_ever();
  });
  const auto files = find_files(folder.path(), {"state"});
  ASSERT_TRUE(files);
  std::optional<std::string> open;
  while (!open) {
    const Frozen frozen;
    open = open_for_writing(frozen.processes(), *files);
  }
  EXPECT_EQ(open, "state");
}

// As databases do: the file is closed, and changes all the same.
TEST(OpenForWriting, NamesAFileThatIsWrittenByMemory) {
  const testing::TempFolder folder;
  const Path file = folder.path() / "state";
  std::ofstream(file) << "x";
  const auto files = find_files(folder.path(), {"state"});
  ASSERT_TRUE(files);
  for (const int sharing : {MAP_SHARED, MAP_PRIVATE}) {
    const Path ready = folder.path() / cat("ready", sharing);
    const Child child([&] {
      const int fd = ::open(file.c_str(), O_RDWR | O_CLOEXEC);
      const void* const memory = ::mmap(nullptr, 1, PROT_READ | PROT_WRITE, sharing, fd, 0);
      ::close(fd);
      if (memory != MAP_FAILED) std::ofstream(ready) << "x";
      sleep_for_ever();
    });
    while (!std::filesystem::exists(ready)) std::this_thread::yield();
    std::optional<std::string> open = "state";
    do {
      const Frozen frozen;
      open = open_for_writing(frozen.processes(), *files);
    } while (sharing == MAP_SHARED && !open);
    EXPECT_EQ(open.has_value(), sharing == MAP_SHARED);
  }
}

}  // namespace
}  // namespace cairn::wrap
