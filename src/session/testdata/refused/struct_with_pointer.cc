// expect: a struct with a pointer or view in it
#include <cairn/session.h>
struct Grid {
  int rows;
  double* data;
};

void protect(cairn::Session& session) {
  Grid object{};
  session.protect("object", object);
}
