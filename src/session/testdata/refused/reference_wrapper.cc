// expect: a view or reference
#include <cairn/session.h>

void protect(cairn::Session& session) {
  int i = 0;
  std::reference_wrapper<int> object(i);
  session.protect("object", object);
}
