#include "job/match.h"

#include <algorithm>

#include "base/text.h"
#include "base/try.h"
#include "job/policy.h"
#include "job/reference.h"

namespace cairn {
namespace {

class Filler {
 public:
  Filler(const JobAd& job, const classad::Ad& machine, std::int64_t now_seconds)
      : job_(job), machine_(machine), now_seconds_(now_seconds), filled_(job) {}

  Result<JobAd> fill();

 private:
  Result<std::string> fill_text(std::string_view text, std::string_view attribute);
  Result<std::string> value_of(const MatchReference& reference, std::string_view attribute);
  classad::Scope scope();

  const JobAd& job_;
  const classad::Ad& machine_;
  std::int64_t now_seconds_;
  JobAd filled_;
  classad::Ad my_;
  bool my_is_made_ = false;
};

classad::Scope Filler::scope() {
  if (!my_is_made_) my_ = to_classad(job_);
  my_is_made_ = true;
  return {.my = &my_, .target = &machine_, .now_seconds = now_seconds_, .random_seed = 0};
}

Result<JobAd> Filler::fill() {
  for (const auto& [name, expression] : job_.attributes()) {
    if (expression.find("$$(") == std::string::npos || name == "Requirements" || name == "Rank")
      continue;
    CAIRN_TRY(const std::string text, fill_text(expression, name));
    filled_.set(name, text);
    if (text != expression) filled_.set(cat("MATCH_EXP_", name), text);
  }
  return std::move(filled_);
}

Result<std::string> Filler::fill_text(std::string_view text, std::string_view attribute) {
  std::string filled;
  std::size_t at = 0;
  while (const auto reference = next_match_reference(text, at)) {
    filled += text.substr(at, reference->start - at);
    if (equal_ignoring_case(reference->name, "CondorScratchDir")) {
      filled += text.substr(reference->start, reference->end - reference->start);
    } else {
      CAIRN_TRY(const std::string value, value_of(*reference, attribute));
      filled += value;
    }
    at = reference->end;
  }
  return filled + std::string(text.substr(at));
}

Result<std::string> Filler::value_of(const MatchReference& reference, std::string_view attribute) {
  if (equal_ignoring_case(reference.name, "DOLLARDOLLAR")) return std::string("$$");
  classad::Value value;
  if (!reference.expression.empty()) {
    const auto expression = classad::Expression::parse(reference.expression);
    if (!expression)
      return Error{
          Errc::invalid,
          cat(attribute, ": $$([", reference.expression, "]): ", expression.error().message), 0,
          "correct the expression in the submit file"};
    value = classad::evaluate(*expression, scope());
  } else if (const auto* const found = machine_.find(reference.name)) {
    classad::Scope on_machine = scope();
    on_machine.my = &machine_;
    on_machine.target = &my_;
    value = classad::evaluate(*found, on_machine);
  }
  if (value.is_undefined() || value.is_error()) {
    if (!reference.has_fallback)
      return Error{
          Errc::invalid,
          cat("Cannot expand $$ expression (",
              reference.expression.empty() ? reference.name : cat("[", reference.expression, "]"),
              ")."),
          0, "give a default, $$(Name:default)"};
    filled_.set_string(cat("MATCH_", reference.name), reference.fallback);
    return std::string(reference.fallback);
  }
  if (reference.expression.empty()) filled_.set(cat("MATCH_", reference.name), value.text());
  return value.plain_text();
}

// "Memory is 24105"; of attributes that the machine does not have: "it has no GPUs".
std::string findings(const classad::Expression& part, const classad::Scope& scope) {
  std::vector<std::string> found;
  for (const classad::Reference& reference : part.references()) {
    const bool of_job = reference.scope != classad::RefScope::target && scope.my != nullptr &&
                        scope.my->find(reference.name) != nullptr;
    if (reference.scope == classad::RefScope::my || of_job) {
      const classad::Value value = classad::evaluate(reference.name, scope);
      found.push_back(cat("the job's ", reference.name, " is ", value.text()));
      continue;
    }
    classad::Scope there = scope;
    std::swap(there.my, there.target);
    found.push_back(
        there.my->find(reference.name) == nullptr
            ? cat("the machine has no ", reference.name)
            : cat(reference.name, " is ", classad::evaluate(reference.name, there).text()));
  }
  return join(found, ", ");
}

// What Requirements look at, directly or not; the rest of an ad need not be parsed.
struct Asked {
  classad::Ad ad;
  RequirementsUse use;
};

Asked asked_of(const JobAd& job) {
  Asked asked{.ad = {}, .use = {.names = {"Requirements"}}};
  std::vector<std::string>& names = asked.use.names;
  for (std::size_t at = 0; at < names.size(); ++at) {
    const auto text = job.get(names[at]);
    if (!text) continue;
    const auto expression = classad::Expression::parse(*text);
    if (!expression) continue;
    asked.ad.set(names[at], *expression);
    for (const std::string& call : expression->calls()) {
      const auto is = [&call](std::string_view name) { return equal_ignoring_case(call, name); };
      asked.use.changes =
          asked.use.changes || is("time") || is("random") || is("formatTime") || is("eval");
      // It may look at anything.
      if (is("eval") || is("unparse")) asked.ad = to_classad(job);
    }
    for (const classad::Reference& reference : expression->references()) {
      asked.use.changes = asked.use.changes || equal_ignoring_case(reference.name, "CurrentTime");
      const bool known = std::any_of(names.begin(), names.end(), [&](const std::string& name) {
        return equal_ignoring_case(name, reference.name);
      });
      if (reference.scope != classad::RefScope::target && !known) names.push_back(reference.name);
    }
  }
  return asked;
}

}  // namespace

std::optional<std::string> unmet_requirement(const JobAd& job, const classad::Ad& machine,
                                             std::int64_t now_seconds) {
  const auto text = job.get("Requirements");
  if (!text) return std::nullopt;
  const classad::Ad my = asked_of(job).ad;
  const classad::Scope scope{
      .my = &my, .target = &machine, .now_seconds = now_seconds, .random_seed = 0};
  if (classad::evaluate("Requirements", scope).holds()) return std::nullopt;
  const classad::Expression* const whole = my.find("Requirements");
  if (whole == nullptr) return cat(*text, " is no expression");
  for (const classad::Expression& part : whole->conjuncts()) {
    const classad::Value value = classad::evaluate(part, scope);
    if (value.holds()) continue;
    const std::string found = findings(part, scope);
    return cat(part.text(), " is ", value.text(), found.empty() ? "" : ": ", found);
  }
  return cat(whole->text(), " does not hold");
}

RequirementsUse requirements_use(const JobAd& job) { return asked_of(job).use; }

bool asks_for_match(const JobAd& job) {
  const auto& attributes = job.attributes();
  return std::any_of(attributes.begin(), attributes.end(),
                     [](const auto& each) { return each.second.find("$$(") != std::string::npos; });
}

Result<JobAd> fill_in_match(const JobAd& job, const classad::Ad& machine,
                            std::int64_t now_seconds) {
  return Filler(job, machine, now_seconds).fill();
}

}  // namespace cairn
