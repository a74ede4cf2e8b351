// What `cairn run` shows: one live line per job on a terminal, one plain line per
// event elsewhere, and at the end where the wall time went.
#pragma once

#include <iosfwd>
#include <memory>
#include <string>
#include <vector>

#include "engine/engine.h"

namespace cairn::cli {

enum class ViewKind { live, plain, quiet };

// live if `terminal`, a descriptor, is one.
std::unique_ptr<Observer> make_view(ViewKind kind, std::ostream& out, int terminal);

// "12.0  running    checkpoint 7    43 %   goodput 96 %   12 s"
std::string status_line(const JobStatus& job);

// The table of wall time, one row per job and a total, with a newline at its end.
std::string wall_time_table(const std::vector<JobStatus>& jobs);

// The same facts as JSON (docs/cli.md has the keys).
std::string report_json(const RunResult& result, int cluster);

}  // namespace cairn::cli
