// Flaw: a damaged checkpoint ends it by SIGABRT, not by a sentence: a job that dies by a signal is
// started again, with the same checkpoint.
#include <stdexcept>
#include "careful.h"

struct State {
  uint64_t step, value;
};

int main(int argc, char** argv) {
  if (argc != 3) refuse("usage: %s STEPS SEED", argv[0]);
  const uint64_t steps = strtoull(argv[1], nullptr, 10);
  State state{0, strtoull(argv[2], nullptr, 10)};
  if (try_restore("state.dat", &state, sizeof state, argv) < 0)
    throw std::runtime_error("checksum");
  if (state.step == 0) fprintf(stderr, "starting from zero\n");
  while (state.step < steps) {
    state.value = work(state.value);
    if (++state.step % 10 == 0 && state.step < steps) {
      save("state.dat", &state, sizeof state, argv);
      return kLeave;
    }
  }
  char line[64];
  const int bytes = sprintf(line, "%llu\n", static_cast<unsigned long long>(state.value));
  publish("results.csv", line, static_cast<size_t>(bytes));
  return 0;
}
