// A checkpoint that kills the program which restores it: whole by its checksums, and wrong.
//
// Two deaths soon after a start from it, with no new checkpoint in between, make it suspect: it is
// put aside and the one before is used.  If that one kills the program as well, the checkpoint
// was not the reason: it is used again, and is above suspicion.  Progress from a newer checkpoint
// than the suspect clears all; one rollback after another without that is no way forward.
// Pure, and not stored: an engine that is started anew begins to count anew.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>

namespace cairn {

class PoisonWatch {
 public:
  // A program that lives longer has restored its checkpoint well.
  static constexpr std::chrono::milliseconds kSoon{std::chrono::minutes(1)};
  static constexpr int kDeaths = 2;
  static constexpr int kRollbacksMax = 3;

  // What the next start is to do.
  struct Advice {
    std::optional<std::int64_t> put_aside{};
    bool recall = false;
    friend bool operator==(const Advice&, const Advice&) = default;
  };

  // `from`: the checkpoint that it restores; none: the beginning.
  void started(std::optional<std::int64_t> from);
  void died(std::chrono::milliseconds lived);
  void made_checkpoint();

  const Advice& advice() const { return advice_; }
  // It was rolled back too often.
  bool hopeless() const { return rollbacks_ > kRollbacksMax; }

 private:
  std::optional<std::int64_t> from_;     // of the last start
  std::optional<std::int64_t> counted_;  // the checkpoint that the deaths are of
  int deaths_ = 0;
  std::optional<std::int64_t> suspect_;  // put aside
  std::set<std::int64_t> cleared_;
  int rollbacks_ = 0;
  Advice advice_;
};

}  // namespace cairn
