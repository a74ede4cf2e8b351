// A file descriptor that closes itself.  For what FileSystem is too narrow for:
// locks, pipes, folders held open.
#pragma once

#include <unistd.h>

#include <cerrno>
#include <utility>

namespace cairn {

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    if (this != &other) reset(std::exchange(other.fd_, -1));
    return *this;
  }
  ~Descriptor() { reset(); }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ != -1; }
  int release() { return std::exchange(fd_, -1); }
  void reset(int fd = -1) {
    const int kept_errno = errno;  // whoever reports a failure wants the first one
    if (fd_ != -1) ::close(fd_);
    fd_ = fd;
    errno = kept_errno;
  }

 private:
  int fd_ = -1;
};

// Repeats a system call that a signal interrupted.
template <class Call>
auto retry_interrupted(Call call) {
  auto result = call();
  while (result == -1 && errno == EINTR) result = call();
  return result;
}

}  // namespace cairn
