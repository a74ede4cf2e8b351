// Flaw: a child writes the checkpoint while the parent goes on computing, and the parent leaves
// without waiting for it.
#include "careful.h"

typedef struct {
  uint64_t step, value;
} State;

static void save_slowly(const State* state, char** argv) {
  usleep(200000);  // a slow disk
  save("state.dat", state, sizeof *state, argv);
}

int main(int argc, char** argv) {
  if (argc != 3) refuse("usage: %s STEPS SEED", argv[0]);
  const uint64_t steps = strtoull(argv[1], NULL, 10);
  State state = {0, strtoull(argv[2], NULL, 10)};
  if (!restore("state.dat", &state, sizeof state, argv))
    save("state.dat", &state, sizeof state, argv);
  int saving = 0;
  while (state.step < steps) {
    state.value = work(state.value);
    if (++state.step % 10 == 0 && state.step < steps) {
      const pid_t child = fork();
      if (child < 0) refuse_errno("start", "the writer");
      if (child == 0) {
        save_slowly(&state, argv);
        _exit(0);
      }
      saving = 1;
    } else if (saving && state.step % 10 == 2) {
      return kLeave;
    }
  }
  char line[64];
  publish("results.csv", line, (size_t)sprintf(line, "%llu\n", (unsigned long long)state.value));
  return 0;
}
