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

Renewals::News Renewals::take() {
  News news = News::nothing;
  bool folders = false;
  read(wake_, [&](std::uint32_t mask, const std::string& name) {
    if ((mask & (IN_ISDIR | IN_Q_OVERFLOW)) != 0) folders = true;
    if ((mask & kWritten) != 0 && stands_for(state_, name))
      news = (mask & IN_MOVED_TO) != 0 ? News::renamed : News::written;
    if ((mask & (IN_CREATE | IN_OPEN)) != 0 && news == News::nothing) news = News::begun;
  });
  watch_files();
  if (!folders) return news;
  watch_folders(wake_, state_);
  if (has_outputs()) watch_folders(order_, joined(state_, outputs_));
  return News::written;  // what was written there before it was watched is seen by looking
}

// A file that is written in place has its beginning here: the folder's watch would tell of all.
void Renewals::watch_files() {
  if (!wake_.fd || !has_outputs()) return;
  const auto found = find_files(".", state_);
  if (!found) return;
  for (const auto& [name, mark] : *found)
    if (mark.kind == FileMark::Kind::file)
      static_cast<void>(::inotify_add_watch(wake_.fd.get(), name.c_str(), IN_OPEN));
}

void Renewals::drain() {
  if (!has_outputs()) return;
  read(order_, [&](std::uint32_t mask, const std::string& name) {
    if ((mask & IN_Q_OVERFLOW) != 0) {
      ++writes_;
      writes_at_renewal_.reset();
      look_.reset();
    } else if (stands_for(outputs_, name)) {
      if ((mask & (IN_MODIFY | IN_MOVED_TO | IN_CREATE)) != 0) ++writes_;
    } else if ((mask & kWritten) != 0 && stands_for(state_, name)) {
      writes_at_renewal_ = writes_;
    }
  });
}

void Renewals::look_at_outputs() {
  drain();
  if (look_ && writes_at_renewal_ == look_->writes) return;  // they are those of the renewal
  look_.reset();
  if (auto outputs = find_files(".", outputs_)) look_ = Look{writes_, *std::move(outputs)};
}

const FileSet* Renewals::outputs_then() {
  drain();
  return look_ && writes_at_renewal_ == look_->writes ? &look_->outputs : nullptr;
}

}  // namespace cairn::wrap
