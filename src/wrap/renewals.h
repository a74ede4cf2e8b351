// Tells when a program has written files anew: when one is closed after writing, or renamed into
// its place; never in the middle of a write (inotify).
//
// How long was the output when the state was written?  The kernel gives events in the order of the
// calls: lengths that were seen while the program stood still belong to the state if the output was
// not written to between the look and the close, whichever came first.  So we look when the program
// begins to write its state, and when it has written it.  A program that writes much must not wake
// us each time: the writes are in a queue of their own, which is read only then.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "os/descriptor.h"
#include "os/filesystem.h"
#include "wrap/file_set.h"

namespace cairn::wrap {

class Renewals {
 public:
  //   state, outputs  patterns as find_files() takes them; folders that appear later are watched,
  //   too
  Renewals(std::vector<std::string> state, std::vector<std::string> outputs);

  // Readable when something happened to the state; -1: the kernel has no watch left, or is none.
  int descriptor() const { return wake_.fd.get(); }
  // Takes what has woken us: a file of the state may be about to be written; one was closed after
  // writing; one was renamed into its place.
  enum class News { nothing, begun, written, renamed };
  News take();

  // Notes how long the output is.  The program stands still.
  void look_at_outputs();
  // The output as it was at the last renewal; null: it is not known.
  const FileSet* outputs_then();
  // To be called now and then: an overfull queue forgets.
  void drain();
  bool has_outputs() const { return !outputs_.empty(); }

 private:
  struct Queue {
    Descriptor fd;
    std::uint32_t mask = 0;
    std::map<int, std::string> folders;  // by watch
  };
  void watch_files();
  void watch_folders(Queue& queue, const std::vector<std::string>& patterns);
  template <class Visit>
  void read(Queue& queue, Visit visit);

  std::vector<std::string> state_, outputs_;
  Queue wake_, order_;
  // How often the output was written to, as far as the queue was read: adjacent writes count once.
  std::uint64_t writes_ = 0;
  std::optional<std::uint64_t> writes_at_renewal_;
  // What was seen at a look, and after how many writes.
  struct Look {
    std::uint64_t writes = 0;
    FileSet outputs;
  };
  std::optional<Look> look_;
};

}  // namespace cairn::wrap
