// expect: deleted
#include <cairn/session.h>

void protect(cairn::Session& session) {
  auto object = [] { return 1; };
  (void)object;
  session.protect("temporary", 1);
}
