// Flaw: the table made at the first start is kept in table.cache, which is not in
// transfer_checkpoint_files; where it is missing the program goes on with zeros.
#include <fstream>
#include "careful.h"

struct State {
  uint64_t step, value;
};

int main(int argc, char** argv) {
  if (argc != 3) refuse("usage: %s STEPS SEED", argv[0]);
  const uint64_t steps = strtoull(argv[1], nullptr, 10);
  uint64_t table[16] = {};
  State state{0, strtoull(argv[2], nullptr, 10)};
  if (!restore("state.dat", &state, sizeof state, argv)) {
    for (uint64_t i = 0; i < 16; ++i) table[i] = work(i);
    publish("table.cache", table, sizeof table);
  }
  std::ifstream("table.cache", std::ios::binary).read(reinterpret_cast<char*>(table), sizeof table);
  while (state.step < steps) {
    state.value = work(state.value ^ table[state.step % 16]);
    if (++state.step % 10 == 0 && state.step < steps) {
      save("state.dat", &state, sizeof state, argv);
      return kLeave;
    }
  }
  char line[64];
  const int bytes = sprintf(line, "%llu\n", static_cast<unsigned long long>(state.value));
  publish("results.csv", line, static_cast<size_t>(bytes));
  return 0;
}
