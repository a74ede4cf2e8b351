#include "wrap/recipe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "support/temp_folder.h"

namespace cairn::wrap {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

TEST(Recipes, HaveOptionsAsKeys) {
  const auto recipe = read_recipe("mine", R"(# a comment
summary = "What it is"
programs = ["a", "b"]  # trailing

check = "grep '# end' \"$LOG\""
checkpoint-files = ["x.cpt", "{option -o y}"]
resume-args = "-cpi 'state 1.cpt'"
when-renewed = true
)");
  ASSERT_TRUE(recipe) << recipe.error().text();
  EXPECT_EQ(recipe->summary, "What it is");
  EXPECT_THAT(recipe->programs, ElementsAre("a", "b"));
  EXPECT_THAT(recipe->settings,
              UnorderedElementsAre(Pair("check", ElementsAre("grep '# end' \"$LOG\"")),
                                   Pair("checkpoint-files", ElementsAre("x.cpt", "{option -o y}")),
                                   Pair("resume-args", ElementsAre("-cpi 'state 1.cpt'")),
                                   Pair("when-renewed", ElementsAre("true"))));
}

TEST(Recipes, AMistakeIsNamedWithItsLine) {
  const auto recipe = read_recipe("mine", "summary = \"x\"\n\nnonsense\n");
  ASSERT_FALSE(recipe);
  EXPECT_THAT(recipe.error().text(), HasSubstr("recipe mine, line 3: "));
  EXPECT_THAT(recipe.error().text(), HasSubstr("KEY = \"VALUE\""));
  for (const char* const text : {"every = 1.5\n", "[section]\nevery = \"1h\"\n", "a = [[\"b\"]]\n"})
    EXPECT_FALSE(read_recipe("mine", text)) << text;
}

TEST(Recipes, TheUsersHidesTheBuiltIn) {
  const testing::TempFolder folder;
  std::ofstream(folder / "ddrescue.recipe") << "summary = \"mine\"\n";
  EXPECT_EQ(find_recipe("ddrescue", {})->place, "built in");
  EXPECT_EQ(find_recipe("ddrescue", folder.path())->text, "summary = \"mine\"\n");
  const auto none = find_recipe("ddrescu", {});
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().text(), HasSubstr("write ddrescue"));
}

// Each has a summary, and says only what `cairn wrap` knows: see the options' test.
TEST(Recipes, BuiltInOnesCanBeRead) {
  const auto all = all_recipes({});
  EXPECT_FALSE(all.empty());
  for (const RecipeSource& source : all) {
    const auto recipe = read_recipe(source.name, source.text);
    ASSERT_TRUE(recipe) << recipe.error().text();
    EXPECT_NE(recipe->summary, "") << source.name;
    EXPECT_FALSE(recipe->settings.empty()) << source.name;
  }
}

}  // namespace
}  // namespace cairn::wrap
