// expect: a struct with a pointer or view in it
#include <cairn/session.h>
struct Named {
  int i;
  std::string_view name;
};

void protect(cairn::Session& session) {
  Named object{};
  session.protect("object", object);
}
