// What a machine's folder held at chosen boundaries of one execution.
#pragma once

#include <vector>

#include "cairn/result.h"
#include "verify/plan.h"
#include "verify/study.h"

namespace cairn::verify {

struct Recording {
  int stretch = 0;
  Image before;  // when the execution began
  std::vector<Event> events;
  std::vector<Snapshot> snapshots;

  // The call at a boundary; null if the program came to no such boundary this time.
  const Event* event_at(int boundary) const;
  // The last call before it that changed files.
  const Event* change_before(int boundary) const;
};

// Runs each execution that has points once more, from where the undisturbed run began it.
//   data  record what was written, too
// A recording that could not be made is noted in the study and left out.
std::vector<Recording> record(Study& study, Property property, const std::vector<CutPoint>& points,
                              bool data);

// "the write of 100 bytes to state.dat", "the rename of state.tmp to state.dat"
std::string text_of(const Event& event);

}  // namespace cairn::verify
