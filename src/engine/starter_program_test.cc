#include "engine/starter_program.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "job/exit_class.h"
#include "os/process.h"
#include "support/temp_folder.h"

namespace cairn {
namespace {

namespace stdfs = std::filesystem;
using testing::TempFolder;

int exit_code_of(const StarterProgram& starter) {
  SpawnOptions options;
  options.program = starter.program;
  options.arguments = starter.arguments;
  const pid_t pid = spawn(options).value();
  return exit_status(wait_for(pid).value().wait_status).code;
}

TEST(StarterProgram, IsTheStaticOneBesideIt) {
  const TempFolder folder;
  stdfs::create_directories(folder / "bin");
  stdfs::create_directories(folder / "libexec/cairn");
  EXPECT_EQ(StarterProgram::find(folder / "bin").program, "/proc/self/exe");
  stdfs::copy("/bin/true", folder / "libexec/cairn/cairn-starter");
  EXPECT_EQ(exit_code_of(StarterProgram::find(folder / "bin")), 0);
  stdfs::copy("/bin/false", folder / "bin/cairn-starter");
  EXPECT_EQ(exit_code_of(StarterProgram::find(folder / "bin")), 1);
}

TEST(StarterProgram, StaysTheSameWhenAnotherIsInstalled) {
  const TempFolder folder;
  stdfs::copy("/bin/false", folder / "cairn-starter");
  const StarterProgram starter = StarterProgram::find(folder.path());
  stdfs::remove(folder / "cairn-starter");
  stdfs::copy("/bin/true", folder / "cairn-starter");
  EXPECT_EQ(exit_code_of(starter), 1);
}

TEST(StarterProgram, AFileThatCannotBeExecutedIsNone) {
  const TempFolder folder;
  folder.write("cairn-starter", "");
  EXPECT_EQ(StarterProgram::find(folder.path()).arguments.at(0), "cairn");
}

}  // namespace
}  // namespace cairn
