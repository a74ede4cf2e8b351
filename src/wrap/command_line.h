// The options of `cairn wrap`, for both of its programs.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace cairn::wrap {

// Declares the options.  Returns what to do once they are read: its result is the exit status, or
// it does not return, because a signal that killed the program kills this process, too.
//   program  what stands behind "--"
std::function<int()> declare(CLI::App& app, const std::vector<std::string>& program);

// CLI11 takes "-cpi state.cpt" after --resume-args for an option of its own: joined by a '=' it
// does not.
std::vector<std::string> join_dashed_values(std::vector<std::string> words);

extern const char* const kSummary;
extern const char* const kFooter;

}  // namespace cairn::wrap
