// expect: a pointer cannot be protected
#include <cairn/session.h>

void protect(cairn::Session& session) {
  std::vector<double*> object;
  session.protect("object", object);
}
