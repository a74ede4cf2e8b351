#include "os/process.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>

#include <csignal>

#include "base/text.h"
#include "support/temp_folder.h"

namespace cairn::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr int kPatienceMs = 30000;  // never waited for where all is well

// A pipe whose writing end goes to a child: what it says, line by line.
class Talk {
 public:
  Talk() {
    int ends[2];
    CAIRN_ASSERT(::pipe2(ends, O_CLOEXEC) == 0, "pipe");
    in_.reset(ends[0]);
    out_.reset(ends[1]);
  }
  int writing_end() const { return out_.get(); }

  std::string line() {
    out_.reset();
    std::string text;
    for (char letter; read_one(letter) && letter != '\n';) text += letter;
    return text;
  }
  pid_t pid() { return static_cast<pid_t>(parse_integer(line()).value()); }
  std::string rest() {
    out_.reset();
    std::string text;
    for (char letter; read_one(letter);) text += letter;
    return text;
  }

 private:
  bool read_one(char& letter) {
    pollfd readable{in_.get(), POLLIN, 0};
    CAIRN_ASSERT(::poll(&readable, 1, kPatienceMs) == 1, "the child says nothing");
    return ::read(in_.get(), &letter, 1) == 1;
  }

  Descriptor in_, out_;
};

SpawnOptions shell(const std::string& script, const Talk& talk) {
  SpawnOptions options;
  options.program = "/bin/sh";
  options.arguments = {"sh", "-c", script};
  options.environment = {"PATH=/usr/bin:/bin"};
  options.stdout_fd = talk.writing_end();
  return options;
}

std::string output_of(const std::string& script) {
  Talk talk;
  const pid_t child = spawn(shell(script, talk)).value();
  std::string said = talk.rest();
  std::ignore = wait_for(child);
  return said;
}

bool has_ended(pid_t pid) {
  const auto watch = watch_process(pid);
  if (!watch) return true;
  pollfd ended{watch->get(), POLLIN, 0};
  return ::poll(&ended, 1, kPatienceMs) == 1;
}

// Says its pid, ignores what it can, and lives until it is killed.
const std::string kStubborn =
    "sh -c 'trap \"\" TERM HUP INT; echo $$; while :; do sleep 1000; done'";

TEST(Spawn, PassesArgumentsEnvironmentAndFolder) {
  const TempFolder folder;
  Talk talk;
  SpawnOptions options = shell(R"(printf '%s|' "$0" "$@"; printf '%s|' "$NAME"; pwd)", talk);
  options.arguments.insert(options.arguments.end(), {"zero", "", "a b"});
  options.environment.push_back("NAME=it's");
  options.working_folder = folder.path();
  const pid_t child = spawn(options).value();
  EXPECT_EQ(talk.rest(), cat("zero||a b|it's|", folder.path().native(), "\n"));
  EXPECT_EQ(wait_for(child).value().wait_status, 0);
}

TEST(Spawn, TheProgramIsFoundFromTheWorkingFolder) {
  const TempFolder folder;
  folder.write("job.sh", "#!/bin/sh\necho here\n");
  std::filesystem::permissions(folder / "job.sh", std::filesystem::perms::owner_all);
  Talk talk;
  SpawnOptions options = shell("", talk);
  options.program = "./job.sh";
  options.working_folder = folder.path();
  const pid_t child = spawn(options).value();
  EXPECT_EQ(talk.line(), "here");
  wait_for(child).value();
}

TEST(Spawn, ReportsExitCodeSignalAndUsage) {
  Talk talk;
  const ProcessEnd left = wait_for(spawn(shell("exit 77", talk)).value()).value();
  EXPECT_TRUE(WIFEXITED(left.wait_status) && WEXITSTATUS(left.wait_status) == 77);
  EXPECT_GT(left.usage.ru_maxrss, 0);
  const ProcessEnd killed = wait_for(spawn(shell("kill -9 $$", talk)).value()).value();
  EXPECT_TRUE(WIFSIGNALED(killed.wait_status) && WTERMSIG(killed.wait_status) == SIGKILL);
  EXPECT_EQ(wait_for(left.pid).error().sys_errno, ECHILD);
}

