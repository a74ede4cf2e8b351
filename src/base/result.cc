#include "cairn/result.h"

namespace cairn::detail {

void raise(Error error) { throw Failure(std::move(error)); }

}  // namespace cairn::detail
