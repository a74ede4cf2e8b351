// Where to cut: pure.
//
// A cut is worth a trial where the files have just changed; and one of each kind is worth more
// than a hundred of one kind.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "verify/execution.h"

namespace cairn::verify {

struct CutPoint {
  int number = 0;    // among all boundaries of the watched run, from 1
  int stretch = 0;   // the execution, from 0
  int boundary = 0;  // in it
  std::string kind;  // two cuts of one kind stand between the same calls on the same files
  friend bool operator==(const CutPoint&, const CutPoint&) = default;
};

// Did the call change what the folder holds?
bool changes_files(const Event& event);

// The points where a kill leaves something else than one boundary before.
//   stretches  the events of each execution
std::vector<CutPoint> cut_points(const std::vector<const std::vector<Event>*>& stretches);

// At most `limit` of them: first one of each kind, from the middle stretches, then a second of
// each, …; drawn with `seed`.
std::vector<CutPoint> spread(std::vector<CutPoint> points, std::size_t limit, std::uint64_t seed);

// So many of `count` stretches: the middle one, the last, the first, then evenly between.
std::vector<int> chosen_stretches(int count, int limit);

// A moment: in which execution, and after which part of its time.
struct Moment {
  int stretch = 0;
  double part = 0;  // 0 to 1
};
std::vector<Moment> moments(int stretches, int count, std::uint64_t seed);

// The files and folders that become part of a checkpoint: those in it, and those renamed into it.
//   names  in the sandbox, of what a checkpoint holds
std::vector<std::string> checkpoint_paths(const std::vector<Event>& events,
                                          const std::vector<std::string>& names);
// Is `path` one of them, or in one?
bool is_among(const std::string& path, const std::vector<std::string>& paths);

std::vector<std::string> lines_of(const std::string& text);
// "state-000017.tmp" -> "state-#.tmp"
std::string skeleton(const std::string& text);
// The glob of all lines that differ from this one in nothing but their numbers.
std::string glob_of_line(const std::string& line);

}  // namespace cairn::verify
