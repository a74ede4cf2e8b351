// expect: a pointer cannot be protected
#include <cairn/session.h>

void protect(cairn::Session& session) {
  std::map<int, int*> object;
  session.protect("object", object);
}
