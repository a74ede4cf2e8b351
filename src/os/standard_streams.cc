#include "os/standard_streams.h"

#include <fcntl.h>
#include <unistd.h>

#include "os/descriptor.h"

namespace cairn {

void fill_closed_streams() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::fcntl(fd, F_GETFD) == -1)  // the lowest that is free
      static_cast<void>(::open("/dev/null", fd == STDIN_FILENO ? O_RDONLY : O_WRONLY));
}

int above_standard_streams(int fd) {
  if (fd == -1 || fd > STDERR_FILENO) return fd;
  const Descriptor low(fd);
  return ::fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
}

}  // namespace cairn
