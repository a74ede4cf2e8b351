// Flaw: the state is a mapped file; a kill in the middle of a step leaves half of the step in it.
#include <sys/mman.h>
#include "careful.h"

struct State {
  uint64_t step, value, sum;
};

int main(int argc, char** argv) {
  if (argc != 3) refuse("usage: %s STEPS SEED", argv[0]);
  const uint64_t steps = strtoull(argv[1], nullptr, 10);
  const int file = open("state.dat", O_RDWR | O_CREAT, 0644);
  if (file < 0) refuse_errno("create", "state.dat");
  const State zero{0, strtoull(argv[2], nullptr, 10), 0};
  if (lseek(file, 0, SEEK_END) == 0) {
    fprintf(stderr, "starting from zero\n");
    write_all(file, &zero, sizeof zero, "state.dat");
  }
  if (lseek(file, 0, SEEK_END) != sizeof zero) refuse("state.dat is cut off");
  void* mapped = mmap(nullptr, sizeof(State), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (mapped == MAP_FAILED) refuse_errno("map", "state.dat");
  auto* state = static_cast<volatile State*>(mapped);
  while (state->step < steps) {
    const uint64_t step = state->step;
    state->value = work(state->value + step);
    state->sum = state->sum + work(state->value);
    state->step = step + 1;
    if ((step + 1) % 10 == 0 && step + 1 < steps) {
      if (msync(mapped, sizeof(State), MS_SYNC) != 0) refuse_errno("sync", "state.dat");
      return kLeave;
    }
  }
  char line[64];
  const int bytes = sprintf(line, "%llu\n", static_cast<unsigned long long>(state->sum));
  publish("results.csv", line, static_cast<size_t>(bytes));
  return 0;
}
