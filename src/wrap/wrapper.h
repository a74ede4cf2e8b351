// Runs a program that does not know the contract, and keeps it for it: starts the program from its
// last good checkpoint, ends it when the next one is due, takes its files, and leaves with the
// checkpoint exit code.
//
// A program gets a signal once, and alone.  Nothing it leaves behind runs on.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "os/descriptor.h"
#include "wrap/checkpoints.h"
#include "wrap/decision.h"
#include "wrap/options.h"
#include "wrap/placeholders.h"
#include "wrap/renewals.h"

namespace cairn::wrap {

// What `timeout` and `env` exit with, too.
inline constexpr int kFailed = 125;  // the wrapper itself could not do its work
inline constexpr int kNotExecutable = 126;
inline constexpr int kNotFound = 127;
inline constexpr int kGaveUp =
    1;  // the program makes no good checkpoint, stalls, or ends unfinished

class Wrapper {
 public:
  // What the user is told, one line each.
  using Say = std::function<void(const std::string&)>;
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
  using Clock = std::chrono::steady_clock;
  using Time = Clock::time_point;

  // ---- one execution
  Status start();
  Meanings meanings() const;
  Result<std::vector<std::string>> command() const;
  bool goes_on() const;
  // That the program has run so far, if placeholders ask for it; else 0.
  std::int64_t elapsed_seconds() const;
  Status prepare() const;
  void watch();
  Time next_time() const;
  void read_signals();
  void on_time();
  void on_news();
  void on_renewal();
  void end_for_checkpoint(Asked why);
  void request_end();
  void run_stop_command();
  void freeze_and_take(bool then_kill);
  void kill_all();
  void end_descendants();
  std::uint64_t signs_of_life() const;
  bool mark_found() const;
  bool uses_elapsed() const;

  // ---- between two
  Result<std::optional<Exit>> conclude();
  Result<std::optional<Exit>> conclude_take(const Ending& ending);
  Result<std::optional<Exit>> again(const std::string& why, int& count, int limit);
  Result<std::optional<Exit>> go_back();
  Exit exit_of_program() const;
  Status restore(std::uint64_t below);

  FileSystem& files_;
  const WrapOptions& options_;
  const Say say_;
  const Time began_ = Clock::now();
  std::optional<Checkpoints> checkpoints_;
  std::optional<Renewals> renewals_;
  Descriptor signals_, ended_;
  std::string mark_;  // in the environment of all that it starts

  // The program as it runs.
  Checkpoints::Start from_;
  bool resumed_ = false;
  pid_t pid_ = 0;
  Time started_;
  std::optional<Time> plan_;      // end it for a checkpoint
  std::optional<Time> deadline_;  // end it, come what may
  std::optional<Time> settled_;   // look at its files
  std::optional<Time> drain_;     // the queue of renewals
  std::optional<Time> retry_;     // freeze it once more
  std::optional<Time> kill_;      // its grace is over
  std::optional<Time> look_;      // does it do anything?
  Time lived_;                    // when it last did
  std::uint64_t life_ = 0;
  Asked asked_ = Asked::no;
  int vacate_signal_ = 0;
  int wait_status_ = 0;
  Time ended_at_;
  std::optional<Checkpoints::Taken> taken_;  // while it was frozen
  std::optional<Error> failure_;             // of taking

  bool failed_to_start_ = false;
  int bad_ = 0, stalls_ = 0;
};

}  // namespace cairn::wrap
