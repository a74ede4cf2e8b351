// What the shadow orders and the starter reports, over a socket between the two.
//
//   stage -> staged | start_failed
//   launch -> started, later exited | start_failed; while it runs: measured, over_memory
//   spool -> spooled | spool_failed; if `early`, first taken | spool_failed: the program may be
//     launched again, and its next exit is reported after the spooled | spool_failed
//   finish -> finished | finish_failed
//   signal, kill: no answer but the `exited` they may lead to
//   quit: no answer; the starter kills what runs, drops the sandbox and ends
//
// An end of the socket is a message too: a starter without an engine kills its job
// and ends; an engine without the starter takes the job for evicted.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "cairn/result.h"
#include "job/exit_class.h"

namespace cairn {

// Make the sandbox, or take over the one that a dead starter left (`adopt`).
struct StageOrder {
  std::string ad;          // JobAd text, becomes .job.ad
  std::string machine_ad;  // becomes .machine.ad
  std::string job_folder;  // absolute; sandboxes and spool are in it
  std::string sandbox;     // absolute, inside job_folder
  std::string slot;        // "slot1@host"
  std::string mark;        // of this activation, in the environment of all its processes
  int cpus = 1;
  bool htcondor = false;  // --contract=htcondor
  bool adopt = false;
  bool has_checkpoint = false;  // one was spooled: never start from zero
  // This checkpoint killed the program right after it was restored: use the one before, if there
  // is one.  -1: none.
  std::int64_t suspect = -1;
  bool recall = false;             // the one before does, too: use again what was put aside
  std::int64_t memory_kb_max = 0;  // what the program and all it starts may have; 0: anything
  std::string group{};             // the folder of a Cgroup to be made for them; empty: none
};
struct LaunchOrder {};
struct SpoolOrder {
  std::int64_t number = 0;
  bool outputs = false;  // the output list, on top of the newest checkpoint
  bool early = false;    // report `taken` when the files are safe from the program
};
struct FinishOrder {
  bool succeeded = true;  // exit code 0, for ON_SUCCESS
};
struct SignalOrder {  // to the program, not to what it started
  int signal = 15;
};
struct KillOrder {};
struct QuitOrder {
  bool deliver = false;   // stdout and stderr to the submit side first, best effort
  bool clean_up = false;  // the spool goes too
};
using Order = std::variant<StageOrder, LaunchOrder, SpoolOrder, FinishOrder, SignalOrder, KillOrder,
                           QuitOrder>;

struct Staged {
  std::optional<std::int64_t> checkpoint;  // the one it starts from
  std::uint64_t bytes = 0;                 // moved into the sandbox
  std::vector<std::string> warnings;       // "checkpoint 7 is damaged: …"
};
struct Started {
  int pid = 0;
};
// The most that was seen.
struct Use {
  std::int64_t resident_kb = 0;  // of the program and all it started
  std::int64_t disk_kb = 0;      // of the sandbox
};
struct Exited {
  ExitStatus exit;
  std::int64_t user_ms = 0, system_ms = 0;
  Use use;
};
struct Measured {  // when it has grown by more than a tenth
  Use use;
};
struct OverMemory {          // has been killed
  std::int64_t used_kb = 0;  // shared pages counted once
};
struct Waits {};  // has exited; reported as that when the checkpoint before is durable
struct Taken {    // not yet durable
  std::int64_t number = 0;
};
struct Spooled {
  std::int64_t number = 0;
  std::uint64_t bytes = 0;
  std::int64_t elapsed_ms = 0;
  int unchanged = 0;  // so many in a row, this one the last, are as the one before them
};
struct SpoolFailed {
  bool retryable = false;
  std::string message;
  int error_number = 0;  // errno, 0: none
};
struct Finished {
  std::uint64_t bytes = 0;
};
struct FinishFailed {  // held with this code
  int code = 0, subcode = 0;
  std::string message;
};
struct StartFailed {  // held with this code
  int code = 0, subcode = 0;
  std::string message;
};
using Report = std::variant<Staged, Started, Exited, Spooled, SpoolFailed, Finished, FinishFailed,
                            StartFailed, Taken, Measured, OverMemory, Waits>;

std::string encode(const Order& order);
std::string encode(const Report& report);
// Errors: corrupt.
Result<Order> decode_order(std::string_view bytes);
Result<Report> decode_report(std::string_view bytes);

// Whether a size has become another one, for who must not be told of each page: by more than a
// tenth, and a megabyte.
struct Growth {
  std::int64_t from = 0, to = 0;  // kilobytes; 0: not known yet
};
bool has_grown(const Growth& size);

// On the socket a message is its length (4 bytes, little-endian), then its bytes.
inline constexpr std::size_t kLengthBytes = 4;
inline constexpr std::size_t kMessageBytesMax = 64 << 20;
std::string framed(std::string_view message);

// No message of ours is nested deeper than a few levels; parsers call themselves for each, and one
// of nothing but levels would end them by their stack.  Also false for what is no MessagePack.
bool is_shallow(std::string_view message);

// Collects what a socket gives until whole messages are there.
class Unframer {
 public:
  void add(std::string_view bytes) { pending_ += bytes; }
  // The next whole message, if there is one.  Errors: corrupt (a length beyond the limit).
  Result<std::optional<std::string>> next();

 private:
  std::string pending_;
};

}  // namespace cairn
