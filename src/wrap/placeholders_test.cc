#include "wrap/placeholders.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cairn::wrap {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Meanings known() {
  return {
      .program = {"/opt/bin/iqtree", "-s", "data/aln.phy", "--prefix=run1", "+Oout.png", "last"},
      .generation = 7,
      .elapsed_seconds = 5400,
      .remaining_seconds = 3600,
      .file = [](const std::string& name) -> std::optional<std::string> {
        if (name != "garli.conf") return {};
        return "# comment\n[general]\nofprefix = run two\nrestart=0\nstartTime  0.5;\nquoted \"a "
               "b\"\n";
      }};
}

std::string expanded(std::string_view text) {
  auto done = expand(text, known());
  return done ? *done : "error: " + done.error().text();
}

TEST(Placeholders, SayWhatIsKnown) {
  EXPECT_EQ(expanded("-n {generation} -t {elapsed}"), "-n 7 -t 5400");
  EXPECT_EQ(expanded("{remaining} {remaining_minutes} {remaining_hours}"), "3600 60.000 1.000");
  EXPECT_EQ(expanded("{program}"), "/opt/bin/iqtree");
  EXPECT_EQ(expanded("{argument 2} {argument -1}"), "data/aln.phy last");
  EXPECT_EQ(expanded("{{x}}"), "{x}");
  EXPECT_EQ(expanded("a || { echo ${HOME}; {generation}; }"), "a || { echo ${HOME}; 7; }");
  EXPECT_EQ(expanded("no braces"), "no braces");
}

TEST(Placeholders, FindOptionsInEveryForm) {
  EXPECT_EQ(expanded("{option -s}"), "data/aln.phy");
  EXPECT_EQ(expanded("{option -p|--prefix}"), "run1");
  EXPECT_EQ(expanded("{option +O}"), "out.png");
  EXPECT_EQ(*expand("{option -n}", {.program = {"mpirun", "-np", "2", "-n", "name"}}), "name");
  EXPECT_EQ(expanded("{option -x none}.log"), "none.log");
  EXPECT_EQ(expanded("{option -x {option -s}}.ckp.gz"), "data/aln.phy.ckp.gz");
  EXPECT_EQ(expanded("{stem {option -s}}.ckp"), "data/aln.ckp");
}

TEST(Placeholders, ReadSettings) {
  EXPECT_EQ(expanded("{setting garli.conf ofprefix}"), "run two");
  EXPECT_EQ(expanded("{setting garli.conf restart}"), "0");
  EXPECT_EQ(expanded("{setting garli.conf startTime}"), "0.5");
  EXPECT_EQ(expanded("{setting garli.conf quoted}"), "a b");
  EXPECT_EQ(expanded("{setting garli.conf start 9}"), "9");  // no other word's beginning
  EXPECT_EQ(expanded("{setting none.conf key X}"), "X");
}

TEST(Placeholders, WhatIsNotThereIsAnError) {
  for (const char* text : {"{option -x}", "{argument 9}", "{argument 0}", "{argument}",
                           "{setting garli.conf none}", "{nothing}", "{generation", "{setting}"})
    EXPECT_THAT(expanded(text), HasSubstr("error: ")) << text;
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "{stem ";
  EXPECT_THAT(expanded(deep), HasSubstr("too deeply"));
  EXPECT_THAT(expanded("{elapse}"), HasSubstr("write {elapsed}"));
  Meanings unplanned = known();
  unplanned.remaining_seconds.reset();
  const auto none = expand("{remaining}", unplanned);
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().text(), HasSubstr("--every"));
}

TEST(Placeholders, WordsAreSplitAsAShellDoes) {
  const auto words =
      expand_words(R"(-a 'b c' "d {generation}" e\ f {option -s} '' x{generation}y)", known());
  ASSERT_TRUE(words);
  EXPECT_THAT(*words, ElementsAre("-a", "b c", "d 7", "e f", "data/aln.phy", "", "x7y"));
  EXPECT_FALSE(expand_words("'open", known()));
}

TEST(Placeholders, AllArgumentsStayWords) {
  Meanings two{.program = {"p", "a b", "c"}};
  const auto words = expand_words("{program} -r {arguments}", two);
  ASSERT_TRUE(words);
  EXPECT_THAT(*words, ElementsAre("p", "-r", "a b", "c"));
}

TEST(Placeholders, ValuesAreNotExpandedAgain) {
  Meanings sly{.program = {"p", "{elapsed}"}};
  EXPECT_EQ(*expand("{argument 1}", sly), "{elapsed}");
}

TEST(Placeholders, AreFoundByName) {
  EXPECT_TRUE(uses("-t {elapsed}", "elapsed"));
  EXPECT_TRUE(uses("{option -s X}", "option"));
  EXPECT_FALSE(uses("{elapsed_x}", "elapsed"));
}

}  // namespace
}  // namespace cairn::wrap
