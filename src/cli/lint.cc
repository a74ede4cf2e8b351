// cairn lint: what is wrong with a job before it runs.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "base/try.h"
#include "cli/lint_input.h"
#include "cli/verb.h"
#include "lint/lint.h"

namespace cairn::cli {
namespace {

using Json = nlohmann::ordered_json;
using lint::Finding;
using lint::Findings;
using lint::Severity;

constexpr const char* kFooter =
    "Exit status: 0 no errors; 1 errors (with --strict: warnings too); 2 wrong usage, or no such "
    "file.\n"
    "Example: cairn lint sweep.sub --pool-version 8.9.7";

struct Choices {
  std::string file;
  std::string explain;
  std::string pool_version;
  std::vector<std::string> disabled;
  bool json = false, strict = false, quiet = false;
};

void print(const Findings& findings, const std::string& file) {
  for (const Finding& finding : findings.list) {
    std::cout << finding.headline() << '\n';
    if (!finding.fix.empty()) std::cout << "    " << finding.fix << '\n';
  }
  const auto errors = findings.count(Severity::error), warnings = findings.count(Severity::warning),
             hints = findings.count(Severity::hint);
  if (findings.list.empty())
    std::cout << file << ": nothing to say\n";
  else
    std::cout << fmt::format(
        "{} error{}, {} warning{}, {} hint{}; cairn lint --explain {} says more\n", errors,
        errors == 1 ? "" : "s", warnings, warnings == 1 ? "" : "s", hints, hints == 1 ? "" : "s",
        findings.list.front().code);
}

// docs/cli.md has the keys.
Json to_json(const Findings& findings, const std::string& file,
             const std::optional<lint::PoolVersion>& pool) {
  Json json = {{"file", file},
               {"pool_version", nullptr},
               {"errors", findings.count(Severity::error)},
               {"warnings", findings.count(Severity::warning)},
               {"hints", findings.count(Severity::hint)},
               {"findings", Json::array()}};
  if (pool) json["pool_version"] = lint::to_text(*pool);
  for (const Finding& finding : findings.list)
    json["findings"].push_back({{"code", finding.code},
                                {"severity", lint::to_text(finding.severity)},
                                {"file", finding.file},
                                {"line", finding.line},
                                {"text", finding.text},
                                {"fix", finding.fix}});
  return json;
}

Status check_codes(const std::vector<std::string>& codes) {
  for (const std::string& code : codes)
    if (!lint::is_check(code)) return lint::explain(code).error();
  return {};
}

int lint_file(const Choices& choices) {
  std::vector<std::string> disabled;
  for (const std::string& list : choices.disabled)
    for (std::string& code : split_list(list)) disabled.push_back(std::move(code));
  if (auto known = check_codes(disabled); !known) return refuse(known.error());
  auto input = lint_input(choices.file, choices.pool_version);
  if (!input) return refuse(input.error());
  input->disabled = std::move(disabled);
  const Findings findings = lint::lint(*input);
  if (choices.json)  // names may be any bytes
    std::cout << to_json(findings, choices.file, input->pool)
                     .dump(2, ' ', false, Json::error_handler_t::replace)
              << '\n';
  else if (!choices.quiet)
    print(findings, choices.file);
  const bool is_bad =
      findings.has_errors() || (choices.strict && findings.count(Severity::warning) > 0);
  return is_bad ? kNotOk : kOk;
}

int explain(const std::string& code) {
  const auto page = lint::explain(code);
  if (!page) return refuse(page.error());
  std::cout << *page;
  return kOk;
}

std::function<int()> declare(CLI::App& app, const std::vector<std::string>&) {
  const auto choices = std::make_shared<Choices>();
  app.add_option("FILE", choices->file, "The submit file");
  app.add_option(
      "--pool-version", choices->pool_version,
      "The pool's HTCondor, as 8.9.7; default: what condor_version says, if it is in PATH");
  app.add_option("--disable", choices->disabled,
                 "A code that is not wanted; may be repeated, or a list: CL219,CL209");
  app.add_flag("--strict", choices->strict, "Warnings count as errors");
  app.add_flag("--json", choices->json, "The findings as JSON");
  app.add_flag("--quiet", choices->quiet, "Print nothing: the exit status says it");
  app.add_option("--explain", choices->explain,
                 "Say what a code means, with a wrong and a right example");
  return [choices] {
    if (!choices->explain.empty()) return explain(choices->explain);
    if (choices->file.empty())
      return refuse(Error{Errc::invalid, "nothing to lint", 0, "name a submit file"});
    return lint_file(*choices);
  };
}

}  // namespace

const Verb kLint = {"lint", "Says what is wrong with a job before it runs", kFooter, false,
                    declare};

}  // namespace cairn::cli
