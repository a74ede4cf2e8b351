// Right: a thread writes the checkpoint while the work goes on; before leaving it is waited for.
#include <thread>
#include "careful.h"

struct State {
  uint64_t step, value;
};

int main(int argc, char** argv) {
  if (argc != 3) refuse("usage: %s STEPS SEED", argv[0]);
  const uint64_t steps = strtoull(argv[1], nullptr, 10);
  State state{0, strtoull(argv[2], nullptr, 10)};
  restore("state.dat", &state, sizeof state, argv);
  std::thread writer;
  for (int done = 1; state.step < steps; ++done) {
    state.value = work(state.value);
    ++state.step;
    if (done % 6 == 0 && state.step < steps)
      writer = std::thread(
          [snapshot = state, argv] { save("state.dat", &snapshot, sizeof snapshot, argv); });
    if (done % 6 == 2 && writer.joinable()) {
      writer.join();
      return kLeave;
    }
  }
  if (writer.joinable()) writer.join();
  char line[64];
  const int bytes = sprintf(line, "%llu\n", static_cast<unsigned long long>(state.value));
  publish("results.csv", line, static_cast<size_t>(bytes));
  return 0;
}
