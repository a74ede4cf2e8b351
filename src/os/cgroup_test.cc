#include "os/cgroup.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "support/temp_folder.h"

namespace cairn::testing {
namespace {

constexpr const char* kHybrid =
    "12:memory:/user.slice\n"
    "0::/user.slice/user-1000.slice/user@1000.service/app.slice/cairn-engine.service\n";
constexpr const char* kMounts =
    "30 23 0:26 / /sys/fs/cgroup/unified rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"
    "31 23 0:27 / /sys/fs/cgroup/memory rw shared:10 - cgroup cgroup rw,memory\n";

TEST(CgroupPlace, IsBelowWhereTheTreeIsMounted) {
  const auto place = cgroup_place(kHybrid, kMounts);
  ASSERT_TRUE(place);
  EXPECT_EQ(place->folder,
            "/sys/fs/cgroup/unified/user.slice/user-1000.slice/user@1000.service/app.slice/"
            "cairn-engine.service");
  EXPECT_EQ(place->mount, "/sys/fs/cgroup/unified");
}

TEST(CgroupPlace, OfAContainerIsTheMountItself) {
  const char* const mounts = "30 23 0:26 /docker/a\\040b /sys/fs/cgroup ro - cgroup2 cgroup rw\n";
  EXPECT_EQ(cgroup_place("0::/docker/a b\n", mounts)->folder, "/sys/fs/cgroup");
  EXPECT_EQ(cgroup_place("0::/docker/a b/x\n", mounts)->folder, "/sys/fs/cgroup/x");
  EXPECT_FALSE(cgroup_place("0::/docker/a bc\n", mounts));  // not seen from here
  EXPECT_EQ(cgroup_place("0::/\n", "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 c rw\n")->folder,
            "/sys/fs/cgroup");
}

TEST(CgroupPlace, IsNoneWhereThereIsNoVersionTwo) {
  EXPECT_FALSE(cgroup_place("12:memory:/user.slice\n", kMounts));
  EXPECT_FALSE(cgroup_place(kHybrid, "31 23 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw\n"));
  EXPECT_FALSE(cgroup_place("", ""));
  EXPECT_FALSE(cgroup_place("0::\n0::x\n", "\n - cgroup2 \n1 2 - cgroup2 \n"));
}

// Of a service with Delegate=yes.
CgroupFacts given() {
  return {.has_memory = true, .is_writable = true, .is_given = true, .processes = {7}};
}

TEST(MayMakeGroups, WhereSystemdOrAnOwnerHasGivenThem) {
  EXPECT_TRUE(may_make_groups(given(), 7));
  CgroupFacts owned = given();
  owned.is_given = false;
  EXPECT_FALSE(may_make_groups(owned, 7));  // systemd's own, however writable
  owned.begins_here = true;
  EXPECT_TRUE(may_make_groups(owned, 7));
}

TEST(MayMakeGroups, NotWhereOneThingIsWanting) {
  const auto refuses = [](auto change) {
    CgroupFacts facts = given();
    facts.begins_here = true;
    change(facts);
    const Status may = may_make_groups(facts, 7);
    return !may && may.error().code == Errc::unsupported;
  };
  EXPECT_TRUE(refuses([](CgroupFacts& facts) { facts.has_memory = false; }));
  EXPECT_TRUE(refuses([](CgroupFacts& facts) { facts.is_writable = false; }));
  EXPECT_TRUE(refuses([](CgroupFacts& facts) { facts.is_root = true; }));
  EXPECT_TRUE(refuses([](CgroupFacts& facts) { facts.processes = {7, 8}; }));
  EXPECT_TRUE(refuses([](CgroupFacts& facts) { facts.processes = {8}; }));
  EXPECT_TRUE(refuses([](CgroupFacts& facts) { facts.processes = {}; }));
}

TEST(CgroupCount, IsOfTheWholeName) {
  constexpr const char* kEvents = "low 0\nmax 12\noom 3\noom_kill 40\n";
  EXPECT_EQ(cgroup_count(kEvents, "oom"), 3);
  EXPECT_EQ(cgroup_count(kEvents, "oom_kill"), 40);
  EXPECT_EQ(cgroup_count(kEvents, "oo"), 0);
  EXPECT_EQ(cgroup_count("", "oom"), 0);
  EXPECT_EQ(cgroup_count("oom x\n", "oom"), 0);
}

// A folder with the files that the kernel would make; what is written to them stays in them.
class FakeGroup : public ::testing::Test {
 protected:
  void put(const std::string& name, const std::string& text = "") {
    std::filesystem::create_directories((group() / name).parent_path());
    std::ofstream(group() / name) << text;
  }
  std::string text_of(const std::string& name) const {
    std::ostringstream text;
    text << std::ifstream(group() / name).rdbuf();
    return text.str();
  }
  Path group() const { return folder_.path() / "group"; }
  void put_job() {
    put("cgroup.events", "populated 0\nfrozen 0\n");
    for (const char* const name : {"memory.max", "memory.oom.group", "cgroup.procs"}) put(name);
  }

