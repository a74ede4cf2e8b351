// The check for hidden pointers must not refuse what has none.
#include <cairn/session.h>

struct Cell {
  double value[3][2];
  char name[16];
  std::array<std::uint16_t, 4> flags;
  bool live : 1;
  bool fixed : 1;
};
struct Base {
  int i;
};
struct Derived : Base {
  float f;
};
union Word {
  std::uint64_t whole;
  std::uint8_t bytes[8];
};
struct Everything {
  Cell cells[2];
  Derived derived;
  Word word;
  struct {
    long double x;
  } unnamed;
  std::optional<int> perhaps;
  std::variant<int, float> either;
  enum class Kind { a, b } kind;
};
struct Large {
  double field[1000];
  int count;
};
struct Empty {};
class Hidden {
 public:
  Hidden() = default;

 private:
  int i_ = 0;
};

void protect(cairn::Session& session) {
  Cell cell{};
  Derived derived{};
  Word word{};
  Everything everything{};
  Large large{};
  Empty empty;
  Hidden hidden;
  std::vector<Cell> cells;
  Cell grid[4][5] = {};
  session.protect("cell", cell);
  session.protect("derived", derived);
  session.protect("word", word);
  session.protect("everything", everything);
  session.protect("large", large);
  session.protect("empty", empty);
  session.protect("hidden", hidden);
  session.protect("cells", cells);
  session.protect("grid", grid);
  session.protect("span", std::span(cells));
}
