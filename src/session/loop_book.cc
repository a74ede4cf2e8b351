#include "session/loop_book.h"

#include <algorithm>

#include "base/assert.h"
#include "base/text.h"
#include "base/try.h"

namespace cairn {
namespace {

std::string range_text(std::int64_t first, std::int64_t last) { return cat(first, " to ", last); }

Error other_range(const LoopRecord& saved, const LoopRange& now) {
  return {
      Errc::mismatch,
      cat("loop ", saved.name, " was saved with the range ", range_text(saved.first, saved.last),
          " and stands at ", saved.next, ", the program now has ", range_text(now.first, now.last)),
      0,
      "use the same range; or set LoopOptions::may_extend, if what was done stays right with "
      "another end; or start over in an empty checkpoint folder"};
}

Error other_loop(const LoopRecord& saved, std::string_view now) {
  return {Errc::mismatch,
          cat("the checkpoint was made inside loop ", saved.name, ", at ", saved.next,
              ", the program begins loop ", now, " instead"),
          0,
          "run the program that wrote the checkpoint; or start over in an empty checkpoint folder"};
}

bool in_the_middle(const LoopRecord& saved) { return !saved.finished && saved.next < saved.last; }

bool accepts(const LoopRecord& saved, const LoopRange& now) {
  if (saved.first != now.first) return false;
  return saved.last == now.last || (now.may_extend && now.last >= saved.next);
}

}  // namespace

void LoopBook::restore(const std::vector<LoopRecord>& records) {
  entries_.clear();
  for (const LoopRecord& record : records) entries_.push_back({.record = record});
}

std::vector<LoopRecord> LoopBook::records() const {
  std::vector<LoopRecord> records;
  for (const Entry& entry : entries_) records.push_back(entry.record);
  return records;
}

Result<LoopBook::Place> LoopBook::begin(std::string_view name, const LoopRange& range) {
  const auto found =
      std::ranges::find_if(entries_, [&](const Entry& entry) { return entry.record.name == name; });
  if (found != entries_.end()) {
    if (found->running)
      return Error{Errc::misuse, cat("loop ", name, " is begun while it is running"), 0,
                   "give each of two nested loops a name of its own"};
    if (found->ticket == 0) return resume(*found, range);
    entries_.erase(found);  // this process had it before: it begins anew, and last
  }
  // Else a loop that got another name would start from the beginning, without a word.
  const auto left = std::ranges::find_if(entries_, [](const Entry& entry) {
    return entry.ticket == 0 && in_the_middle(entry.record);
  });
  if (left != entries_.end()) return other_loop(left->record, name);
  entries_.push_back({.record = {.name = std::string(name),
                                 .first = range.first,
                                 .last = range.last,
                                 .next = range.first}});
  return enter(entries_.back());
}

Result<LoopBook::Place> LoopBook::resume(Entry& entry, const LoopRange& range) {
  LoopRecord& record = entry.record;
  if (!accepts(record, range)) return other_range(record, range);
  // One that ran to its end goes on with the new one; one that was left by `break` was done.
  if (record.next == record.last && range.last > record.last) record.finished = false;
  record.last = range.last;
  return enter(entry);
}

Result<LoopBook::Place> LoopBook::enter(Entry& entry) {
  entry.ticket = ++last_ticket_;
  entry.running = true;
  const LoopRecord& record = entry.record;
  return Place{entry.ticket, record.next, record.finished || record.next >= record.last};
}

LoopBook::Entries::iterator LoopBook::find(std::uint64_t ticket) {
  const auto found = std::ranges::find(entries_, ticket, &Entry::ticket);
  CAIRN_ASSERT(found != entries_.end(), "a loop is used after the loop around it has advanced");
  return found;
}

Result<LoopBook::Place> LoopBook::advance(std::uint64_t ticket) {
  const auto entry = find(ticket);
  const auto inner =
      std::find_if(entry + 1, entries_.end(), [](const Entry& e) { return e.running; });
  if (inner != entries_.end())
    return Error{Errc::misuse,
                 cat("loop ", entry->record.name, " advances while loop ", inner->record.name,
                     ", begun inside it, is running"),
                 0, "let the inner loop end first"};
  entries_.erase(entry + 1, entries_.end());
  LoopRecord& record = entry->record;
  ++record.next;
  return Place{ticket, record.next, record.next >= record.last};
}

void LoopBook::end(std::uint64_t ticket, bool finished) {
  const auto entry = std::ranges::find(entries_, ticket, &Entry::ticket);
  if (entry == entries_.end()) return;
  entry->running = false;
  // One that was finished before has loops behind it that came later.
  if (!finished || entry->record.finished) return;
  entry->record.finished = true;
  entries_.erase(entry + 1, entries_.end());
}

bool LoopBook::is_outermost(std::uint64_t ticket) const {
  const auto outermost = std::ranges::find(entries_, true, &Entry::running);
  return outermost != entries_.end() && outermost->ticket == ticket;
}

double LoopBook::fraction(std::uint64_t ticket) const {
  const auto entry = std::ranges::find(entries_, ticket, &Entry::ticket);
  if (entry == entries_.end() || entry->record.last <= entry->record.first) return 1;
  const LoopRecord& record = entry->record;
  const auto from_first = [&](std::int64_t i) {  // the difference may not fit into an int64
    return static_cast<double>(i) - static_cast<double>(record.first);
  };
  return from_first(record.next) / from_first(record.last);
}

}  // namespace cairn
