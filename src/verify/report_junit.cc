#include <fmt/format.h>

#include <algorithm>

#include "verify/report.h"
#include "verify/report_words.h"

namespace cairn::verify {
namespace {

double seconds(std::chrono::milliseconds time) {
  return std::chrono::duration<double>(time).count();
}

auto count(const Findings& findings, Verdict verdict) {
  return std::count_if(findings.findings.begin(), findings.findings.end(),
                       [&](const Finding& finding) { return finding.verdict == verdict; });
}

std::string failure(const Finding& finding) {
  std::string text;
  for (const Flaw& flaw : finding.flaws) text += (text.empty() ? "" : "\n") + text_of(flaw, 0, 0);
  const std::string& message =
      finding.flaws.empty() ? finding.evidence : finding.flaws.front().seen;
  return fmt::format("    <failure message=\"{}\">{}</failure>\n", escaped(message), escaped(text));
}

std::string test_case(const Finding& finding) {
  std::string inner;
  if (finding.verdict == Verdict::fail) inner += failure(finding);
  if (finding.verdict == Verdict::untested)
    inner += fmt::format("    <skipped message=\"{}\"/>\n", escaped(finding.evidence));
  std::string said = finding.verdict == Verdict::untested ? "" : finding.evidence + '\n';
  for (const std::string& remark : finding.remarks) said += remark + '\n';
  if (!said.empty()) inner += fmt::format("    <system-out>{}</system-out>\n", escaped(said));
  return fmt::format(
      "  <testcase classname=\"cairn.verify\" name=\"{}\" time=\"{:.3f}\">\n"
      "{}"
      "  </testcase>\n",
      name_of(finding.property), seconds(finding.elapsed), inner);
}

// Without it a suite of nothing but skipped cases would be green.
std::string undecided_case(const Findings& findings) {
  return fmt::format(
      "  <testcase classname=\"cairn.verify\" name=\"verdict\" time=\"0.000\">\n"
      "    <error message=\"{}\"/>\n"
      "  </testcase>\n",
      escaped(findings.undecided_why));
}

}  // namespace

std::string to_junit(const Findings& findings) {
  const bool undecided = findings.overall == Overall::undecided;
  std::string cases;
  for (const Finding& finding : findings.findings) cases += test_case(finding);
  if (undecided) cases += undecided_case(findings);
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<testsuite name=\"cairn verify {}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" "
      "skipped=\"{}\" time=\"{:.3f}\">\n"
      "{}"
      "</testsuite>\n",
      escaped(findings.job), findings.findings.size() + (undecided ? 1 : 0),
      count(findings, Verdict::fail), undecided ? 1 : 0, count(findings, Verdict::untested),
      seconds(findings.elapsed), cases);
}

}  // namespace cairn::verify
