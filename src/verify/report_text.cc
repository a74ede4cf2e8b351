#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "verify/report.h"
#include "verify/report_words.h"

namespace cairn::verify {
namespace {

constexpr std::size_t kNameColumn = 14, kVerdictColumn = 12;
constexpr std::size_t kIndent = 2;

enum class Paint { bold, good, bad, dim };

class TextReport {
 public:
  TextReport(bool colours, int width) : colours_(colours), width_(width) {}

  std::string write(const Findings& findings) {
    line(painted(printable(findings.job), Paint::bold));
    if (!findings.findings.empty()) text_ += '\n';
    for (const Finding& finding : findings.findings) row(finding);
    for (const Finding& finding : findings.findings) failure(finding);
    remarks(findings);
    notes(findings);
    const Paint paint = findings.overall == Overall::pass   ? Paint::good
                        : findings.overall == Overall::fail ? Paint::bad
                                                            : Paint::bold;
    text_ += '\n' + painted(wrapped(printable(conclusion(findings)), 0, width_), paint);
    return std::move(text_) + '\n';
  }

 private:
  std::string painted(std::string_view text, Paint paint) const {
    if (!colours_) return std::string(text);
    const char* const code = paint == Paint::bold   ? "1"
                             : paint == Paint::good ? "32"
                             : paint == Paint::bad  ? "1;31"
                                                    : "2";
    return fmt::format("\x1b[{}m{}\x1b[0m", code, text);
  }

  void line(std::string_view text) { text_ += cat(text, '\n'); }

  void row(const Finding& finding) {
    const Paint paint = finding.verdict == Verdict::pass   ? Paint::good
                        : finding.verdict == Verdict::fail ? Paint::bad
                                                           : Paint::dim;
    const std::string_view verdict = word_for(finding.verdict);
    text_ += fmt::format("{:{}}{:<{}}{}{:{}}", "", kIndent, name_of(finding.property), kNameColumn,
                         painted(verdict, paint), "", kVerdictColumn - verdict.size());
    const std::size_t column = kIndent + kNameColumn + kVerdictColumn;
    line(wrapped(printable(finding.evidence), column, width_));
  }

  void failure(const Finding& finding) {
    if (finding.verdict != Verdict::fail || finding.flaws.empty()) return;
    text_ +=
        fmt::format("\n{}  {}\n", painted(cat(name_of(finding.property), ": FAIL"), Paint::bad),
                    painted(question_of(finding.property), Paint::dim));
    for (const Flaw& flaw : finding.flaws) {
      if (&flaw != &finding.flaws.front()) text_ += '\n';
      text_ += text_of(flaw, kIndent, width_);
    }
  }

  void remarks(const Findings& findings) {
    bool headed = false;
    for (const Finding& finding : findings.findings)
      for (const std::string& remark : finding.remarks) {
        if (!std::exchange(headed, true)) line('\n' + painted("Worth knowing", Paint::bold));
        text_ += fmt::format("{:{}}{:<{}}", "", kIndent, name_of(finding.property), kNameColumn);
        line(wrapped(printable(remark), kIndent + kNameColumn, width_));
      }
  }

  void notes(const Findings& findings) {
    if (findings.notes.empty() && findings.kept.empty()) return;
    line('\n' + painted("Notes", Paint::bold));
    for (const std::string& note : findings.notes) paragraph(note);
    if (!findings.kept.empty()) paragraph("The scratch folder was kept: " + findings.kept);
  }

  void paragraph(const std::string& what) {
    line(std::string(kIndent, ' ') + wrapped(printable(what), kIndent, width_));
  }

  bool colours_;
  int width_;
  std::string text_;
};

}  // namespace

std::string to_text(const Findings& findings, bool colours, int width) {
  return TextReport(colours, width).write(findings);
}

}  // namespace cairn::verify
