// Flaw: the total of each checkpoint lies in /tmp, which is another one on every machine; where it
// is missing the program goes on with zero.
#include "careful.h"

struct State {
  uint64_t step, value;
};

int main(int argc, char** argv) {
  if (argc != 3) refuse("usage: %s STEPS SEED", argv[0]);
  const uint64_t steps = strtoull(argv[1], nullptr, 10);
  State state{0, strtoull(argv[2], nullptr, 10)};
  uint64_t total = 0;
  char name[100];
  const auto name_it = [&] {
    sprintf(name, "/tmp/cairn-corpus-total.%d", static_cast<int>(state.step));
  };
  if (restore("state.dat", &state, sizeof state, argv)) {
    name_it();
    const int file = open(name, O_RDONLY);
    if (file < 0 || read(file, &total, sizeof total) != sizeof total) total = 0;
    close(file);
  }
  while (state.step < steps) {
    state.value = work(state.value);
    total += state.value;
    if (++state.step % 10 == 0 && state.step < steps) {
      name_it();
      publish(name, &total, sizeof total);
      save("state.dat", &state, sizeof state, argv);
      return kLeave;
    }
  }
  char line[64];
  const int bytes = sprintf(line, "%llu\n", static_cast<unsigned long long>(total));
  publish("results.csv", line, static_cast<size_t>(bytes));
  return 0;
}