TEST(Spawn, ReportsWhatCannotBeStartedAndLeavesNoChild) {
  const TempFolder folder;
  Talk talk;
  SpawnOptions options = shell("", talk);
  options.program = folder / "none";
  const auto missing = spawn(options);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Errc::not_found);
  EXPECT_THAT(missing.error().message, HasSubstr((folder / "none").native()));

  options.program = folder.write("plain", "text");
  EXPECT_EQ(spawn(options).error().sys_errno, EACCES);
  EXPECT_THAT(spawn(options).error().hint, HasSubstr("chmod +x"));
  std::filesystem::permissions(folder / "plain", std::filesystem::perms::owner_all);
  EXPECT_EQ(spawn(options).error().sys_errno, ENOEXEC);

  options.working_folder = folder / "nowhere";
  EXPECT_THAT(spawn(options).error().message, HasSubstr("change to folder"));
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
}

TEST(Spawn, TheChildHasThreeDescriptorsAndNoMore) {
  const Descriptor leak(::open("/dev/null", O_RDONLY));  // without O_CLOEXEC
  ASSERT_TRUE(leak);
  EXPECT_EQ(output_of("i=3; while [ $i -lt 100 ]; do [ ! -e /proc/$$/fd/$i ] || echo $i; "
                      "i=$((i+1)); done"),
            "");
  EXPECT_EQ(output_of("readlink /proc/$$/fd/0"), "/dev/null\n");
}

TEST(Spawn, TakesDescriptorsInAnyOrder) {
  Talk out, err;
  SpawnOptions options = shell("echo out; echo err >&2", out);
  options.stderr_fd = err.writing_end();
  // Crossed over the standard ones.
  const Descriptor kept_out(::dup(1)), kept_err(::dup(2));
  ::dup2(err.writing_end(), 1);
  ::dup2(out.writing_end(), 2);
  options.stdout_fd = 2;
  options.stderr_fd = 1;
  const auto child = spawn(options);
  ::dup2(kept_out.get(), 1);
  ::dup2(kept_err.get(), 2);
  EXPECT_EQ(out.rest(), "out\n");
  EXPECT_EQ(err.rest(), "err\n");
  wait_for(*child).value();
}

TEST(Spawn, TheChildHasDefaultSignalsAndAnEmptyMask) {
  std::signal(SIGUSR1, SIG_IGN);
  sigset_t usr2, before;
  sigemptyset(&usr2);
  sigaddset(&usr2, SIGUSR2);
  ::pthread_sigmask(SIG_BLOCK, &usr2, &before);
  // Not a shell, which has dispositions of its own.
  Talk talk;
  SpawnOptions options = shell("", talk);
  options.program = "/bin/cat";
  options.arguments = {"cat", "/proc/self/status"};
  const pid_t child = spawn(options).value();
  // Signals 32 and 33 are glibc's own: sigaction() refuses them, and who started the test may
  // ignore them.
  constexpr std::uint64_t kOfGlibc = 3ULL << 31;
  std::vector<std::uint64_t> masks;
  for (const std::string& line : split_list(talk.rest(), '\n'))
    for (const char* name : {"SigBlk:", "SigIgn:", "SigCgt:"})
      if (line.starts_with(name))
        masks.push_back(std::stoull(line.substr(7), nullptr, 16) & ~kOfGlibc);
  wait_for(child).value();
  EXPECT_THAT(masks, ::testing::ElementsAre(0, 0, 0));

  sigset_t now;
  ::pthread_sigmask(SIG_SETMASK, &before, &now);
  EXPECT_EQ(::sigismember(&now, SIGUSR2), 1) << "the parent's mask is as before";
  struct sigaction action {};
  ::sigaction(SIGUSR1, nullptr, &action);
  EXPECT_EQ(action.sa_handler, SIG_IGN) << "the parent's dispositions are as before";
  std::signal(SIGUSR1, SIG_DFL);
}

TEST(Spawn, TheChildLeadsAGroupOfItsOwn) {
  Talk talk;
  const pid_t child = spawn(shell("echo $$; read forever < /dev/zero", talk)).value();
  EXPECT_EQ(talk.pid(), child);
  EXPECT_EQ(::getpgid(child), child);
  ::kill(-child, SIGKILL);
  wait_for(child).value();
}

