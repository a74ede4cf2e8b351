// Right: saves often and leaves rarely, so that after a kill it leaves at other steps than
// undisturbed.
#include "careful.h"

struct State {
  uint64_t step, value, bytes;
};

int main(int argc, char** argv) {
  if (argc < 3) refuse("usage: %s STEPS SEED [--no-checkpoint]", argv[0]);
  const bool checkpoints = !has_argument(argv, "--no-checkpoint");
  const uint64_t steps = strtoull(argv[1], nullptr, 10);
  State state{0, strtoull(argv[2], nullptr, 10), 0};
  restore("state.dat", &state, sizeof state, argv);
  const int results = open("results.csv", O_WRONLY | O_CREAT | O_APPEND, 0644);
  if (results < 0) refuse_errno("open", "results.csv");
  sync_folder(".");  // before a checkpoint may count on it
  if (ftruncate(results, static_cast<off_t>(state.bytes)) != 0)
    refuse_errno("cut back", "results.csv");
  for (int done = 0; state.step < steps;) {
    state.value = work(state.value);
    char line[64];
    const int bytes = sprintf(line, "%llu\n", static_cast<unsigned long long>(state.value));
    write_all(results, line, static_cast<size_t>(bytes), "results.csv");
    state.bytes += static_cast<uint64_t>(bytes);
    ++state.step, ++done;
    if (checkpoints && state.step % 4 == 0) {
      if (fsync(results) != 0) refuse_errno("sync", "results.csv");
      save("state.dat", &state, sizeof state, argv);
      if (done >= 20 && state.step < steps) return kLeave;
    }
  }
  if (close(results) != 0) refuse_errno("write", "results.csv");
  return 0;
}
