// The options of `cairn wrap`, for both of its programs.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cairn/result.h"

namespace CLI {
class App;
}

namespace cairn::wrap {

// Declares the options.  Returns what to do once they are read: its result is the exit status, or
// it does not return, because a signal that killed the program kills this process, too.
//   program  what stands behind "--"
std::function<int()> declare(CLI::App& app, const std::vector<std::string>& program);

// What a job transfers with each checkpoint: the checkpoints' folder, and the output files.
//   options  of cairn-wrap, as words
//   program  name and arguments, for the placeholders of names
// Errors: invalid, as the program itself would say; also for an output file with * ? [, since
// no transfer list takes such.
Result<std::vector<std::string>> files_to_transfer(std::vector<std::string> options,
                                                   const std::vector<std::string>& program);

// The file of a recipe that is not built in, absolute; nothing: it is.  Errors: not_found.
Result<std::optional<std::string>> recipe_file(const std::string& name);

// CLI11 takes "-cpi state.cpt" after --resume-args for an option of its own: joined by a '=' it
// does not.
std::vector<std::string> join_dashed_values(std::vector<std::string> words);

extern const char* const kSummary;
extern const char* const kFooter;

}  // namespace cairn::wrap
