// expect: a view or reference
#include <cairn/session.h>

void protect(cairn::Session& session) {
  std::vector<std::string_view> views;
  std::span object(views);
  session.protect("object", object);
}
