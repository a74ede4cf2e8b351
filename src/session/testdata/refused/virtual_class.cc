// expect: a class with virtual functions cannot be protected
#include <cairn/session.h>
struct Shape {
  virtual ~Shape() = default;
  int sides = 0;
};

void protect(cairn::Session& session) {
  Shape object;
  session.protect("object", object);
}
