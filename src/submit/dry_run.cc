#include "submit/dry_run.h"

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "classad/expression.h"

namespace cairn {
namespace {

using Json = nlohmann::ordered_json;

std::string lines(const JobAd& ad) {
  std::string text;
  for (const auto& [name, expression] : ad.attributes())
    if (name != "ProcId" && name != "JobStatus") text += cat(name, "=", expression, "\n");
  return text;
}

Json to_json(const std::string& expression) {
  const auto parsed = classad::Expression::parse(expression);
  const classad::Value* const value = parsed ? parsed->as_literal() : nullptr;
  if (value != nullptr) {
    if (const auto* const text = value->as_string()) return *text;
    if (const auto* const number = value->as_integer()) return *number;
    if (const auto* const number = value->as_real()) return *number;
    if (const auto* const truth = value->as_boolean()) return *truth;
    if (value->is_undefined()) return nullptr;
  }
  return cat("/Expr(", expression, ")/");
}

}  // namespace

void print_dry_run(const Submission& submission,
                   const std::function<void(std::string_view)>& print) {
  for (const SubmittedCluster& cluster : submission.clusters)
    for (std::size_t proc = 0; proc < cluster.changes.size(); ++proc) {
      const JobAd changes = JobAd::parse(cluster.changes[proc]).value();
      const auto status = changes.get("JobStatus");
      print(
          cat("\n", proc == 0 ? lines(cluster.ad) : std::string(), lines(changes), "ProcId=", proc,
              "\nJobStatus=", status ? *status : cluster.ad.get("JobStatus").value_or("1"), "\n"));
    }
}

void print_json(const Submission& submission, const std::function<void(std::string_view)>& print) {
  const char* before = "[\n";
  for (const SubmittedCluster& cluster : submission.clusters)
    for (std::size_t proc = 0; proc < cluster.changes.size(); ++proc) {
      Json object = Json::object();
      const JobAd ad = cluster.job(proc);
      for (const auto& [name, expression] : ad.attributes()) object[name] = to_json(expression);
      print(cat(before, object.dump(2, ' ', false, Json::error_handler_t::replace)));
      before = ",\n";
    }
  print(*before == '[' ? "[]\n" : "\n]\n");
}

}  // namespace cairn
