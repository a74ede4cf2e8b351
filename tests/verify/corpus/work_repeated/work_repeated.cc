// Flaw: the checkpoint holds only how far it came; a restart computes everything again up to there.
#include "careful.h"

int main(int argc, char** argv) {
  if (argc != 3) refuse("usage: %s STEPS SEED", argv[0]);
  const uint64_t steps = strtoull(argv[1], nullptr, 10);
  uint64_t saved = 0;
  restore("state.dat", &saved, sizeof saved, argv);
  uint64_t value = strtoull(argv[2], nullptr, 10);
  for (uint64_t step = 0; step < steps; ++step) {
    for (int i = 0; i < 3; ++i) value = work(value);
    if (step == saved + 4 && step + 1 < steps) {
      saved = step + 1;
      save("state.dat", &saved, sizeof saved, argv);
      return kLeave;
    }
  }
  char line[64];
  const int bytes = sprintf(line, "%llu\n", static_cast<unsigned long long>(value));
  publish("results.csv", line, static_cast<size_t>(bytes));
  return 0;
}
