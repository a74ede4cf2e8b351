// Waiting until somebody writes in a folder, without asking again and again (inotify).
#pragma once

#include <chrono>

#include "os/descriptor.h"
#include "os/filesystem.h"

namespace cairn {

class FolderWatch {
 public:
  // Sees files of `folder` being made, written, renamed and removed; not those of folders in it.
  // Where the kernel has no watch left, wait() only waits.
  static FolderWatch open(const Path& folder);

  // Returns when something happened since the last call, or after `limit`.
  void wait(std::chrono::milliseconds limit);
  // Looks away for as long: what happens meanwhile is seen by the next wait().
  static void rest(std::chrono::milliseconds time);

 private:
  explicit FolderWatch(Descriptor fd) : fd_(std::move(fd)) {}
  Descriptor fd_;
};

}  // namespace cairn
