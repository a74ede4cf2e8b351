#include "lint/shell_script.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "lint/program_facts.h"

namespace cairn::lint {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// "line:depth:function|words", for each command.
std::vector<std::string> outline(std::string_view text) {
  std::vector<std::string> lines;
  for (const ShellCommand& command : read_shell(text).commands) {
    std::string words;
    for (const ShellWord& word : command.words) words += cat(words.empty() ? "" : " ", word.text);
    lines.push_back(cat(command.line, ":", command.depth, ":", command.function, "|", words));
  }
  return lines;
}

TEST(ShellScript, JoinsQuotedPartsAndContinuedLinesToWords) {
  EXPECT_THAT(outline("echo a'b c'\"d e\"\\ f \\\n  g # not this\n"),
              ElementsAre("1:0:|echo ab cd e f g"));
}

TEST(ShellScript, KnowsAWordWhoseValueItCannotSee) {
  const ShellScript script = read_shell("run plain \"$x\" $(date) `date` *.csv '$x' \"a b\"\n");
  std::vector<bool> plain;
  for (const ShellWord& word : script.commands.at(0).words) plain.push_back(word.is_plain);
  EXPECT_THAT(plain, ElementsAre(true, true, false, false, false, false, true, true));
}

TEST(ShellScript, SkipsHereDocuments) {
  EXPECT_THAT(outline("cat <<EOF >x\nexit 1\nEOF\ncat <<-'E'\n\tif\n\tE\ndone_it\n"),
              ElementsAre("1:0:|cat", "4:0:|cat", "7:0:|done_it"));
}

TEST(ShellScript, NestsBlocksAndFunctions) {
  EXPECT_THAT(
      outline("f() {\n  if a; then b; fi\n}\nwhile c; do (d); done\ncase $x in a|b) e ;; *) g;; "
              "esac\n"),
      ElementsAre("2:1:f|a", "2:1:f|b", "4:1:|c", "4:2:|d", "5:0:|case $x", "5:1:|e", "5:1:|g"));
  EXPECT_EQ(read_shell("f() { a; }\n").imbalance, "");
}

TEST(ShellScript, TellsConditionsFromCommands) {
  const ShellScript script = read_shell("if a; then b; fi\nwhile c; do d; done\n! e\n");
  std::vector<std::string> conditions;
  for (const ShellCommand& command : script.commands)
    if (command.is_condition) conditions.emplace_back(command.name());
  EXPECT_THAT(conditions, ElementsAre("a", "c", "e"));
}

TEST(ShellScript, KeepsAssignmentsAndWhatTheyAreGiven) {
  const ShellScript script = read_shell("status=$?\nA=1 B='2 3' run x=4\n");
  EXPECT_THAT(script.commands.at(0).assigned, ElementsAre("status"));
  EXPECT_THAT(script.commands.at(0).values, ElementsAre("$?"));
  EXPECT_THAT(script.commands.at(0).words, IsEmpty());
  EXPECT_THAT(script.commands.at(1).assigned, ElementsAre("A", "B"));
  EXPECT_EQ(script.commands.at(1).words.size(), 2U);
}

TEST(ShellScript, TakesRedirectionsOffTheWords) {
  const ShellScript script = read_shell("run 2>err >>out <in 2>&1 arg\nexec 3> >(tee x)\n");
  EXPECT_EQ(script.commands.at(0).words.size(), 2U);
  ASSERT_EQ(script.commands.at(0).redirects.size(), 4U);
  EXPECT_EQ(script.commands.at(0).redirects[1].op, ">>");
  EXPECT_EQ(script.commands.at(0).redirects[1].target.text, "out");
  EXPECT_EQ(script.commands.at(1).words.size(), 1U);
}

TEST(ShellScript, SaysHowCommandsAreJoined) {
  const auto commands = read_shell("a | b && c || d; e &\nf |\n g\n").commands;
  ASSERT_EQ(commands.size(), 7U);
  EXPECT_EQ(commands[0].after, ShellJoin::pipe);
  EXPECT_EQ(commands[1].after, ShellJoin::and_then);
  EXPECT_EQ(commands[2].after, ShellJoin::or_else);
  EXPECT_EQ(commands[3].after, ShellJoin::semicolon);
  EXPECT_EQ(commands[4].after, ShellJoin::background);
  EXPECT_EQ(commands[6].before, ShellJoin::pipe);
}

TEST(ShellScript, FindsTheBlockThatHasNoEnd) {
  EXPECT_EQ(read_shell("a\nif b; then\n c\nfii\n").imbalance, "the `if` of line 2 has no end");
  EXPECT_EQ(read_shell("for i in 1 2; do a; fi\n").imbalance,
            "`fi` comes before the end of the `for` of line 1");
  EXPECT_EQ(read_shell("a\ndone\n").imbalance, "`done` ends nothing");
}

TEST(ShellScript, SeesNoBlockInWordsThatAreNoCommands) {
  for (const char* text :
       {"echo if then done\n", "x=`cd \\`dirname $0\\`;pwd`/if\n",
        "case a in\n # don't\n *.if) b;;\nesac\n", "echo \"$(if a; then b; fi)\"\n",
        "for ((i = 0; i < 3; i++)); do a; done\n", "[[ $a =~ (if|fi) ]] && b\n",
        "((a = (1 + 2) * 3)) || b\n", "select x in a; do b; done\n", "if a; then b; fi | c\n",
        "f () ( a )\n", "function g { a; }\n", "{ a; } >x\n", "echo ${a:-if}\n",
        "until a\ndo b\ndone\n"})
    EXPECT_EQ(read_shell(text).imbalance, "") << text;
}

TEST(ShellScript, EndsWithAnyText) {
  for (const char* text :
       {"",   "(",   ")",    "'",         "\"",          "`",   "$(", "${", "((", "[[",
        "<<", "<<E", "case", "case x in", "case x in (", "f()", "if", "\\", "&",  "|",
        ";;", "a=(", "$'",   "\xff\xfe",  "for",         "}",   "<(", ">&"})
    static_cast<void>(read_shell(text));
}

std::vector<std::string> runs(std::string_view text) {
  const ShellScript script = read_shell(text);
  std::vector<std::string> programs;
  for (const ShellRun& run : shell_runs(script))
    programs.push_back(cat(run.what(), run.by_exec ? " exec" : "", run.by_timeout ? " timeout" : "",
                           run.kills ? " kills" : ""));
  return programs;
}

TEST(ShellRuns, AreProgramsAndNoTools) {
  EXPECT_THAT(
      runs("cd x\n./sim 1\npython3 -u work.py\nexec ./sim\nls | ./filter\nf() { :; }\nf\n\"$1\"\n"),
      ElementsAre("./sim", "work.py", "./sim exec", "./filter", "$1"));
}

TEST(ShellRuns, StandBehindTheirPrefixes) {
  EXPECT_THAT(runs("timeout 1h ./a\ntimeout -k 5 -s TERM 1h nice -n 10 ./b\ntimeout --signal=KILL "
                   "4h ./c\nnohup env A=1 stdbuf -oL ./d\n"),
              ElementsAre("./a timeout", "./b timeout kills", "./c timeout kills", "./d"));
}

}  // namespace
}  // namespace cairn::lint
