// expect: a const object cannot be protected
#include <cairn/session.h>

void protect(cairn::Session& session) {
  const double object = 1;
  session.protect("object", object);
}
