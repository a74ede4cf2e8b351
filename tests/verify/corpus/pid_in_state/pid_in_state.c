// Flaw: the name of the work file holds the PID of the first start.  The checkpoint knows it, but
// transfer_checkpoint_files cannot.
#include "careful.h"

typedef struct {
  uint64_t step, value, pid;
} State;

int main(int argc, char** argv) {
  if (argc != 3) refuse("usage: %s STEPS SEED", argv[0]);
  const uint64_t steps = strtoull(argv[1], NULL, 10);
  State state = {0, strtoull(argv[2], NULL, 10), (uint64_t)getpid()};
  uint64_t table[16];
  char name[64];
  const int restored = restore("state.dat", &state, sizeof state, argv);
  sprintf(name, "work.%d", (int)state.pid);
  if (!restored) {
    for (uint64_t i = 0; i < 16; ++i) table[i] = work(i);
    publish(name, table, sizeof table);
  }
  const int file = open(name, O_RDONLY);
  if (file < 0 || read(file, table, sizeof table) != sizeof table) refuse_errno("read", name);
  while (state.step < steps) {
    state.value = work(state.value ^ table[state.step % 16]);
    if (++state.step % 10 == 0 && state.step < steps) {
      save("state.dat", &state, sizeof state, argv);
      return kLeave;
    }
  }
  char line[64];
  publish("results.csv", line, (size_t)sprintf(line, "%llu\n", (unsigned long long)state.value));
  return 0;
}
