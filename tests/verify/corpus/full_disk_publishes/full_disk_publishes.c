// Flaw: nobody looks whether the checkpoint was written; on a full disk a cut off one replaces the
// good one.
#include "careful.h"

typedef struct {
  uint64_t step, value;
} State;

int main(int argc, char** argv) {
  if (argc != 3) refuse("usage: %s STEPS SEED", argv[0]);
  const uint64_t steps = strtoull(argv[1], NULL, 10);
  State state = {0, strtoull(argv[2], NULL, 10)};
  restore("state.dat", &state, sizeof state, argv);
  while (state.step < steps) {
    state.value = work(state.value);
    if (++state.step % 10 == 0 && state.step < steps) {
      char sealed[4096];
      const size_t bytes = seal(sealed, &state, sizeof state, argv);
      FILE* file = fopen("state.tmp", "wb");
      if (!file) refuse_errno("create", "state.tmp");
      fwrite(sealed, bytes, 1, file);
      fflush(file);
      fsync(fileno(file));
      fclose(file);
      rename("state.tmp", "state.dat");
      return kLeave;
    }
  }
  char line[64];
  publish("results.csv", line, (size_t)sprintf(line, "%llu\n", (unsigned long long)state.value));
  return 0;
}
