#include "classad/evaluate.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "support/golden.h"
#include "support/source_folder.h"

namespace cairn::classad {
namespace {

constexpr std::int64_t kNow = 1'795'340'000;

std::string evaluated(std::string_view text, Scope scope = {}) {
  scope.now_seconds = kNow;
  auto expression = Expression::parse(text);
  return expression ? evaluate(*expression, scope).text() : expression.error().message;
}

// The truth about values and texts is a table that a real HTCondor filled in.  Where ours
// differs a line that begins with ! says so: a new one is a diff to be looked at.
TEST(Evaluate, SaysWhatHTCondorSays) {
  setenv("TZ", "UTC", 1);
  std::string ad_text, result;
  Ad ad;
  std::string written;
  std::istringstream lines(
      testing::read_text(testing::source_folder() + "/src/classad/testdata/evaluate.txt"));
  std::string expression;
  std::size_t count = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("> ") || line.starts_with(">: ")) continue;
    result += line + "\n";
    if (line.starts_with("#")) continue;
    if (line.starts_with("ad ")) {
      ad_text += line.substr(3) + "\n";
      continue;
    }
    if (ad.attributes().empty()) ad = Ad::parse(ad_text).value();
    if (!line.starts_with("=") && !line.starts_with(": ")) {
      expression = line;
      written = line;
      continue;
    }
    if (line.starts_with(": ")) {
      written = line.substr(2);
      continue;
    }
    ++count;
    std::string value = line.size() > 2 ? line.substr(2) : "";
    const auto parsed = Expression::parse(expression);
    if (value == "refused") {
      if (parsed) result += "> accepted\n";
      continue;
    }
    if (!parsed) {
      result += "> " + parsed.error().message + "\n";
      continue;
    }
    if (parsed->text() != written) result += ">: " + parsed->text() + "\n";
    if (value == "?") value = "error";
    const std::string ours = evaluate(*parsed, {.my = &ad, .now_seconds = kNow}).text();
    if (ours != value) result += "> " + ours + "\n";
  }
  EXPECT_GT(count, 600U);
  testing::expect_golden("src/classad/testdata/evaluate.txt", result);
}

TEST(Evaluate, AttributeThatNeedsItselfIsError) {
  const Ad ad = Ad::parse("a = b + 1\nb = a\nc = c\nd = isError(c)\n").value();
  EXPECT_EQ(evaluated("a", {.my = &ad}), "error");
  EXPECT_EQ(evaluated("c", {.my = &ad}), "error");
  EXPECT_EQ(evaluated("d || true", {.my = &ad}), "error");
}

TEST(Evaluate, TargetsOwnMyIsTarget) {
  const Ad my = Ad::parse("x = 1\ny = TARGET.z\n").value();
  const Ad target = Ad::parse("x = 2\nz = MY.x + TARGET.x * 10\nonly = x\n").value();
  EXPECT_EQ(evaluated("y", {.my = &my, .target = &target}), "12");
  EXPECT_EQ(evaluated("only", {.my = &my, .target = &target}), "2");
}

TEST(Evaluate, RandomIsAFunctionOfTheSeed) {
  EXPECT_EQ(evaluated("random(1000000)", {.random_seed = 7}),
            evaluated("random(1000000)", {.random_seed = 7}));
  EXPECT_NE(evaluated("random(1000000)", {.random_seed = 7}),
            evaluated("random(1000000)", {.random_seed = 8}));
}

TEST(Evaluate, WorkThatDoublesWithEachAttributeIsCutOff) {
  std::string text = "a0 = 1\ns0 = \"0123456789\"\n";
  for (int i = 1; i <= 60; ++i) {
    const std::string n = std::to_string(i), m = std::to_string(i - 1);
    text += "a" + n + " = a" + m + " + a" + m + "\n";
    text += "s" + n + " = strcat(s" + m + ", s" + m + ")\n";
  }
  const Ad ad = Ad::parse(text).value();
  EXPECT_EQ(evaluated("a10", {.my = &ad}), "1024");
  EXPECT_EQ(evaluated("size(s10)", {.my = &ad}), "10240");
  EXPECT_EQ(evaluated("a60", {.my = &ad}), "error");
  EXPECT_EQ(evaluated("s60", {.my = &ad}), "error");
}

TEST(Evaluate, PatternThatBacktracksForEverIsCutOff) {
  const std::string text = "regexp(\"(a+)+$\", \"" + std::string(64, 'a') + "b\")";
  EXPECT_EQ(evaluated(text), "error");
}

TEST(Evaluate, ChainOfAttributesMayBeLong) {
  std::string text = "a0 = 1\n";
  for (int i = 1; i <= 300; ++i)
    text += "a" + std::to_string(i) + " = a" + std::to_string(i - 1) + " + 1\n";
  const Ad ad = Ad::parse(text).value();
  EXPECT_EQ(evaluated("a300", {.my = &ad}), "301");
}

TEST(Evaluate, ElementsOfAListAreEvaluatedInItsPlace) {
  const Ad ad = Ad::parse("x = 5\nl = {x, x + 1, [x = 1; y = x].y}\n").value();
  const Scope scope{.my = &ad};
  const auto items = elements(evaluate("l", scope), scope);
  ASSERT_EQ(items.size(), 3U);
  EXPECT_EQ(items[1].text(), "6");
  EXPECT_EQ(items[2].text(), "1");
}

TEST(Evaluate, OnlyWhatIsTrueHolds) {
  for (const char* text : {"true", "1", "0.5"})
    EXPECT_TRUE(evaluate(Expression::parse(text).value(), {}).holds());
  for (const char* text : {"false", "0", "undefined", "error", "\"true\""})
    EXPECT_FALSE(evaluate(Expression::parse(text).value(), {}).holds());
}

}  // namespace
}  // namespace cairn::classad
