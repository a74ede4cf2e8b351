// expect: a pointer cannot be protected
#include <cairn/session.h>

void protect(cairn::Session& session) {
  double* object[3] = {};
  session.protect("object", object);
}
