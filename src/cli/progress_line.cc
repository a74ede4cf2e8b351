#include "cli/progress_line.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <iostream>

#include "base/units.h"
#include "verify/report_words.h"

namespace cairn::cli {
namespace {

constexpr const char* kErase = "\r\x1b[K";
constexpr std::chrono::milliseconds kBetween(100);  // smoother than that nobody can read

std::string text_of(const verify::Progress& progress) {
  std::string text =
      fmt::format("{:3.0f} %  {}", 100 * progress.fraction, name_of(progress.property));
  if (!progress.doing.empty()) text += ": " + verify::printable(progress.doing);
  if (progress.left.count() > 0) text += ", " + format_duration(progress.left) + " left";
  return text;
}

}  // namespace

int columns_of(int terminal) {
  if (::isatty(terminal) == 0) return 0;
  winsize window{};
  return ::ioctl(terminal, TIOCGWINSZ, &window) == 0 && window.ws_col > 0 ? window.ws_col : 80;
}

ProgressLine::ProgressLine(bool is_wanted) : columns_(is_wanted ? columns_of(STDERR_FILENO) : 0) {}

ProgressLine::~ProgressLine() {
  if (is_drawn_) std::cerr << kErase << std::flush;
}

void ProgressLine::show(const verify::Progress& progress) {
  if (columns_ == 0) return;
  const std::lock_guard lock(mutex_);
  const auto now = std::chrono::steady_clock::now();
  if (is_drawn_ && now - drawn_at_ < kBetween) return;
  is_drawn_ = true;
  drawn_at_ = now;
  std::cerr << kErase << text_of(progress).substr(0, static_cast<std::size_t>(columns_ - 1))
            << std::flush;
}

}  // namespace cairn::cli
