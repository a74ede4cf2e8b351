/* The job of bench/engine: counts, makes a checkpoint file each step, and exits with 77.
 *   countjob STEPS STEP_MS BYTES
 * It writes when it started, left, was asked to leave and was done, with the wall clock in
 * microseconds, to the end of the file $TIMELINE. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void note(const char* what, long step) {
  struct timespec now;
  char line[200];
  const char* file = getenv("TIMELINE");
  const int fd = file ? open(file, O_WRONLY | O_CREAT | O_APPEND, 0666) : -1;
  clock_gettime(CLOCK_REALTIME, &now);
  const int length = snprintf(line, sizeof line, "%ld.%06ld %s %ld %ld\n", (long)now.tv_sec,
                              now.tv_nsec / 1000, what, step, (long)getpid());
  if (fd >= 0 && write(fd, line, (size_t)length) != length) _exit(3);
  if (fd >= 0) close(fd);
}

static void asked_to_leave(int number) {
  (void)number;
  note("SIGTERM", -1);
  _exit(143);
}

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  const long steps = atol(argv[1]), step_ms = atol(argv[2]), bytes = atol(argv[3]);
  signal(SIGTERM, asked_to_leave);
  long step = 0;
  FILE* file = fopen("ckpt", "r");
  if (file) {
    if (fscanf(file, "%ld", &step) != 1) return 4;
    fclose(file);
  }
  note("START", step);
  while (step < steps) {
    if (step_ms) usleep((useconds_t)(step_ms * 1000));
    if (++step == steps) break;
    static char block[1 << 20];
    file = fopen("ckpt.new", "w");
    if (!file) return 5;
    fprintf(file, "%ld\n", step);
    for (unsigned i = 0; i < sizeof block; ++i) block[i] = (char)(i * 2654435761u >> 13);
    for (long left = bytes; left > 0;)
      left -= (long)fwrite(block, 1, left < (long)sizeof block ? (size_t)left : sizeof block, file);
    if (fclose(file) != 0 || rename("ckpt.new", "ckpt") != 0) return 6;
    note("CKPT", step);
    _exit(77);
  }
  file = fopen("result", "w");
  if (!file) return 7;
  fprintf(file, "%ld\n", step);
  fclose(file);
  note("DONE", step);
  return 0;
}
