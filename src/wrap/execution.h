// One execution of a program that does not know the contract: from its start until it and all that
// it started have ended.  It is ended when a checkpoint is due; where it saves by itself, it is
// frozen and its files are taken.
//
// A program gets a signal once, and alone.  Nothing it leaves behind runs on.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "os/descriptor.h"
#include "wrap/checkpoints.h"
#include "wrap/decision.h"
#include "wrap/freeze.h"
#include "wrap/options.h"
#include "wrap/renewals.h"

namespace cairn::wrap {

// What the user is told, one line each.
using Say = std::function<void(const std::string&)>;
using SteadyTime = std::chrono::steady_clock::time_point;

// Signals that are forwarded, and SIGCHLD, which wakes us: blocked from now on for the whole
// process, and read here.  Errors: io.
Result<Descriptor> take_signals();

struct ExecutionOrder {
  std::vector<std::string> words;      // the program and its arguments
  std::optional<Milliseconds> every;   // it is ended for a checkpoint so long after its start
  std::optional<SteadyTime> deadline;  // it is ended then, come what may
  // Seconds of the executions before, to be recorded with the checkpoint; nothing: it is not, so
  // that the same state gives the same checkpoint.
  std::optional<std::int64_t> elapsed_before;
  bool from_image = false;  // it is not started, but restored
  // Whether the mark of its end is there; empty: it has none.
  std::function<bool()> is_finishing;
};

struct ExecutionEnd {
  Asked asked = Asked::no;
  int wait_status = 0;
  Milliseconds lasted{0};
  bool was_told = false;  // to end, by what it may notice
  int vacate_signal = 0;  // that asked us to leave, even when the program had ended; 0: none
  std::int64_t elapsed_seconds = 0;  // of all executions; 0 where it is not recorded
  // It has not saved because it was asked, but by itself before, and output may have grown since:
  // how long it was then, if that is known.
  bool outputs_may_differ = false;
  std::optional<FileSet> outputs_then;
  bool was_killed = false;  // by us
  // Of files that were taken while it was frozen, or why they could not be.
  std::optional<Result<Checkpoints::Taken>> taken;
};

class Execution {
 public:
  //   signals  as from take_signals(); like all else, it must outlive this
  Execution(FileSystem& files, const WrapOptions& options, Checkpoints& checkpoints,
            const Descriptor& signals, const Say& say);

  // Errors: not_found, io: it could not be started.
  Result<ExecutionEnd> run(const ExecutionOrder& order);

 private:
  using Clock = std::chrono::steady_clock;
  using Time = SteadyTime;

  Status start(const ExecutionOrder& order);
  void watch();
  void on_end();
  Time next_time() const;
  void read_signals();
  void on_time();
  void on_news();
  void on_renewal();
  void on_look(Time now);
  bool is_as_seen();
  bool hear();
  bool rests();
  std::optional<std::string> why_not_whole(const Frozen& frozen);
  void end_for_checkpoint(Asked why);
  void request_end();
  std::vector<pid_t> told() const;
  bool heeds() const;
  std::vector<FileSet> by_pattern() const;
  std::optional<std::string> saved_in_part() const;
  void send_stop_signal();
  void retry_soon();
  bool let_it_finish(Asked why);
  void on_grace_over();
  void kill_between_saves();
  std::optional<std::string> state_in_writing(const Frozen& frozen) const;
  void run_stop_command();
  void save_image();
  void freeze_and_take(bool then_kill);
  void kill_all();
  void end_descendants();
  std::int64_t elapsed_seconds() const;
  std::uint64_t signs_of_life() const;

  FileSystem& files_;
  const WrapOptions& options_;
  Checkpoints& checkpoints_;
  const Descriptor& signals_;
  const Say& say_;
  std::optional<Renewals> renewals_;
  Descriptor ended_;

  pid_t pid_ = 0;
  std::optional<std::int64_t> elapsed_before_;
  std::function<bool()> is_finishing_;
  std::optional<Asked> untold_;  // why it would have been told to end, were it not finishing
  Time started_, ended_at_;
  std::optional<Time> plan_;      // end it for a checkpoint
  std::optional<Time> deadline_;  // end it, come what may
  std::optional<Time> settled_;   // look at its files
  std::optional<Time> restless_;  // since when they have been written again and again
  std::optional<Time> drain_;     // the queue of renewals
  std::optional<Time> retry_;     // freeze it once more
  Milliseconds pause_{8};         // before that
  std::optional<Time> kill_;      // its grace is over
  std::optional<Time> last_try_;  // to kill it between two saves
  std::optional<Time> look_;      // does it do anything?
  Time lived_;                    // when it last did
  std::uint64_t life_ = 0;
  bool is_alone_ = false;  // since then: one file each time, renamed into its place
  bool is_whole_ = false;  // the one file that was renamed last
  bool said_restless_ = false;
  bool said_open_ = false;
  bool saved_ = false;     // as an image, which has ended it
  bool unheeded_ = false;  // the signal ends it, whatever it does just then
  FileSet seen_;           // at the last look, where nothing can be watched
  // When its files were last written, as far as is known; the files at the last look for that.
  std::optional<Time> written_;
  std::optional<FileSet> resting_;
  std::vector<FileSet> when_told_;  // the files of each pattern, when it was told to end
  ExecutionEnd end_;
};

}  // namespace cairn::wrap
