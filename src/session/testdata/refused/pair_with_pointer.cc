// expect: a pointer cannot be protected
#include <cairn/session.h>

void protect(cairn::Session& session) {
  std::pair<int, char*> object;
  session.protect("object", object);
}
