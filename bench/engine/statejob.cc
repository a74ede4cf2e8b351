// The same as countjob.c with libcairn: its checkpoint is a folder of generations.
//   statejob STEPS STEP_MS BYTES
#include <fcntl.h>
#include <unistd.h>

#include <cairn/cairn.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <vector>

namespace {

void note(const char* what, long step) {
  timespec now{};
  char line[200];
  const char* const file = std::getenv("TIMELINE");
  const int fd = file != nullptr ? ::open(file, O_WRONLY | O_CREAT | O_APPEND, 0666) : -1;
  ::clock_gettime(CLOCK_REALTIME, &now);
  const int length = std::snprintf(line, sizeof line, "%ld.%06ld %s %ld %ld\n", long{now.tv_sec},
                                   now.tv_nsec / 1000, what, step, long{::getpid()});
  if (fd >= 0 && ::write(fd, line, static_cast<std::size_t>(length)) != length) ::_exit(3);
  if (fd >= 0) ::close(fd);
}

// Leaves without saving: it goes on from its last checkpoint.
void asked_to_leave(int) {
  note("SIGTERM", -1);
  ::_exit(143);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  const long steps = std::atol(argv[1]), step_ms = std::atol(argv[2]);
  std::signal(SIGTERM, asked_to_leave);
  note("START", -1);
  std::vector<double> field(static_cast<std::size_t>(std::atol(argv[3])) / sizeof(double) + 1);
  long step = 0;
  auto session = cairn::Session::open({.policy = {.leave_every = 1}, .vacate_signal = 0}).value();
  session.protect("field", field);
  session.protect("step", step);
  session.restore().value();
  note("READY", step);
  while (step < steps) {
    ::usleep(static_cast<useconds_t>(step_ms * 1000));
    field[static_cast<std::size_t>(step) % field.size()] += 1;
    if (++step == steps) break;
    if (session.safe_point().value() == cairn::Next::leave) {
      note("CKPT", step);
      ::_exit(session.exit_code());
    }
  }
  if (std::FILE* const file = std::fopen("result", "w")) {
    std::fprintf(file, "%ld\n", step);
    std::fclose(file);
  }
  note("DONE", step);
}
