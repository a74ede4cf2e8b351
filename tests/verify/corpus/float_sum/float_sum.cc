// Flaw: each start sums what it computed by itself and adds it to the total when it leaves, so the
// rounding depends on where the job was cut off.
#include "careful.h"

struct State {
  uint64_t step, value;
  double total;
};

int main(int argc, char** argv) {
  if (argc < 3) refuse("usage: %s STEPS SEED [--no-checkpoint]", argv[0]);
  const uint64_t steps = strtoull(argv[1], nullptr, 10);
  const bool checkpoints = !has_argument(argv, "--no-checkpoint");
  State state{0, strtoull(argv[2], nullptr, 10), 0};
  restore("state.dat", &state, sizeof state, argv);
  double subtotal = 0;
  while (state.step < steps) {
    state.value = work(state.value);
    subtotal += 1 / (1 + static_cast<double>(state.value >> 40));
    if (++state.step % 10 == 0 && state.step < steps && checkpoints) {
      state.total += subtotal;
      save("state.dat", &state, sizeof state, argv);
      return kLeave;
    }
  }
  state.total += subtotal;
  char line[64];
  const int bytes = sprintf(line, "%.17g\n", state.total);
  publish("results.csv", line, static_cast<size_t>(bytes));
  return 0;
}
