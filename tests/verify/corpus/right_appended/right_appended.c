/* Right: lines are appended; a restart cuts results.csv back to the length that the checkpoint
 * holds. */
#include "careful.h"

typedef struct {
  uint64_t step, value, bytes;
} State;

int main(int argc, char** argv) {
  if (argc < 3) refuse("usage: %s STEPS SEED [--no-checkpoint]", argv[0]);
  const uint64_t steps = strtoull(argv[1], NULL, 10);
  State state = {0, strtoull(argv[2], NULL, 10), 0};
  restore("state.dat", &state, sizeof state, argv);
  FILE* results = fopen("results.csv", "ab");
  if (!results || fseek(results, 0, SEEK_END) != 0) refuse_errno("open", "results.csv");
  sync_folder(".");  // before a checkpoint may count on it
  if ((uint64_t)ftell(results) < state.bytes)
    refuse("results.csv is shorter than at the checkpoint");
  if (ftruncate(fileno(results), (off_t)state.bytes) != 0) refuse_errno("cut back", "results.csv");
  while (state.step < steps) {
    state.value = work(state.value);
    const int bytes = fprintf(results, "%llu,%llu\n", (unsigned long long)state.step,
                              (unsigned long long)state.value);
    if (bytes < 0) refuse_errno("write", "results.csv");
    state.bytes += (uint64_t)bytes;
    if (++state.step % 10 == 0 && state.step < steps && !has_argument(argv, "--no-checkpoint")) {
      if (fflush(results) != 0 || fsync(fileno(results)) != 0) refuse_errno("write", "results.csv");
      save("state.dat", &state, sizeof state, argv);
      return kLeave;
    }
  }
  if (fclose(results) != 0) refuse_errno("write", "results.csv");
  return 0;
}
