#include "verify/report.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <regex>

#include "support/golden.h"
#include "verify/report_words.h"
#include "verify/timeline.h"

namespace cairn::verify {
namespace {

using namespace std::chrono_literals;
using testing::expect_golden;
using Json = nlohmann::json;
using Mark = TrialBar::Mark;

Finding finding(Property property, Verdict verdict, std::string evidence) {
  Finding result;
  result.property = property;
  result.verdict = verdict;
  result.evidence = std::move(evidence);
  result.elapsed = 1200ms;
  return result;
}

Finding killed() {
  Finding result = finding(Property::killed, Verdict::fail, "2 of 40 cuts gave another result");
  Difference difference;
  difference.file = "results.csv";
  difference.where = "line 17";
  difference.reference = "3,0.25";
  difference.candidate = "3,0.5";
  result.flaws.push_back(
      {.seen = "killed at cut 17, before write 3 of state.dat: it ended with another result",
       .difference = difference,
       .cause = "the checkpoint is overwritten in place, so a kill leaves half of it",
       .repeat = "cairn verify sweep.sub --only killed --cut 17 --seed 5",
       .advice = "write to another name, sync it, then rename it"});
  result.flaws.push_back({.seen = "killed at cut 31: it restarts without end",
                          .difference = {},
                          .cause = {},
                          .repeat = "cairn verify sweep.sub --only killed --cut 31 --seed 5",
                          .advice = {}});
  return result;
}

Finding outputs_once() {
  Finding result = finding(Property::outputs_once, Verdict::fail, "log.txt has 2 lines twice");
  Difference difference;
  difference.file = "log.txt";
  difference.where = "line 4";
  difference.twice = {"line 4: step 3 done", "line 6: step 4 done"};
  difference.missing = {"line 9: step 6 done"};
  result.flaws.push_back({.seen = "after a restart lines stand there twice",
                          .difference = difference,
                          .cause = "what is appended after the last checkpoint is appended again",
                          .repeat = "cairn verify sweep.sub --only outputs_once --seed 5",
                          .advice = "cut the file to its length at the checkpoint"});
  return result;
}

std::vector<TrialBar> trials() {
  TrialBar whole{.property = Property::reference,
                 .label = "undisturbed",
                 .good = true,
                 .from = 0ms,
                 .to = 3200ms,
                 .marks = {{1000ms, Mark::Kind::checkpoint, "checkpoint 1"},
                           {2100ms, Mark::Kind::checkpoint, "checkpoint 2"},
                           {3200ms, Mark::Kind::end, "exit code 0"}}};
  TrialBar cut{.property = Property::killed,
               .label = "cut 17",
               .good = false,
               .from = 3300ms,
               .to = 4700ms,
               .marks = {{3300ms, Mark::Kind::start, ""},
                         {3900ms, Mark::Kind::cut, "before write 3 of state.dat"},
                         {4700ms, Mark::Kind::end, "another result"}}};
  return {whole, cut};
}

// What the forms have to bring across.
Findings failing() {
  Findings findings;
  findings.overall = Overall::fail;
  findings.job = "sweep.sub, job 0 of 3: ./sweep 0 20000";
  findings.command = "cairn verify sweep.sub";
  findings.seed = 5;
  findings.level = "standard";
  findings.findings.push_back(
      finding(Property::reference, Verdict::pass, "ended by itself after 3.2 s, 2 checkpoints"));
  findings.findings.back().remarks.push_back(
      "every checkpoint exit restarts the program: what goes wrong at each restart is not seen; "
      "give --reference-args");
  findings.findings.push_back(finding(Property::sufficient, Verdict::pass, "moved 2 times"));
  findings.findings.push_back(killed());
  findings.findings.push_back(finding(Property::foreign, Verdict::untested,
                                      "there is no other job; give --other 'ARGUMENTS'"));
  findings.findings.push_back(outputs_once());
  findings.timeline = trials();
  findings.notes = {"no user namespaces here: /tmp and the home are shared"};
  findings.elapsed = 34s;
  findings.kept = "/tmp/cairn-verify-3f2a11";
  return findings;
}

Findings undecided() {
  Findings findings;
  findings.undecided_why = "ptrace is not allowed here; allow it.";
  findings.job = "one.sub: ./one";
  findings.findings.push_back(finding(Property::reference, Verdict::untested, "not reached"));
  return findings;
}

// Bytes that break forms: of XML, of UTF-8, of a terminal, of a line.
constexpr std::string_view kHostile =
    "<a href=\"x\">&amp;]]> \x1b[2J\x01 \xFF\xC3 \xED\xA0\x80 'q'\ttab\xEF\xBF\xBF";

Findings hostile() {
  Findings findings = failing();
  const std::string text(kHostile);
  findings.job = findings.command = findings.kept = findings.level = text;
  findings.notes = {text};
  for (Finding& one : findings.findings) {
    one.evidence = text;
    one.remarks = {text};
    for (Flaw& flaw : one.flaws) {
      flaw.seen = flaw.cause = flaw.repeat = flaw.advice = text;
      flaw.difference = Difference{text, text, text, text, {text}, {text}};
    }
  }
  for (TrialBar& trial : findings.timeline) {
    trial.label = text;
    for (Mark& mark : trial.marks) mark.text = text;
  }
  return findings;
}

// What is wrong with the nesting of tags and with the text between them; empty: nothing.
std::string fault_of_markup(std::string text) {
  if (valid_utf8(text) != text) return "not UTF-8";
  text = std::regex_replace(text, std::regex("<\\?xml.*?\\?>|<!DOCTYPE html>|<style>[^<]*</style>"),
                            "");
  static const std::regex token(
      "<(/?)([a-z][a-z0-9-]*)((?: "
      "[a-zA-Z-]+[0-9]?=\"[^\"<]*\")*)(/?)>|[^<>&\\x00-\\x08\\x0b-\\x1f]+|"
      "&(?:amp|lt|gt|quot|#39);");
  std::vector<std::string> open;
  std::size_t at = 0;
  for (std::sregex_iterator i(text.begin(), text.end(), token), end; i != end; ++i) {
    if (static_cast<std::size_t>(i->position()) != at) break;
    at += static_cast<std::size_t>(i->length());
    const std::string name = (*i)[2];
    if (name.empty() || (*i)[4] == "/") continue;
    if ((*i)[1] != "/") {
      open.push_back(name);
    } else if (open.empty() || open.back() != name) {
      return "</" + name + "> closes nothing";
    } else {
      open.pop_back();
    }
  }
  if (at != text.size()) return "stray: " + text.substr(at, 40);
  return open.empty() ? "" : "<" + open.back() + "> is not closed";
}

// ---- names

TEST(Finding, NamesOfPropertiesAreReadBack) {
  for (int i = 0; i < kProperties; ++i) {
    const auto property = static_cast<Property>(i);
    EXPECT_EQ(parse_property(name_of(property)), property);
    EXPECT_TRUE(question_of(property).ends_with('?'));
  }
  EXPECT_EQ(parse_property("kiled"), std::nullopt);
  EXPECT_EQ(name_of(Property::power_cut), "power_cut");
}

// ---- text

TEST(TextReport, SaysAll) {
  expect_golden("src/verify/testdata/report.txt", to_text(failing(), false, 72));
}

TEST(TextReport, ColoursOnlyWhenAsked) {
  EXPECT_EQ(to_text(failing(), false, 0).find('\x1b'), std::string::npos);
  const std::string coloured = to_text(failing(), true, 72);
  EXPECT_NE(coloured.find("\x1b[1;31mFAIL\x1b[0m"), std::string::npos);
  EXPECT_EQ(std::regex_replace(coloured, std::regex("\x1b\\[[0-9;]*m"), ""),
            to_text(failing(), false, 72));
}

TEST(TextReport, BreaksNoCommandThatIsToBeCopied) {
  EXPECT_NE(to_text(failing(), false, 30)
                .find("cairn verify sweep.sub --only killed --cut 17 --seed 5\n"),
            std::string::npos);
}

TEST(TextReport, EndsWithTheVerdict) {
  Findings findings = failing();
  EXPECT_TRUE(
      to_text(findings, false, 0)
          .ends_with(
              "\nThe job is not safe to be cut off: killed, outputs_once failed (34.0 s).\n"));
  EXPECT_TRUE(to_text(undecided(), false, 0)
                  .ends_with("\nUndecided: ptrace is not allowed here; allow it.\n"));
}

TEST(TextReport, CallsAJobSurvivingOnlyIfItWasMovedAndKilled) {
  Findings findings;
  findings.overall = Overall::pass;
  findings.findings = {finding(Property::reference, Verdict::pass, ""),
                       finding(Property::sufficient, Verdict::pass, ""),
                       finding(Property::foreign, Verdict::untested, "")};
  EXPECT_EQ(conclusion(findings),
            "What was tried holds: reference, sufficient; not tested: foreign.");
  findings.findings.push_back(finding(Property::killed, Verdict::pass, ""));
  EXPECT_EQ(conclusion(findings),
            "The job survives being cut off: 3 properties hold; not tested: foreign.");
}

TEST(TextReport, MovesNoCursor) {
  const std::string text = to_text(hostile(), false, 80);
  for (const char letter : text)
    ASSERT_TRUE(letter == '\n' || (letter != '\x7f' && static_cast<unsigned char>(letter) >= 0x20));
  EXPECT_EQ(valid_utf8(text), text);
}

TEST(Wrapped, KeepsToTheWidthAndLosesNoWord) {
  EXPECT_EQ(wrapped("one two three four five six seven", 4, 24),
            "one two three four\n    five six seven");
  EXPECT_EQ(wrapped("one two", 4, 0), "one two");
  EXPECT_EQ(wrapped("a-word-that-is-longer-than-the-line end", 0, 20),
            "a-word-that-is-longer-than-the-line\nend");
  EXPECT_EQ(wrapped("one\ntwo", 2, 80), "one\n  two");
  EXPECT_EQ(wrapped("", 2, 80), "");
}

// ---- JSON

TEST(JsonReport, SaysAll) { expect_golden("src/verify/testdata/report.json", to_json(failing())); }

TEST(JsonReport, HasEveryKeyAlsoWhenThereIsNothingToSay) {
  const Json report = Json::parse(to_json(Findings()));
  for (const char* key : {"verdict", "why", "job", "command", "seed", "level", "properties",
                          "notes", "seconds", "kept"})
    EXPECT_TRUE(report.contains(key)) << key;
  const Json property = Json::parse(to_json(undecided())).at("properties").at(0);
  for (const char* key : {"evidence", "cause", "repeat", "advice"})
    EXPECT_TRUE(property.at(key).is_string()) << key;
}

TEST(JsonReport, TakesAnyBytes) {
  const Json report = Json::parse(to_json(hostile()));
  EXPECT_EQ(report.at("properties").size(), 5U);
}

// ---- JUnit

TEST(JunitReport, SaysAll) { expect_golden("src/verify/testdata/report.xml", to_junit(failing())); }

TEST(JunitReport, IsRedWhenUndecided) {
  const std::string text = to_junit(undecided());
  EXPECT_NE(text.find("tests=\"2\" failures=\"0\" errors=\"1\" skipped=\"1\""), std::string::npos);
  EXPECT_NE(text.find("<error message=\"ptrace is not allowed here"), std::string::npos);
}

TEST(JunitReport, IsWellFormedWhateverTheNames) {
  EXPECT_EQ(fault_of_markup(to_junit(hostile())), "");
  EXPECT_EQ(fault_of_markup(to_junit(undecided())), "");
}

// ---- HTML

TEST(HtmlReport, SaysAll) {
  expect_golden("src/verify/testdata/report.html", to_html(failing(), "2026-11-22 20:15 CET"));
}

TEST(HtmlReport, IsWellFormedWhateverTheNames) {
  EXPECT_EQ(fault_of_markup(to_html(hostile(), "today")), "");
  EXPECT_EQ(fault_of_markup(to_html(Findings(), "today")), "");
}

TEST(HtmlReport, NeedsNothingElse) {
  const std::string page = to_html(failing(), "today");
  for (const char* part : {"<script", "http://", "https://", "url(", "@import", "<link", "<img"})
    EXPECT_EQ(page.find(part), std::string::npos) << part;
}

// The canary: markup that is broken is seen.
TEST(Markup, OfAPageThatIsBrokenIsRefused) {
  for (const char* broken :
       {"<p>", "</p>", "<p><b></p></b>", "a < b", "a & b", "<p x=\"<\"></p>", "\x01", "\xFF"})
    EXPECT_NE(fault_of_markup(broken), "") << broken;
  EXPECT_EQ(fault_of_markup("<p>a &amp; b<br/></p>"), "");
}

// ---- timeline

TEST(Timeline, ThinsOutGoodTrialsAndKeepsTheBadOnes) {
  std::vector<TrialBar> many(500);
  for (std::size_t i = 0; i < many.size(); ++i) {
    many[i].property = i < 3 ? Property::reference : Property::killed;
    many[i].good = i % 100 != 50;
  }
  const auto drawn = drawn_trials(many, 60);
  EXPECT_EQ(drawn.size(), 60U);
  EXPECT_TRUE(std::is_sorted(drawn.begin(), drawn.end()));
  for (const std::size_t always : {0U, 3U, 50U, 150U, 250U, 350U, 450U})
    EXPECT_TRUE(std::find(drawn.begin(), drawn.end(), always) != drawn.end()) << always;
  EXPECT_EQ(drawn_trials({many.begin(), many.begin() + 60}, 60).size(), 60U);
  const std::string svg = timeline_svg(many);
  EXPECT_NE(svg.find("497 trials, 439 good ones not drawn"), std::string::npos);
}

TEST(Timeline, IsEmptyWithoutTrials) { EXPECT_EQ(timeline_svg({}), ""); }

}  // namespace
}  // namespace cairn::verify
