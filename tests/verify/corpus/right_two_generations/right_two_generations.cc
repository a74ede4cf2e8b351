// Right: two files in turn, each overwritten in place, and the newer one that verifies is believed.
#include <sys/stat.h>
#include "careful.h"

struct State {
  uint64_t step, value;
};
const char* const kNames[] = {"state.d/even", "state.d/odd"};

// The newest checkpoint that is whole; says which ones are not.
static State newest(const State& zero, char** argv) {
  State newest = zero;
  bool any = false;
  for (const char* name : kNames) {
    State state;
    const int restored = try_restore(name, &state, sizeof state, argv);
    if (restored < 0) fprintf(stderr, "%s is damaged: not used\n", name);
    if (restored == 1 && state.step > newest.step) newest = state;
    any = any || restored == 1;
  }
  if (!any) fprintf(stderr, "no checkpoint to go on from: starting from zero\n");
  return newest;
}

int main(int argc, char** argv) {
  if (argc != 3) refuse("usage: %s STEPS SEED", argv[0]);
  const uint64_t steps = strtoull(argv[1], nullptr, 10);
  if (mkdir("state.d", 0755) == 0) sync_folder(".");
  State state = newest({0, strtoull(argv[2], nullptr, 10)}, argv);
  while (state.step < steps) {
    state.value = work(state.value);
    if (++state.step % 10 == 0 && state.step < steps) {
      const char* name = kNames[state.step / 10 % 2];
      char sealed[4096];
      const size_t bytes = seal(sealed, &state, sizeof state, argv);
      const int file = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
      if (file < 0) refuse_errno("create", name);
      write_all(file, sealed, bytes, name);
      if (fsync(file) != 0 || close(file) != 0) refuse_errno("sync", name);
      sync_folder("state.d");
      return kLeave;
    }
  }
  char line[64];
  const int bytes = sprintf(line, "%llu\n", static_cast<unsigned long long>(state.value));
  publish("results.csv", line, static_cast<size_t>(bytes));
  return 0;
}
