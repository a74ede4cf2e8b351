// One stopped thread of a traced program: the call that it is in, its memory and its files.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cairn::verify {

struct StoppedCall {
  long number = -1;
  std::array<std::uint64_t, 6> arguments{};
};
// At a seccomp stop.
std::optional<StoppedCall> call_of(pid_t thread);

struct CallResult {
  std::int64_t value = 0;
  int error = 0;  // errno, 0: none
};
// At the stop when it returns.
std::optional<CallResult> result_of(pid_t thread);

// At a seccomp stop: the call will not be made, and returns whatever set_result() says then.
void skip_call(pid_t thread);
void set_result(pid_t thread, std::int64_t value);
// At a seccomp stop: another third argument, which is the number of bytes of a write.
void set_third_argument(pid_t thread, std::uint64_t value);

bool read_memory(pid_t thread, std::uint64_t address, void* into, std::size_t bytes);
std::optional<std::string> read_text(pid_t thread, std::uint64_t address);
template <class T>
std::optional<T> read_value(pid_t thread, std::uint64_t address) {
  T value{};
  if (!read_memory(thread, address, &value, sizeof value)) return {};
  return value;
}

// What a descriptor leads to, as the program sees it; empty: there is no such descriptor.
std::string descriptor_path(pid_t thread, int fd);
std::optional<struct stat> descriptor_status(pid_t thread, int fd);

struct DescriptorState {
  std::uint64_t offset = 0;
  int flags = 0;  // of open()
  bool writable() const;
};
std::optional<DescriptorState> descriptor_state(pid_t thread, int fd);
std::vector<int> descriptors_of(pid_t process);

// What a path argument means to the thread: absolute, normal, symbolic links followed as far as
// the call follows them.
struct PathTarget {
  std::string path;
  std::optional<struct stat> status;  // none: nothing is there
};
//   folder_fd  the descriptor of the folder that it is relative to, or AT_FDCWD
std::optional<PathTarget> find_place(pid_t thread, int folder_fd, const std::string& path,
                                     bool follow_last);
// Without a look at what is there.
std::optional<std::string> absolute_path(pid_t thread, int folder_fd, const std::string& path);

pid_t process_of(pid_t thread);

}  // namespace cairn::verify
