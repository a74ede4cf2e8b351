// Tells when a program has written files anew: when one is closed after writing, or renamed into
// its place; never in the middle of a write (inotify).
//
// The kernel gives the events in the order of the calls: so it is also known whether the program
// has written to its output since.  A program that writes much must not wake us each time: those
// events are kept in a queue of their own, which is read only when there is a renewal.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "os/descriptor.h"
#include "os/filesystem.h"

namespace cairn::wrap {

class Renewals {
 public:
  //   state, outputs  patterns as find_files() takes them; folders that appear later are watched,
  //   too
  Renewals(std::vector<std::string> state, std::vector<std::string> outputs);

  // Readable when something happened to the state; -1: the kernel has no watch left, or is none.
  int descriptor() const { return wake_.fd.get(); }
  // Takes what has woken us.  True: a file of the state was closed after writing, or renamed.
  bool take();

  // Whether the output has not been written to since the last renewal.  Exact if the program
  // stands still; false if it is not known.
  bool output_is_as_then();
  // To be called now and then: an overfull queue forgets.
  void drain();
  bool has_outputs() const { return !outputs_.empty(); }

 private:
  struct Queue {
    Descriptor fd;
    std::uint32_t mask = 0;
    std::map<int, std::string> folders;  // by watch
  };
  void watch_folders(Queue& queue, const std::vector<std::string>& patterns);
  template <class Visit>
  void read(Queue& queue, Visit visit);

  std::vector<std::string> state_, outputs_;
  Queue wake_, order_;
  enum class Last { unknown, state, output } last_ = Last::unknown;
};

}  // namespace cairn::wrap
