// Loops: each program is cut at every one of its safe points, goes on in new sessions,
// and must end as if it had not been.
#include <gtest/gtest.h>

#include <functional>

#include "base/text.h"
#include "session/session_fixture.h"

namespace cairn::testing {
namespace {

// What a program computes: the order of its steps.
using Trace = std::vector<std::int64_t>;
using Body = std::function<void(Session&, Trace&)>;

// One process: restores, runs `body` and ends when `leave_after` safe points are over
// (0: never).  Returns whether it came to its end.
bool run_once(SimFileSystem& disk, const Body& body, std::uint64_t leave_after, Trace& trace) {
  World world{disk};
  Options options = by_hand();
  options.leave = Leave::always;
  options.policy.leave_every = leave_after;
  Session session = world.open(options).value();
  trace.clear();
  session.protect("trace", trace);
  session.restore().value();
  body(session, trace);
  return !session.leaving();
}

// The trace of a program that leaves first after `first` safe points, then after `every`.
Trace run_cut(const Body& body, std::uint64_t first, std::uint64_t every) {
  SimFileSystem disk;
  Trace trace;
  bool ended = run_once(disk, body, first, trace);
  for (int i = 0; !ended && i < 1000; ++i) ended = run_once(disk, body, every, trace);
  EXPECT_TRUE(ended) << "never came to its end";
  return trace;
}

void expect_no_difference(const Body& body) {
  const Trace uncut = run_cut(body, 0, 0);
  ASSERT_FALSE(uncut.empty());
  for (std::uint64_t first = 1; first <= uncut.size() + 2; ++first)
    for (const std::uint64_t every : {0, 1, 2, 3, 5})
      ASSERT_EQ(run_cut(body, first, every), uncut) << "cut after " << first << ", then " << every;
}

TEST(Loop, EndsAsIfNotCutWhenItIsAlone) {
  expect_no_difference([](Session& session, Trace& trace) {
    for (auto i : session.loop("i", 3, 12)) trace.push_back(i);
  });
}

TEST(Loop, EndsAsIfNotCutWhenAnotherFollows) {
  expect_no_difference([](Session& session, Trace& trace) {
    for (auto i : session.loop("a", 0, 4)) trace.push_back(i);
    if (session.leaving()) return;
    for (auto i : session.loop("b", 0, 3)) trace.push_back(100 + i);
    if (session.leaving()) return;
    for (auto i : session.loop("c", 0, 3)) trace.push_back(200 + i);
  });
}

TEST(Loop, EndsAsIfNotCutWhenNested) {
  expect_no_difference([](Session& session, Trace& trace) {
    for (auto i : session.loop("i", 0, 4)) {
      for (auto j : session.loop("j", 0, 3)) trace.push_back(10 * i + j);
      for (auto k : session.loop("k", 0, i)) {
        for (auto l : session.loop("l", 0, 2)) trace.push_back(1000 + 100 * i + 10 * k + l);
      }
    }
  });
}

TEST(Loop, EndsAsIfNotCutWhenLeftByBreak) {
  expect_no_difference([](Session& session, Trace& trace) {
    for (auto i : session.loop("i", 0, 4)) {
      for (auto j : session.loop("j", 0, 100)) {
        if (j == i + 1) break;
        trace.push_back(10 * i + j);
      }
    }
    if (session.leaving()) return;
    for (auto i : session.loop("after", 0, 100)) {
      if (i == 2) break;
      trace.push_back(1000 + i);
    }
    if (session.leaving()) return;
    for (auto i : session.loop("last", 0, 2)) trace.push_back(2000 + i);
  });
}

TEST(Loop, DoesNotLeaveWhenItsWorkIsDone) {
  SimFileSystem disk;
  World world{disk};
  Options options = by_hand();
  options.leave = Leave::always;
  options.policy.leave_every = 4;
  Session session = world.open(options).value();
  session.restore().value();
  for ([[maybe_unused]] auto i : session.loop("i", 0, 4)) {
  }
  EXPECT_FALSE(session.leaving());
  EXPECT_EQ(session.exit_code(), 0);
  EXPECT_TRUE(disk.info("state.ckpt/gen-000001.cairn")) << "it is saved all the same";
  EXPECT_EQ(session.safe_point().value(), Next::leave) << "there is more to do after all";
}

// A canary: code that pays no heed to the loop's record must be seen to go wrong.
TEST(Loop, IsSeenToGoWrongWhenItsPlaceIsNotKept) {
  const Body forgetful = [](Session& session, Trace& trace) {
    for (std::int64_t i = 0; i < 5; ++i) {
      trace.push_back(i);
      if (session.safe_point().value() == Next::leave) return;
    }
  };
  EXPECT_NE(run_cut(forgetful, 2, 0), run_cut(forgetful, 0, 0));
}

TEST(Loop, BeginsAtItsFirstWhenTheSameProcessBeginsItAgain) {
  SimFileSystem disk;
  World world{disk};
  Session session = world.open(by_hand()).value();
  session.restore().value();
  Trace trace;
  for (int round = 0; round < 2; ++round)
    for (auto i : session.loop("i", 0, 3)) trace.push_back(i);
  EXPECT_EQ(trace, (Trace{0, 1, 2, 0, 1, 2}));
}

TEST(Loop, SurvivesAMoveOfTheSession) {
  SimFileSystem disk;
  World world{disk};
  Session first = world.open(by_hand()).value();
  first.restore().value();
  std::optional<Session> second;
  Trace trace;
  for (auto i : first.loop("i", 0, 4)) {
    trace.push_back(i);
    if (i == 1) second.emplace(std::move(first));
  }
  EXPECT_EQ(trace, (Trace{0, 1, 2, 3}));
}

// Runs the loop up to `stop` (exclusive), with a checkpoint there.
void leave_a_loop(SimFileSystem& disk, std::int64_t last, std::int64_t stop) {
  World world{disk};
  Session session = world.open(each_point()).value();
  session.restore().value();
  try {
    for (auto i : session.loop("sweep", 0, last))
      if (i == stop) throw 0;  // as if killed
  } catch (int) {
  }
}
Trace rest_of_loop(SimFileSystem& disk, std::int64_t first, std::int64_t last,
                   LoopOptions options) {
  World world{disk};
  Session session = world.open(by_hand()).value();
  session.restore().value();
  Trace trace;
  for (auto i : session.loop("sweep", first, last, options)) trace.push_back(i);
  return trace;
}

TEST(Loop, RefusesAnotherRangeAndNamesBoth) {
  SimFileSystem disk;
  leave_a_loop(disk, 6, 4);
  try {
    rest_of_loop(disk, 0, 8, {});
    FAIL() << "another range was accepted";
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.error().code, Errc::mismatch);
    EXPECT_EQ(failure.error().message,
              "loop sweep was saved with the range 0 to 6 and stands at 4, the program now has "
              "0 to 8");
  }
}

TEST(Loop, GoesOnWithAnotherEndIfItMayAndHasNotPassedIt) {
  SimFileSystem disk;
  leave_a_loop(disk, 6, 4);
  EXPECT_EQ(rest_of_loop(disk, 0, 8, {.may_extend = true}), (Trace{4, 5, 6, 7}));
  EXPECT_EQ(rest_of_loop(disk, 0, 5, {.may_extend = true}), (Trace{4}));
  EXPECT_THROW(rest_of_loop(disk, 0, 3, {.may_extend = true}), Failure);
  EXPECT_THROW(rest_of_loop(disk, 1, 8, {.may_extend = true}), Failure);
  SimFileSystem finished;
  leave_a_loop(finished, 6, 99);
  EXPECT_EQ(rest_of_loop(finished, 0, 8, {.may_extend = true}), (Trace{6, 7}));
}

TEST(Loop, CarriesAPlaceOverThatNobodyHasAskedForYet) {
  SimFileSystem disk;
  leave_a_loop(disk, 6, 4);
  {
    World world{disk};
    Session session = world.open(by_hand()).value();
    session.restore().value();
    session.checkpoint().value();
  }
  EXPECT_EQ(rest_of_loop(disk, 0, 6, {}), (Trace{4, 5}));
}

TEST(Loop, RefusesToAdvanceAroundARunningLoop) {
  SimFileSystem disk;
  World world{disk};
  Session session = world.open(by_hand()).value();
  session.restore().value();
  Loop outer = session.loop("outer", 0, 3);
  const Loop inner = session.loop("inner", 0, 3);
  EXPECT_THROW(outer.advance(), Failure);
  EXPECT_THROW(static_cast<void>(session.loop("outer", 0, 3)), Failure);
}

// Its work would be done again from the beginning, without a word.
TEST(Loop, IsRefusedWhenTheCheckpointWasMadeInsideAnother) {
  SimFileSystem disk;
  Trace trace;
  const auto count = [](const char* name) {
    return [name](Session& session, Trace& steps) {
      for (const auto i : session.loop(name, 0, 5)) steps.push_back(i);
    };
  };
  EXPECT_FALSE(run_once(disk, count("old"), 2, trace));
  try {
    run_once(disk, count("new"), 0, trace);
    FAIL() << "began anew";
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.error().code, Errc::mismatch);
    EXPECT_NE(failure.error().message.find("inside loop old, at 2"), std::string::npos);
  }
}

}  // namespace
}  // namespace cairn::testing
