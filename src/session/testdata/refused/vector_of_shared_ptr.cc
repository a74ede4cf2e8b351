// expect: a smart pointer cannot be protected
#include <cairn/session.h>

void protect(cairn::Session& session) {
  std::vector<std::shared_ptr<int>> object;
  session.protect("object", object);
}
