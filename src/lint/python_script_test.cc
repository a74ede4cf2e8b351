#include "lint/python_script.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "lint/program_facts.h"

namespace cairn::lint {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;

std::vector<std::string> calls(std::string_view text) {
  std::vector<std::string> found;
  for (const PythonCall& call : read_python(text).calls) {
    std::string arguments;
    for (const PythonArgument& argument : call.arguments)
      arguments +=
          cat(arguments.empty() ? "" : ",", argument.keyword.empty() ? "" : argument.keyword + "=",
              argument.literal  ? *argument.literal
              : argument.number ? cat(*argument.number)
                                : std::string("?"));
    found.push_back(cat(call.line, ":", call.callee, "(", arguments, ")"));
  }
  return found;
}

TEST(PythonScript, FindsCallsWithTheirArguments) {
  EXPECT_THAT(
      calls("import os\nwith open('a', mode=\"w\") as f:\n    os.path.join('x', y + 'z', 77)\n"),
      ElementsAre("2:open(a,mode=w)", "3:os.path.join(x,?,77)"));
}

TEST(PythonScript, JoinsLinesInBracketsAndBehindABackslash) {
  EXPECT_THAT(calls("f(1,\n  # why\n  'a'\n  'b')\nx = 1 + \\\n  g(2)\n"),
              ElementsAre("1:f(1,ab)", "6:g(2)"));
}

TEST(PythonScript, KnowsANameThatIsGivenOneLiteral) {
  EXPECT_THAT(calls("NAME = 'state.dat'\nLEAVE = 77\nother = 'a'\nother = "
                    "'b'\nopen(NAME)\nsys.exit(LEAVE)\nopen(other)\n"),
              ElementsAre("5:open(state.dat)", "6:sys.exit(77)", "7:open(?)"));
}

TEST(PythonScript, KnowsNotWhatAnFStringStandsFor) {
  EXPECT_THAT(calls("open(f'state.{step}')\nopen(f'state')\n"),
              ElementsAre("1:open(?)", "2:open(state)"));
}

TEST(PythonScript, ReadsNothingInStringsAndComments) {
  EXPECT_THAT(
      calls("'''open(\"x\")\nsys.exit(1)'''\n# sys.exit(2)\ns = \"exit(3)\"\nr'\\'\nf(4)\n"),
      ElementsAre("6:f(4)"));
}

TEST(PythonScript, MakesTwoStatementsOfAHeaderWithABody) {
  const PythonScript script = read_python("if a: b()\nelse:\n    c()\nd = lambda x: e(x)\n");
  ASSERT_EQ(script.statements.size(), 5U);
  EXPECT_GT(script.statements[1].indent, script.statements[0].indent);
  EXPECT_EQ(script.body(0), std::make_pair(std::size_t{1}, std::size_t{2}));
}

TEST(PythonScript, FindsFunctionsAndImports) {
  const PythonScript script = read_python(
      "import os, sys as s\nfrom numpy.random import default_rng\nasync def f():\n    pass\n");
  EXPECT_TRUE(script.function("f").has_value());
  EXPECT_FALSE(script.function("g").has_value());
  for (const char* module : {"os", "sys", "numpy"})
    EXPECT_TRUE(script.imports_module(module)) << module;
  EXPECT_FALSE(script.imports_module("default_rng"));
}

TEST(PythonScript, EndsWithAnyText) {
  for (const char* text : {"",     "(",      "'",     "\"\"\"", "f'",   "\\",     "def",   "if",
                           "if:",  "x =",    "x = =", "@",      "f(",   "f(,",    "Path(", ".",
                           "\xff", "import", "from",  "a.b.(",  "try:", "lambda:"})
    static_cast<void>(read_python(text));
}

std::vector<std::string> uses(std::string_view text) {
  Program program;
  program.kind = ProgramKind::python;
  program.python = read_python(text);
  std::vector<std::string> found;
  for (const FileUse& use : file_uses(program))
    found.push_back(cat(use.name, use.reads ? " r" : "", use.writes ? " w" : "",
                        use.appends ? " a" : "", use.removes ? " x" : "",
                        use.is_replaced ? " replaced" : ""));
  return found;
}

TEST(PythonFiles, AreKnownFromHowTheyAreOpened) {
  EXPECT_THAT(
      uses("open('a')\nopen('b', 'wb')\nopen('c', 'a' if d else 'w')\nopen('e', "
           "mode)\nos.replace('f', 'g')\nPath('h').write_text('')\np = Path('i')\np.read_text()\n"),
      ElementsAre("a r", "b w", "c w a", "f x", "g w replaced", "h w", "i r"));
  EXPECT_THAT(uses("np.save('x', y)\npickle.dump(s, open('z', 'wb'))\ntorch.save(m, 'w.pt')\n"),
              ElementsAre("x.npy w", "z w", "w.pt w"));
}

TEST(PythonFiles, MentionPathsOfThisMachine) {
  EXPECT_THAT(uses("x = '/home/me/data.txt'\n'/home/docstring'\ny = os.path.expanduser('~/z')\n"),
              ElementsAre("~/z", "/home/me/data.txt"));
  EXPECT_THAT(uses("z = os.environ['HOME']\n"), Contains("~"));
}

}  // namespace
}  // namespace cairn::lint
