#include "verify/execution.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <thread>

#include "base/text.h"
#include "os/process.h"
#include "support/temp_folder.h"

namespace cairn::verify {
namespace {

using cairn::testing::TempFolder;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using namespace std::chrono_literals;

const Isolation& isolation() {
  static const Isolation found = find_isolation({});
  return found;
}

// "write sandbox/f 5 at 0", "rename sandbox/f -> sandbox/g", "open sandbox/f: error 2".
std::string told(const Event& event) {
  std::string text(name_of(event.call));
  if (!event.path.empty()) text += ' ' + event.path;
  if (!event.target.empty()) text += " -> " + event.target;
  if (event.call == Call::write) text += cat(' ', event.bytes, " at ", event.offset);
  if (event.call == Call::truncate) text += cat(" to ", event.offset);
  if (event.created) text += " created";
  if (event.truncated) text += " truncated";
  if (event.synchronous) text += " synchronous";
  if (event.error != 0) text += cat(": error ", event.error);
  return text;
}

std::vector<std::string> told(const Execution& execution) {
  std::vector<std::string> lines;
  for (const Event& event : execution.events) lines.push_back(told(event));
  return lines;
}

// Without what the program said.
std::vector<std::string> files(const Image& image) {
  std::vector<std::string> lines;
  for (const auto& [name, entry] : image.entries)
    if (name != "sandbox/stdout" && name != "sandbox/stderr")
      lines.push_back(cat(name, ' ', entry.mode, ' ', entry.bytes, ' ', entry.content));
  return lines;
}

int boundary_of(const Execution& execution, const std::string& what, int nth = 1) {
  for (const Event& event : execution.events)
    if (told(event).starts_with(what) && --nth == 0) return event.boundary;
  ADD_FAILURE() << "no " << what << " in " << ::testing::PrintToString(told(execution));
  return 0;
}

std::string content(const Path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Machines below a folder of the test; what they hold, and what happened in them.
class Lab {
 public:
  ExecutionOrder program(std::vector<std::string> arguments) {
    ExecutionOrder order;
    order.program = arguments.front();
    order.arguments = std::move(arguments);
    order.environment = {"PATH=/usr/bin:/bin"};
    order.isolation = isolation();
    order.machine.folder = folder_ / cat("machine", ++machines_);
    order.machine.sandbox_path =
        isolation().mounts ? Path("/execute/dir_1") : order.machine.sandbox();
    order.machine.host_name = "elsewhere";
    order.machine.hidden = {folder_.path()};
    order.environment.push_back("TMPDIR=" +
                                View(order.machine, order.isolation).path_of(kTmpPart).native());
    order.working_folder = order.machine.sandbox_path;
    order.stdout_part = "sandbox/stdout";
    order.stderr_part = "sandbox/stderr";
    order.time_limit = 60s;
    order.watch_files = true;
    return order;
  }
  ExecutionOrder shell(const std::string& script) { return program({"/bin/sh", "-c", script}); }
  ExecutionOrder python(const std::string& script) {
    return program({"/usr/bin/python3", "-ISEBc", script});
  }

  Execution run(const ExecutionOrder& order) {
    auto execution = execute(order, store_, stop_);
    if (!execution) ADD_FAILURE() << execution.error().text();
    return execution ? *std::move(execution) : Execution{};
  }

  Image left_by(const ExecutionOrder& order) {
    return store_.capture(order.machine.folder).value();
  }
  static std::string said(const ExecutionOrder& order) {
    return content(order.machine.folder / order.stdout_part);
  }
  static std::string complained(const ExecutionOrder& order) {
    return content(order.machine.folder / order.stderr_part);
  }
  std::string data(const Event& event) {
    return store_.read({ImageEntry::Kind::file, 0644, event.bytes, event.data}).value();
  }

  const TempFolder& folder() const { return folder_; }
  ImageStore& store() { return store_; }
  std::atomic<bool>& stop() { return stop_; }

 private:
  TempFolder folder_;
  ImageStore store_{folder_ / "store"};
  std::atomic<bool> stop_{false};
  int machines_ = 0;
};

class Executing : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (const auto tracing = check_tracing(); !tracing) GTEST_SKIP() << tracing.error().text();
  }
  Lab lab_;
};

// --- events --------------------------------------------------------------------------

constexpr const char* kEveryCall = R"(
import os, mmap
f = os.open('f', os.O_RDWR | os.O_CREAT | os.O_TRUNC)
os.write(f, b'12345')
os.pwrite(f, b'ab', 1)
os.writev(f, [b'x', b'yz'])
os.pwritev(f, [b'Q', b'R'], 0)
os.posix_fallocate(f, 0, 20)
os.ftruncate(f, 10)
os.truncate('f', 4)
os.fsync(f)
os.fdatasync(f)
g = os.open('g', os.O_WRONLY | os.O_CREAT | os.O_DSYNC)
os.sendfile(g, f, 0, 3)
os.copy_file_range(f, g, 2, 0)
os.close(g)
g = os.open('g', os.O_WRONLY | os.O_APPEND)
os.write(g, b'tail')
g = os.open('g', os.O_WRONLY | os.O_TRUNC)
os.rename('f', 'h')
os.link('h', 'i')
os.symlink('h', 'j')
os.open('j', os.O_WRONLY)
os.mkdir('d')
os.chmod('h', 0o600)
os.fchmod(f, 0o644)
d = os.open('.', os.O_RDONLY | os.O_DIRECTORY)
os.fsync(d)
os.unlink('j', dir_fd=d)
os.rmdir('d')
m = mmap.mmap(f, 4)
m[0:2] = b'MM'
m.flush()
os.sync()
try: os.rename('nothing', 'k')
except OSError: pass
os.write(1, b'said')
os._exit(7)
)";

