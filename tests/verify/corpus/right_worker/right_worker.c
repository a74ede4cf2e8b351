/* Right: a child computes each part and sends it through a pipe; the parent keeps the state, and
   leaves only when the child has ended. */
#include <sys/wait.h>
#include "careful.h"

typedef struct {
  uint64_t step, value;
} State;

static uint64_t ten_steps(uint64_t value) {
  int ends[2], status;
  if (pipe(ends) != 0) refuse_errno("make", "a pipe");
  const pid_t child = fork();
  if (child < 0) refuse_errno("start", "the worker");
  if (child == 0) {
    for (int i = 0; i < 10; ++i) value = work(value);
    write_all(ends[1], &value, sizeof value, "the pipe");
    _exit(0);
  }
  close(ends[1]);
  const ssize_t bytes = read(ends[0], &value, sizeof value);
  close(ends[0]);
  if (waitpid(child, &status, 0) != child || status != 0 || bytes != sizeof value)
    refuse("the worker died");
  return value;
}

int main(int argc, char** argv) {
  if (argc != 3) refuse("usage: %s STEPS SEED", argv[0]);
  const uint64_t steps = strtoull(argv[1], NULL, 10);
  State state = {0, strtoull(argv[2], NULL, 10)};
  restore("state.dat", &state, sizeof state, argv);
  while (state.step < steps) {
    state.value = ten_steps(state.value);
    state.step += 10;
    if (state.step < steps) {
      save("state.dat", &state, sizeof state, argv);
      return kLeave;
    }
  }
  char line[64];
  publish("results.csv", line, (size_t)sprintf(line, "%llu\n", (unsigned long long)state.value));
  return 0;
}
