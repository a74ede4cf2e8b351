#include "verify/machine.h"

#include <gmock/gmock.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <pwd.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <functional>
#include <set>

#include "base/text.h"
#include "support/temp_folder.h"
#include "verify/execution.h"

namespace cairn::verify {
namespace {

using cairn::testing::TempFolder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::string content(const Path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// What is below a folder, by relative name.
std::set<std::string> names_below(const Path& folder) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
    names.insert(entry.path().lexically_relative(folder).native());
  return names;
}

// A scratch folder with a machine and a store, and a submit folder, as the verifier has them.
class Host {
 public:
  Host() {
    machine_.folder = scratch() / "machine-1";
    machine_.sandbox_path = "/execute/dir_1";
    machine_.host_name = "elsewhere";
    machine_.hidden = {scratch(), submit()};
    folder_.write("scratch/secret", "a checkpoint");
    folder_.write("submit/input", "an input");
  }

  Path scratch() const { return folder_ / "scratch"; }
  Path submit() const { return folder_ / "submit"; }
  Machine& machine() { return machine_; }
  const TempFolder& folder() const { return folder_; }

  // What a shell script says in the machine, on both streams.
  std::string say(const std::string& script, const Isolation& isolation) {
    ImageStore store(scratch() / "store");
    ExecutionOrder order;
    order.program = "/bin/sh";
    order.arguments = {"sh", "-c", script};
    order.environment = {"PATH=/usr/bin:/bin", "LC_ALL=C"};
    order.machine = machine_;
    order.isolation = isolation;
    order.working_folder = machine_.sandbox_path;
    order.stdout_part = order.stderr_part = "sandbox/said";
    order.watch_files = true;
    order.snapshots = {0};
    const std::atomic<bool> stop{false};
    std::filesystem::remove(machine_.sandbox() / "said");
    auto execution = execute(order, store, stop);
    if (!execution) return "error: " + execution.error().text();
    execution_ = *std::move(execution);
    return content(machine_.sandbox() / "said");
  }
  const Execution& execution() const { return execution_; }

