// expect: a pointer cannot be protected
#include <cairn/session.h>

void protect(cairn::Session& session) {
  std::optional<int*> object;
  session.protect("object", object);
}
