// expect: a pointer cannot be protected
#include <cairn/session.h>

void protect(cairn::Session& session) {
  double* object = nullptr;
  session.protect("object", object);
}
