#include "verify/oracle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <fstream>

#include "base/text.h"
#include "support/temp_folder.h"
#include "verify/npy.h"
#include "verify/numbers.h"

namespace cairn::verify {
namespace {

using cairn::testing::TempFolder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

std::string difference(const std::string& reference, const std::string& candidate,
                       const Comparison& comparison = {}) {
  const auto found = first_text_difference(reference, candidate, comparison, "f");
  return found ? found->text() : "equal";
}

std::string stdout_text(const std::string& reference, const std::string& candidate,
                        const Comparison& comparison = {}) {
  const auto found = stdout_difference(reference, candidate, comparison);
  return found ? found->text() : "equal";
}

std::string lines(int from, int to, const std::string& prefix = "step ") {
  std::string text;
  for (int i = from; i <= to; ++i) text += cat(prefix, i, "\n");
  return text;
}

Comparison within(double tolerance) {
  return {.tolerance = tolerance, .ignore = {}, .command = {}};
}
Comparison ignoring(std::vector<std::string> globs) {
  return {.tolerance = 0, .ignore = std::move(globs), .command = {}};
}

// --- text --------------------------------------------------------------------------

TEST(TextDifference, NamesTheLineAndBothSides) {
  EXPECT_EQ(difference("a\n3,0.25\n", "a\n3,0.5\n"),
            "f line 2: \"3,0.25\" in the reference, \"3,0.5\" here");
}

TEST(TextDifference, SeesALineThatIsMissingAndOneTooMany) {
  EXPECT_EQ(difference("a\nb\n", "a\n"),
            "f line 2: \"b\" in the reference, (the end of the file) here");
  EXPECT_EQ(difference("a\n", "a\n\n"),
            "f line 2: (the end of the file) in the reference, (an empty line) here");
  EXPECT_EQ(difference("", "a"), "f line 1: (the end of the file) in the reference, \"a\" here");
}

TEST(TextDifference, SeesAMissingEndOfLine) {
  EXPECT_EQ(difference("a\nb\n", "a\nb"),
            "f line 2: \"b\" in the reference, \"b (no end of line)\" here");
}

TEST(TextDifference, ShowsALongLineWhereItDiffers) {
  std::string reference(10000, 'x'), candidate = reference;
  candidate[9000] = 'y';
  const std::string text = difference(reference, candidate);
  EXPECT_THAT(text, HasSubstr("y"));
  EXPECT_LE(text.size(), 220U);
}

TEST(TextDifference, ShowsNothingThatATerminalWouldObey) {
  const std::string text = difference("a", "\x1b[2J\xff\xc2\x9b\t\u202e\u00e9");
  EXPECT_THAT(text, HasSubstr("\\x1b[2J\\xff\\xc2\\x9b\\t\\xe2\\x80\\xae\u00e9"));
}

TEST(TextDifference, LeavesOutTheLinesThatAGlobMatchesSomewhere) {
  const std::string reference = "# elapsed 3 s\na\nb\n", candidate = "a\n# elapsed 7 s\nc\n";
  EXPECT_EQ(difference(reference, candidate, ignoring({"elapsed"})),
            "f line 3: \"b\" in the reference, \"c\" here");
  EXPECT_EQ(difference(reference, candidate, ignoring({"*elapsed*", "[bc]"})), "equal");
  EXPECT_NE(difference(reference, candidate, ignoring({"x/*"})), "equal");
}

TEST(TextDifference, NamesTheLinesThatAreTwice) {
  const auto found = first_text_difference(lines(1, 30) + lines(31, 40),
                                           lines(1, 30) + lines(28, 30) + lines(31, 40), {}, "log");
  ASSERT_TRUE(found);
  EXPECT_THAT(found->twice,
              ElementsAre("line 31: step 28", "line 32: step 29", "line 33: step 30"));
  EXPECT_THAT(found->missing, IsEmpty());
}

TEST(TextDifference, NamesTheLinesThatAreGone) {
  const auto found = first_text_difference(lines(1, 40), lines(1, 30) + lines(33, 40), {}, "log");
  ASSERT_TRUE(found);
  EXPECT_THAT(found->missing, ElementsAre("line 31: step 31", "line 32: step 32"));
  EXPECT_THAT(found->twice, IsEmpty());
}

TEST(TextDifference, NamesAtMostFiveLines) {
  const auto found = first_text_difference(lines(1, 40), lines(1, 40) + lines(1, 40), {}, "log");
  EXPECT_THAT(found->twice, SizeIs(5));
}

TEST(TextDifference, CallsALineThatChangedNeitherTwiceNorGone) {
  for (const auto& [reference, candidate] : std::vector<std::pair<std::string, std::string>>{
           {"1 0.5\n2 0.25\n3 0.5\n", "1 0.5\n2 0.5\n3 0.5\n"},
           {"0\n1\n0\n1\n1\n", "0\n1\n1\n1\n1\n"},
           {"a\nb\nc\n", "c\nb\na\n"}}) {
    const auto found = first_text_difference(reference, candidate, {}, "f");
    ASSERT_TRUE(found);
    EXPECT_THAT(found->twice, IsEmpty()) << candidate;
    EXPECT_THAT(found->missing, IsEmpty()) << candidate;
  }
}

TEST(TextDifference, NamesLinesThatAreTwiceOrGoneBesideForeignOnes) {
  auto found = first_text_difference(lines(1, 9), lines(1, 5) + "# again\n" + lines(4, 9), {}, "f");
  EXPECT_THAT(found->twice, ElementsAre("line 7: step 4", "line 8: step 5"));
  found = first_text_difference(lines(1, 9), lines(1, 5) + "# again\n" + lines(7, 9), {}, "f");
  EXPECT_THAT(found->missing, ElementsAre("line 6: step 6"));
}

// --- numbers -----------------------------------------------------------------------

TEST(Tolerance, ComparesNumbersAsNumbersAndTheTextBetweenExactly) {
  const auto equal = [](const char* a, const char* b, double tolerance) {
    EXPECT_EQ(equal_lines(a, b, tolerance), equal_lines(b, a, tolerance)) << a << " and " << b;
    return equal_lines(a, b, tolerance);
  };
  EXPECT_TRUE(equal("x = 0.1, y = 3", "x = 1e-1, y = 3.0000000001", 1e-9));
  EXPECT_FALSE(equal("x = 0.1, y = 3", "x = 0.1, z = 3", 1e-9));
  EXPECT_FALSE(equal("x = 0.1", "x = 0.1001", 1e-9));
  EXPECT_TRUE(equal("1e10", "10000000001", 1e-9));  // relative, where numbers are large
  EXPECT_TRUE(equal("1e-300", "-2E-12", 1e-9));     // absolute, where they are small
  EXPECT_TRUE(equal("nan inf -inf", "-NaN +infinity -Inf", 1e-9));
  EXPECT_FALSE(equal("inf", "-inf", 1e9));
  EXPECT_FALSE(equal("inf", "1e308", 1e9));
  EXPECT_FALSE(equal("nan", "0", 1e9));
  EXPECT_TRUE(equal("[ 0.1, -0.0]", "[-1e-17, 0.0]", 0.2));
  EXPECT_TRUE(equal("a    9.9999", "a   10.0000", 1e-3));  // columns are padded
  EXPECT_FALSE(equal("x1 = 5", "x2 = 5", 10));             // digits of a word
  EXPECT_FALSE(equal("information", "nanosecond", 10));
  EXPECT_FALSE(equal("1 2", "1 2 3", 10));
  EXPECT_FALSE(equal("1 2\n", "1 2", 10));
  EXPECT_FALSE(equal("5 s", "5 m", 10));
  EXPECT_TRUE(equal("1e999", "1e999", 1e-9));
  EXPECT_TRUE(equal(".5 5.", "0.5 5", 1e-9));
  EXPECT_FALSE(equal("0.1", "0.1000000001", 0));
}

RC_GTEST_PROP(Tolerance, IsASymmetricRelationThatALineHasWithItself,
              (std::string a, std::string b)) {
  RC_ASSERT(equal_lines(a, a, 1e-6));
  RC_ASSERT(equal_lines(a, b, 0.5) == equal_lines(b, a, 0.5));
}

RC_GTEST_PROP(Tolerance, LinesThatAreEqualHaveOneSkeleton, (double x)) {
  RC_PRE(std::isfinite(x) && std::abs(x) < 1e100);
  char one[400], other[400];
  std::snprintf(one, sizeof one, "x %.17g and %.3f;", x, x);
  std::snprintf(other, sizeof other, "x %.8e and %.17g;", x, x);
  RC_ASSERT(equal_lines(one, other, 2e-3));
  const Skeleton left = skeleton_of(one), right = skeleton_of(other);
  RC_ASSERT(left.text == right.text);
  RC_ASSERT(std::abs(left.sum - right.sum) <= 2 * 2e-3 * left.size);
}

TEST(TextDifference, WithToleranceNamesTheFirstLineBeyondIt) {
  EXPECT_EQ(difference("1 0.1\n2 0.2\n", "1 0.1000001\n2 0.3\n", within(1e-3)),
            "f line 2: \"2 0.2\" in the reference, \"2 0.3\" here");
  EXPECT_EQ(difference("1 0.1\n", "1 0.1000001\n", within(1e-3)), "equal");
}

TEST(TextDifference, WithToleranceStillKnowsWhatIsTwice) {
  std::string reference, candidate;
  for (int i = 0; i < 20; ++i) reference += cat(i, ",", i * 0.5, "\n");
  for (int i = 0; i < 12; ++i) candidate += cat(i, ",", i * 0.5 + 1e-6, "\n");
  for (int i = 10; i < 20; ++i) candidate += cat(i, ",", i * 0.5 - 1e-5, "\n");
  const auto found = first_text_difference(reference, candidate, within(1e-4), "f");
  ASSERT_TRUE(found);
  EXPECT_THAT(found->twice, ElementsAre(StartsWith("line 13: 10,"), StartsWith("line 14: 11,")));
  EXPECT_THAT(found->missing, IsEmpty());
}

// --- .npy --------------------------------------------------------------------------

std::string npy(const std::string& type, bool fortran, const std::string& shape,
                const std::string& data, int version = 1) {
  std::string header = cat("{'descr': '", type, "', 'fortran_order': ", fortran ? "True" : "False",
                           ", 'shape': ", shape, ", }");
  header.resize(117, ' ');
  header += '\n';
  std::string length(version == 1 ? 2 : 4, '\0');
  length[0] = static_cast<char>(header.size());
  return cat("\x93NUMPY", static_cast<char>(version), std::string(1, '\0'), length, header, data);
}

template <class T>
std::string raw(std::vector<T> values, bool big_endian = false) {
  std::string bytes;
  for (const T value : values) {
    std::string one(sizeof value, '\0');
    std::memcpy(one.data(), &value, sizeof value);
    if (big_endian) std::reverse(one.begin(), one.end());
    bytes += one;
  }
  return bytes;
}

class OracleTest : public ::testing::Test {
 protected:
  using Texts = std::map<std::string, std::string>;

