// expect: a view or reference
#include <cairn/session.h>

void protect(cairn::Session& session) {
  std::string_view object;
  session.protect("object", object);
}
