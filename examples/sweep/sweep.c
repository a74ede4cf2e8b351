/* The sweep of sweep.cc in C: the same numbers, the same file. */
#include <cairn/cairn.h>
#include <stdio.h>
#include <stdlib.h>

static double mean_of_orbit(double r, int length) {
  double x = 0.5, sum = 0;
  for (int n = 0; n < length; ++n) sum += x = r * x * (1 - x);
  return sum / length;
}

static int fail(const cairn_error* error) {
  return fprintf(stderr, "sweep-c: %s; %s\n", error->message, error->hint), 1;
}

int main(int argc, char** argv) {
  if (argc < 3) return fprintf(stderr, "usage: sweep-c FIRST LAST [LENGTH]\n"), 2;
  const int length = argc > 3 ? atoi(argv[3]) : 180000;
  double total = 0;
  int64_t i = 0;
  cairn_session* session = NULL;
  cairn_loop* loop = NULL;
  cairn_error error;
  cairn_options options;
  cairn_options_init(&options, sizeof options);
  options.leave_every = 1000;
  if (cairn_session_open(&options, &session, &error) ||
      cairn_protect_number(session, "total", &total, CAIRN_F64, &error) ||
      cairn_protect_file(session, "results.csv", NULL, NULL, &error) ||
      cairn_restore(session, NULL, &error) ||
      cairn_loop_begin(session, "iteration", atoll(argv[1]), atoll(argv[2]), 0, &loop, &error))
    return fail(&error);
  FILE* results = fopen("results.csv", "a");
  if (!results) return perror("results.csv"), 1;
  while (cairn_loop_next(loop, &i)) {
    total += mean_of_orbit(3 + (double)i / 40000, length);
    if (i % 100 == 99) fprintf(results, "%ld,%.17g\n", (long)i, total);
  }
  if (cairn_loop_end(loop, &error)) return fail(&error);
  if (fclose(results) != 0) return perror("results.csv"), 1;
  return cairn_exit_code(session);
}
