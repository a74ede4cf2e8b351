#include "job/goodput.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <sstream>
#include <vector>

#include "base/text.h"
#include "support/golden.h"
#include "support/source_folder.h"

namespace cairn {
namespace {

constexpr std::array<std::string_view, 13> kMarks = {
    "queued",    "stage_begin",      "execute_begin", "execute_end", "spool_begin",
    "spool_end", "spool_end_failed", "finish_begin",  "finish_end",  "evicted",
    "done",      "spool_taken",      "waits"};

std::string describe(const Goodput& goodput) {
  return cat("useful ", goodput.useful.count(), "  lost ", goodput.lost.count(), "  checkpoint ",
             goodput.checkpoint.count(), "  transfer ", goodput.transfer.count(), "  restart ",
             goodput.restart.count(), "  pending ", goodput.pending.count(), "  checkpoints ",
             goodput.checkpoints, "  evictions ", goodput.evictions);
}

// Scenarios are "# title", then "time mark" lines; a line "= …" says what comes of them.
TEST(Goodput, AccountsForTheScenariosInTheGolden) {
  const std::string path = "src/job/testdata/goodput.txt";
  std::istringstream input(testing::read_text(testing::source_folder() + "/" + path));
  std::string output;
  std::vector<TimedMark> marks;
  for (std::string line; std::getline(input, line);) {
    std::istringstream words(line);
    std::int64_t time_ms = 0;
    std::string name;
    if (line.starts_with('=')) {
      output += cat("= ", describe(account(marks)), "\n");
      marks.clear();
      continue;
    }
    if (words >> time_ms >> name) {
      const auto found = std::find(kMarks.begin(), kMarks.end(), name);
      ASSERT_NE(found, kMarks.end()) << line;
      marks.push_back({time_ms, static_cast<Mark>(found - kMarks.begin())});
    }
    output += line + "\n";
  }
  EXPECT_GT(output.size(), 500U);
  testing::expect_golden(path, output);
}

TEST(Goodput, IsOneWhereNothingIsKnownYet) { EXPECT_EQ(account({}).fraction(), 1.0); }

std::vector<TimedMark> random_marks() {
  std::vector<TimedMark> marks;
  for (const auto& [time_ms, mark] : *rc::gen::container<std::vector<std::pair<int, int>>>(
           rc::gen::pair(rc::gen::inRange(-100000, 100000),
                         rc::gen::inRange(0, static_cast<int>(kMarks.size())))))
    marks.push_back({time_ms, static_cast<Mark>(mark)});
  return marks;
}

RC_GTEST_PROP(Goodput, PutsEveryMillisecondIntoExactlyOneSum, ()) {
  auto marks = random_marks();
  std::sort(marks.begin(), marks.end(),
            [](const auto& a, const auto& b) { return a.time_ms < b.time_ms; });
  const auto goodput = account(marks);
  const auto wall = marks.empty() ? 0 : marks.back().time_ms - marks.front().time_ms;
  RC_ASSERT(goodput.wall().count() == wall);
}

RC_GTEST_PROP(Goodput, CountsAClockSetBackAsNothing, ()) {
  const auto marks = random_marks();
  std::int64_t wall = 0;
  for (std::size_t i = 1; i < marks.size(); ++i)
    wall += std::max<std::int64_t>(marks[i].time_ms - marks[i - 1].time_ms, 0);
  const auto goodput = account(marks);
  RC_ASSERT(goodput.wall().count() == wall);
  RC_ASSERT(goodput.useful.count() >= 0 && goodput.lost.count() >= 0 &&
            goodput.pending.count() >= 0);
  RC_ASSERT(goodput.fraction() >= 0.0 && goodput.fraction() <= 1.0);
}

}  // namespace
}  // namespace cairn
