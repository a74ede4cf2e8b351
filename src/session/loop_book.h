// Where the counted loops of a program are.  The list is in the order in which they
// began, so what stands behind a running loop began inside it: it is dropped when
// that loop advances, and the next time begins at its first again.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "cairn/result.h"
#include "format/generation.h"

namespace cairn {

struct LoopRange {
  std::int64_t first = 0;
  std::int64_t last = 0;
  bool may_extend = false;
};

class LoopBook {
 public:
  // As a checkpoint has them.  The first begin() of each name goes on where it says.
  void restore(const std::vector<LoopRecord>& records);
  std::vector<LoopRecord> records() const;

  struct Place {
    std::uint64_t ticket = 0;
    std::int64_t position = 0;
    bool over = false;
  };
  // Errors: mismatch (the checkpoint has another range, or was made inside another loop),
  // misuse (it is running already).
  Result<Place> begin(std::string_view name, const LoopRange& range);

  // Goes to the next position; the place says whether that is the end.
  // Errors: misuse (a loop that began inside is still running).
  Result<Place> advance(std::uint64_t ticket);

  // The loop's object is gone.
  //   finished  false: left by an exception or a checkpoint exit, its place stays
  void end(std::uint64_t ticket, bool finished);

  // How far the outermost running loop is, 0 to 1, if it is this one.
  bool is_outermost(std::uint64_t ticket) const;
  double fraction(std::uint64_t ticket) const;

 private:
  struct Entry {
    LoopRecord record;
    std::uint64_t ticket = 0;  // 0: not yet begun in this process
    bool running = false;
  };
  using Entries = std::vector<Entry>;

  Result<Place> resume(Entry& entry, const LoopRange& range);
  Result<Place> enter(Entry& entry);
  Entries::iterator find(std::uint64_t ticket);

  Entries entries_;
  std::uint64_t last_ticket_ = 0;
};

}  // namespace cairn
