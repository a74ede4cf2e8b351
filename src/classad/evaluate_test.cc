#include "classad/evaluate.h"

#include <gtest/gtest.h>

namespace cairn::classad {
namespace {

std::string evaluated(std::string_view text, const Scope& scope = {}) {
  auto expression = Expression::parse(text);
  return expression ? evaluate(*expression, scope).text() : expression.error().message;
}

TEST(Evaluate, PrecedenceIsAsInC) {
  EXPECT_EQ(evaluated("1 + 2 * 3 == 7 && !false || error"), "true");
  EXPECT_EQ(evaluated("1 | 2 ^ 3 & 4"), "3");
  EXPECT_EQ(evaluated("-2 - -3 * 2"), "4");
}

TEST(Evaluate, AttributeThatNeedsItselfIsError) {
  const Ad ad = Ad::parse("a = b + 1\nb = a\nc = c\n").value();
  EXPECT_EQ(evaluated("a", {.my = &ad}), "error");
  EXPECT_EQ(evaluated("c", {.my = &ad}), "error");
}

TEST(Evaluate, TargetsOwnMyIsTarget) {
  const Ad my = Ad::parse("x = 1\ny = TARGET.z\n").value();
  const Ad target = Ad::parse("x = 2\nz = MY.x + TARGET.x * 10\nonly = x\n").value();
  EXPECT_EQ(evaluated("y", {.my = &my, .target = &target}), "12");
  EXPECT_EQ(evaluated("only", {.my = &my, .target = &target}), "2");
}

}  // namespace
}  // namespace cairn::classad
