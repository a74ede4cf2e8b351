// docs/lint.md is the first test of each check: its wrong example has exactly that finding, its
// right one none.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <regex>

#include "base/text.h"
#include "lint/check.h"
#include "lint/lint_fixture.h"
#include "support/golden.h"
#include "support/source_folder.h"

namespace cairn::lint {
namespace {

struct Fence {
  std::string info, text;
};
struct Section {
  std::string code, title, severity;
  std::vector<Fence> wrong, right;
};
struct Document {
  std::string frame;
  std::vector<Section> sections;
};

Document read_document(const std::string& text) {
  Document document;
  std::vector<Fence>* into = nullptr;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string line = text.substr(at, end - at);
    at = end + 1;
    if (line.starts_with("### CL")) {
      document.sections.push_back({line.substr(4, 5), line.substr(10), {}, {}, {}});
      into = nullptr;
    } else if (line.starts_with("## ") || line.starts_with("### ")) {
      into = nullptr;
    } else if (!document.sections.empty() && line.starts_with('*') &&
               document.sections.back().severity.empty()) {
      document.sections.back().severity = line.substr(1, line.find('*', 1) - 1);
    } else if (line == "Wrong:") {
      into = &document.sections.back().wrong;
    } else if (line == "Right:") {
      into = &document.sections.back().right;
    } else if (line.starts_with("```")) {
      const std::size_t close = text.find("\n```", at - 1);
      Fence fence{line.substr(3), text.substr(at, close + 1 - at)};
      if (close + 1 < at) fence.text.clear();
      at = text.find('\n', close + 1) + 1;
      if (fence.info == "sub frame") document.frame = fence.text;
      if (into != nullptr) into->push_back(std::move(fence));
    }
  }
  return document;
}

const Document& document() {
  static const Document read =
      read_document(testing::read_text(testing::source_folder() + "/docs/lint.md"));
  return read;
}

std::string with_carriage_returns(const std::string& text) {
  return std::regex_replace(text, std::regex(R"(\\r\n)"), "\r\n");
}

Findings lint_example(const std::vector<Fence>& fences) {
  FakeFiles files = job_folder();
  LintInput input;
  input.file = "job.sub";
  input.directory = "/job";
  input.files = &files;
  std::string lines, script;
  for (const Fence& fence : fences) {
    if (fence.info.starts_with("sub")) {
      lines += fence.text;
      constexpr std::string_view kOption = "--pool-version ";
      if (const auto option = fence.info.find(kOption); option != fence.info.npos)
        input.pool = parse_pool_version(fence.info.substr(option + kOption.size()));
      continue;
    }
    if (fence.info.starts_with("elf ")) {
      files.add("/job/" + fence.info.substr(4), elf_with(fence.text));
      continue;
    }
    script = fence.info.substr(fence.info.find(' ') + 1);
    files.add("/job/" + script, with_carriage_returns(fence.text));
  }
  input.text = document().frame;
  if (!script.empty()) input.text += cat("executable = ", script, "\n");
  if (!script.empty() && lines.find("transfer_input_files") == std::string::npos)
    input.text += "transfer_input_files = work\n";
  input.text += lines;
  if (lines.find("queue") == std::string::npos) input.text += "queue\n";
  return lint(input);
}

std::string report(const Findings& findings) {
  std::string text;
  for (const Finding& finding : findings.list)
    text += cat(finding.headline(), "\n    ", finding.fix, "\n");
  return text;
}

class LintPage : public ::testing::TestWithParam<std::size_t> {
 protected:
  const Check& check() const { return all_checks()[GetParam()]; }
  const Section& section() const {
    static const Section none;
    const auto& sections = document().sections;
    const auto found = std::find_if(sections.begin(), sections.end(), [this](const Section& each) {
      return each.code == check().code;
    });
    return found == sections.end() ? none : *found;
  }
};

TEST_P(LintPage, HasTheTitleAndTheSeverityOfItsCheck) {
  EXPECT_EQ(section().title, check().title);
  EXPECT_EQ(section().severity, to_text(check().severity));
  EXPECT_FALSE(section().wrong.empty());
  EXPECT_FALSE(section().right.empty());
}

TEST_P(LintPage, ShowsAWrongExampleThatHasExactlyThisFinding) {
  const Findings findings = lint_example(section().wrong);
  EXPECT_FALSE(findings.list.empty());
  for (const Finding& finding : findings.list) {
    EXPECT_EQ(finding.code, check().code) << report(findings);
    EXPECT_FALSE(finding.text.empty());
    EXPECT_FALSE(finding.fix.empty()) << finding.text;
  }
}

TEST_P(LintPage, ShowsARightExampleThatHasNoFinding) {
  const Findings findings = lint_example(section().right);
  EXPECT_TRUE(findings.list.empty()) << report(findings);
}

TEST_P(LintPage, IsWhatExplainShows) {
  const auto page = explain(check().code);
  ASSERT_TRUE(page);
  EXPECT_TRUE(page->starts_with(cat("### ", check().code, " ", check().title)));
  EXPECT_EQ(page->find("\n### "), page->npos);
}

INSTANTIATE_TEST_SUITE_P(Checks, LintPage, ::testing::Range(std::size_t{0}, all_checks().size()),
                         [](const auto& check) {
                           return std::string(all_checks()[check.param].code);
                         });

TEST(LintPages, AreInTheOrderOfTheChecksAndHaveNoOthers) {
  std::vector<std::string> pages, checks;
  for (const Section& section : document().sections) pages.push_back(section.code);
  for (const Check& check : all_checks()) checks.emplace_back(check.code);
  EXPECT_EQ(pages, checks);
}

TEST(LintPages, HaveAFrameInWhichNothingIsWrong) {
  EXPECT_TRUE(lint_example({}).list.empty()) << report(lint_example({}));
}

TEST(LintPages, AreNotFoundForACodeThatIsNone) {
  EXPECT_EQ(explain("CL999").error().code, Errc::not_found);
}

}  // namespace
}  // namespace cairn::lint
