#include "verify/recording.h"

#include <algorithm>
#include <map>

#include "base/text.h"
#include "base/try.h"

namespace cairn::verify {
namespace {

Result<Recording> record_stretch(Study& study, int stretch, std::vector<int> boundaries,
                                 bool data) {
  Recording recording;
  recording.stretch = stretch;
  recording.before = study.begin_of(stretch);
  std::sort(boundaries.begin(), boundaries.end());
  CAIRN_TRY(Life life, live(study.lab,
                            study.once(stretch,
                                       [&](ExecutionOrder& execution) {
                                         execution.watch_files = true;
                                         execution.record_data = data;
                                         execution.snapshots = boundaries;
                                       }),
                            study.stop));
  if (life.stretches.empty()) return recording;
  recording.events = std::move(life.stretches.front().execution.events);
  recording.snapshots = std::move(life.stretches.front().execution.snapshots);
  return recording;
}

}  // namespace

const Event* Recording::event_at(int boundary) const {
  const auto event = std::find_if(events.begin(), events.end(),
                                  [&](const Event& one) { return one.boundary == boundary; });
  return event == events.end() ? nullptr : &*event;
}

const Event* Recording::change_before(int boundary) const {
  const Event* last = nullptr;
  for (const Event& event : events) {
    if (event.boundary >= boundary) break;
    if (changes_files(event)) last = &event;
  }
  return last;
}

std::vector<Recording> record(Study& study, Property property, const std::vector<CutPoint>& points,
                              bool data) {
  std::map<int, std::vector<int>> by_stretch;
  std::vector<int> order;  // as the points want it
  for (const CutPoint& point : points) {
    auto& boundaries = by_stretch[point.stretch];
    if (boundaries.empty()) order.push_back(point.stretch);
    boundaries.push_back(point.boundary);
  }
  std::vector<Recording> recordings;
  study.crew.run(
      order.size(),
      [&](std::size_t i) {
        auto recording = record_stretch(study, order[i], by_stretch[order[i]], data);
        if (!recording) return study.note_error(recording.error());
        const std::lock_guard lock(study.mutex);
        recordings.push_back(*std::move(recording));
      },
      [&](std::size_t begun) {
        study.announce(property, cat("recording ", begun + 1, " of ", order.size()), 0);
        return !study.stop;
      });
  return recordings;
}

std::string text_of(const Event& event) {
  const std::string name = seen_name(event.path);
  switch (event.call) {
    case Call::open:
      return cat(event.truncated ? "the open of " : "the creation of ", name,
                 event.truncated ? " that empties it" : "");
    case Call::write:
      return cat("a write to ", name);
    case Call::truncate:
      return cat("the cut of ", name, " to ", event.offset, " bytes");
    case Call::rename:
      return cat("the rename of ", name, " to ", seen_name(event.target));
    case Call::link:
      return cat("the link of ", name, " as ", seen_name(event.target));
    case Call::symlink:
      return cat("the symbolic link ", name);
    case Call::unlink:
      return cat("the removal of ", name);
    case Call::make_folder:
      return cat("the making of folder ", name);
    case Call::mode:
      return cat("a change of mode of ", name);
    case Call::sync:
      return cat("the sync of ", name);
    case Call::sync_disk:
      return "a sync of the whole disk";
    case Call::close:
      return cat("the close of ", name);
    case Call::exit:
      return "the exit";
  }
  return {};
}

}  // namespace cairn::verify
