#include "job/arguments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>

namespace cairn {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

// Words made of the letters that quoting is about.
rc::Gen<std::string> tricky_words() {
  return rc::gen::container<std::string>(rc::gen::elementOf(std::string("ab'\" \t\\=;$")));
}

TEST(Arguments, ReadsTheNewStyle) {  // dryrun/12
  const auto unquoted = unquote_arguments(
      "\"one 'two and three' four''five \"\"dquoted\"\" 'it''s' '' back\\slash tab\ttab\"");
  ASSERT_TRUE(unquoted);
  EXPECT_TRUE(unquoted->v2);
  EXPECT_THAT(split_v2(unquoted->raw).value(),
              ElementsAre("one", "two and three", "fourfive", "\"dquoted\"", "it's", "",
                          "back\\slash", "tab", "tab"));
}

TEST(Arguments, ReadsTheOldStyle) {  // dryrun/13
  const auto unquoted = unquote_arguments("one two\\\"quoted\\\" it's back\\slash   'a b'");
  ASSERT_TRUE(unquoted);
  EXPECT_FALSE(unquoted->v2);
  EXPECT_THAT(split_v1(unquoted->raw),
              ElementsAre("one", "two\"quoted\"", "it's", "back\\slash", "'a", "b'"));
}

TEST(Arguments, RefusesQuotesWithoutTheirOtherHalf) {
  EXPECT_FALSE(unquote_arguments("one \"two three\" four"));
  EXPECT_FALSE(unquote_arguments("\"one"));
  EXPECT_FALSE(unquote_arguments("\""));
  EXPECT_FALSE(unquote_arguments("\"one\" two\""));
  EXPECT_FALSE(unquote_arguments("\"one\"\""));  // the last one is escaped
  const auto words = split_v2("one 'two three");
  ASSERT_FALSE(words);
  EXPECT_THAT(words.error().message, HasSubstr("'two three"));
}

TEST(Arguments, WritesWhatHTCondorWrites) {
  EXPECT_EQ(join_v2({"one", "two and three", "it's", ""}), "one two' 'and' 'three it''''s ''");
}

RC_GTEST_PROP(Arguments, NewStyleRoundTrips, ()) {
  const auto words = *rc::gen::container<Arguments>(tricky_words());
  RC_ASSERT(split_v2(join_v2(words)).value() == words);
  const auto unquoted = unquote_arguments(quote_for_submit(join_v2(words))).value();
  RC_ASSERT(unquoted.v2);
  RC_ASSERT(split_v2(unquoted.raw).value() == words);
}

RC_GTEST_PROP(Arguments, OldStyleRoundTripsForWordsWithoutBlanks, ()) {
  const auto words = *rc::gen::container<Arguments>(rc::gen::nonEmpty(
      rc::gen::container<std::string>(rc::gen::elementOf(std::string("ab'\"\\=;")))));
  std::string raw, submit;
  for (const std::string& word : words) {
    raw += word + " ";
    submit += " ";
    for (const char letter : word)
      submit += letter == '"' ? std::string("\\\"") : std::string(1, letter);
  }
  RC_ASSERT(split_v1(raw) == words);
  const auto unquoted = unquote_arguments(submit).value();
  RC_ASSERT(!unquoted.v2);
  RC_ASSERT(split_v1(unquoted.raw) == words);
}

TEST(Environment, ReadsBothStyles) {
  EXPECT_THAT(
      split_environment_v2("A=1 B='two words' F= H=eq=ual").value(),
      ElementsAre(Pair("A", "1"), Pair("B", "two words"), Pair("F", ""), Pair("H", "eq=ual")));
  EXPECT_THAT(split_environment_v1("A=1;B=two words;;D=it's").value(),
              ElementsAre(Pair("A", "1"), Pair("B", "two words"), Pair("D", "it's")));
}

TEST(Environment, RefusesAnEntryThatIsNoVariable) {
  EXPECT_FALSE(split_environment_v2("A=1 B"));
  EXPECT_FALSE(split_environment_v2("=1"));
  EXPECT_FALSE(split_environment_v1("A"));
}

TEST(Environment, TheLaterOfTwoValuesHolds) {
  EXPECT_THAT(split_environment_v2("A=1 A=2").value(), ElementsAre(Pair("A", "2")));
}

RC_GTEST_PROP(Environment, RoundTrips, ()) {
  const auto values = *rc::gen::container<std::map<std::string, std::string>>(
      rc::gen::nonEmpty(
          rc::gen::container<std::string>(rc::gen::elementOf(std::string("AB_ '\"")))),
      tricky_words());
  const Environment environment(values.begin(), values.end());
  RC_ASSERT(split_environment_v2(join_environment_v2(environment)).value() == environment);
}

}  // namespace
}  // namespace cairn
