// A submit file whose program is run by cairn-wrap.  Pure: the text of the one gives the text of
// the other; macros, conditions and queue statements stay as they are.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cairn/result.h"
#include "job/arguments.h"

namespace cairn {

struct WrapRequest {
  std::string wrapper;                 // path of cairn-wrap
  Arguments options;                   // of cairn-wrap
  std::vector<std::string> inputs;     // of cairn-wrap, besides the program
  std::vector<std::string> transfers;  // with each checkpoint: its folder, output files
  int exit_code = 77;
};

// What a submit file says of its program, as it is written: macros are not expanded.
struct ProgramLines {
  std::string executable;
  Arguments arguments;
};
// Errors: invalid (no executable; quotes that do not match).
Result<ProgramLines> program_lines(std::string_view text);

// `executable`, `arguments` and `transfer_input_files` become macros of other names, and before the
// first `queue` stand those of the wrapper, made of them.
// Errors: invalid: the job has a checkpoint_exit_code already; it has no executable, or sets it
// anew after the first queue; its arguments have quotes in the old syntax.
Result<std::string> wrapped_text(std::string_view text, const WrapRequest& request);

}  // namespace cairn
