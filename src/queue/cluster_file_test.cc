#include "queue/cluster_file.h"

#include <gtest/gtest.h>

#include "support/temp_folder.h"

namespace cairn {
namespace {

using testing::TempFolder;

ClusterRecord record() {
  return {.cluster = 12,
          .key = "/home/a b/\"sweep\".sub",
          .created_ms = 1'700'000'000'123,
          .runner = "engine",
          .pool_id = "",
          .name = "night \xff"};
}

NewJobs jobs() {
  NewJobs jobs;
  jobs.ad.set_string("Cmd", "/bin/true");
  jobs.ad.set_integer("ClusterId", 12);
  jobs.changes = {"ProcId = 0\n", "", "Args = \"two\\nlines\"\nProcId = 2\n"};
  return jobs;
}

TEST(ClusterFile, KeepsEverything) {
  const ClusterFile file = decode_cluster(encode_cluster(record(), jobs())).value();
  EXPECT_EQ(file.cluster, record());
  EXPECT_EQ(file.jobs.ad, jobs().ad);
  EXPECT_EQ(file.jobs.changes, jobs().changes);
}

TEST(ClusterFile, KeepsClustersThatShareNothingAndThoseWithoutJobs) {
  NewJobs nothing;
  EXPECT_TRUE(decode_cluster(encode_cluster(record(), nothing)).value().jobs.changes.empty());
  nothing.changes = {"ProcId = 0\n"};
  const ClusterFile file = decode_cluster(encode_cluster(record(), nothing)).value();
  EXPECT_EQ(file.jobs.changes, nothing.changes);
  EXPECT_TRUE(file.jobs.ad.attributes().empty());
}

TEST(ClusterFile, IsDamagedWhereOneByteIs) {
  const std::string good = encode_cluster(record(), jobs());
  for (std::size_t length = 0; length < good.size(); ++length)
    EXPECT_EQ(decode_cluster(good.substr(0, length)).error().code, Errc::corrupt) << length;
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 1);
    EXPECT_EQ(decode_cluster(bad).error().code, Errc::corrupt) << at;
  }
}

JobRecord job(int proc, JobState state) {
  JobRecord job;
  job.id = {12, proc};
  job.state = state;
  return job;
}

TEST(ClusterStates, KeepHowJobsEndedAndWhyTheyAreHeld) {
  JobRecord held = job(3, JobState::held);
  held.hold = HoldFacts{12, 2, "a reason\nof two lines"};
  JobRecord completed = job(1, JobState::completed), killed = job(2, JobState::completed);
  completed.exit = ExitStatus{false, 7, 0};
  killed.exit = ExitStatus{true, 0, 9};
  std::string text;
  for (const JobRecord& each : {completed, killed, held, job(4, JobState::removed)})
    text += state_line(each);
  const auto states = parse_states(text);
  ASSERT_EQ(states.size(), 4U);
  EXPECT_EQ(states.at(1), (NotedState{JobState::completed, ExitStatus{false, 7, 0}, {}}));
  EXPECT_EQ(states.at(2), (NotedState{JobState::completed, ExitStatus{true, 0, 9}, {}}));
  EXPECT_EQ(states.at(3),
            (NotedState{JobState::held, {}, HoldFacts{12, 2, "a reason of two lines"}}));
  EXPECT_EQ(states.at(4).state, JobState::removed);
}

TEST(ClusterStates, LeaveOutWhatIsTornAndTakeTheNewest) {
  const auto states = parse_states("1 held 1 0 why\n\nrubbish\n2 flying\n1 idle\n3 complet");
  ASSERT_EQ(states.size(), 1U);
  EXPECT_EQ(states.at(1).state, JobState::idle);
}

TEST(ClusterStates, DoNotGrowByEvictions) {
  const TempFolder folder;
  ClusterFiles files(folder.path());
  for (int i = 0; i < 100; ++i) files.note(job(1, JobState::idle));
  EXPECT_FALSE(std::filesystem::exists(folder / "12.states"));
  files.note(job(1, JobState::held));
  for (int i = 0; i < 100; ++i) files.note(job(1, JobState::idle));
  // As another process goes on.
  ClusterFiles later(folder.path());
  for (int i = 0; i < 100; ++i) later.note(job(1, JobState::idle));
  EXPECT_EQ(std::filesystem::file_size(folder / "12.states"),
            std::string("1 held\n1 idle\n").size());
  EXPECT_EQ(later.states(12).at(1).state, JobState::idle);
}

TEST(ClusterFiles, TakeNoNumberThatSomebodyHad) {
  const TempFolder folder;
  ClusterFiles files(folder / "clusters");
  files.prepare(record(), jobs()).value();
  files.discard(12);
  EXPECT_EQ(files.read(12).error().code, Errc::not_found);
  files.prepare(record(), jobs()).value();  // its queue's commit is not known to have failed
  EXPECT_EQ(files.read(12).value().cluster, record());
  files.prepare(record(), jobs()).value();
  files.publish(12);
  EXPECT_EQ(files.prepare(record(), jobs()).error().code, Errc::misuse);
  EXPECT_EQ(files.list().value(), std::vector<int>{12});
  EXPECT_EQ(files.read(12).value().jobs.changes, jobs().changes);
  files.remove(12);
  EXPECT_TRUE(files.list().value().empty());
}

}  // namespace
}  // namespace cairn
