// Flaw: leaves by _exit() before stdio has written the checkpoint: the file is empty.
#include "careful.h"

typedef struct {
  uint64_t step, value;
} State;

int main(int argc, char** argv) {
  if (argc != 3) refuse("usage: %s STEPS SEED", argv[0]);
  const uint64_t steps = strtoull(argv[1], NULL, 10);
  State state = {0, strtoull(argv[2], NULL, 10)};
  if (try_restore("state.dat", &state, sizeof state, argv) < 1)
    fprintf(stderr, "starting from zero\n");
  while (state.step < steps) {
    state.value = work(state.value);
    if (++state.step % 10 == 0 && state.step < steps) {
      char sealed[4096];
      FILE* file = fopen("state.tmp", "wb");
      if (!file) refuse_errno("create", "state.tmp");
      fwrite(sealed, seal(sealed, &state, sizeof state, argv), 1, file);
      if (rename("state.tmp", "state.dat") != 0) refuse_errno("rename", "state.tmp");
      _exit(kLeave);
    }
  }
  char line[64];
  publish("results.csv", line, (size_t)sprintf(line, "%llu\n", (unsigned long long)state.value));
  return 0;
}
