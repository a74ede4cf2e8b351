// A check: a code, what it is called, and a function that reports what it sees.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lint/job.h"
#include "lint/lint.h"

namespace cairn::lint {

struct ParserWarning {
  int line = 0;
  std::string text;  // without the place
};

// A submit file as a whole.
struct Subject {
  const LintInput& input;
  std::vector<Job> jobs{};  // the first ones, and fewer than that if the file is refused
  std::size_t jobs_in_all = 0;
  std::optional<Error> refused{};  // by the parser
  int refused_line = 0;
  // A command whose output, or `stdin`, whose text the file goes on with: the rest is not known.
  std::optional<std::string> unknown_text{};
  std::vector<ParserWarning> warnings{};
  // Names of files that several jobs write, with command and line.
  struct Shared {
    std::string command, file;
    int line = 0;
    std::size_t jobs = 0;
  };
  std::vector<Shared> shared{};
};

// Where a check puts what it finds.
class Report {
 public:
  Report(const LintInput& input, Findings& findings) : input_(input), findings_(findings) {}
  void begin(std::string_view code, Severity severity) {
    code_ = code;
    severity_ = severity;
  }
  // In the submit file.
  void add(int line, std::string text, std::string fix);
  // In a program.
  void add(const Program& program, int line, std::string text, std::string fix);

 private:
  const LintInput& input_;
  Findings& findings_;
  std::string_view code_;
  Severity severity_ = Severity::warning;
};

struct Check {
  std::string_view code;
  Severity severity;
  std::string_view title;
  // One of the two.
  void (*of_job)(const Job& job, Report& report) = nullptr;
  void (*of_file)(const Subject& subject, Report& report) = nullptr;
};

// By group, each in its own file; all of them in the order of their codes.
std::span<const Check> file_checks();      // CL0…
std::span<const Check> contract_checks();  // CL1…
std::span<const Check> list_checks();      // CL2…
std::span<const Check> program_checks();   // CL3…
std::span<const Check> shell_checks();     // CL4…
std::span<const Check> python_checks();    // CL5…
std::span<const Check> policy_checks();    // CL6…
std::span<const Check> pool_checks();      // CL7…
const std::vector<Check>& all_checks();

bool is_condition(std::string_view command);  // CL608 and CL613 look at it

}  // namespace cairn::lint