 private:
  TempFolder folder_;
  Machine machine_;
  Execution execution_;
};

// Runs `body` in a process of another user, with a folder that is his; what fails there fails here.
void as_nobody(const std::function<void()>& body) {
  constexpr uid_t kNobody = 65534;
  ASSERT_EQ(::geteuid(), 0U);
  const pid_t child = ::fork();
  if (child == 0) {
    const bool done = ::setgroups(0, nullptr) == 0 && ::setgid(kNobody) == 0 &&
                      ::setuid(kNobody) == 0 &&
                      ::prctl(PR_SET_DUMPABLE, 1) == 0;  // as after an exec
    if (done) body();
    std::fflush(nullptr);
    ::_exit(done && !::testing::Test::HasFailure() ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

// The same for root and for a user who is not: {true} and {false}.
class AMachine : public ::testing::TestWithParam<const char*> {
 protected:
  void in_both(const std::function<void()>& body) {
    if (std::string(GetParam()) == "me") return body();
    if (::geteuid() != 0) GTEST_SKIP() << "we are an ordinary user";
    as_nobody(body);
  }
};
INSTANTIATE_TEST_SUITE_P(Users, AMachine, ::testing::Values("me", "nobody"));

#define NEEDS_MOUNTS(isolation) \
  if (!(isolation).mounts) GTEST_SKIP() << (isolation).missing

TEST_P(AMachine, HasItsOwnEmptyFolders) {
  in_both([] {
    const Isolation isolation = find_isolation({});
    NEEDS_MOUNTS(isolation);
    Host host;
    EXPECT_EQ(host.say("ls -A /tmp /var/tmp /dev/shm; pwd; ls", isolation),
              "/dev/shm:\n\n/tmp:\n\n/var/tmp:\n/execute/dir_1\nsaid\n");
    EXPECT_EQ(host.say("echo 1 > /tmp/t; echo 2 > /var/tmp/v; echo 3 > /dev/shm/s; echo 4 > x",
                       isolation),
              "");
    EXPECT_THAT(names_below(host.machine().folder),
                ElementsAre("home", "sandbox", "sandbox/said", "sandbox/x", "shm", "shm/s", "tmp",
                            "tmp/t", "var_tmp", "var_tmp/v"));
  });
}

TEST_P(AMachine, HasItsOwnHomeHoweverItIsFound) {
  in_both([] {
    const Isolation isolation = find_isolation({});
    NEEDS_MOUNTS(isolation);
    EXPECT_TRUE(isolation.home);
    const passwd* const me = ::getpwuid(::geteuid());
    if (me == nullptr || !std::filesystem::is_directory(me->pw_dir))
      GTEST_SKIP() << "this user has no home";
    Host host;
    EXPECT_EQ(host.say("ls -A ~root 2>/dev/null | head -3; echo found > " +
                           std::string(me->pw_dir) + "/file",
                       isolation),
              "");
    EXPECT_EQ(content(host.machine().folder / "home" / "file"), "found\n");
  });
}

TEST_P(AMachine, HasAnotherName) {
  in_both([] {
    const Isolation isolation = find_isolation({});
    if (!isolation.host_name) GTEST_SKIP() << isolation.missing;
    Host host;
    EXPECT_EQ(host.say("hostname", isolation), "elsewhere\n");
  });
}

TEST_P(AMachine, LetsNothingElseBeWritten) {
  in_both([] {
    const Isolation isolation = find_isolation({});
    NEEDS_MOUNTS(isolation);
    Host host;
    for (const std::string folder : {"/", "/etc", "/usr", "/usr/share", "/execute"})
      EXPECT_THAT(host.say("touch " + folder + "/cairn-was-here", isolation),
                  ::testing::AnyOf(HasSubstr("Read-only"), HasSubstr("Permission denied")))
          << folder;
    EXPECT_EQ(host.say("echo x > /dev/null; cat < /proc/self/comm", isolation), "sh\n");
  });
}

TEST_P(AMachine, ShowsNothingOfTheScratchFolderNorOfOtherMachines) {
  in_both([] {
    const Isolation isolation = find_isolation({});
    NEEDS_MOUNTS(isolation);
    Host host;
    for (const Path& path : {host.scratch() / "secret", host.submit() / "input",
                             host.machine().folder / "sandbox" / "said", host.folder().path()})
      EXPECT_THAT(host.say("ls -d " + path.native(), isolation), HasSubstr("No such file"));
    // Nor by the descriptors and folders that it was given, nor by a mount from before.
    EXPECT_EQ(host.say("ls /proc/self/fd | tr '\\n' ' '; ls -d ../../old ../../../new 2>/dev/null",
                       isolation),
              "0 1 2 3 ");
  });
}

TEST_P(AMachine, MayHaveItsSandboxAnywhere) {
  in_both([] {
    const Isolation isolation = find_isolation({});
    NEEDS_MOUNTS(isolation);
    Host host;
    for (const Path& path :
         {Path("/execute/a/b/dir_2"), Path("/tmp/execute/dir_2"),
          host.scratch() / "execute" / "dir_2", host.machine().sandbox(),
          Path("/var/lib/condor/execute/dir_2"), Path("/dir_2"), Path("/dev/shm/dir_2")}) {
      host.machine().sandbox_path = path;
      EXPECT_EQ(host.say("pwd; echo x > x; cat " + path.native() + "/x; rm x", isolation),
                path.native() + "\nx\n");
      EXPECT_THAT(names_below(host.machine().folder),
                  ElementsAre("home", "sandbox", "sandbox/said", "shm", "tmp", "var_tmp"));
      ASSERT_THAT(host.execution().snapshots, Not(IsEmpty()));
      for (const Snapshot& snapshot : host.execution().snapshots)
        for (const auto& [name, entry] : snapshot.image.entries)
          EXPECT_TRUE(name.starts_with("sandbox") || name.find('/') == std::string::npos) << name;
      EXPECT_EQ(host.execution().events.front().path, "sandbox/x");
    }
  });
}

TEST_P(AMachine, ShowsWhatIsNeededAndNothingBesideIt) {
  in_both([] {
    Host host;
    host.folder().write("submit/tool", "#!/bin/sh\necho the tool; ls $(dirname $0)\n");
    std::filesystem::permissions(host.submit() / "tool", std::filesystem::perms(0755));
    host.folder().write("lib/module.py", "");
    host.folder().write("link/target", "");
    std::filesystem::create_symlink(host.submit() / "tool", host.folder() / "link" / "tool");
    const Isolation isolation = find_isolation(
        {host.submit() / "tool", host.folder() / "lib", host.folder() / "link" / "tool"});
    NEEDS_MOUNTS(isolation);
    EXPECT_EQ(host.say((host.submit() / "tool").native(), isolation), "the tool\ntool\n");
    EXPECT_EQ(host.say((host.folder() / "link" / "tool").native(), isolation), "the tool\ntool\n");
    const std::string lib = (host.folder() / "lib").native();
    EXPECT_EQ(host.say("ls " + lib, isolation), "module.py\n");
    EXPECT_THAT(host.say("touch " + lib + "/x", isolation), HasSubstr("Read-only"));
    EXPECT_THAT(host.say("rm " + (host.submit() / "tool").native(), isolation), HasSubstr("busy"));
    EXPECT_EQ(content(host.folder() / "lib" / "module.py"), "");
    EXPECT_THAT(names_below(host.machine().folder / "tmp"), IsEmpty());
    for (const Snapshot& snapshot : host.execution().snapshots)
      EXPECT_THAT(part_of(snapshot.image, "tmp").entries, IsEmpty());
  });
}

TEST_P(AMachine, KeepsTheScratchFolderHiddenInsideOfWhatIsNeeded) {
  in_both([] {
    Host host;
    const Isolation isolation = find_isolation({host.folder().path()});
    NEEDS_MOUNTS(isolation);
    EXPECT_EQ(host.say("ls " + host.folder().path().native(), isolation), "scratch\nsubmit\n");
    EXPECT_EQ(host.say("ls -A " + host.scratch().native(), isolation), "");
  });
}

TEST_P(AMachine, HidesFoldersOutsideOfTmpToo) {
  in_both([] {
    const Isolation isolation = find_isolation({});
    NEEDS_MOUNTS(isolation);
    Host host;
    host.machine().hidden.push_back("/usr/share");
    EXPECT_EQ(host.say("ls -A /usr/share", isolation), "");
  });
}

TEST(Isolation, LeavesTheHomeVisibleIfTheProgramLivesThere) {
  const passwd* const me = ::getpwuid(::geteuid());
  if (me == nullptr || !std::filesystem::is_directory(me->pw_dir))
    GTEST_SKIP() << "this user has no home";
  const Isolation isolation = find_isolation({Path(me->pw_dir) / ".pyenv/bin/python"});
  NEEDS_MOUNTS(isolation);
  EXPECT_FALSE(isolation.home);
  EXPECT_THAT(isolation.missing, HasSubstr(".pyenv/bin/python"));
}

bool write_text(const char* path, const std::string& text) {
  return static_cast<bool>(std::ofstream(path) << text << std::flush);
}

TEST(Isolation, SaysWhyThereIsNone) {
  const pid_t child = ::fork();
  if (child == 0) {
    // The limits of a user namespace are its own.
    const std::string map = cat("0 ", ::geteuid(), " 1");
    if (::unshare(CLONE_NEWUSER) != 0 || !write_text("/proc/self/uid_map", map) ||
        !write_text("/proc/sys/user/max_user_namespaces", "0") ||
        !write_text("/proc/sys/user/max_mnt_namespaces", "0"))
      ::_exit(77);
    const Isolation isolation = find_isolation({});
    EXPECT_FALSE(isolation.mounts);
    EXPECT_FALSE(isolation.host_name);
    EXPECT_FALSE(isolation.home);
    EXPECT_THAT(isolation.missing, HasSubstr("without a mount namespace"));
    EXPECT_THAT(isolation.missing, HasSubstr("switched off"));
    Host host;
    host.machine().sandbox_path = host.machine().sandbox();
    EXPECT_EQ(host.say("pwd", isolation), host.machine().sandbox().native() + "\n");
    std::fflush(nullptr);
    ::_exit(::testing::Test::HasFailure() ? 1 : 0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 77) GTEST_SKIP() << "no user namespaces here";
  EXPECT_EQ(status, 0);
}

TEST(View, NamesWhatTheProgramSees) {
  Isolation isolation;
  isolation.mounts = true;
  const Machine machine{"/scratch/m", "/execute/dir_1", "here"};
  const View view(machine, isolation);
  EXPECT_EQ(view.name_of("/execute/dir_1/a/b"), "sandbox/a/b");
  EXPECT_EQ(view.name_of("/execute/dir_1"), "sandbox");
  EXPECT_EQ(view.name_of("/execute/dir_10"), std::nullopt);
  EXPECT_EQ(view.name_of("/tmp/x"), "tmp/x");
  EXPECT_EQ(view.name_of("/scratch/m/sandbox/a"), std::nullopt);
  EXPECT_EQ(view.path_of("sandbox/a"), "/execute/dir_1/a");
  EXPECT_EQ(view.path_of("var_tmp"), "/var/tmp");
  const View plain(machine, Isolation{});
  EXPECT_EQ(plain.name_of("/scratch/m/sandbox/a"), "sandbox/a");
  EXPECT_EQ(plain.name_of("/tmp/x"), std::nullopt);
  EXPECT_EQ(plain.path_of("tmp/x"), "/scratch/m/tmp/x");
}

}  // namespace
}  // namespace cairn::verify
