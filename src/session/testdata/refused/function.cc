// expect: a function cannot be protected
#include <cairn/session.h>

void protect(cairn::Session& session) {
  std::function<void()> object;
  session.protect("object", object);
}
