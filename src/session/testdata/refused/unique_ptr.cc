// expect: a smart pointer cannot be protected
#include <cairn/session.h>

void protect(cairn::Session& session) {
  std::unique_ptr<int> object;
  session.protect("object", object);
}
