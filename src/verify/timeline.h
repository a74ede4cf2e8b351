// The timeline of a verification as a drawing: one row per trial, by property.
#pragma once

#include <string>
#include <vector>

#include "verify/finding.h"

namespace cairn::verify {

// Rows beyond this many are thinned out; those that went wrong stay.
inline constexpr std::size_t kTimelineRows = 60;

// Which trials are drawn: all that went wrong, the first of each property, and of the others
// as many as there is room for, evenly.  In order.
std::vector<std::size_t> drawn_trials(const std::vector<TrialBar>& trials, std::size_t rows);

// An <svg> element; the page has the colours of its classes.  Empty if there is no trial.
std::string timeline_svg(const std::vector<TrialBar>& trials);

}  // namespace cairn::verify
