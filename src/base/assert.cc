#include "base/assert.h"

#include <cstdio>
#include <cstdlib>

namespace cairn {

void fail_assertion(std::string_view sentence, const char* file, int line) {
  std::fprintf(stderr, "cairn: %.*s (%s:%d)\n", static_cast<int>(sentence.size()), sentence.data(),
               file, line);
  std::abort();
}

}  // namespace cairn
