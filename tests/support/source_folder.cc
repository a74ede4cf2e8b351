#include "support/source_folder.h"

namespace cairn::testing {

std::string source_folder() { return CAIRN_SOURCE_DIR; }

}  // namespace cairn::testing
