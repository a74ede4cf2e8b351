#include "wrap/renewals.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "wrap/file_set.h"

namespace cairn::wrap {
namespace {

constexpr std::uint32_t kWritten = IN_CLOSE_WRITE | IN_MOVED_TO;
constexpr std::uint32_t kFolders = IN_CREATE | IN_DELETE_SELF | IN_ONLYDIR;

std::vector<std::string> joined(std::vector<std::string> left,
                                const std::vector<std::string>& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

}  // namespace

Renewals::Renewals(std::vector<std::string> state, std::vector<std::string> outputs)
    : state_(std::move(state)), outputs_(std::move(outputs)) {
  wake_.mask = kWritten | kFolders;
  order_.mask = kWritten | kFolders | IN_MODIFY;
  for (Queue* queue : {&wake_, &order_}) queue->fd.reset(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  watch_folders(wake_, state_);
  if (has_outputs()) watch_folders(order_, joined(state_, outputs_));
}

void Renewals::watch_folders(Queue& queue, const std::vector<std::string>& patterns) {
  if (!queue.fd) return;
  for (const std::string& folder : folders_of(".", patterns)) {
    if (std::any_of(queue.folders.begin(), queue.folders.end(),
                    [&](const auto& one) { return one.second == folder; }))
      continue;
    const int watch = ::inotify_add_watch(queue.fd.get(), folder.c_str(), queue.mask);
    if (watch == -1) return queue.fd.reset();
    queue.folders.insert_or_assign(watch, folder);
  }
}

// Calls visit(event, name) for each; with IN_Q_OVERFLOW there is no name.
template <class Visit>
void Renewals::read(Queue& queue, Visit visit) {
  alignas(inotify_event) std::array<char, 16 << 10> events{};
  for (;;) {
    const auto bytes = ::read(queue.fd.get(), events.data(), events.size());
    if (bytes <= 0) return;
    for (ssize_t at = 0; at < bytes;) {
      const auto* const event = reinterpret_cast<const inotify_event*>(events.data() + at);
      at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
      if ((event->mask & IN_IGNORED) != 0) queue.folders.erase(event->wd);
      const auto folder = queue.folders.find(event->wd);
      std::string name;
      if (folder != queue.folders.end() && event->len > 0)
        name = folder->second == "." ? event->name : cat(folder->second, "/", event->name);
      visit(event->mask, name);
    }
  }
}

bool Renewals::take() {
  bool written = false, folders = false;
  read(wake_, [&](std::uint32_t mask, const std::string& name) {
    if ((mask & IN_Q_OVERFLOW) != 0) written = folders = true;
    if ((mask & IN_ISDIR) != 0) folders = true;
    if ((mask & kWritten) != 0 && stands_for(state_, name)) written = true;
  });
  if (folders) {
    watch_folders(wake_, state_);
    if (has_outputs()) watch_folders(order_, joined(state_, outputs_));
    written = true;  // what was written there before it was watched is seen by looking
  }
  return written;
}

void Renewals::drain() {
  if (!has_outputs()) return;
  read(order_, [&](std::uint32_t mask, const std::string& name) {
    if ((mask & IN_Q_OVERFLOW) != 0)
      last_ = Last::unknown;
    else if (stands_for(outputs_, name) && (mask & (IN_MODIFY | kWritten | IN_CREATE)) != 0)
      // A close after writing adds nothing.
      last_ = (mask & IN_CLOSE_WRITE) != 0 ? last_ : Last::output;
    else if ((mask & kWritten) != 0 && stands_for(state_, name))
      last_ = Last::state;
  });
}

bool Renewals::output_is_as_then() {
  if (!has_outputs()) return true;
  if (!order_.fd) return false;
  drain();
  return last_ == Last::state;
}

}  // namespace cairn::wrap
