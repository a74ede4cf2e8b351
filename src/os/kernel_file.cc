#include "os/kernel_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "os/descriptor.h"

namespace cairn {

std::string read_kernel_file(const Path& path) {
  const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text;
  std::array<char, 4096> block{};
  while (fd) {
    const ssize_t got =
        retry_interrupted([&] { return ::read(fd.get(), block.data(), block.size()); });
    if (got <= 0) break;
    text.append(block.data(), static_cast<std::size_t>(got));
  }
  return text;
}

int write_kernel_file(const char* path, std::string_view text) {
  const int fd = ::open(path, O_WRONLY | O_CLOEXEC);
  if (fd == -1) return -1;
  const bool whole = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const int failed = errno;
  ::close(fd);
  errno = failed;
  return whole ? 0 : -1;
}

}  // namespace cairn
