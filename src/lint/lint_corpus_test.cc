// What is said of every job in the repository: the examples, and the programs of `cairn verify`'s
// corpus.  The golden shows each change; the claims below hold whatever it says.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>

#include "base/text.h"
#include "lint/lint_fixture.h"
#include "support/golden.h"
#include "support/source_folder.h"

namespace cairn::lint {
namespace {

namespace stdfs = std::filesystem;

// The disk, with what a build makes and what the corpus' runner lays beside a program.
class BuiltFiles final : public FileReader {
 public:
  std::optional<Facts> look(const stdfs::path& path) const override {
    const stdfs::path there = place(path);
    if (there.empty()) return Facts{.is_folder = false, .is_executable = true};
    if (!stdfs::exists(there)) return std::nullopt;
    return Facts{.is_folder = stdfs::is_directory(there), .is_executable = true};
  }
  std::optional<std::string> read(const stdfs::path& path, std::size_t) const override {
    const stdfs::path there = place(path);
    if (there.empty()) return kElf;
    if (!stdfs::is_regular_file(there)) return std::nullopt;
    return testing::read_text(there);
  }

 private:
  // Empty: a compiled program.
  static stdfs::path place(const stdfs::path& given) {
    const stdfs::path path = given.lexically_normal();
    if (path.string().find("/build/release/") != std::string::npos) return {};
    for (const char* ending : {".c", ".cc"})
      if (stdfs::exists(path.string() + ending)) return {};
    if (path.filename() == "careful.py")
      return path.parent_path().parent_path().parent_path() / "careful.py";
    if (path.parent_path().filename().string().starts_with("libcairn_") &&
        (path.filename().string().starts_with("sweep") || path.filename() == "libcairn.so.0"))
      return {};
    if (path.filename() == "cairn" && path.parent_path().filename() == "libcairn_python")
      return path.parent_path();
    return path;
  }
};

std::map<std::string, Findings> lint_all(const stdfs::path& folder) {
  static const BuiltFiles files;
  std::map<std::string, Findings> all;
  for (const auto& entry : stdfs::recursive_directory_iterator(folder)) {
    if (entry.path().extension() != ".sub") continue;
    LintInput input;
    input.file = entry.path().filename().string();
    input.text = testing::read_text(entry.path());
    input.directory = entry.path().parent_path();
    input.files = &files;
    all[entry.path().lexically_relative(testing::source_folder()).string()] = lint(input);
  }
  return all;
}

std::string folder_of(const std::string& path) { return testing::source_folder() + "/" + path; }

// What is said of all of the corpus alike stands in the golden once.
bool is_common(const std::string& code) {
  return code == "CL219" || code == "CL601" || code == "CL214";
}

std::string listing(const std::map<std::string, Findings>& all) {
  std::string text;
  std::map<std::string, int> common;
  for (const auto& [file, findings] : all) {
    text += file + "\n";
    for (const Finding& finding : findings.list)
      if (is_common(finding.code))
        ++common[finding.code];
      else
        text += cat("  ", finding.headline(), "\n");
  }
  for (const auto& [code, count] : common) text += cat(code, ": ", count, " times\n");
  return text;
}

TEST(LintCorpus, SaysOfEachProgramWhatTheGoldenSays) {
  testing::expect_golden("src/lint/testdata/corpus.txt",
                         listing(lint_all(folder_of("tests/verify/corpus"))));
}

TEST(LintCorpus, FindsNoErrorInAProgramThatIsRight) {
  int right = 0;
  for (const auto& [file, findings] : lint_all(folder_of("tests/verify/corpus"))) {
    const std::string name = stdfs::path(file).stem().string();
    if (!name.starts_with("right_") && !name.starts_with("libcairn_")) continue;
    ++right;
    EXPECT_FALSE(findings.has_errors()) << listing({{file, findings}});
  }
  EXPECT_GT(right, 15);
}

TEST(LintCorpus, FindsNothingAtAllInTheExamples) {
  const auto all = lint_all(folder_of("examples"));
  EXPECT_GE(all.size(), 4U);
  for (const auto& [file, findings] : all)
    EXPECT_TRUE(findings.list.empty()) << listing({{file, findings}});
}

// The canary: what can be seen of a faulty program is seen.
TEST(LintCorpus, FindsTheFlawsThatShowInTheText) {
  const auto all = lint_all(folder_of("tests/verify/corpus"));
  for (const auto& [name, code] :
       std::map<std::string, std::string>{{"manual_example", "CL501"},
                                          {"unlisted_file_used", "CL312"},
                                          {"buffered_output_lost", "CL503"},
                                          {"failure_masked", "CL413"},
                                          {"sigterm_saves_inside", "CL504"},
                                          {"sigterm_exits_zero", "CL505"},
                                          {"state_in_home", "CL311"},
                                          {"rng_not_saved", "CL507"},
                                          {"absolute_path", "CL508"}}) {
    const auto codes = codes_of(all.at(cat("tests/verify/corpus/", name, "/", name, ".sub")));
    EXPECT_NE(std::find(codes.begin(), codes.end(), code), codes.end())
        << name << " has no " << code;
  }
}

}  // namespace
}  // namespace cairn::lint
