// Flaw: the checkpoint is overwritten in place; a kill leaves half of it.
#include "careful.h"

typedef struct {
  uint64_t step, value, table[64];
} State;

int main(int argc, char** argv) {
  if (argc != 3) refuse("usage: %s STEPS SEED", argv[0]);
  const uint64_t steps = strtoull(argv[1], NULL, 10);
  State state = {0, strtoull(argv[2], NULL, 10), {0}};
  restore("state.dat", &state, sizeof state, argv);
  while (state.step < steps) {
    state.value = work(state.value);
    state.table[state.step % 64] = state.value;
    if (++state.step % 10 == 0 && state.step < steps) {
      char sealed[4096];
      const size_t bytes = seal(sealed, &state, sizeof state, argv);
      const int file = open("state.dat", O_WRONLY | O_CREAT | O_TRUNC, 0644);
      if (file < 0) refuse_errno("create", "state.dat");
      write_all(file, sealed, bytes, "state.dat");
      if (fsync(file) != 0 || close(file) != 0) refuse_errno("sync", "state.dat");
      return kLeave;
    }
  }
  char line[64];
  publish("results.csv", line, (size_t)sprintf(line, "%llu\n", (unsigned long long)state.value));
  return 0;
}
