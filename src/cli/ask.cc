// `cairn hold`, `release`, `vacate` and `remove`: what people ask of jobs.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <map>
#include <memory>

#include "base/try.h"
#include "cli/look.h"
#include "cli/requests.h"
#include "cli/verb.h"
#include "listing/json.h"
#include "listing/table.h"

namespace cairn::cli {
namespace {

#define CAIRN_ASK_FOOTER               \
  "Asking twice is as good as once.\n" \
  "Exit status: 0; 1 for some job it makes no sense, and is said; 2 wrong usage, no such job.\n"

// More jobs than that are counted, not listed.
constexpr std::size_t kListedMax = 20;

struct Choices {
  JobSelection selection;
  Request what = Request::hold;
  std::string reason;
  bool fast = false, json = false;
};

void print_json(const std::vector<Answer>& answers) {
  auto rows = nlohmann::ordered_json::array();
  for (const Answer& answer : answers)
    rows.push_back(
        {{"job", to_text(answer.id)}, {"makes_sense", answer.makes_sense}, {"text", answer.text}});
  std::cout << listing::dump({{"jobs", std::move(rows)}});
}

// What makes no sense goes to stderr, as every "no" does.
void print(const std::vector<Answer>& answers) {
  if (answers.size() <= kListedMax) {
    for (const Answer& answer : answers) {
      const std::string line = fmt::format("job {} {}", to_text(answer.id), answer.text);
      if (answer.makes_sense)
        std::cout << listing::printable(line) << '\n';
      else
        complain(line);
    }
    return;
  }
  struct Same {
    std::size_t jobs = 0;
    const Answer* first = nullptr;
  };
  std::map<std::tuple<int, bool, std::string>, Same> counted;
  for (const Answer& answer : answers) {
    const std::string text = answer.text.substr(0, answer.text.find(';'));
    Same& same = counted[{answer.id.cluster, answer.makes_sense, text}];
    if (same.jobs++ == 0) same.first = &answer;
  }
  for (const auto& [key, same] : counted) {
    const auto& [cluster, makes_sense, text] = key;
    const std::string line =
        same.jobs == 1 ? fmt::format("job {} {}", to_text(same.first->id), text)
                       : fmt::format("cluster {}: {} jobs: each {}", cluster, same.jobs, text);
    if (makes_sense)
      std::cout << listing::printable(line) << '\n';
    else
      complain(line);
  }
}

Result<int> ask(const Choices& choices) {
  CAIRN_TRY(Look look, Look::open());
  std::vector<JobId> ids;
  // Each job once, whatever the words.
  std::map<JobId, bool> known;
  JobSelection selection = choices.selection;
  selection.all = false;  // means those that are not over, as no choice at all does
  CAIRN_CHECK(look.each(selection, false, false, [&](JobRow&& row) {
    if (known.emplace(row.record.id, true).second) ids.push_back(row.record.id);
    return true;
  }));
  std::vector<Answer> answers;
  if (!ids.empty()) {
    CAIRN_TRY(answers, request(look.home(), choices.what, ids, choices.reason));
  }
  if (choices.json)
    print_json(answers);
  else if (ids.empty())
    std::cout << "no job is selected\n";
  else
    print(answers);
  const bool sense = std::all_of(answers.begin(), answers.end(),
                                 [](const Answer& answer) { return answer.makes_sense; });
  return sense ? kOk : kNotOk;
}

int run(const Choices& choices) {
  if (choices.selection.empty())
    return refuse(Error{Errc::misuse, fmt::format("{} which jobs?", to_text(choices.what)), 0,
                        "name them: 12.3, 12, a batch, --constraint, or --all"});
  return exit_status(ask(choices));
}

std::shared_ptr<Choices> declare_common(CLI::App& app, Request what) {
  auto choices = std::make_shared<Choices>();
  choices->what = what;
  declare_selection(app, choices->selection, "All jobs that are not over");
  app.add_flag("--json", choices->json, "As one JSON object");
  return choices;
}

std::function<int()> declare_with_reason(CLI::App& app, Request what) {
  const auto choices = declare_common(app, what);
  app.add_option("--reason", choices->reason, "Why, for the job's log");
  return [choices] { return run(*choices); };
}

std::function<int()> declare_hold(CLI::App& app, const std::vector<std::string>&) {
  return declare_with_reason(app, Request::hold);
}
std::function<int()> declare_release(CLI::App& app, const std::vector<std::string>&) {
  return declare_with_reason(app, Request::release);
}
std::function<int()> declare_remove(CLI::App& app, const std::vector<std::string>&) {
  return declare_with_reason(app, Request::remove);
}
std::function<int()> declare_vacate(CLI::App& app, const std::vector<std::string>&) {
  const auto choices = declare_common(app, Request::vacate);
  app.add_flag("--fast", choices->fast, "Kill it, do not ask it to save");
  return [choices] {
    if (choices->fast) choices->what = Request::vacate_fast;
    return run(*choices);
  };
}

}  // namespace

const Verb kHold = {"hold", "Keeps jobs from running, until they are released",
                    CAIRN_ASK_FOOTER "Example: cairn hold 12.3 --reason 'disk is full'", false,
                    declare_hold};
const Verb kRelease = {"release", "Lets held jobs run again",
                       CAIRN_ASK_FOOTER "Example: cairn release --held -c 'HoldReasonCode == 12'",
                       false, declare_release};
const Verb kRemove = {"remove", "Ends jobs for good, with their checkpoints",
                      CAIRN_ASK_FOOTER "Example: cairn remove sweep", false, declare_remove};
const Verb kVacate = {"vacate", "Makes running jobs leave; they go on from their checkpoints",
                      CAIRN_ASK_FOOTER "Example: cairn vacate 12.3 --fast", false, declare_vacate};

}  // namespace cairn::cli
