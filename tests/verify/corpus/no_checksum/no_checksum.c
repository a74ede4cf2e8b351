// Flaw: no checksum; a checkpoint with a flipped bit is believed.
#include "careful.h"

typedef struct {
  uint64_t step, value, identity;
} State;

int main(int argc, char** argv) {
  if (argc != 3) refuse("usage: %s STEPS SEED", argv[0]);
  const uint64_t steps = strtoull(argv[1], NULL, 10);
  State state = {0, strtoull(argv[2], NULL, 10), identity_of(argv)};
  const int file = open("state.dat", O_RDONLY);
  if (file < 0)
    fprintf(stderr, "starting from zero\n");
  else if (read(file, &state, sizeof state) != sizeof state)
    refuse("state.dat is cut off");
  else if (state.identity != identity_of(argv))
    refuse("state.dat is a checkpoint of other arguments");
  close(file);
  while (state.step < steps) {
    state.value = work(state.value);
    if (++state.step % 10 == 0 && state.step < steps) {
      publish("state.dat", &state, sizeof state);
      return kLeave;
    }
  }
  char line[64];
  publish("results.csv", line, (size_t)sprintf(line, "%llu\n", (unsigned long long)state.value));
  return 0;
}