TEST_F(Executing, TellsEveryKindOfCallInItsOrder) {
  const Execution execution = lab_.run(lab_.python(kEveryCall));
  EXPECT_THAT(
      told(execution),
      ElementsAre("open sandbox/f created", "write sandbox/f 5 at 0", "write sandbox/f 2 at 1",
                  "write sandbox/f 3 at 5", "write sandbox/f 2 at 0", "truncate sandbox/f to 20",
                  "truncate sandbox/f to 10", "truncate sandbox/f to 4", "fsync sandbox/f",
                  "fsync sandbox/f", "open sandbox/g created", "write sandbox/g 3 at 0 synchronous",
                  "write sandbox/g 2 at 3 synchronous", "close sandbox/g", "open sandbox/g",
                  "write sandbox/g 4 at 5", "open sandbox/g truncated",
                  "rename sandbox/f -> sandbox/h", "link sandbox/h -> sandbox/i",
                  "symlink sandbox/j -> h", "open sandbox/h", "mkdir sandbox/d", "chmod sandbox/h",
                  "chmod sandbox/h", "fsync sandbox", "unlink sandbox/j", "unlink sandbox/d",
                  "fsync sandbox/h", "sync", "rename sandbox/nothing -> sandbox/k: error 2",
                  "exit"));
  EXPECT_EQ(execution.exit.code, 7);
  for (std::size_t i = 0; i < execution.events.size(); ++i)
    EXPECT_EQ(execution.events[i].boundary, static_cast<int>(i) + 1);
}

TEST_F(Executing, FollowsAFileThroughItsNamesByItsInode) {
  const Execution execution =
      lab_.run(lab_.shell("echo a > f; ln f g; mv f h; echo b > h; echo c > other"));
  const auto inode = [&](const std::string& what, int nth = 1) {
    return execution.events[static_cast<std::size_t>(boundary_of(execution, what, nth) - 1)].inode;
  };
  EXPECT_NE(inode("open sandbox/f"), 0U);
  EXPECT_EQ(inode("open sandbox/f"), inode("write sandbox/f"));
  EXPECT_EQ(inode("open sandbox/f"), inode("link"));
  EXPECT_EQ(inode("open sandbox/f"), inode("rename"));
  EXPECT_EQ(inode("open sandbox/f"), inode("open sandbox/h truncated"));
  EXPECT_NE(inode("open sandbox/f"), inode("open sandbox/other"));
}