TEST(Spawn, TheChildDiesWithItsParent) {
  Talk talk;
  const pid_t parent = ::fork();
  if (parent == 0) {
    if (!spawn(shell("exec " + kStubborn, talk))) ::_exit(1);
    ::pause();
  }
  const pid_t child = talk.pid();
  EXPECT_TRUE(process_runs(child));
  ::kill(parent, SIGKILL);
  wait_for(parent).value();
  EXPECT_TRUE(has_ended(child));
}

class KillDescendants : public ::testing::TestWithParam<ProcessSearch> {};
INSTANTIATE_TEST_SUITE_P(Searches, KillDescendants,
                         ::testing::Values(ProcessSearch::best, ProcessSearch::everywhere));

TEST_P(KillDescendants, ReachesDaemonsAndOrphansAndThoseWhoIgnoreSignals) {
  become_subreaper().value();
  Talk talk;
  // A child, a grandchild in a session of its own, and an orphan made by a double fork.
  const pid_t child =
      spawn(
          shell("setsid " + kStubborn + " & (setsid " + kStubborn + " &); exec " + kStubborn, talk))
          .value();
  const std::vector<pid_t> family{talk.pid(), talk.pid(), talk.pid()};
  EXPECT_THAT(family, ::testing::Contains(child));
  kill_descendants(child, GetParam()).value();
  for (const pid_t pid : family) EXPECT_FALSE(process_runs(pid)) << pid;
  EXPECT_EQ(WTERMSIG(wait_for(child).value().wait_status), SIGKILL);
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "orphans are reaped";
}

TEST_P(KillDescendants, EndsAProcessThatForksWithoutEnd) {
  become_subreaper().value();
  Talk talk;
  spawn(shell("trap '' TERM; echo start; while :; do (sleep 1000 &); i=$((i+1)); "
              "if [ $i -ge 200 ]; then sleep 1000; fi; done",
              talk))
      .value();
  EXPECT_EQ(talk.line(), "start");
  kill_descendants(0, GetParam()).value();
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(talk.rest(), "");  // the pipe has no writer left
}

TEST_P(KillDescendants, IsDoneAtOnceWhereThereAreNone) {
  EXPECT_TRUE(kill_descendants(0, GetParam()));
}

// An orphan whose engine is gone: only the mark tells whose it was.
pid_t orphan_with(const std::string& entry) {
  Talk talk;
  SpawnOptions options = shell("(setsid " + kStubborn + " &)", talk);
  options.environment.push_back(entry);
  const pid_t parent = spawn(options).value();
  wait_for(parent).value();
  return talk.pid();
}

TEST(KillMarked, KillsExactlyTheProcessesWithTheMark) {
  become_subreaper().value();
  const std::string mark = cat("CAIRN_TEST_MARK=", ::getpid(), ".1");
  const pid_t marked = orphan_with(mark);
  const pid_t longer = orphan_with(mark + "2");
  const pid_t other_name = orphan_with("X" + mark);
  const pid_t spared = orphan_with(mark);
  kill_marked(mark, {spared}).value();
  EXPECT_FALSE(process_runs(marked));
  EXPECT_TRUE(process_runs(longer));
  EXPECT_TRUE(process_runs(other_name));
  EXPECT_TRUE(process_runs(spared));
  kill_marked(mark).value();
  EXPECT_FALSE(process_runs(spared));
  kill_descendants().value();
}

// Starts itself once more, with the mark, and runs this test there.
TEST(KillMarked, NeverKillsItself) {
  if (const char* const mark = ::getenv("CAIRN_TEST_OWN_MARK")) {
    EXPECT_TRUE(kill_marked(cat("CAIRN_TEST_OWN_MARK=", mark)));
    return;
  }
  Talk talk;
  SpawnOptions options = shell("", talk);
  options.program = "/proc/self/exe";
  options.arguments = {"os_test", "--gtest_filter=KillMarked.NeverKillsItself"};
  options.environment = {cat("CAIRN_TEST_OWN_MARK=", ::getpid())};
  const pid_t child = spawn(options).value();
  EXPECT_THAT(talk.rest(), HasSubstr("PASSED"));
  EXPECT_EQ(wait_for(child).value().wait_status, 0);
}

TEST(WatchProcess, TellsWhenAProcessIsGone) {
  EXPECT_EQ(watch_process(0x3fffffff).error().code, Errc::not_found);
  EXPECT_TRUE(process_runs(::getpid()));
  EXPECT_FALSE(process_runs(0x3fffffff));
}

}  // namespace
}  // namespace cairn::testing
