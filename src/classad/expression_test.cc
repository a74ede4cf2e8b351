#include "classad/expression.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "classad/evaluate.h"
#include "fuzz/replay.h"

extern "C" int fuzz_classad(const std::uint8_t* data, std::size_t size);

namespace cairn::classad {
namespace {

std::string written(std::string_view text) {
  const auto expression = Expression::parse(text);
  return expression ? expression->text() : expression.error().message;
}

TEST(Expression, BackslashIsALetterUnlessAQuoteFollows) {
  const auto content = [](std::string_view text) {
    return *Expression::parse(text).value().as_literal()->as_string();
  };
  EXPECT_EQ(content(R"("C:\dir\n")"), R"(C:\dir\n)");
  EXPECT_EQ(content(R"("say \"hi\"")"), R"(say "hi")");
  EXPECT_EQ(content(R"("C:\dir\")"), R"(C:\dir\)");
  EXPECT_EQ(content(R"("a\\"b")"), R"(a\"b)");
}

TEST(Expression, RefusalSaysWhere) {
  EXPECT_EQ(written("1 + "), "expression, column 5: the text ends where a value should follow");
  EXPECT_EQ(written("(1 + 2"), "expression, column 7: the text ends where ')' should follow");
  EXPECT_EQ(written("a b"), "expression, column 3: the expression ends before 'b'");
  EXPECT_EQ(written("x == \"abc"), "expression, column 6: the string has no end");
  EXPECT_EQ(written(""), "expression, column 1: the text ends where a value should follow");
}

TEST(Expression, NestingWithoutEndIsRefused) {
  for (const char* opening : {"(", "!", "[a=", "{", "f(", "-", "1?", "a["}) {
    std::string text;
    for (int i = 0; i < 100'000; ++i) text += opening;
    EXPECT_FALSE(Expression::parse(text)) << opening;
  }
  std::string chain = "1";
  for (int i = 0; i < 100'000; ++i) chain += " + 1";
  EXPECT_FALSE(Expression::parse(chain));
}

TEST(Expression, ChainOfSomeHundredTermsIsNoNesting) {
  std::string chain = "Id == 0";
  for (int i = 1; i < 900; ++i) chain += " || Id == " + std::to_string(i);
  const Expression expression = Expression::parse(chain).value();
  Ad ad;
  ad.set("Id", Value::integer(899));
  EXPECT_TRUE(evaluate(expression, {.my = &ad}).holds());
}

TEST(Expression, ReferencesAreWhatItDoesNotBringAlong) {
  const auto expression = Expression::parse(
      "Memory > MY.RequestMemory && target.Arch == arch && [a = 1; b = a + c].b == f(memory)");
  const std::vector<Reference> expected = {{RefScope::none, "Memory"},
                                           {RefScope::my, "RequestMemory"},
                                           {RefScope::target, "Arch"},
                                           {RefScope::none, "arch"},
                                           {RefScope::none, "c"}};
  EXPECT_EQ(expression->references(), expected);
  EXPECT_EQ(expression->calls(), std::vector<std::string>{"f"});
}

TEST(Ad, NamesIgnoreCaseAndKeepTheirFirstSpelling) {
  Ad ad = Ad::parse("JobStatus = 2\n\nOwner = \"a\"\n").value();
  EXPECT_NE(ad.find("jobstatus"), nullptr);
  ad.set("JOBSTATUS", Value::integer(5));
  EXPECT_EQ(ad.lines(), "JobStatus = 5\nOwner = \"a\"\n");
}

TEST(Ad, CopyDoesNotSeeLaterChanges) {
  Ad ad = Ad::parse("a = 1\n").value();
  const Ad copy = ad;
  ad.set("a", Value::integer(2));
  EXPECT_EQ(copy.text(), "[ a = 1 ]");
}

TEST(Ad, RefusalNamesTheLine) {
  EXPECT_EQ(Ad::parse("a = 1\nb = (\n").error().message,
            "ad, line 2: b: expression, column 3: the text ends where a value should follow");
}

// Any tree as text.  Text of a tree is text of a tree that parses to itself: except that a
// minus before a number becomes part of the number, so none is made here.
std::string any_expression(int depth);
std::string any_operand(int depth) {
  return depth <= 0
             ? std::string(*rc::gen::elementOf(std::vector<std::string>{"1",
                                                                        "0",
                                                                        "2.5",
                                                                        "-3",
                                                                        "true",
                                                                        "false",
                                                                        "undefined",
                                                                        "error",
                                                                        "\"text\"",
                                                                        "\"a \\\"quoted\\\" one\"",
                                                                        "\"C:\\dir x\"",
                                                                        "x",
                                                                        "MY.x",
                                                                        "TARGET.y",
                                                                        ".z",
                                                                        "'odd name'",
                                                                        "1E+20",
                                                                        "0.1",
                                                                        "{  }",
                                                                        "[  ]",
                                                                        "time()"}))
             : "(" + any_expression(depth - 1) + ")";
}
std::string any_expression(int depth) {
  const int kind = *rc::gen::inRange(0, 10);
  const auto operand = [depth] { return any_operand(depth - 1); };
  switch (kind) {
    case 0:
      return operand();
    case 1:
      return " !" + operand();
    case 2:
      return " -x" + std::string(" + ") + operand();
    case 3:
      return operand() + " ? " + operand() + " : " + operand();
    case 4:
      return operand() + " ?: " + operand();
    case 5:
      return "{ " + operand() + "," + operand() + " }";
    case 6:
      return "[ a = " + operand() + "; bc = " + operand() + " ].a";
    case 7:
      return "f(" + operand() + "," + any_expression(depth - 2) + ")";
    case 8:
      return "x[" + operand() + "]";
    default:
      return operand() + " " +
             *rc::gen::elementOf(std::vector<std::string>{
                 "||", "&&", "|",  "^",  "&",   "==", "!=", "=?=", "=!=", "<", "<=",
                 ">",  ">=", "<<", ">>", ">>>", "+",  "-",  "*",   "/",   "%"}) +
             " " + operand();
  }
}

RC_GTEST_PROP(ExpressionProperty, TextParsesToTheSameTree, ()) {
  const std::string text = any_expression(*rc::gen::inRange(0, 5));
  const auto expression = Expression::parse(text);
  RC_ASSERT(expression.has_value());
  RC_ASSERT(expression->text() == text);
  const auto again = Expression::parse(expression->text());
  RC_ASSERT(again.has_value());
  RC_ASSERT(evaluate(*again, {}).text() == evaluate(*expression, {}).text());
}

RC_GTEST_PROP(ExpressionProperty, EveryPrefixParsesOrSaysWhereNot, ()) {
  const std::string text = any_expression(3);
  for (std::size_t size = 0; size < text.size(); ++size) {
    const auto expression = Expression::parse(std::string_view(text).substr(0, size));
    if (!expression) RC_ASSERT(expression.error().message.starts_with("expression, column "));
  }
}

TEST(ExpressionFuzz, CorpusKeepsItsPromises) { testing::replay_corpus("classad", fuzz_classad); }

std::string joined(const std::string& text) {
  std::string parts;
  for (const Expression& part : Expression::parse(text).value().conjuncts())
    parts += part.text() + "; ";
  return parts;
}

TEST(Conjuncts, AreWhatAndJoinsOnTop) {
  EXPECT_EQ(joined("(a > 1) && (b || c) && (d && !e)"), "a > 1; b || c; d;  !e; ");
  EXPECT_EQ(joined("a || b && c"), "a || b && c; ");
  EXPECT_EQ(joined("((x))"), "x; ");
}

TEST(Comparisons, AreFoundWhereverTheyStand) {
  std::string found;
  const Expression whole =
      Expression::parse("(a == 1 || MY.b != \"x\") && f(c <= d) + 2 > 3 && e =?= undefined")
          .value();
  for (const Comparison& each : whole.comparisons())
    found += cat(each.left.text(), " ", each.op, " ", each.right.text(), "; ");
  EXPECT_EQ(found, "a == 1; MY.b != \"x\"; f(c <= d) + 2 > 3; c <= d; e =?= undefined; ");
  EXPECT_EQ(whole.comparisons()[1].left.as_reference(), (Reference{RefScope::my, "b"}));
  EXPECT_FALSE(whole.comparisons()[2].left.as_reference());
  EXPECT_EQ(Expression::parse("(a) || b && c").value().disjuncts().size(), 2U);
}

// What the parser itself says, constraints and policies say, too.
TEST(Expression, SaysWhatToWriteInsteadOfTheMistakesThatPeopleMake) {
  const std::pair<const char*, const char*> cases[] = {
      {"JobStatus = 2", "compare with =="},
      {"OpSys === \"LINUX\"", "compare with =="},
      {"Memory => 4", "write >="},
      {"Memory =< 4", "write <="},
      {"OpSys <> \"LINUX\"", "write != for <>"},
      {"Cpus > 1 and Disk > 2", "write && for and, || for or"},
      {"not HasDocker", "write ! for not"},
      {"24h", "a time is in seconds, without a unit"},
      {"RemoteWallClockTime > 2 hours", "write the number alone, without a unit"},
      {"Memory > 4GB", "write the number alone: memory is in MB here, disk in KB"},
      {"Cpus > 1 # many", "a comment needs a line of its own"},
      {"Owner == “ada”", "a text stands in \"…\", with the quotes of a keyboard"},
      {"Owner == \"ada", "a text stands in \"…\""},
      {"ada lovelace", "a text stands in \"…\""},
      {"ada@x.org", "a text stands in \"…\""},
      {"/cvmfs/x", "a text stands in \"…\""},
      {"(Cpus > 1", ""},
  };
  for (const auto& [text, hint] : cases) {
    const auto parsed = Expression::parse(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().hint, hint) << text << ": " << parsed.error().message;
  }
}

}  // namespace
}  // namespace cairn::classad
