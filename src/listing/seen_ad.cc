#include "listing/seen_ad.h"

#include <algorithm>

#include "base/try.h"
#include "classad/literal.h"

namespace cairn::listing {
namespace {

constexpr std::size_t kKnownMax = 10'000;  // parsed expressions that are kept

// Calls `see(name, expression)` for each line until it says false.
template <class See>
void each_line(std::string_view text, See see) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::size_t equals = line.find(" = ");
    if (equals == std::string_view::npos) continue;
    if (!see(line.substr(0, equals), line.substr(equals + 3))) return;
  }
}

// The last one: what jobs share stands before what is a job's own.
std::optional<std::string_view> find_line(std::string_view text, std::string_view name) {
  std::optional<std::string_view> found;
  each_line(text, [&](std::string_view each, std::string_view expression) {
    if (equal_ignoring_case(each, name)) found = expression;
    return true;
  });
  return found;
}

}  // namespace

int htcondor_status(JobState state) {
  switch (state) {
    case JobState::idle:
      return 1;
    case JobState::running:
    case JobState::spooling:
    case JobState::vacating:
    case JobState::saving:
    case JobState::evicting:
      return 2;
    case JobState::removed:
      return 3;
    case JobState::completed:
      return 4;
    case JobState::held:
      return 5;
    case JobState::finishing:
      return 6;
  }
  return 0;
}

// The row wins: it is what the engine acts on.
SeenAd::SeenAd(const JobRow& row) : live_(row.live), ad_(row.ad) {
  const JobRecord& job = row.record;
  row_["ClusterId"] = cat(job.id.cluster);
  row_["ProcId"] = cat(job.id.proc);
  row_["JobStatus"] = cat(htcondor_status(job.state));
  row_["CairnState"] = classad::quote_string(to_text(job.state));
  if (job.last_checkpoint) row_["CheckpointNumber"] = cat(*job.last_checkpoint);
  if (job.hold) {
    row_["HoldReason"] = classad::quote_string(job.hold->reason);
    row_["HoldReasonCode"] = cat(job.hold->code);
    row_["HoldReasonSubCode"] = cat(job.hold->subcode);
  }
  if (job.exit) {
    row_["ExitBySignal"] = job.exit->by_signal ? "true" : "false";
    row_[job.exit->by_signal ? "ExitSignal" : "ExitCode"] =
        cat(job.exit->by_signal ? job.exit->signal : job.exit->code);
  }
}

std::optional<std::string_view> SeenAd::find(std::string_view name) const {
  if (const auto found = row_.find(name); found != row_.end()) return found->second;
  if (const auto found = find_line(live_, name)) return found;
  return find_line(ad_, name);
}

std::optional<std::string> SeenAd::get_string(std::string_view name) const {
  const auto expression = find(name);
  return expression ? classad::unquote_string(*expression) : std::nullopt;
}

std::optional<std::int64_t> SeenAd::get_integer(std::string_view name) const {
  const auto expression = find(name);
  return expression ? parse_integer(*expression) : std::nullopt;
}

std::string SeenAd::text() const {
  std::map<std::string, std::string, LessIgnoringCase> all;
  for (const std::string_view layer : {ad_, live_})
    each_line(layer, [&](std::string_view name, std::string_view expression) {
      all.insert_or_assign(std::string(name), std::string(expression));
      return true;
    });
  for (const auto& [name, expression] : row_) all.insert_or_assign(name, expression);
  std::string text;
  for (const auto& [name, expression] : all) text += cat(name, " = ", expression, "\n");
  return text;
}

Question::Question(std::string text, classad::Expression expression)
    : text_(std::move(text)), expression_(std::move(expression)) {
  const std::vector<std::string> calls = expression_.calls();
  wants_all_ = std::any_of(calls.begin(), calls.end(), [](const std::string& name) {
    return equal_ignoring_case(name, "eval") || equal_ignoring_case(name, "unparse");
  });
}

Result<Question> Question::parse(std::string_view text) {
  CAIRN_TRY(classad::Expression expression, classad::Expression::parse(text));
  return Question(std::string(text), std::move(expression));
}

const classad::Expression* Question::parsed(std::string_view expression) {
  std::string text(expression);
  if (const auto found = known_.find(text); found != known_.end()) return &found->second;
  if (known_.size() >= kKnownMax) known_.clear();
  auto tree = classad::Expression::parse(text);
  // What cannot be parsed is as good as not there.
  return &known_.emplace(std::move(text), tree ? *std::move(tree) : classad::Expression())
              .first->second;
}

classad::Value Question::ask(const SeenAd& seen, std::int64_t now_seconds) {
  classad::Ad ad;
  if (wants_all_) {
    for (const std::string_view layer : {seen.ad_, seen.live_})
      each_line(layer, [&](std::string_view name, std::string_view expression) {
        ad.set(name, *parsed(expression));
        return true;
      });
    for (const auto& [name, expression] : seen.row_) ad.set(name, *parsed(expression));
  } else {
    std::vector<classad::Reference> wanted = expression_.references();
    while (!wanted.empty()) {
      const std::string name = std::move(wanted.back().name);
      wanted.pop_back();
      if (ad.find(name) != nullptr) continue;
      const auto expression = seen.find(name);
      if (!expression) continue;
      const classad::Expression tree = *parsed(*expression);
      ad.set(name, tree);
      for (classad::Reference& reference : tree.references())
        wanted.push_back(std::move(reference));
    }
  }
  return classad::evaluate(expression_, {.my = &ad, .now_seconds = now_seconds});
}

}  // namespace cairn::listing