  Outcome outcome(const Texts& texts, const std::optional<std::string>& printed = {}) {
    Outcome result;
    for (const auto& [name, text] : texts) {
      Image file;
      file.entries[""] = store.add(as_bytes(text)).value();
      result.outputs = with_part(result.outputs, name, file);
    }
    if (printed) result.standard_output = store.add(as_bytes(*printed)).value();
    return result;
  }
  Result<std::optional<Difference>> compare(const Outcome& reference, const Outcome& candidate,
                                            const Comparison& comparison = {}) {
    return first_difference(reference, candidate, comparison, store, folder / "scratch");
  }
  std::string text(const Outcome& reference, const Outcome& candidate,
                   const Comparison& comparison = {}) {
    const auto found = compare(reference, candidate, comparison).value();
    return found ? found->text() : "equal";
  }
  std::string npy_text(const std::string& reference, const std::string& candidate,
                       double tolerance) {
    return text(outcome({{"a.npy", reference}}), outcome({{"a.npy", candidate}}),
                within(tolerance));
  }

  TempFolder folder;
  ImageStore store{folder / "store"};
};

TEST_F(OracleTest, FindsTheElementOfAnArrayThatDiffers) {
  const std::string a = npy("<f8", false, "(2, 3)", raw<double>({0, 1, 2, 3, 4, 5}));
  const std::string b = npy("<f8", false, "(2, 3)", raw<double>({0, 1, 2, 3, 4.5, 5}));
  EXPECT_EQ(npy_text(a, b, 0), "a.npy element [1, 1]: 4 in the reference, 4.5 here");
  EXPECT_EQ(npy_text(a, b, 0.1), "a.npy element [1, 1]: 4 in the reference, 4.5 here");
  EXPECT_EQ(npy_text(a, b, 0.2), "equal");
}

TEST_F(OracleTest, IndexesAnArrayInFortransOrder) {
  const std::string a = npy("<f8", true, "(2, 3)", raw<double>({0, 1, 2, 3, 4, 5}));
  const std::string b = npy("<f8", true, "(2, 3)", raw<double>({0, 1, 2, 9, 4, 5}));
  EXPECT_THAT(npy_text(a, b, 1e-9), HasSubstr("element [1, 1]"));
}

TEST_F(OracleTest, ReadsEveryTypeOfNumberInBothByteOrders) {
  const auto shows = [&](const std::string& type, const std::string& one, const std::string& other,
                         const std::string& words) {
    for (const int version : {1, 2, 3})
      EXPECT_EQ(npy_text(npy(type, false, "(1,)", one, version),
                         npy(type, false, "(1,)", other, version), 1e-9),
                "a.npy element [0]: " + words)
          << type;
  };
  for (const bool big : {false, true}) {
    const std::string order = big ? ">" : "<";
    shows(order + "f4", raw<float>({0.1F}, big), raw<float>({0.2F}, big),
          "0.1 in the reference, 0.2 here");
    shows(order + "f8", raw<double>({NAN}, big), raw<double>({-0.5}, big),
          "nan in the reference, -0.5 here");
    shows(order + "i2", raw<std::int16_t>({-3}, big), raw<std::int16_t>({300}, big),
          "-3 in the reference, 300 here");
    shows(order + "i8", raw<std::int64_t>({-3}, big), raw<std::int64_t>({4}, big),
          "-3 in the reference, 4 here");
    shows(order + "u4", raw<std::uint32_t>({4000000000}, big), raw<std::uint32_t>({1}, big),
          "4000000000 in the reference, 1 here");
    shows(order + "c8", raw<float>({1, 2}, big), raw<float>({1, 3}, big),
          "(1, 2) in the reference, (1, 3) here");
    shows(order + "c16", raw<double>({1, 2}, big), raw<double>({0, 2}, big),
          "(1, 2) in the reference, (0, 2) here");
  }
  shows("|i1", raw<std::int8_t>({-1}), raw<std::int8_t>({1}), "-1 in the reference, 1 here");
  shows("|b1", "\x01", std::string(1, '\0'), "1 in the reference, 0 here");
}

TEST_F(OracleTest, ArraysOfOtherTypesOrTornOnesAreComparedByBytes) {
  const std::string dates = npy("<M8[s]", false, "(1,)", raw<std::int64_t>({1}));
  std::string other = dates;
  other.back() = 'x';
  EXPECT_THAT(npy_text(dates, other, 1e-9), HasSubstr("byte 135"));
  const std::string whole = npy("<f8", false, "(2,)", raw<double>({0, 1}));
  EXPECT_THAT(npy_text(whole, whole.substr(0, whole.size() - 1), 1e-9),
              HasSubstr("byte 143: 3f in the reference, (the end of the file) here"));
  EXPECT_FALSE(parse_npy(npy("<f8", false, "(4611686018427387905, 4)", raw<double>({0, 1}))));
}

TEST_F(OracleTest, AnotherShapeIsADifference) {
  EXPECT_EQ(npy_text(npy("<f8", false, "(2, 1)", raw<double>({0, 1})),
                     npy("<f8", false, "(1, 2)", raw<double>({0, 1})), 1),
            "a.npy type and shape: <f8 [2, 1] in the reference, <f8 [1, 2] here");
}

RC_GTEST_PROP(Npy, NeverReadsBehindADamagedFile, ()) {
  std::string file = npy("<f8", false, "(2, 2)", raw<double>({0, 1, 2, 3}));
  file.resize(*rc::gen::inRange<std::size_t>(0, file.size() + 1));
  for (int i = 0; i < 3 && !file.empty(); ++i)
    file[*rc::gen::inRange<std::size_t>(0, file.size())] = *rc::gen::arbitrary<char>();
  if (const auto array = parse_npy(file); array && array->size() > 0) {
    RC_ASSERT(!array->element_text(array->size() - 1).empty());
    RC_ASSERT(!array->index_text(array->size() - 1).empty());
  }
}

// --- files -------------------------------------------------------------------------

TEST_F(OracleTest, EqualOutcomesHaveNoDifference) {
  EXPECT_EQ(
      text(outcome({{"a", "x"}, {"b/c", ""}}, "out"), outcome({{"a", "x"}, {"b/c", ""}}, "out")),
      "equal");
}

TEST_F(OracleTest, SeesAFileThatIsMissingAndOneTooMany) {
  EXPECT_EQ(text(outcome({{"a", "x"}, {"b", "y"}}), outcome({{"a", "x"}})), "b is missing");
  EXPECT_EQ(text(outcome({{"a", "x"}}), outcome({{"a", "x"}, {"b", "y"}})),
            "b is there, and not in the reference");
  EXPECT_THAT(text(outcome({{"a", "x"}}), outcome({{"a/b", "x"}})),
              HasSubstr("a kind: a file in the reference, a folder here"));
}

TEST_F(OracleTest, ComparesBinaryFilesByBytes) {
  const std::string one("\0\1\2\3", 4), other("\0\1\xff\3", 4);
  EXPECT_EQ(text(outcome({{"a", one}}), outcome({{"a", other}})),
            "a byte 2: 02 03 in the reference, ff 03 here");
  EXPECT_THAT(text(outcome({{"a", "text"}}), outcome({{"a", other}})), StartsWith("a byte 0: "));
  EXPECT_THAT(text(outcome({{"a", "\xff"}}), outcome({{"a", "\xfe"}})), StartsWith("a byte 0: "));
}

TEST_F(OracleTest, ALetterThatTheProbeCutsIsText) {
  const std::string umlauts = std::string(65535, 'x') + "\u00e4\u00e4";
  EXPECT_THAT(text(outcome({{"a", umlauts}}), outcome({{"a", umlauts + "x"}})),
              StartsWith("a line 1"));
}

TEST_F(OracleTest, LeavesOutTheFilesThatAGlobMatches) {
  const Outcome reference = outcome({{"d/run.log", "1"}, {"e/deep/x", "1"}, {"z", "1"}});
  const Outcome candidate = outcome({{"d/run.log", "2"}, {"e/deep/x", "2"}, {"z", "2"}});
  EXPECT_THAT(text(reference, candidate), StartsWith("d/run.log"));
  EXPECT_THAT(text(reference, candidate, ignoring({"*.log"})), StartsWith("e/deep/x"));
  EXPECT_THAT(text(reference, candidate, ignoring({"d/*", "e"})), StartsWith("z"));
  EXPECT_EQ(text(reference, candidate, ignoring({"d/*", "e", "z"})), "equal");
}

TEST_F(OracleTest, StandardOutputComesLastAndMayBeLeftOut) {
  EXPECT_THAT(text(outcome({{"x", "1"}}, "a"), outcome({{"x", "2"}}, "b")), StartsWith("x "));
  EXPECT_THAT(text(outcome({}, "a"), outcome({})), StartsWith("stdout "));
  EXPECT_EQ(text(outcome({}, "a"), outcome({}), ignoring({"stdout"})), "equal");
}

// --- the user's command --------------------------------------------------------------

class CommandTest : public OracleTest {
 protected:
  Comparison command(std::string line) {
    return {.tolerance = 0, .ignore = {}, .command = std::move(line)};
  }
  Outcome one = outcome({{"a", "1"}}, "printed"), other = outcome({{"a", "2"}}, "printed");
};

TEST_F(CommandTest, DecidesAloneWithBothFoldersBeforeIt) {
  EXPECT_EQ(text(one, other, command("test $(cat {reference}/a)$(cat {candidate}/a) = 12")),
            "equal");
  EXPECT_EQ(text(one, other, command("cmp {reference}/_stdout '{candidate}/_stdout'")), "equal");
  EXPECT_EQ(text(one, other, command("echo; echo 'a is off by 1'; exit 3 # {candidate}")),
            "the outputs: a is off by 1");
  EXPECT_EQ(text(one, other, command("exit 3 # {candidate}")),
            "the outputs: differ, says the command (exit status 3)");
  EXPECT_FALSE(std::filesystem::exists(folder / "scratch"));
}

TEST_F(CommandTest, ThatCannotBeRunIsAnErrorNotADifference) {
  for (const char* const line :
       {"./none {candidate}", "kill -9 $$ # {candidate}", "/etc {candidate}", "true"}) {
    const auto result = compare(one, other, command(line));
    ASSERT_FALSE(result) << line;
    EXPECT_EQ(result.error().code, Errc::invalid);
    EXPECT_THAT(result.error().text(), HasSubstr(std::string(line).substr(0, 4)));
  }
}

TEST_F(CommandTest, DoesNotSeeWhatIsMeantForTheJob) {
  ::setenv("CAIRN_CHECKPOINT", "never", 1);
  EXPECT_EQ(text(one, other, command("test -z \"$CAIRN_CHECKPOINT\" # {candidate}")), "equal");
  ::unsetenv("CAIRN_CHECKPOINT");
}

// --- standard output -----------------------------------------------------------------

TEST(StdoutDifference, LinesThatTheReferenceHasNotAreWhatAProgramSaysAboutItsRestart) {
  EXPECT_EQ(stdout_text(lines(1, 9), lines(1, 5) + "going on from step 5\n\n" + lines(6, 9)),
            "equal");
}

TEST(StdoutDifference, ALineThatIsMissingOrTwiceCounts) {
  auto found = stdout_difference(lines(1, 9), lines(1, 5) + "going on\n" + lines(7, 9), {});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->text(), "stdout line 7: \"step 6\" in the reference, \"step 7\" here");
  EXPECT_THAT(found->missing, ElementsAre("line 6: step 6"));
  found = stdout_difference(lines(1, 9), lines(1, 5) + "going on\n" + lines(5, 9), {});
  ASSERT_TRUE(found);
  EXPECT_THAT(found->twice, ElementsAre("line 7: step 5"));
  EXPECT_NE(stdout_text(lines(1, 9), lines(1, 8)), "equal");
  EXPECT_NE(stdout_text(lines(1, 9), ""), "equal");
  EXPECT_NE(stdout_text("a\nb\n", "b\na\n"), "equal");
}

TEST(StdoutDifference, ShowsTheLineThatIsThereWithAnotherNumber) {
  const auto found = stdout_difference("start\nsum 5\n", "start\ngoing on\nsum 6\n", {});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->text(), "stdout line 3: \"sum 5\" in the reference, \"sum 6\" here");
  EXPECT_THAT(found->missing, IsEmpty());
}

