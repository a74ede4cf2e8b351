#include "wrap/file_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "support/temp_folder.h"

namespace cairn::wrap {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Key;
using ::testing::UnorderedElementsAre;

class FileSets : public ::testing::Test {
 protected:
  void write(const std::string& name, const std::string& text = "x") {
    const auto path = folder_ / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  std::vector<std::string> found(const std::vector<std::string>& patterns,
                                 std::vector<std::string>* unmatched = nullptr) {
    const auto files = find_files(folder_.path(), patterns, unmatched);
    std::vector<std::string> names;
    if (!files) return {"error: " + files.error().text()};
    for (const auto& [name, mark] : *files) names.push_back(name);
    return names;
  }
  testing::TempFolder folder_;
};

TEST_F(FileSets, APatternMatchesPartByPart) {
  for (const char* name :
       {"a.cpt", "b.cpt", ".hidden.cpt", "sub/c.cpt", "p0/5/U", "p1/5/U", "p1/6/U"})
    write(name);
  EXPECT_THAT(found({"*.cpt"}), ElementsAre("a.cpt", "b.cpt"));
  EXPECT_THAT(found({"sub/*.cpt"}), ElementsAre("sub/c.cpt"));
  EXPECT_THAT(found({"p?/5"}), ElementsAre("p0/5", "p0/5/U", "p1/5", "p1/5/U"));
  EXPECT_THAT(found({"[0-9]*"}), IsEmpty());
  EXPECT_THAT(found({"./a.cpt"}), ElementsAre("a.cpt"));
}

TEST_F(FileSets, APatternMayHaveAlternatives) {
  for (const char* name : {"0/U", "0.orig/U", "0.05/U", "10/U", "1e-05/U", "2d.stl", "system/x"})
    write(name);
  const std::string number = "@([1-9]*([0-9.])|0.+([0-9]))?(e[-+]+([0-9]))";
  EXPECT_THAT(found({number}), ElementsAre("0.05", "0.05/U", "10", "10/U", "1e-05", "1e-05/U"));
  EXPECT_TRUE(stands_for({number}, "10/U"));
  EXPECT_FALSE(stands_for({number}, "0/U"));
}

TEST_F(FileSets, AParenthesisAloneIsALetter) {
  write("run(1).txt");
  EXPECT_THAT(found({"run(1).txt"}), ElementsAre("run(1).txt"));
  EXPECT_TRUE(stands_for({"run(1).txt"}, "run(1).txt"));
}

TEST_F(FileSets, WhatNothingMatchesIsNamed) {
  write("a");
  std::vector<std::string> unmatched;
  EXPECT_THAT(found({"a", "b", "c*"}, &unmatched), ElementsAre("a"));
  EXPECT_THAT(unmatched, ElementsAre("b", "c*"));
}

TEST_F(FileSets, LinksAreLinksAndPipesAreRefused) {
  write("real", "text");
  std::filesystem::create_symlink("real", folder_ / "link");
  const auto files = find_files(folder_.path(), {"link"});
  ASSERT_TRUE(files);
  EXPECT_EQ(files->at("link").kind, FileMark::Kind::link);
  EXPECT_EQ(files->at("link").target, "real");
  ASSERT_EQ(::mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  EXPECT_FALSE(find_files(folder_.path(), {"pipe"}));
}

TEST_F(FileSets, NothingOutsideTheFolderIsMeant) {
  for (const char* pattern : {"/etc/passwd", "../x", "a/../../x", "", "."})
    EXPECT_FALSE(check_pattern(pattern)) << pattern;
  for (const char* pattern : {"a", "a/b", "./a", "..a"})
    EXPECT_TRUE(check_pattern(pattern)) << pattern;
}

TEST_F(FileSets, ARewrittenFileHasAnotherMark) {
  write("a", "one");
  const auto before = find_files(folder_.path(), {"a"});
  write("b", "one");
  std::filesystem::rename(folder_ / "b", folder_ / "a");
  const auto after = find_files(folder_.path(), {"a"});
  ASSERT_TRUE(before && after);
  EXPECT_NE(*before, *after);
}

TEST_F(FileSets, FoldersThatMayGetFilesAreNamed) {
  write("p0/5/U");
  EXPECT_THAT(folders_of(folder_.path(), {"p*/5"}), UnorderedElementsAre(".", "p0", "p0/5"));
  EXPECT_THAT(folders_of(folder_.path(), {"later/state"}), UnorderedElementsAre("."));
}

TEST_F(FileSets, AllFilesAreThereButWhatIsSkippedAndWhatIsNone) {
  write(".hidden");
  write("a[1]", "one");
  write("b/c");
  write("skipped/d");
  ASSERT_EQ(::mkfifo((folder_ / "b/pipe").c_str(), 0600), 0);
  const auto found = all_files(folder_.path(), [](const auto& name) { return name == "skipped"; });
  ASSERT_TRUE(found);
  EXPECT_THAT(*found, UnorderedElementsAre(Key(".hidden"), Key("a[1]"), Key("b"), Key("b/c")));
}

TEST(StandsFor, NamesAndAllBelowThem) {
  EXPECT_TRUE(stands_for({"log*.txt"}, "log1.txt"));
  EXPECT_TRUE(stands_for({"p*"}, "p0/5/U"));
  EXPECT_FALSE(stands_for({"p*/6"}, "p0/5/U"));
  EXPECT_FALSE(stands_for({"log"}, "log.txt"));
  EXPECT_FALSE(stands_for({"a/b"}, "a"));
}

TEST(FindFiles, ANameWithBracketsStandsForItself) {
  const testing::TempFolder folder;
  std::ofstream(folder.path() / "run[1].dat") << "x";
  std::ofstream(folder.path() / "run1.dat") << "x";
  const auto found = find_files(folder.path(), {"run[1].dat"});
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->contains("run[1].dat"));
  EXPECT_TRUE(found->contains("run1.dat"));
  EXPECT_TRUE(stands_for({"run[1].dat"}, "run[1].dat"));
}

}  // namespace
}  // namespace cairn::wrap