TEST_F(Executing, KeepsWhatWasWritten) {
  ExecutionOrder order = lab_.python(R"(
import os
f = os.open('f', os.O_WRONLY | os.O_CREAT, 0o200)
os.write(f, b'one')
os.writev(f, [b'tw', b'o'])
os.pwrite(f, b'THREE', 1)
s = os.open('/etc/hostname', os.O_RDONLY)
os.lseek(f, 0, 0)
os.sendfile(f, s, 0, 3)
)");
  order.record_data = true;
  const Execution execution = lab_.run(order);
  std::vector<std::string> data;
  for (const Event& event : execution.events)
    if (event.call == Call::write) data.push_back(lab_.data(event));
  EXPECT_THAT(data, ElementsAre("one", "two", "THREE", content("/etc/hostname").substr(0, 3)));
}

TEST_F(Executing, TellsAnExchangeFromARename) {
  const Execution execution = lab_.run(lab_.python(R"(
import ctypes
for name in 'ab': open(name, 'w').close()
libc = ctypes.CDLL(None)
libc.renameat2(-100, b'a', -100, b'b', 0)
open('a', 'w').close()
libc.renameat2(-100, b'a', -100, b'b', 2)
)"));
  std::vector<bool> exchanges;
  for (const Event& event : execution.events)
    if (event.call == Call::rename && event.error == 0) exchanges.push_back(event.exchange);
  EXPECT_THAT(exchanges, ElementsAre(false, true));
}

TEST_F(Executing, KnowsAFileThatGetsItsNameLater) {
  ExecutionOrder order = lab_.python(R"(
import os
f = os.open('.', os.O_TMPFILE | os.O_RDWR)
os.write(f, b'abc')
here = os.open('.', os.O_RDONLY)
os.link(f'/proc/self/fd/{f}', 'named', src_dir_fd=here, follow_symlinks=True)
)");
  order.record_data = true;
  const Execution execution = lab_.run(order);
  ASSERT_GE(execution.events.size(), 3U) << lab_.complained(order);
  const auto& [open, write, link] =
      std::tie(execution.events[0], execution.events[1], execution.events[2]);
  EXPECT_EQ(told(open), "open sandbox created");
  EXPECT_EQ(lab_.data(write), "abc");
  EXPECT_EQ(link.target, "sandbox/named");
  EXPECT_EQ(link.error, 0);
  EXPECT_EQ(write.inode, open.inode);
  EXPECT_EQ(link.inode, open.inode);
  EXPECT_NE(link.inode, 0U);
}

TEST_F(Executing, SeesNeitherWhatGoesToStdoutNorWhatGoesElsewhere) {
  const Execution execution = lab_.run(
      lab_.shell("echo out; echo err >&2; echo x > /dev/null; cat /etc/hostname | cat; mkfifo p; "
                 "(echo x > p) & cat p; wait; echo stdout > /dev/stdout; sleep 0"));
  for (const Event& event : execution.events)
    EXPECT_THAT(event.call, ::testing::AnyOf(Call::exit, Call::open)) << told(event);
  EXPECT_THAT(told(execution), Contains("open sandbox/p created"));
}

TEST_F(Executing, SeesFilesInThePrivateFoldersToo) {
  if (!isolation().mounts) GTEST_SKIP() << isolation().missing;
  const Execution execution =
      lab_.run(lab_.shell("echo a > /tmp/t; echo a > /var/tmp/v; echo a > /dev/shm/s"));
  EXPECT_THAT(told(execution), Contains("open tmp/t created"));
  EXPECT_THAT(told(execution), Contains("open var_tmp/v created"));
  EXPECT_THAT(told(execution), Contains("write shm/s 2 at 0"));
}

TEST_F(Executing, FollowsLinksAsTheProgramDoes) {
  const Execution execution = lab_.run(
      lab_.shell("mkdir d; ln -s ../d/f g; ln -s $PWD/d e; echo a > e/../g; echo b > e/h; cd e; "
                 "echo c > ../d/./i"));
  EXPECT_THAT(told(execution), Not(Contains(HasSubstr("sandbox/e/"))));
  EXPECT_THAT(told(execution), Contains("write sandbox/d/h 2 at 0"));
  EXPECT_THAT(told(execution), Contains("write sandbox/d/i 2 at 0"));
}

TEST_F(Executing, NumbersTheSameProgramTheSameWay) {
  const std::string script =
      "for i in 1 2 3; do echo $i > s.tmp; mv s.tmp s; done; cat s; (echo a >> s)";
  const Execution once = lab_.run(lab_.shell(script)), again = lab_.run(lab_.shell(script));
  EXPECT_GT(once.events.size(), 12U);
  EXPECT_EQ(told(once), told(again));
}

TEST_F(Executing, SeesThreadsAndChildrenOfChildren) {
  const Execution execution = lab_.run(lab_.python(R"(
import os, threading, subprocess
def work(n):
    for i in range(20):
        with open(f'f{n}', 'a') as f: f.write('x')
threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
for t in threads: t.start()
for t in threads: t.join()
subprocess.run(['/bin/sh', '-c', '(echo a > g; sh -c "echo b > h") ; exec sh -c "echo c > i"'], check=True)
)"));
  const auto lines = told(execution);
  EXPECT_EQ(80, std::count_if(lines.begin(), lines.end(), [](const auto& line) {
              return line.starts_with("write sandbox/f");
            }));
  for (const char* name : {"g", "h", "i"})
    EXPECT_THAT(lines, Contains(cat("write sandbox/", name, " 2 at 0")));
  EXPECT_TRUE(execution.left_over.empty());
  EXPECT_EQ(execution.exit, ExitStatus{});
}

// One call at a time: without it two threads would both have created a file, now and then.
TEST_F(Executing, TellsWhichOfTwoThreadsWasFirst) {
  const Execution execution = lab_.run(lab_.python(R"(
import os, threading
start = threading.Barrier(4)
def work():
    for i in range(40):
        start.wait()
        f = os.open(f'f{i}', os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        os.write(f, b'1234567890')
        os.close(f)
threads = [threading.Thread(target=work) for n in range(4)]
for t in threads: t.start()
for t in threads: t.join()
)"));
  std::map<std::string, int> created;
  std::map<std::string, std::set<std::uint64_t>> offsets;
  for (const Event& event : execution.events) {
    if (event.call == Call::open) created[event.path] += event.created ? 1 : 0;
    if (event.call == Call::write) offsets[event.path].insert(event.offset);
  }
  EXPECT_THAT(created, SizeIs(40));
  for (const auto& [path, times] : created) EXPECT_EQ(times, 1) << path;
  for (const auto& [path, seen] : offsets) EXPECT_THAT(seen, ElementsAre(0, 10, 20, 30)) << path;
}

TEST_F(Executing, AllowsAnExecveFromAThread) {
  const ExecutionOrder order = lab_.python(R"(
import os, threading, time
def work(): os.execv('/bin/sh', ['sh', '-c', 'echo now a shell; echo a > f'])
threading.Thread(target=work).start()
time.sleep(60)
)");
  const Execution execution = lab_.run(order);
  EXPECT_EQ(execution.exit, ExitStatus{});
  EXPECT_THAT(told(execution), Contains("write sandbox/f 2 at 0"));
  EXPECT_EQ(lab_.said(order), "now a shell\n");
}

TEST_F(Executing, NamesTheFilesThatWereNotThere) {
  ExecutionOrder order = lab_.python(R"(
import os
for look in (os.stat, os.lstat, open, os.listdir, os.readlink):
    try: look('no_' + look.__name__)
    except OSError: pass
os.access('/no/access', os.R_OK)
os.access('/etc', os.R_OK)
)");
  order.watch_misses = true;
  std::vector<std::string> missed;
  for (const Miss& miss : lab_.run(order).misses) missed.push_back(miss.path);
  const Path here = order.machine.sandbox_path;
  for (const char* name : {"no_stat", "no_lstat", "no_open", "no_listdir", "no_readlink"})
    EXPECT_THAT(missed, Contains((here / name).native()));
  EXPECT_THAT(missed, Contains("/no/access"));
  EXPECT_THAT(missed, Not(Contains("/etc")));
}

// --- snapshots, and kills at boundaries -----------------------------------------------

constexpr const char* kSaver = R"sh(
for i in 1 2 3; do
  echo $i $i > state.tmp; mv state.tmp state; echo $i >> log; echo $i > $TMPDIR/t$i
done
mkdir d; (echo child > d/c); rm log
)sh";

// The canary of all that is concluded from snapshots: what a real SIGKILL leaves.
TEST_F(Executing, HasSnapshotsThatEqualWhatAKillThereLeaves) {
  ExecutionOrder watched = lab_.shell(kSaver);
  watched.snapshots = {0};
  const Execution whole = lab_.run(watched);
  ASSERT_GT(whole.snapshots.size(), 20U);
  int compared = 0;
  for (const Event& event : whole.events) {
    ExecutionOrder order = lab_.shell(kSaver);
    order.kill_at = event.boundary;
    const Execution execution = lab_.run(order);
    EXPECT_TRUE(execution.cut);
    EXPECT_EQ(execution.exit, (ExitStatus{true, 0, SIGKILL, false}));
    ASSERT_TRUE(execution.cut_before);
    EXPECT_EQ(execution.cut_before->call, event.call);
    EXPECT_EQ(execution.events.size(), static_cast<std::size_t>(event.boundary - 1));
    const auto later = std::upper_bound(
        whole.snapshots.begin(), whole.snapshots.end(), event.boundary,
        [](int boundary, const Snapshot& snapshot) { return boundary < snapshot.boundary; });
    ASSERT_NE(later, whole.snapshots.begin());
    EXPECT_EQ(files(lab_.left_by(order)), files(std::prev(later)->image)) << told(event);
    ++compared;
  }
  EXPECT_GT(compared, 30);
}

TEST_F(Executing, TakesOnlyTheSnapshotsThatAreWanted) {
  ExecutionOrder order = lab_.shell("echo 1 > a; echo 2 > b; echo 3 > c");
  order.snapshots = {5, 6};
  const Execution execution = lab_.run(order);
  ASSERT_THAT(execution.snapshots, SizeIs(1));  // before the close and before the write: the same
  EXPECT_EQ(execution.snapshots[0].boundary, 5);
  EXPECT_EQ(execution.snapshots[0].image.find("sandbox/a")->bytes, 2U);
  EXPECT_EQ(execution.snapshots[0].image.find("sandbox/b")->bytes, 0U);
}

TEST_F(Executing, SeesInSnapshotsWhatMappedMemoryChanged) {
  ExecutionOrder order = lab_.python(R"(
import os, mmap, threading
f = os.open('m', os.O_RDWR | os.O_CREAT)
os.ftruncate(f, 4096)
m = mmap.mmap(f, 4096)
stop = False
def work():
    while not stop: m[100] = (m[100] + 1) % 256
t = threading.Thread(target=work); t.start()
for i in range(8):
    m[0] = i + 65
    open('x', 'w').close()
stop = True; t.join()
)");
  order.snapshots = {0};
  std::set<char> seen;
  for (const Snapshot& snapshot : lab_.run(order).snapshots)
    if (const ImageEntry* entry = snapshot.image.find("sandbox/m"); entry && entry->bytes == 4096)
      seen.insert(lab_.store().read(*entry).value()[0]);
  for (char letter = 'A'; letter < 'A' + 8; ++letter) EXPECT_THAT(seen, Contains(letter));
}

TEST_F(Executing, KillsChildrenWithTheirParents) {
  ExecutionOrder order =
      lab_.shell("for i in 1 2 3; do (while :; do echo x >> f$i; done) & done; sleep 1000");
  order.kill_at = 50;
  const Execution execution = lab_.run(order);
  EXPECT_TRUE(execution.cut);
  EXPECT_THAT(execution.left_over, IsEmpty());
  for (const Event& event : execution.events) EXPECT_FALSE(process_runs(event.pid));
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
}

// --- signals and time ------------------------------------------------------------------

constexpr const char* kTrap = R"(
trap 'echo saved > state; exit 85' TERM
echo 1 > a; echo 2 > b; echo 3 > c
while :; do sleep 0.01; done
)";

TEST_F(Executing, SignalsTheProgramAtABoundary) {
  ExecutionOrder order = lab_.shell(kTrap);
  order.signal_at = 3;
  const Execution execution = lab_.run(order);
  EXPECT_TRUE(execution.signalled);
  EXPECT_EQ(execution.exit.code, 85);
  EXPECT_FALSE(execution.out_of_grace);
  EXPECT_GE(execution.ended_us, execution.signalled_us);
  EXPECT_THAT(told(execution), Contains("write sandbox/state 6 at 0"));
  EXPECT_THAT(told(execution)[2], HasSubstr("sandbox/a"));  // the call goes on
}

TEST_F(Executing, SignalsTheProgramAfterATimeAndKillsItAfterTheGrace) {
  ExecutionOrder order = lab_.shell("trap '' TERM; : > deaf; while :; do sleep 0.01; done");
  order.signal_after = 20ms;
  order.grace = 30ms;
  Execution execution = lab_.run(order);
  // The signal came before the trap: later, then.
  while (execution.exit.signal == SIGTERM && *order.signal_after < 30s) {
    std::filesystem::remove_all(order.machine.folder);
    *order.signal_after *= 2;
    execution = lab_.run(order);
  }
  EXPECT_TRUE(execution.signalled);
  EXPECT_TRUE(execution.out_of_grace);
  EXPECT_FALSE(execution.out_of_time);
  EXPECT_EQ(execution.exit.signal, SIGKILL);
}

TEST_F(Executing, KillsAfterATime) {
  ExecutionOrder order = lab_.shell("while :; do :; done");
  order.watch_files = false;
  order.kill_after = 20ms;
  const Execution execution = lab_.run(order);
  EXPECT_TRUE(execution.cut);
  EXPECT_GE(execution.wall, 20ms);
}

TEST_F(Executing, EndsWhatTakesTooLong) {
  ExecutionOrder order = lab_.shell("sleep 1000");
  order.time_limit = 30ms;
  const Execution execution = lab_.run(order);
  EXPECT_TRUE(execution.out_of_time);
  EXPECT_FALSE(execution.cut);
}

TEST_F(Executing, EndsWhenItIsToldToStop) {
  std::thread later([&] {
    while (!std::filesystem::exists(lab_.folder() / "machine1" / "sandbox" / "f"))
      std::this_thread::yield();
    lab_.stop() = true;
  });
  const Execution execution = lab_.run(lab_.shell("echo a > f; sleep 1000"));
  later.join();
  EXPECT_TRUE(execution.stopped);
}

TEST_F(Executing, LetsStopSignalsDoWhatTheyDo) {
  const ExecutionOrder order = lab_.python(R"(
import os, signal
child = os.fork()
if child == 0:
    os.kill(os.getpid(), signal.SIGSTOP)
    os._exit(3)
pid, status = os.waitpid(child, os.WUNTRACED)
print(os.WIFSTOPPED(status), os.WSTOPSIG(status) == signal.SIGSTOP)
os.kill(child, signal.SIGCONT)
pid, status = os.waitpid(child, 0)
print(os.waitstatus_to_exitcode(status))
)");
  EXPECT_EQ(lab_.run(order).exit, ExitStatus{});
  EXPECT_EQ(lab_.said(order), "True True\n3\n");
}

TEST_F(Executing, KillsAStoppedProgram) {
  ExecutionOrder order = lab_.shell("kill -STOP $$");
  order.kill_after = 30ms;
  EXPECT_TRUE(lab_.run(order).cut);
}

TEST_F(Executing, ReportsADeathByASignal) {
  EXPECT_EQ(lab_.run(lab_.shell("kill -SEGV $$")).exit, (ExitStatus{true, 0, SIGSEGV, false}));
}

// --- a full disk ------------------------------------------------------------------------

TEST_F(Executing, RefusesWhatNeedsSpaceWhenTheDiskIsFull) {
  ExecutionOrder order = lab_.python(R"(
import os
f = os.open('f', os.O_RDWR | os.O_CREAT)
os.write(f, b'12345')
def attempt(what, *args):
    try: what(*args); print(what.__name__, 'ok')
    except OSError as e: print(what.__name__, e.errno)
attempt(os.pwrite, f, b'abc', 0)
attempt(os.pwrite, f, b'abc', 3)
attempt(os.write, f, b'x')
attempt(os.ftruncate, f, 3)
attempt(os.ftruncate, f, 30)
attempt(os.posix_fallocate, f, 0, 30)
attempt(os.open, 'new', os.O_CREAT | os.O_WRONLY)
attempt(os.open, 'f', os.O_CREAT | os.O_WRONLY)
attempt(os.mkdir, 'd')
attempt(os.symlink, 'f', 's')
attempt(os.link, 'f', 'l')
attempt(os.rename, 'f', 'g')
attempt(os.unlink, 'g')
)");
  order.disk_full_from = 3;
  const Execution execution = lab_.run(order);
  EXPECT_EQ(lab_.said(order),
            "pwrite ok\npwrite 28\nwrite 28\nftruncate ok\nftruncate 28\nposix_fallocate 28\n"
            "open 28\nopen ok\nmkdir 28\nsymlink 28\nlink 28\nrename ok\nunlink ok\n");
  EXPECT_EQ(execution.events[3].error, ENOSPC);
  EXPECT_EQ(lab_.left_by(order).find("sandbox/new"), nullptr);
}

TEST_F(Executing, MakesHalfOfTheFirstWriteToAFullDisk) {
  ExecutionOrder order = lab_.shell("printf 0123456789 > f || echo failed");
  order.disk_full_from = boundary_of(lab_.run(order), "write sandbox/f");
  order.machine.folder = lab_.folder() / "torn";
  order.full_disk_tears = true;
  lab_.run(order);
  EXPECT_EQ(content(order.machine.sandbox() / "f"), "01234");
  EXPECT_EQ(lab_.said(order), "failed\n");
}

TEST_F(Executing, SkipsSyncsIfToldTo) {
  ExecutionOrder order = lab_.python(R"(
import os
f = os.open('f', os.O_RDWR | os.O_CREAT)
print(os.fsync(f), os.fdatasync(f), os.sync())
)");
  order.syncs_are_skipped = true;
  const Execution execution = lab_.run(order);
  EXPECT_EQ(lab_.said(order), "None None None\n");
  EXPECT_THAT(told(execution), ElementsAre("open sandbox/f created", "fsync sandbox/f",
                                           "fsync sandbox/f", "sync", "exit"));
}

// --- what is left over --------------------------------------------------------------------

TEST_F(Executing, NamesAChildThatGoesOnWriting) {
  const Execution execution = lab_.run(
      lab_.shell("(exec 5> late; while [ -d /proc/$$ ]; do :; done; echo x >&5; sleep 1000) &"));
  ASSERT_THAT(execution.left_over, Not(IsEmpty()));
  const auto& left = execution.left_over.front();
  EXPECT_EQ(left.command, "sleep");  // the shell becomes it in the end
  EXPECT_TRUE(left.wrote);
  EXPECT_TRUE(left.killed);
  EXPECT_EQ(execution.exit, ExitStatus{});
  // The program's time is its own: what is left over wrote later.
  EXPECT_EQ(execution.events.back().call, Call::write);
  EXPECT_GE(std::chrono::microseconds(execution.events.back().at_us), execution.wall);
}

TEST_F(Executing, SeesWhatALeftOverChildWrites) {
  const ExecutionOrder order = lab_.shell(R"(
exec 5> late
(while grep -qs '^State:.[^Z]' /proc/$$/status; do :; done; echo x >&5) &
)");
  const Execution execution = lab_.run(order);
  ASSERT_THAT(execution.left_over, Not(IsEmpty()));
  EXPECT_TRUE(execution.left_over.front().wrote);
  EXPECT_FALSE(execution.left_over.front().killed);
  EXPECT_THAT(execution.left_over.front().files, ElementsAre("sandbox/late"));
  EXPECT_EQ(content(order.machine.sandbox() / "late"), "x\n");
}

TEST_F(Executing, FindsAChildThatHidesFromItsParent) {
  const Execution execution = lab_.run(lab_.shell("setsid sh -c 'sleep 1000 &' & wait"));
  EXPECT_THAT(execution.left_over, SizeIs(1));
  EXPECT_EQ(execution.left_over.front().command, "sleep");
}

// --- the rest --------------------------------------------------------------------------------

TEST_F(Executing, SaysWhatCannotBeStarted) {
  const auto failure = [&](const ExecutionOrder& order) {
    const auto result = execute(order, lab_.store(), lab_.stop());
    return result ? Error{Errc::io, "it was started"} : result.error();
  };
  const Error missing = failure(lab_.program({"/usr/bin/no-such-program"}));
  EXPECT_EQ(missing.code, Errc::not_found);
  EXPECT_THAT(missing.message, HasSubstr("start /usr/bin/no-such-program"));
  EXPECT_THAT(failure(lab_.program({"/etc/passwd"})).hint, HasSubstr("chmod +x"));
  ExecutionOrder order = lab_.shell("exit 0");
  order.working_folder = "/no/such/folder";
  EXPECT_THAT(failure(order).message, HasSubstr("change to folder /no/such/folder"));
}

TEST_F(Executing, RunsInSeveralThreadsAtATime) {
  constexpr int kThreads = 4;
  std::vector<ExecutionOrder> orders;
  for (int i = 0; i < kThreads; ++i) orders.push_back(lab_.shell(kSaver));
  std::vector<Execution> executions(kThreads);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < kThreads; ++i)
    threads.emplace_back([&, i] {
      orders[i].snapshots = {0};
      for (int round = 0; round < 3; ++round) {
        std::filesystem::remove_all(orders[i].machine.folder);
        executions[i] = lab_.run(orders[i]);
      }
    });
  for (std::thread& thread : threads) thread.join();
  for (std::size_t i = 1; i < kThreads; ++i) {
    EXPECT_EQ(executions[i].events.size(), executions[0].events.size());
    EXPECT_EQ(files(executions[i].snapshots.back().image),
              files(executions[0].snapshots.back().image));
  }
}

TEST_F(Executing, LeavesNothingBehindIfItsTracerIsKilled) {
  const ExecutionOrder order = lab_.shell("(sleep 1000 & echo $! > f; mv f g; wait) & wait");
  const Path file = order.machine.sandbox() / "g";
  const pid_t tracer = ::fork();
  if (tracer == 0) {
    lab_.run(order);
    ::_exit(0);
  }
  while (!std::filesystem::exists(file)) std::this_thread::yield();
  const pid_t sleeper = static_cast<pid_t>(parse_integer(trim(content(file))).value());
  EXPECT_TRUE(process_runs(sleeper));
  ::kill(tracer, SIGKILL);
  ::waitpid(tracer, nullptr, 0);
  while (process_runs(sleeper)) std::this_thread::yield();
}

TEST_F(Executing, CountsTheTimeOfAllProcesses) {
  ExecutionOrder order = lab_.shell("i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done");
  order.watch_files = false;
  const Execution alone = lab_.run(order);
  order.arguments[2] =
      cat("for child in 1 2 3 4 5 6 7 8; do (", order.arguments[2], ") & done; wait");
  const Execution eight = lab_.run(order);
  EXPECT_GT(alone.cpu, 0ms);
  EXPECT_GT(eight.cpu, alone.cpu);
}

TEST_F(Executing, RunsWithoutNamespacesToo) {
  ExecutionOrder order = lab_.shell("echo a > f; pwd; mv f g");
  order.isolation = {};
  order.machine.sandbox_path = order.working_folder = order.machine.sandbox();
  const Execution execution = lab_.run(order);
  EXPECT_EQ(lab_.said(order), order.machine.sandbox().native() + "\n");
  EXPECT_THAT(told(execution), Contains("rename sandbox/f -> sandbox/g"));
}

TEST_F(Executing, LetsFastShellsAndVforkPass) {
  ExecutionOrder order = lab_.python(R"(
import subprocess
for i in range(50): subprocess.run(['/bin/true'], check=True, close_fds=False)
)");
  order.snapshots = {0};
  const Execution execution = lab_.run(order);
  EXPECT_EQ(execution.exit, ExitStatus{});
  EXPECT_EQ(execution.events.size(), 51U);  // their exits
}

}  // namespace
}  // namespace cairn::verify
