#include "os/watch.h"

#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <limits>
#include <thread>

namespace cairn {

FolderWatch FolderWatch::open(const Path& folder) {
  Descriptor fd(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  constexpr std::uint32_t kMask = IN_CREATE | IN_MODIFY | IN_MOVED_TO | IN_DELETE;
  if (fd && ::inotify_add_watch(fd.get(), folder.c_str(), kMask) == -1) fd.reset();
  return FolderWatch(std::move(fd));
}

void FolderWatch::wait(std::chrono::milliseconds limit) {
  constexpr std::int64_t kMax = std::numeric_limits<int>::max();
  pollfd waiting{fd_.get(), POLLIN, 0};  // -1: poll() leaves it alone
  const auto ms = static_cast<int>(std::clamp<std::int64_t>(limit.count(), 0, kMax));
  if (::poll(&waiting, 1, ms) <= 0) return;
  alignas(inotify_event) std::array<char, 4096> events{};
  while (::read(fd_.get(), events.data(), events.size()) > 0) {
  }
}

void FolderWatch::rest(std::chrono::milliseconds time) { std::this_thread::sleep_for(time); }

}  // namespace cairn
