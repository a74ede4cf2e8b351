// Flaw: the checkpoint does not say whose it is; another job's is accepted.
#include "careful.h"

struct State {
  uint64_t step, value, sum;
};

int main(int argc, char** argv) {
  if (argc != 3) refuse("usage: %s STEPS SEED", argv[0]);
  const uint64_t steps = strtoull(argv[1], nullptr, 10);
  State state{0, strtoull(argv[2], nullptr, 10), 0};
  char* nobody[] = {argv[0], nullptr};
  restore("state.dat", &state, sizeof state, nobody);
  while (state.step < steps) {
    state.value = work(state.value);
    state.sum += state.value;
    if (++state.step % 10 == 0 && state.step < steps) {
      save("state.dat", &state, sizeof state, nobody);
      return kLeave;
    }
  }
  char line[64];
  const int bytes = sprintf(line, "%llu\n", static_cast<unsigned long long>(state.sum));
  publish("results.csv", line, static_cast<size_t>(bytes));
  return 0;
}
