// expect: a pointer cannot be protected
#include <cairn/session.h>
struct S {
  int i;
};

void protect(cairn::Session& session) {
  int S::*object = nullptr;
  session.protect("object", object);
}
