// expect: a struct with a pointer or view in it
#include <cairn/session.h>
struct Grid {
  int rows[2];
  struct {
    double* data;
  } inner;
};

void protect(cairn::Session& session) {
  std::vector<Grid> object;
  session.protect("object", object);
}
