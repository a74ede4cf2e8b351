// Where the sources are.  A function and not a macro: the tests' objects are then the same for
// every checkout, and ccache finds those of another.
#pragma once

#include <string>

namespace cairn::testing {

std::string source_folder();  // absolute, without a '/' at its end

}  // namespace cairn::testing
