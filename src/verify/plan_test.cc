#include "verify/plan.h"

#include <gmock/gmock.h>

#include <atomic>
#include <set>

#include "verify/crew.h"

namespace cairn::verify {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

Event event(int boundary, Call call, std::string path, std::string target = {}) {
  Event event;
  event.boundary = boundary;
  event.call = call;
  event.path = std::move(path);
  event.target = std::move(target);
  event.bytes = call == Call::write ? 10 : 0;
  event.created = call == Call::open;
  return event;
}

std::vector<Event> atomic_save(const std::string& name) {
  return {event(1, Call::open, "sandbox/tmp"),         event(2, Call::write, "sandbox/tmp"),
          event(3, Call::sync, "sandbox/tmp"),         event(4, Call::close, "sandbox/tmp"),
          event(5, Call::rename, "sandbox/tmp", name), event(6, Call::exit, "")};
}

TEST(Plan, CutsOnlyWhereFilesHaveJustChanged) {
  const auto events = atomic_save("sandbox/state");
  std::vector<int> boundaries;
  for (const CutPoint& point : cut_points({&events})) boundaries.push_back(point.boundary);
  // Before the sync and the close the folder is as it was before the call that precedes them.
  EXPECT_THAT(boundaries, ElementsAre(2, 3, 6));
}

TEST(Plan, AFailedCallChangesNothing) {
  Event failed = event(1, Call::rename, "sandbox/a", "sandbox/b");
  failed.error = 2;
  EXPECT_FALSE(changes_files(failed));
  Event reopened = event(1, Call::open, "sandbox/a");
  reopened.created = false;
  EXPECT_FALSE(changes_files(reopened));
}

TEST(Plan, NumbersRunThroughAllExecutions) {
  const auto first = atomic_save("sandbox/state");
  const auto second = atomic_save("sandbox/state");
  std::vector<int> numbers;
  for (const CutPoint& point : cut_points({&first, &second})) numbers.push_back(point.number);
  EXPECT_THAT(numbers, ElementsAre(2, 3, 6, 8, 9, 12));
}

TEST(Plan, TakesOneOfEachKindBeforeASecondOfAny) {
  std::vector<CutPoint> points;
  for (int i = 0; i < 100; ++i) points.push_back({i, 0, i, "write results"});
  points.push_back({100, 0, 100, "rename state"});
  points.push_back({101, 0, 101, "open state"});
  std::set<std::string> kinds;
  for (const CutPoint& point : spread(points, 3, 1)) kinds.insert(point.kind);
  EXPECT_THAT(kinds, SizeIs(3));
  EXPECT_THAT(spread(points, 1000, 1), SizeIs(102));
}

TEST(Plan, TheSameSeedTakesTheSameCuts) {
  std::vector<CutPoint> points;
  for (int i = 0; i < 100; ++i) points.push_back({i, 0, i, "write"});
  EXPECT_EQ(spread(points, 10, 7), spread(points, 10, 7));
  EXPECT_NE(spread(points, 10, 7), spread(points, 10, 8));
}

TEST(Plan, ChoosesTheMiddleTheLastAndTheFirstExecutionFirst) {
  EXPECT_THAT(chosen_stretches(9, 3), ElementsAre(4, 8, 0));
  EXPECT_THAT(chosen_stretches(2, 8), UnorderedElementsAre(0, 1));
  EXPECT_THAT(chosen_stretches(100, 8), SizeIs(8));
}

TEST(Plan, SpreadsMomentsOverTheWholeRun) {
  std::set<int> stretches;
  for (const Moment& moment : moments(4, 8, 3)) {
    stretches.insert(moment.stretch);
    EXPECT_GE(moment.part, 0);
    EXPECT_LE(moment.part, 1);
  }
  EXPECT_THAT(stretches, SizeIs(4));
}

TEST(Plan, AFileThatIsRenamedIntoTheCheckpointBelongsToIt) {
  const auto paths = checkpoint_paths(atomic_save("sandbox/state"), {"state"});
  EXPECT_THAT(paths, UnorderedElementsAre("sandbox/state", "sandbox/tmp"));
  EXPECT_TRUE(is_among("sandbox/tmp", paths));
  EXPECT_FALSE(is_among("sandbox/results", paths));
}

TEST(Plan, AFolderThatIsRenamedIntoTheCheckpointBelongsToIt) {
  const std::vector<Event> events = {event(1, Call::rename, "sandbox/new", "sandbox/ckpt")};
  EXPECT_TRUE(is_among("sandbox/new/a", checkpoint_paths(events, {"ckpt/a", "ckpt/b"})));
}

TEST(Plan, LinesThatDifferInTheirNumbersOnlyShareAGlob) {
  EXPECT_EQ(glob_of_line("going on from step 30"), glob_of_line("going on from step 7"));
  EXPECT_EQ(glob_of_line("[3] 100%?"), "\\[*\\] *%\\?");
  EXPECT_NE(glob_of_line("step 3"), glob_of_line("stop 3"));
}

TEST(Crew, DoesEachTaskOnce) {
  std::atomic<int> done = 0;
  EXPECT_EQ(Crew(3).run(100, [&](std::size_t) { ++done; }), 100U);
  EXPECT_EQ(done, 100);
}

TEST(Crew, BeginsNoTaskAfterItWasToldToEnd) {
  std::atomic<int> done = 0;
  const auto begun = Crew(2).run(
      100, [&](std::size_t) { ++done; }, [](std::size_t so_far) { return so_far < 5; });
  EXPECT_EQ(begun, 5U);
  EXPECT_EQ(done, 5);
}

}  // namespace
}  // namespace cairn::verify
