// Assertions that stay on in every build.  They say a sentence, because the
// reader is often a user whose call was wrong, not one of us.
#pragma once

#include <string_view>

namespace cairn {

[[noreturn]] void fail_assertion(std::string_view sentence, const char* file, int line);

}  // namespace cairn

// CAIRN_ASSERT(generation > last_generation, "generations only grow");
#define CAIRN_ASSERT(condition, sentence) \
  ((condition) ? (void)0 : ::cairn::fail_assertion((sentence), __FILE__, __LINE__))
