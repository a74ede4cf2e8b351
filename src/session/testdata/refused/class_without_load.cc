// expect: this type cannot be copied as bytes
#include <cairn/session.h>
class Account {
 public:
  std::string owner;

 private:
  int i = 0;
};

void protect(cairn::Session& session) {
  Account object;
  session.protect("object", object);
}