TEST(StdoutDifference, APartialLastLineIsALine) {
  EXPECT_EQ(stdout_text("a\nb", "a\nb\n"), "equal");
  EXPECT_NE(stdout_text("a\nb", "a\n"), "equal");
}

TEST(StdoutDifference, OfALineThatWasOverwrittenTheLastStateCounts) {
  EXPECT_EQ(stdout_text("10%\r50%\r100%\ndone\r\n", "10%\n50%\r100%\ndone\n"), "equal");
}

TEST(StdoutDifference, WithToleranceNumbersAreNumbers) {
  EXPECT_EQ(
      stdout_text("e 1 0.5\ne 2 0.25\n", "e 1 0.5000001\nagain\ne 2 0.2500001\n", within(1e-5)),
      "equal");
  EXPECT_NE(
      stdout_text("e 1 0.5\ne 2 0.25\n", "e 1 0.5000001\ne 1 0.4999999\ne 2 0.25\n", within(1e-5)),
      "equal");
  // All within the tolerance of each other: the one that is due counts.
  EXPECT_EQ(stdout_text("r 1.00000\nr 1.000001\nr 1.000002\n", "r 1.0000005\nr 1.0000015\nr 1.0\n",
                        within(1e-4)),
            "equal");
}

// Foreign lines anywhere change nothing; one line less, or one more, is always seen.
RC_GTEST_PROP(StdoutDifference, SeesEveryLineThatIsGoneOrTwiceAmongForeignOnes, ()) {
  const auto steps = *rc::gen::inRange(1, 30);
  const auto victim = *rc::gen::inRange(0, steps);
  const auto copies = *rc::gen::inRange(0, 3);
  std::string reference, candidate;
  for (int i = 0; i < steps; ++i) {
    const std::string line = cat("step ", i / 2, "\n");  // some are there twice, rightly
    reference += line;
    if (*rc::gen::inRange(0, 5) == 0) candidate += cat("again ", i, "\n");
    for (int copy = 0; copy < (i == victim ? copies : 1); ++copy) candidate += line;
  }
  const auto found = stdout_difference(reference, candidate, {});
  RC_ASSERT(found.has_value() == (copies != 1));
  if (!found) return;
  RC_ASSERT(found->twice.empty() == (copies == 0));
  RC_ASSERT(found->missing.empty() == (copies > 1));
}

// The canary: what it calls equal is equal byte for byte.
RC_GTEST_PROP(TextDifference, IsThereWhereverBytesDiffer, ()) {
  const auto line = rc::gen::element<std::string>("a\n", "b\n", "\n", "1 2\n", "a", "\r\n", "nan");
  const auto text = rc::gen::map(rc::gen::container<std::vector<std::string>>(line),
                                 [](const auto& parts) { return join(parts, ""); });
  const std::string one = *text, other = *text;
  RC_ASSERT(first_text_difference(one, other, {}, "f").has_value() == (one != other));
  RC_ASSERT(!first_text_difference(one, one, within(0.1), "f"));
}

TEST(Difference, IsOneShortSentenceWhateverTheTextsAre) {
  const std::string reference(100000, '\x01'), candidate(100000, '\x02');
  EXPECT_LE(difference(reference, candidate).size(), 700U);  // each letter takes four
  EXPECT_THAT(difference(reference, candidate), Not(HasSubstr("\x01")));
}

}  // namespace
}  // namespace cairn::verify
