#include "verify/timeline.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/units.h"
#include "verify/report_words.h"

namespace cairn::verify {
namespace {

using std::chrono::milliseconds;
using Kind = TrialBar::Mark::Kind;

// In the drawing's own units; the page scales it.
constexpr double kWidth = 960, kLabel = 150, kRight = 20;
constexpr double kRow = 16, kBar = 8, kHead = 28, kAxis = 22;

double seconds(milliseconds time) { return std::chrono::duration<double>(time).count(); }

milliseconds end_of(const std::vector<TrialBar>& trials) {
  milliseconds end{1};
  for (const TrialBar& trial : trials) {
    end = std::max(end, trial.to);
    for (const TrialBar::Mark& mark : trial.marks) end = std::max(end, mark.at);
  }
  return end;
}

// 1, 2 or 5 times a power of ten, so that there are at most ten steps.
double tick_seconds(double whole) {
  const double power = std::pow(10, std::floor(std::log10(whole / 10)));
  for (const double step : {1, 2, 5})
    if (step * power * 10 >= whole) return step * power;
  return 10 * power;
}

std::string_view name_of(Kind kind) {
  static constexpr std::array<std::string_view, 4> kNames = {"start", "checkpoint", "cut", "end"};
  return kNames.at(static_cast<std::size_t>(kind));
}

class Drawing {
 public:
  explicit Drawing(milliseconds end) : end_(end) {}

  void property(Property property, std::size_t trials, std::size_t drawn) {
    y_ += kHead;
    std::string note = fmt::format("{} trial{}", trials, trials == 1 ? "" : "s");
    if (drawn < trials) note += fmt::format(", {} good ones not drawn", trials - drawn);
    body_ += fmt::format(
        "<text class=\"head\" x=\"0\" y=\"{0:.1f}\">{1}</text>"
        "<text class=\"dim\" x=\"{2}\" y=\"{0:.1f}\">{3}</text>\n",
        y_ - 7, verify::name_of(property), kLabel, note);
  }

  void trial(const TrialBar& trial) {
    const double middle = y_ + kRow / 2;
    body_ += fmt::format(
        "<g class=\"{}\"><title>{}: {:.3f} s to {:.3f} s{}</title>"
        "<text class=\"label\" x=\"{}\" y=\"{:.1f}\">{}</text>"
        "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{}\" rx=\"2\"/></g>",
        trial.good ? "good" : "bad", escaped(trial.label), seconds(trial.from), seconds(trial.to),
        trial.good ? "" : ", FAIL", kLabel - 10, middle + 4, escaped(shortened(trial.label)),
        x(trial.from), middle - kBar / 2, std::max(x(trial.to) - x(trial.from), 1.5), kBar);
    for (const bool starts : {true, false})  // the gaps of the restarts lie below the rest
      for (const TrialBar::Mark& mark : trial.marks)
        if ((mark.kind == Kind::start) == starts) draw(mark, middle);
    body_ += '\n';
    y_ += kRow;
  }

  std::string take() {
    const double bottom = y_ + 4;
    const double height = bottom + kAxis;
    std::string grid;
    const double step = tick_seconds(seconds(end_));
    for (int i = 0; i * step <= seconds(end_); ++i) {
      const double at = x(milliseconds(std::llround(i * step * 1000)));
      grid += fmt::format(
          "<line class=\"grid\" x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1}\" y2=\"{2:.1f}\"/>"
          "<text class=\"tick\" x=\"{0:.1f}\" y=\"{3:.1f}\">{4:g} s</text>\n",
          at, 6, bottom, bottom + 15, i * step);
    }
    return fmt::format(
        "<svg viewBox=\"0 0 {} {:.1f}\" role=\"img\" aria-label=\"Timeline of runs and cuts\">\n"
        "{}{}</svg>\n",
        kWidth, height, grid, body_);
  }

 private:
  double x(milliseconds at) const {
    return kLabel + (kWidth - kLabel - kRight) * seconds(at) / seconds(end_);
  }

  static std::string shortened(const std::string& label) {
    constexpr std::size_t kLetters = 22;
    if (label.size() <= kLetters) return label;
    return label.substr(0, kLetters - 1) + "\xE2\x80\xA6";  // an ellipsis
  }

  void draw(const TrialBar::Mark& mark, double middle) {
    const std::string_view kind = name_of(mark.kind);
    const std::string text = fmt::format("{} at {:.3f} s{}{}", kind, seconds(mark.at),
                                         mark.text.empty() ? "" : ": ", mark.text);
    body_ += fmt::format("<g class=\"{}\" transform=\"translate({:.1f} {:.1f})\"><title>{}</title>",
                         kind, x(mark.at), middle, escaped(text));
    body_ += mark_shape(mark.kind);
    body_ += "</g>";
  }

  // Told apart by shape, not by colour alone.
  static std::string_view mark_shape(Kind kind) {
    switch (kind) {
      case Kind::start:
        return "<path d=\"M0 -4V4\"/>";
      case Kind::checkpoint:
        return "<circle r=\"2.6\"/>";
      case Kind::cut:
        return "<path d=\"M-3.5 -3.5L3.5 3.5M3.5 -3.5L-3.5 3.5\"/>";
      case Kind::end:
        break;
    }
    return "<rect x=\"-1.2\" y=\"-6\" width=\"2.4\" height=\"12\"/>";
  }

  milliseconds end_;
  double y_ = 0;
  std::string body_;
};

}  // namespace

std::vector<std::size_t> drawn_trials(const std::vector<TrialBar>& trials, std::size_t rows) {
  std::vector<bool> drawn(trials.size());
  std::vector<std::size_t> others;
  std::vector<bool> seen(kProperties);
  for (std::size_t i = 0; i < trials.size(); ++i) {
    const auto property = static_cast<std::size_t>(trials[i].property);
    drawn[i] = !trials[i].good || !seen.at(property);
    seen[property] = true;
    if (!drawn[i]) others.push_back(i);
  }
  const auto taken = static_cast<std::size_t>(std::count(drawn.begin(), drawn.end(), true));
  const std::size_t room = std::min(rows > taken ? rows - taken : 0, others.size());
  for (std::size_t i = 0; i < room; ++i) drawn[others[i * others.size() / room]] = true;
  std::vector<std::size_t> result;
  for (std::size_t i = 0; i < trials.size(); ++i)
    if (drawn[i]) result.push_back(i);
  return result;
}

std::string timeline_svg(const std::vector<TrialBar>& trials) {
  if (trials.empty()) return {};
  std::vector<std::size_t> drawn = drawn_trials(trials, kTimelineRows);
  std::array<std::size_t, kProperties> all{}, shown{};
  const auto number = [&](std::size_t i) { return static_cast<std::size_t>(trials[i].property); };
  for (std::size_t i = 0; i < trials.size(); ++i) ++all.at(number(i));
  for (const std::size_t i : drawn) ++shown.at(number(i));
  std::stable_sort(drawn.begin(), drawn.end(), [&](std::size_t left, std::size_t right) {
    return number(left) < number(right);
  });
  Drawing drawing(end_of(trials));
  for (std::size_t k = 0; k < drawn.size(); ++k) {
    const std::size_t property = number(drawn[k]);
    if (k == 0 || number(drawn[k - 1]) != property)
      drawing.property(static_cast<Property>(property), all.at(property), shown.at(property));
    drawing.trial(trials[drawn[k]]);
  }
  return drawing.take();
}

}  // namespace cairn::verify
