#include "os/standard_streams.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/descriptor.h"

namespace cairn {
namespace {

constexpr int kStreams[] = {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO};

}  // namespace

void fill_closed_streams() {
  for (const int fd : kStreams)
    if (::fcntl(fd, F_GETFD) == -1)  // the lowest that is free
      static_cast<void>(::open("/dev/null", fd == STDIN_FILENO ? O_RDONLY : O_WRONLY));
}

int above_standard_streams(int fd) {
  if (fd == -1 || fd > STDERR_FILENO) return fd;
  const Descriptor low(fd);
  return ::fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
}

std::set<std::pair<dev_t, ino_t>> standard_stream_files() {
  std::set<std::pair<dev_t, ino_t>> files;
  for (const int fd : kStreams)
    if (struct stat info{}; ::fstat(fd, &info) == 0 && S_ISREG(info.st_mode))
      files.emplace(info.st_dev, info.st_ino);
  return files;
}

}  // namespace cairn
