// `cairn wrap`: the same as the static program cairn-wrap.
#include "wrap/command_line.h"

#include "cli/verb.h"

namespace cairn::cli {

const Verb kWrap = {"wrap", wrap::kSummary, wrap::kFooter, false, wrap::declare};

}  // namespace cairn::cli
