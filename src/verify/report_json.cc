#include <nlohmann/json.hpp>

#include "verify/report.h"

namespace cairn::verify {
namespace {

using Json = nlohmann::ordered_json;  // the keys as docs/cli.md has them

double seconds(std::chrono::milliseconds time) {
  return std::chrono::duration<double>(time).count();
}

Json to_json(const Difference& difference) {
  return {{"file", difference.file},           {"where", difference.where},
          {"reference", difference.reference}, {"candidate", difference.candidate},
          {"twice", difference.twice},         {"missing", difference.missing}};
}

Json to_json(const Flaw& flaw) {
  return {{"seen", flaw.seen},
          {"difference", flaw.difference ? to_json(*flaw.difference) : Json()},
          {"cause", flaw.cause},
          {"repeat", flaw.repeat},
          {"advice", flaw.advice}};
}

Json to_json(const Finding& finding) {
  const Flaw clearest = finding.flaws.empty() ? Flaw() : finding.flaws.front();
  Json flaws = Json::array();
  for (const Flaw& flaw : finding.flaws) flaws.push_back(to_json(flaw));
  return {{"name", name_of(finding.property)},  {"verdict", name_of(finding.verdict)},
          {"evidence", finding.evidence},       {"cause", clearest.cause},
          {"repeat", clearest.repeat},          {"advice", clearest.advice},
          {"flaws", std::move(flaws)},          {"remarks", finding.remarks},
          {"seconds", seconds(finding.elapsed)}};
}

}  // namespace

std::string to_json(const Findings& findings) {
  Json properties = Json::array();
  for (const Finding& finding : findings.findings) properties.push_back(to_json(finding));
  const Json report = {{"verdict", name_of(findings.overall)},
                       {"why", findings.undecided_why},
                       {"job", findings.job},
                       {"command", findings.command},
                       {"seed", findings.seed},
                       {"level", findings.level},
                       {"properties", std::move(properties)},
                       {"notes", findings.notes},
                       {"seconds", seconds(findings.elapsed)},
                       {"kept", findings.kept}};
  // Names and lines of output may be any bytes.
  return report.dump(2, ' ', false, Json::error_handler_t::replace) + '\n';
}

}  // namespace cairn::verify
