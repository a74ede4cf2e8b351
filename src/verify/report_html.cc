#include <fmt/format.h>

#include "base/text.h"
#include "base/units.h"
#include "cairn/version.h"
#include "verify/report.h"
#include "verify/report_words.h"
#include "verify/timeline.h"

namespace cairn::verify {
namespace {

// Nothing is fetched and no script runs: the page says so itself, to the browser too.
constexpr std::string_view kHead =
    R"(<meta charset="utf-8"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"/>
<style>
:root { color-scheme: light dark;
  --paper: #fbfaf7; --card: #ffffff; --ink: #20262b; --dim: #67707a; --line: #e2dfd8;
  --good: #2c7a4b; --good-bar: #a9cdb6; --bad: #b4312a; --bad-bar: #eaaaa4; --idle: #8a8f96;
  --code: #f2f0ea; }
@media (prefers-color-scheme: dark) { :root {
  --paper: #16191c; --card: #1d2125; --ink: #e3e6e8; --dim: #98a1aa; --line: #30363c;
  --good: #6cc08b; --good-bar: #33553f; --bad: #f0837a; --bad-bar: #6d3733; --idle: #8b939b;
  --code: #262b30; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
main { max-width: 66rem; margin: 0 auto; padding: 3rem 1.5rem 4rem; }
h1 { font-size: 1.6rem; line-height: 1.3; font-weight: 600; margin: .35rem 0 1.6rem; text-wrap: balance; }
h2 { font-size: 1.1rem; font-weight: 600; margin: 3rem 0 .9rem; }
.above { color: var(--dim); font-size: .85rem; letter-spacing: .04em; margin: 0; }
code, .sides td { font: .86em/1.5 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
dl { display: grid; grid-template-columns: 7.8rem 1fr; gap: .35rem 1rem; margin: 0; align-items: baseline; }
dt { color: var(--dim); }
dd { margin: 0; min-width: 0; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; }
.properties td { padding: .55rem 1.2rem .55rem 0; border-top: 1px solid var(--line); vertical-align: baseline; }
.properties tr:last-child td { border-bottom: 1px solid var(--line); }
.properties td:nth-child(3) { width: 100%; overflow-wrap: anywhere; }
.properties small { display: block; color: var(--dim); }
.properties a { color: inherit; }
.name { font-weight: 600; white-space: nowrap; }
.badge { display: inline-block; min-width: 5.6rem; padding: .05rem .6rem; border: 1px solid; border-radius: 1rem;
  text-align: center; font-size: .8rem; font-weight: 600; white-space: nowrap; }
.pass { color: var(--good); } .fail { color: var(--bad); } .untested, .undecided { color: var(--idle); }
.fail.badge { color: var(--card); background: var(--bad); border-color: var(--bad); }
.flaw { background: var(--card); border: 1px solid var(--line); border-left: 4px solid var(--bad); border-radius: 6px;
  padding: 1.1rem 1.3rem; margin: 0 0 1rem; }
.flaw p { margin: 0 0 .9rem; font-weight: 600; overflow-wrap: anywhere; }
.sides { width: auto; margin: .2rem 0 .3rem; }
.sides td { padding: .1rem 1rem .1rem 0; vertical-align: top; white-space: pre-wrap; overflow-wrap: anywhere; }
.sides td:first-child { color: var(--dim); white-space: nowrap; }
.repeat { display: block; background: var(--code); border-radius: 4px; padding: .45rem .75rem;
  white-space: pre-wrap; overflow-wrap: anywhere; user-select: all; }
.scroll { overflow-x: auto; }
svg { display: block; width: 100%; min-width: 44rem; height: auto; font-size: 11px; }
svg text { fill: var(--ink); } svg .head { font-weight: 600; font-size: 12px; }
svg .label { text-anchor: end; fill: var(--dim); } svg .dim { fill: var(--dim); }
svg .tick { text-anchor: middle; fill: var(--dim); } svg .grid { stroke: var(--line); }
svg .good > rect { fill: var(--good-bar); } svg .bad > rect { fill: var(--bad-bar); } svg .bad > .label { fill: var(--bad); }
svg .start path { stroke: var(--card); stroke-width: 1.5; }
svg .checkpoint circle { fill: var(--good); }
svg .cut path { stroke: var(--bad); stroke-width: 1.8; fill: none; }
svg .end rect { fill: var(--ink); }
.legend { display: flex; flex-wrap: wrap; gap: .3rem 1.6rem; color: var(--dim); font-size: .85rem; margin: 0 0 .8rem; padding: 0; list-style: none; }
.legend svg { display: inline-block; width: 1.1rem; min-width: 0; height: .9rem; vertical-align: -.1rem; margin-right: .35rem; }
ul.notes { padding-left: 1.2rem; margin: 0; } ul.notes li { margin: .3rem 0; overflow-wrap: anywhere; }
footer { margin-top: 3.5rem; padding-top: .8rem; border-top: 1px solid var(--line); color: var(--dim); font-size: .85rem; }
@media (max-width: 40rem) { .properties tr { display: block; padding: .6rem 0; border-top: 1px solid var(--line); }
  .properties td { display: inline-block; border: 0 !important; padding: .1rem .8rem .1rem 0; }
  dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: .5rem; } }
@media print { body { background: none; } .flaw { break-inside: avoid; } }
</style>
)";

constexpr std::string_view kLegend =
    R"(<ul class="legend">
<li><svg viewBox="-8 -6 16 12"><g class="good"><rect x="-8" y="-4" width="16" height="8" rx="2"/></g></svg>a run</li>
<li><svg viewBox="-8 -6 16 12"><g class="bad"><rect x="-8" y="-4" width="16" height="8" rx="2"/></g></svg>one that went wrong</li>
<li><svg viewBox="-8 -6 16 12"><g class="checkpoint"><circle r="3.5"/></g></svg>checkpoint</li>
<li><svg viewBox="-8 -6 16 12"><g class="cut"><path d="M-4 -4L4 4M4 -4L-4 4"/></g></svg>cut off</li>
<li><svg viewBox="-8 -6 16 12"><g class="end"><rect x="-1.5" y="-6" width="3" height="12"/></g></svg>end</li>
</ul>
)";

std::string badge(Verdict verdict) {
  return fmt::format("<span class=\"badge {}\">{}</span>", name_of(verdict), word_for(verdict));
}

std::string fact(std::string_view label, std::string_view what) {
  if (what.empty()) return {};
  return fmt::format("<dt>{}</dt><dd>{}</dd>\n", label, escaped(what));
}

std::string code_fact(std::string_view label, std::string_view what) {
  if (what.empty()) return {};
  return fmt::format("<dt>{}</dt><dd><code class=\"repeat\">{}</code></dd>\n", label,
                     escaped(what));
}

std::string top(const Findings& findings, const std::string& date) {
  return cat("<p class=\"above\">cairn verify</p>\n<h1 class=\"", name_of(findings.overall), "\">",
             escaped(conclusion(findings)), "</h1>\n<dl>\n", fact("job", findings.job),
             fact("date", date), code_fact("command", findings.command),
             fact("seed", std::to_string(findings.seed)), fact("level", findings.level),
             fact("kept", findings.kept), "</dl>\n");
}

std::string row(const Finding& finding) {
  std::string name = escaped(name_of(finding.property));
  if (!finding.flaws.empty()) name = fmt::format("<a href=\"#{0}\">{0}</a>", name);
  return fmt::format("<tr><td class=\"name\">{}</td><td>{}</td><td>{}<small>{}</small></td></tr>\n",
                     name, badge(finding.verdict), escaped(finding.evidence),
                     escaped(question_of(finding.property)));
}

std::string properties(const Findings& findings) {
  if (findings.findings.empty()) return {};
  std::string rows;
  for (const Finding& finding : findings.findings) rows += row(finding);
  return cat("<h2>Properties</h2>\n<table class=\"properties\">\n", rows, "</table>\n");
}

std::string side(std::string_view label, const std::string& line) {
  return fmt::format("<tr><td>{}</td><td>{}</td></tr>\n", label,
                     line.empty() ? "(nothing)" : escaped(line));
}

std::string differs(const Difference& difference) {
  std::string rows;
  if (!difference.reference.empty() || !difference.candidate.empty())
    rows = side("reference", difference.reference) + side("here", difference.candidate);
  for (const std::string& line : difference.twice) rows += side("twice", line);
  for (const std::string& line : difference.missing) rows += side("missing", line);
  if (!rows.empty()) rows = cat("<table class=\"sides\">\n", rows, "</table>\n");
  return cat("<dt>first difference</dt><dd>", escaped(difference.file),
             difference.where.empty() ? "" : ", ", escaped(difference.where), rows, "</dd>\n");
}

std::string block(const Flaw& flaw) {
  return cat("<div class=\"flaw\">\n<p>", escaped(flaw.seen), "</p>\n<dl>\n",
             flaw.difference ? differs(*flaw.difference) : "", fact("likely cause", flaw.cause),
             fact("what to do", flaw.advice), code_fact("to repeat it", flaw.repeat),
             "</dl>\n</div>\n");
}

std::string failures(const Findings& findings) {
  std::string text;
  for (const Finding& finding : findings.findings) {
    if (finding.flaws.empty()) continue;
    text += fmt::format("<h2 id=\"{0}\">{0}: {1}</h2>\n", name_of(finding.property),
                        escaped(question_of(finding.property)));
    for (const Flaw& flaw : finding.flaws) text += block(flaw);
  }
  return text;
}

std::string timeline(const Findings& findings) {
  if (findings.timeline.empty()) return {};
  return cat("<h2>Timeline</h2>\n", kLegend, "<div class=\"scroll\">\n",
             timeline_svg(findings.timeline), "</div>\n");
}

std::string notes(const Findings& findings) {
  std::string items;
  for (const Finding& finding : findings.findings)
    for (const std::string& remark : finding.remarks)
      items += cat("<li><span class=\"name\">", name_of(finding.property), "</span> ",
                   escaped(remark), "</li>\n");
  for (const std::string& note : findings.notes) items += cat("<li>", escaped(note), "</li>\n");
  if (items.empty()) return {};
  return cat("<h2>Worth knowing</h2>\n<ul class=\"notes\">\n", items, "</ul>\n");
}

}  // namespace

// Well-formed XML too, so that any parser can check it.
std::string to_html(const Findings& findings, const std::string& date) {
  return cat("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n", kHead,
             "<title>cairn verify: ", name_of(findings.overall), ", ", escaped(findings.job),
             "</title>\n</head>\n<body>\n<main>\n", top(findings, date), properties(findings),
             failures(findings), timeline(findings), notes(findings),
             "<footer>Made by cairn " CAIRN_VERSION_STRING
             ". This page needs nothing else: no script, no network.</footer>\n</main>\n</body>\n"
             "</html>\n");
}

}  // namespace cairn::verify