 private:
  TempFolder folder_;
};

TEST_F(FakeGroup, HasTheLimitAndDiesAsAWhole) {
  put_job();
  put("memory.swap.max");
  ASSERT_TRUE(Cgroup::make(group(), 100));
  EXPECT_EQ(text_of("memory.max"), "102400");
  EXPECT_EQ(text_of("memory.swap.max"), "0");
  EXPECT_EQ(text_of("memory.oom.group"), "1");
}

TEST_F(FakeGroup, HasNoLimitWhereTheJobHasNone) {
  put_job();
  ASSERT_TRUE(Cgroup::make(group(), 0));
  EXPECT_EQ(text_of("memory.max"), "");
}

TEST_F(FakeGroup, CountsWhatCannotBeTakenBack) {
  put_job();
  const auto job = Cgroup::make(group(), 100);
  EXPECT_EQ(job->used_kb(), 0);
  put("memory.stat", "anon 10240\nfile 999424\nkernel 4096\nshmem 2048\ninactive_anon 7\n");
  put("memory.peak", "1048576\n");
  EXPECT_EQ(job->used_kb(), 12);
  EXPECT_EQ(job->peak_kb(), 1024);
}

TEST_F(FakeGroup, IsOverItsLimitOnlyIfItsOwnLimitKilledIt) {
  put_job();
  const auto job = Cgroup::make(group(), 100);
  put("memory.events", "max 4\noom 0\noom_kill 0\n");
  EXPECT_FALSE(job->was_over_limit());
  put("memory.events", "max 4\noom 0\noom_kill 1\n");  // the machine had no more
  EXPECT_FALSE(job->was_over_limit());
  put("memory.events", "max 4\noom 1\noom_kill 1\n");
  EXPECT_TRUE(job->was_over_limit());
}

TEST_F(FakeGroup, IsNotMadeWhereTheKernelCannotLimitIt) {
  put("cgroup.events", "populated 0\n");
  put("cgroup.procs");
  EXPECT_FALSE(Cgroup::make(group(), 100));
}

TEST_F(FakeGroup, GivesMemoryToTheGroupsBelowOnceItIsEmpty) {
  put("cgroup.subtree_control");
  put("engine/cgroup.procs");
  CgroupFacts facts = given();
  facts.processes = {::getpid()};
  const auto tree = CgroupTree::enter({group(), group()}, facts);
  ASSERT_TRUE(tree);
  EXPECT_EQ(text_of("engine/cgroup.procs"), std::to_string(::getpid()));
  EXPECT_EQ(text_of("cgroup.subtree_control"), "+memory");
  EXPECT_EQ(tree->group("12.0-1"), group() / "job-12.0-1");
}

TEST_F(FakeGroup, IsLeftAsItWasIfItMayNotGiveMemory) {
  put("cgroup.procs");
  put("engine/cgroup.procs");
  CgroupFacts facts = given();
  facts.processes = {::getpid()};
  EXPECT_FALSE(CgroupTree::enter({group(), group()}, facts));
  EXPECT_EQ(text_of("cgroup.procs"), std::to_string(::getpid()));
}

}  // namespace
}  // namespace cairn::testing
