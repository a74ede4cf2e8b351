// What must not compile, and the sentence it must fail with: testdata/refused/*.cc, each
// with its "expect:" in the first line.  testdata/accepted/*.cc must compile.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <string>
#include <vector>

#include "base/text.h"
#include "support/golden.h"
#include "support/source_folder.h"
#include "support/temp_folder.h"

namespace cairn::testing {
namespace {

struct Case {
  std::filesystem::path file;
  bool compiles = false;
  std::string output;
};

std::string compiler() {
  const char* name = std::getenv("CXX");
  return cat(name ? name : "c++", " -std=c++20 ");
}
std::string include(const std::filesystem::path& folder) {
  return cat("-I'", folder.native(), "' ");
}
const std::filesystem::path& own_headers() {
  static const auto folder = std::filesystem::path(testing::source_folder()) / "include";
  return folder;
}

// Our header compiled once, for a compiler that can use that: most of the time of a
// case is to read it.
class CompiledHeader {
 public:
  CompiledHeader() {
    std::filesystem::create_directory(folder_ / "cairn");
    const std::string command = cat(compiler(), "-w -x c++-header ", include(own_headers()), "'",
                                    (own_headers() / "cairn/session.h").native(), "' -o '",
                                    (folder_ / "cairn/session.h.gch").native(), "'");
    EXPECT_EQ(std::system(command.c_str()), 0);
  }
  const std::filesystem::path& folder() const { return folder_.path(); }

 private:
  TempFolder folder_;
};

Case compile(const std::filesystem::path& file, const CompiledHeader& header) {
  const std::string command = cat(compiler(), "-fsyntax-only ", include(header.folder()),
                                  include(own_headers()), "'", file.native(), "' 2>&1");
  Case result{file, false, {}};
  std::FILE* pipe = ::popen(command.c_str(), "r");
  char piece[4096];
  while (const std::size_t got = std::fread(piece, 1, sizeof piece, pipe))
    result.output.append(piece, got);
  result.compiles = ::pclose(pipe) == 0;
  return result;
}

// All files of a folder, two at a time.
std::vector<Case> compile_all(const std::string& folder) {
  std::vector<std::filesystem::path> files;
  const std::string path = cat(testing::source_folder(), "/src/session/testdata/", folder);
  for (const auto& entry : std::filesystem::directory_iterator(path)) files.push_back(entry.path());
  std::ranges::sort(files);
  std::vector<Case> cases(files.size());
  const CompiledHeader header;
  const auto every_second = [&](std::size_t from) {
    for (std::size_t i = from; i < files.size(); i += 2) cases[i] = compile(files[i], header);
  };
  const auto other = std::async(std::launch::async, every_second, 1);
  every_second(0);
  other.wait();
  return cases;
}

TEST(Refused, SaysWhatToDoInsteadWhenATypeCannotBeProtected) {
  const auto cases = compile_all("refused");
  ASSERT_GT(cases.size(), 20u);
  for (const Case& it : cases) {
    const std::string source = read_text(it.file);
    constexpr std::string_view kMark = "// expect: ";
    ASSERT_TRUE(source.starts_with(kMark)) << it.file;
    const std::string sentence = source.substr(kMark.size(), source.find('\n') - kMark.size());
    EXPECT_FALSE(it.compiles) << it.file;
    EXPECT_NE(it.output.find(sentence), std::string::npos) << it.file << ":\n" << it.output;
  }
}

TEST(Refused, AcceptsEveryTypeThatHasNoPointerInIt) {
  const auto cases = compile_all("accepted");
  ASSERT_FALSE(cases.empty());
  for (const Case& it : cases) EXPECT_TRUE(it.compiles) << it.file << ":\n" << it.output;
}

}  // namespace
}  // namespace cairn::testing
