// Runs a program that does not know the contract, and keeps it for it: each execution goes on from
// the last good checkpoint; what it leaves is taken, and the wrapper leaves with the checkpoint
// exit code, or the program is started once more.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "wrap/checkpoints.h"
#include "wrap/decision.h"
#include "wrap/execution.h"
#include "wrap/options.h"
#include "wrap/placeholders.h"

namespace cairn::wrap {

// What `timeout` and `env` exit with, too.
inline constexpr int kFailed = 125;  // the wrapper itself could not do its work
inline constexpr int kNotExecutable = 126;
inline constexpr int kNotFound = 127;
inline constexpr int kGaveUp =
    1;  // the program makes no good checkpoint, stalls, or ends unfinished

class Wrapper {
 public:
  Wrapper(FileSystem& files, const WrapOptions& options, Say say);

  // How the wrapper is to end: with a code, or as if a signal had killed it.
  struct Exit {
    int code = 0;
    int signal = 0;
  };
  // Until the program has finished, or has a checkpoint to leave with.  Blocks all signals that it
  // forwards, for the whole process.
  Result<Exit> run();
  // Whether run() failed because the program could not be started.
  bool failed_to_start() const { return failed_to_start_; }

 private:
  // ---- before an execution
  Status restore(std::uint64_t below);
  bool goes_on() const;
  std::optional<Milliseconds> every() const;
  Meanings meanings() const;
  Result<std::vector<std::string>> command() const;
  Status check_input() const;
  Status prepare() const;
  Status put_mark_aside();
  bool uses_elapsed() const;

  // ---- after it: how to end; nothing: another execution follows
  using Next = Result<std::optional<Exit>>;
  Next conclude(const ExecutionEnd& end);
  Next conclude_take(const ExecutionEnd& end, const Ending& ending);
  std::optional<std::string> cut_off(const ExecutionEnd& end) const;
  bool says_saved(const ExecutionEnd& end) const;
  Result<Checkpoints::Taken> take(const ExecutionEnd& end);
  Next again(const ExecutionEnd& end, const std::string& why, int& count, int limit);
  Next go_back(const ExecutionEnd& end);
  bool mark_found() const;

  FileSystem& files_;
  const WrapOptions& options_;
  const Say say_;
  const SteadyTime began_ = std::chrono::steady_clock::now();
  std::optional<SteadyTime> deadline_;
  std::optional<Checkpoints> checkpoints_;
  Checkpoints::Start from_;
  bool resumed_ = false;
  bool failed_to_start_ = false;
  int bad_ = 0, stalls_ = 0;
};

}  // namespace cairn::wrap
