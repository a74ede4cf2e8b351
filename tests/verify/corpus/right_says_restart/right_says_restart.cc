// Right: says on stdout from where it goes on, which differs with every cut; the results do not.
#include "careful.h"

struct State {
  uint64_t step, value;
};

int main(int argc, char** argv) {
  if (argc < 3) refuse("usage: %s STEPS SEED [--no-checkpoint]", argv[0]);
  const uint64_t steps = strtoull(argv[1], nullptr, 10);
  State state{0, strtoull(argv[2], nullptr, 10)};
  if (restore("state.dat", &state, sizeof state, argv))
    printf("going on from step %d\n", static_cast<int>(state.step));
  else
    printf("starting with step 0\n");
  fflush(stdout);
  while (state.step < steps) {
    state.value = work(state.value);
    if (++state.step % 10 == 0 && state.step < steps && !has_argument(argv, "--no-checkpoint")) {
      save("state.dat", &state, sizeof state, argv);
      return kLeave;
    }
  }
  char line[64];
  const int bytes = sprintf(line, "%llu\n", static_cast<unsigned long long>(state.value));
  publish("results.csv", line, static_cast<size_t>(bytes));
  return 0;
}
