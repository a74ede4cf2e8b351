// time(), and times as values and as text.
#include "classad/functions.h"
#include "classad/times.h"

namespace cairn::classad {
namespace {

Value now(const Call& call) { return Value::integer(call.evaluator.scope().now_seconds); }

}  // namespace

void add_time_functions(Functions& functions) {
  functions.insert(functions.end(), {{"time", 0, 0, now}, {"currentTime", 0, 0, now}});
}

}  // namespace cairn::classad
