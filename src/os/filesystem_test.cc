// The shared suite over both file systems, and what is PosixFileSystem's own.
#include "os/filesystem.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/lock.h"
#include "support/filesystem_suite.h"
#include "support/sim_filesystem.h"
#include "support/temp_folder.h"

namespace cairn::testing {
namespace {

class Posix {
 public:
  FileSystem& files() { return files_; }
  Path folder() const { return folder_.path(); }

 private:
  PosixFileSystem files_;
  TempFolder folder_;
};

class Sim {
 public:
  Sim() { files_.make_folder("/work").value(); }
  FileSystem& files() { return files_; }
  Path folder() const { return "/work"; }

 private:
  SimFileSystem files_;
};

INSTANTIATE_TYPED_TEST_SUITE_P(Posix, FileSystemSuite, Posix);
INSTANTIATE_TYPED_TEST_SUITE_P(Sim, FileSystemSuite, Sim);

TEST(PosixFileSystem, InfoDoesNotFollowLinksAndRemoveTakesTheLink) {
  const TempFolder folder;
  PosixFileSystem files;
  folder.write("target/file", "text");
  std::filesystem::create_symlink("target", folder / "link");
  EXPECT_EQ(files.info(folder / "link").value().kind, FileInfo::Kind::symlink);
  remove_tree(files, folder / "link").value();
  EXPECT_EQ(read_file(files, folder / "target/file").value(), "text");
}

TEST(PosixFileSystem, ATemporaryThatIsALinkIsReplacedAndNotFollowed) {
  const TempFolder folder;
  PosixFileSystem files;
  folder.write("elsewhere", "keep me");
  std::filesystem::create_symlink("elsewhere", folder / "a.tmp");
  write_file_atomically(files, folder / "a", as_bytes("text")).value();
  EXPECT_EQ(read_file(files, folder / "elsewhere").value(), "keep me");
  EXPECT_EQ(read_file(files, folder / "a").value(), "text");
}

// Else what the program prints would be in its checkpoint.
TEST(PosixFileSystem, NoFileTakesThePlaceOfAClosedStandardStream) {
  const TempFolder folder;
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(STDOUT_FILENO);
    PosixFileSystem files;
    const auto file = files.create(folder / "state", 0600);
    const auto lock = FolderLock::take(folder.path());
    ::_exit(file && lock && ::write(STDOUT_FILENO, "printed", 7) == -1 ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST(PosixFileSystem, ANameInTheCurrentFolderHasADotAsItsFolder) {
  EXPECT_EQ(folder_of("name"), ".");
  EXPECT_EQ(folder_of("/name"), "/");
  EXPECT_EQ(folder_of("a/b/name"), "a/b");
}

TEST(SystemError, NamesCallObjectCauseAndRemedy) {
  const Error full = system_error("write", "a/b", ENOSPC);
  EXPECT_EQ(full.code, Errc::no_space);
  EXPECT_EQ(full.message, "write a/b: No space left on device");
  EXPECT_THAT(full.hint, ::testing::HasSubstr("free some space"));
  EXPECT_EQ(system_error("open", "a", ENOTDIR).code, Errc::not_found);
  EXPECT_EQ(system_error("open", "a", EIO).code, Errc::io);
}

}  // namespace
}  // namespace cairn::testing
