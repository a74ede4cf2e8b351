/* Right: SIGTERM sets a flag; the step is ended, the state saved, and then it leaves. */
#include <signal.h>
#include "careful.h"

typedef struct {
  uint64_t step, value, half;
} State;

static volatile sig_atomic_t vacated;
static void vacate(int number) {
  (void)number;
  vacated = 1;
}

int main(int argc, char** argv) {
  if (argc != 3) refuse("usage: %s STEPS SEED", argv[0]);
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = vacate;
  action.sa_flags = SA_RESTART;
  sigaction(SIGTERM, &action, NULL);
  const uint64_t steps = strtoull(argv[1], NULL, 10);
  State state = {0, strtoull(argv[2], NULL, 10), 0};
  restore("state.dat", &state, sizeof state, argv);
  while (state.step < steps) {
    state.half = work(state.value);
    state.value = work(state.half);
    ++state.step;
    if ((vacated || state.step % 10 == 0) && state.step < steps) {
      save("state.dat", &state, sizeof state, argv);
      return kLeave;
    }
  }
  char line[64];
  publish("results.csv", line, (size_t)sprintf(line, "%llu\n", (unsigned long long)state.value));
  return 0;
}
