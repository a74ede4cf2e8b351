// expect: a view or reference
#include <cairn/session.h>

void protect(cairn::Session& session) {
  std::vector<std::span<int>> object;
  session.protect("object", object);
}
