#include "lint/lint.h"

#include <algorithm>
#include <array>
#include <set>
#include <tuple>

#include "base/text.h"
#include "lint/check.h"
#include "lint/subject.h"
#include "submit/vocabulary.h"

namespace cairn {
extern const char* const kLintPages;  // docs/lint.md
}

namespace cairn::lint {
namespace {

// ---- CL0…: the file as a whole

// What the checks below say better, with a code of its own.
bool is_said_by_a_check(const Subject& subject, int line, std::string_view text) {
  if (text.find("unknown command") != text.npos || text.find("is ignored") != text.npos ||
      text.find("has no effect here") != text.npos)
    return true;  // CL107 to CL110
  if (text.find("expected a ClassAd expression") != text.npos &&
      is_condition(trim(text.substr(0, text.find('=')))))
    return true;  // CL608, CL613
  if (subject.jobs.empty()) return false;
  const Job& job = subject.jobs.front();
  if (text.find("should_transfer_files = NO contradicts") != text.npos &&
      job.list("transfer_checkpoint_files"))
    return true;  // CL217
  const auto is_at = [&](std::string_view command) {
    return line == 0 || job.line(command) == line;
  };
  const auto code = job.code();
  if (code && (*code <= 0 || *code > 255) &&
      (is_at("checkpoint_exit_code") || text.find("SuccessCheckpointExitCode") != text.npos))
    return true;  // CL102, CL103
  for (const std::string_view list : {"transfer_checkpoint_files", "transfer_output_files"}) {
    const auto entries = job.list(list);
    if (!entries || !is_at(list)) continue;
    if (std::any_of(entries->begin(), entries->end(), [](const std::string& entry) {
          return plain_name(entry).starts_with("..") || entry.starts_with('/');
        }))
      return true;  // CL206
  }
  return false;
}

void refused(const Subject& subject, Report& report) {
  // What only Cairn does not know yet is no fault of the file; `cairn run` says it.
  if (subject.refused && subject.refused->code == Errc::unsupported && !subject.jobs.empty())
    return;
  if (!subject.refused || subject.unknown_text ||
      is_said_by_a_check(subject, subject.refused_line, subject.refused->message))
    return;
  report.add(subject.refused_line, subject.refused->message,
             subject.refused->hint.empty() ? "correct the line" : subject.refused->hint);
}

void not_looked_at(const Subject& subject, Report& report) {
  if (!subject.unknown_text) return;
  report.add(
      subject.refused_line,
      cat("what ", *subject.unknown_text,
          " gives is known only when it runs, and lint runs nothing: from here on the file is "
          "not looked at"),
      "to have it looked at, write what it gives into a file, and queue from that");
}

void parser_warning(const Subject& subject, Report& report) {
  for (const ParserWarning& warning : subject.warnings) {
    if (is_said_by_a_check(subject, warning.line, warning.text)) continue;
    std::string text = warning.text, fix = "correct it, or take it out";
    if (const auto cut = text.find("; "); cut != text.npos) {
      fix = text.substr(cut + 2);
      text.resize(cut);
    }
    report.add(warning.line, std::move(text), std::move(fix));
  }
}

// ---- disabling

struct Disabling {
  int line = 0;
  std::string code;
};

// `# cairn-lint: disable=CL101, CL102`, on any line.
std::vector<Disabling> disabled_in(std::string_view text) {
  std::vector<Disabling> codes;
  constexpr std::string_view kMark = "cairn-lint:";
  for (std::size_t at = text.find(kMark); at != text.npos; at = text.find(kMark, at + 1)) {
    const std::size_t begin = text.rfind('\n', at) == text.npos ? 0 : text.rfind('\n', at) + 1;
    if (text.substr(begin, at - begin).find('#') == text.npos) continue;
    std::string_view rest = text.substr(at + kMark.size());
    rest = trim(rest.substr(0, rest.find('\n')));
    if (!rest.starts_with("disable")) continue;
    rest = trim(rest.substr(std::string_view("disable").size()));
    if (!rest.starts_with('=')) continue;
    rest = trim(rest.substr(1));
    const int line = 1 + static_cast<int>(std::count(
                             text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
    for (const std::string& list : split_list(rest, ' '))
      for (const std::string& code : split_list(list)) {
        if (!code.starts_with("CL")) return codes;
        codes.push_back({line, code});
      }
  }
  return codes;
}

void unknown_code(const Subject& subject, Report& report) {
  for (const Disabling& each : disabled_in(subject.input.text))
    if (!is_check(each.code))
      report.add(each.line, cat("there is no check ", each.code, ": this disables nothing"),
                 "docs/lint.md has all codes");
}

constexpr std::array kChecks = {
    Check{"CL001", Severity::error, "Submit file that is refused", nullptr, refused},
    Check{"CL002", Severity::warning, "What condor_submit warns of", nullptr, parser_warning},
    Check{"CL003", Severity::hint, "Unknown code in a disable comment", nullptr, unknown_code},
    Check{"CL004", Severity::hint, "Command that lint does not run", nullptr, not_looked_at},
};

// One finding for one thing, however many jobs have it.
void add_new(Findings& findings, Findings found) {
  std::set<std::tuple<std::string, std::string, int>> places;
  for (const Finding& finding : findings.list)
    places.emplace(finding.code, finding.file, finding.line);
  for (Finding& finding : found.list)
    if (!places.contains({finding.code, finding.file, finding.line}))
      findings.list.push_back(std::move(finding));
}

void remove_disabled(const LintInput& input, const Subject& subject, Findings& findings) {
  std::set<std::pair<std::string, std::string>> disabled;  // file, code
  for (const Disabling& each : disabled_in(input.text)) disabled.emplace(input.file, each.code);
  for (const Job& job : subject.jobs)
    for (const Program& program : job.programs())
      for (const Disabling& each : disabled_in(program.text))
        disabled.emplace(program.name, each.code);
  std::erase_if(findings.list, [&](const Finding& finding) {
    const bool everywhere = std::find(input.disabled.begin(), input.disabled.end(), finding.code) !=
                            input.disabled.end();
    // What the submit file disables holds for the programs that it names, too.
    return everywhere || disabled.contains({finding.file, finding.code}) ||
           disabled.contains({input.file, finding.code});
  });
}

}  // namespace

std::string_view to_text(Severity severity) {
  switch (severity) {
    case Severity::hint:
      return "hint";
    case Severity::warning:
      return "warning";
    case Severity::error:
      return "error";
  }
  return "error";
}

std::string Finding::headline() const {
  return cat(file, ":", line > 0 ? cat(line, ": ") : std::string(" "), to_text(severity), " ", code,
             ": ", text);
}

std::size_t Findings::count(Severity severity) const {
  return static_cast<std::size_t>(
      std::count_if(list.begin(), list.end(),
                    [severity](const Finding& finding) { return finding.severity == severity; }));
}

void Report::add(int line, std::string text, std::string fix) {
  findings_.list.push_back(
      {std::string(code_), severity_, input_.file, line, std::move(text), std::move(fix)});
}

void Report::add(const Program& program, int line, std::string text, std::string fix) {
  findings_.list.push_back(
      {std::string(code_), severity_, program.name, line, std::move(text), std::move(fix)});
}

std::span<const Check> file_checks() { return kChecks; }

const std::vector<Check>& all_checks() {
  static const std::vector<Check> checks = [] {
    std::vector<Check> list;
    for (const auto group : {file_checks(), contract_checks(), list_checks(), program_checks(),
                             shell_checks(), python_checks(), policy_checks(), pool_checks()})
      list.insert(list.end(), group.begin(), group.end());
    return list;
  }();
  return checks;
}

Findings lint(const LintInput& input) {
  const Subject subject = read_subject(input);
  Findings findings;
  for (const Check& check : all_checks()) {
    if (check.of_file == nullptr) continue;
    Report report(input, findings);
    report.begin(check.code, check.severity);
    check.of_file(subject, report);
  }
  for (const Job& job : subject.jobs) {
    Findings found;
    Report report(input, found);
    for (const Check& check : all_checks()) {
      if (check.of_job == nullptr) continue;
      report.begin(check.code, check.severity);
      check.of_job(job, report);
    }
    add_new(findings, std::move(found));
  }
  remove_disabled(input, subject, findings);
  std::stable_sort(findings.list.begin(), findings.list.end(),
                   [&input](const Finding& left, const Finding& right) {
                     const auto key = [&input](const Finding& finding) {
                       return std::make_tuple(finding.file != input.file,
                                              std::string_view(finding.file), finding.line,
                                              std::string_view(finding.code));
                     };
                     return key(left) < key(right);
                   });
  return findings;
}

bool is_check(std::string_view code) {
  return std::any_of(all_checks().begin(), all_checks().end(),
                     [code](const Check& check) { return check.code == code; });
}

Result<std::string> explain(std::string_view code) {
  const std::string_view pages = kLintPages;
  const std::string heading = cat("\n### ", code, " ");
  const auto begin = is_check(code) ? pages.find(heading) : pages.npos;
  if (begin == pages.npos) {
    std::vector<std::string_view> codes;
    for (const Check& check : all_checks()) codes.push_back(check.code);
    const auto meant = nearest(code, codes);
    return Error{
        Errc::not_found, cat("there is no check ", code), 0,
        meant ? cat("did you mean ", *meant, "?") : std::string("docs/lint.md has all codes")};
  }
  const std::string_view section = pages.substr(begin + 1);
  return std::string(trim(section.substr(
             0, std::min({section.find("\n### "), section.find("\n## "), section.size()})))) +
         "\n";
}

}  // namespace cairn::lint
