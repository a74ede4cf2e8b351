// Flaw: SIGTERM sets a flag, and at the safe point the program waits for a helper that will never
// answer.
#include <signal.h>
#include "careful.h"

typedef struct {
  uint64_t step, value;
} State;

static volatile sig_atomic_t vacated;
static void vacate(int number) {
  (void)number;
  vacated = 1;
}

int main(int argc, char** argv) {
  if (argc != 3) refuse("usage: %s STEPS SEED", argv[0]);
  const uint64_t steps = strtoull(argv[1], NULL, 10);
  State state = {0, strtoull(argv[2], NULL, 10)};
  signal(SIGTERM, vacate);
  restore("state.dat", &state, sizeof state, argv);
  while (state.step < steps) {
    state.value = work(state.value);
    ++state.step;
    if (vacated || (state.step % 10 == 0 && state.step < steps)) {
      int answer[2];
      char byte;
      if (vacated && pipe(answer) == 0 && read(answer[0], &byte, 1) != 1) refuse("no answer");
      save("state.dat", &state, sizeof state, argv);
      return kLeave;
    }
  }
  char line[64];
  publish("results.csv", line, (size_t)sprintf(line, "%llu\n", (unsigned long long)state.value));
  return 0;
}
