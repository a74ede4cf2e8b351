// expect: a const object cannot be protected
#include <cairn/session.h>

void protect(cairn::Session& session) {
  const int memory[2] = {};
  std::span object(memory);
  session.protect("object", object);
}
