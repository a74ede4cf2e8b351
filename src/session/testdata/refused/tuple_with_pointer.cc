// expect: a pointer cannot be protected
#include <cairn/session.h>

void protect(cairn::Session& session) {
  std::tuple<int, const char*> object;
  session.protect("object", object);
}
