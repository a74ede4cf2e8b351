#include "submit/match.h"

#include "base/text.h"
#include "base/try.h"
#include "submit/reference.h"

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
  if (!my_is_made_)
    for (const auto& [name, text] : job_.attributes())
      if (auto expression = classad::Expression::parse(text)) my_.set(name, *std::move(expression));
  my_is_made_ = true;
  return {.my = &my_, .target = &machine_, .now_seconds = now_seconds_, .random_seed = 0};
}

Result<JobAd> Filler::fill() {
  for (const auto& [name, expression] : job_.attributes()) {
    if (expression.find("$$(") == std::string::npos || name == "Requirements" || name == "Rank")
      continue;
    CAIRN_TRY(const std::string text, fill_text(expression, name));
    filled_.set(name, text);
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
    if (reference.has_fallback) return std::string(reference.fallback);
    const std::string what = reference.expression.empty() ? cat("$$(", reference.name, ")")
                                                          : cat("$$([", reference.expression, "])");
    return Error{Errc::invalid, cat(attribute, ": the machine has nothing for ", what), 0,
                 "give a default, $$(Name:default)"};
  }
  const std::string text = value.plain_text();
  if (reference.expression.empty()) {
    filled_.set_string(cat("MATCH_EXP_", reference.name), text);
    filled_.set(cat("MATCH_", reference.name), value.text());
  }
  return text;
}

}  // namespace

Result<JobAd> fill_in_match(const JobAd& job, const classad::Ad& machine,
                            std::int64_t now_seconds) {
  return Filler(job, machine, now_seconds).fill();
}

}  // namespace cairn
