// Flaw: the checkpoint holds the number of the step just done, and a restart does that step again.
#include "careful.h"

struct State {
  uint64_t step, value;
};

int main(int argc, char** argv) {
  if (argc < 3) refuse("usage: %s STEPS SEED [--no-checkpoint]", argv[0]);
  const uint64_t steps = strtoull(argv[1], nullptr, 10);
  const bool checkpoints = !has_argument(argv, "--no-checkpoint");
  State state{0, strtoull(argv[2], nullptr, 10)};
  restore("state.dat", &state, sizeof state, argv);
  int done = 0;
  for (; state.step < steps; ++state.step) {
    state.value = work(state.value + state.step);
    if (++done == 10 && state.step + 1 < steps && checkpoints) {
      save("state.dat", &state, sizeof state, argv);
      return kLeave;
    }
  }
  char line[64];
  const int bytes = sprintf(line, "%llu\n", static_cast<unsigned long long>(state.value));
  publish("results.csv", line, static_cast<size_t>(bytes));
  return 0;
}
