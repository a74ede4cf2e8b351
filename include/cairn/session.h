// A session is one process's use of a checkpoint folder, from open to exit.
// A job is a chain of sessions: each starts where the one before committed.
//
//   open -> protect... -> restore -> ( work -> safe_point )* -> exit with exit_code()
//
// A Session is not thread-safe, and belongs to the process that opened it.  It
// prints nothing, starts no thread, never calls exit(), and installs a signal
// handler only for Options::vacate_signal.
//
// The environment:
//   CAIRN_CHECKPOINT_EXIT_CODE=N  who started the program restarts it after exit code N
//   _CONDOR_JOB_AD=FILE           the same, from the job ad (SuccessCheckpointExitCode)
//   CAIRN_CHECKPOINT=never        commits nothing, never leaves, takes no vacate signal: a
//                                 run to compare others with
//   CAIRN_PROGRESS=FILE           what progress() says is written there, "0.4213\n"
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <iosfwd>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cairn/result.h"
#include "cairn/serializable.h"
#include "cairn/version.h"

namespace cairn {

// The exit code that tells the starter "a checkpoint is ready, restart me", where
// nobody names another.
inline constexpr int kCheckpointExitCode = 77;

// When to save.  Of a count and a duration, whichever is over first decides.
//   commit  the state goes to disk and the program goes on: cheap
//   leave   the state goes to disk and safe_point() answers Next::leave, so that
//           the checkpoint is transferred: costs a restart
// Counts are in safe points, 0 for never.  A zero duration is never, too.
// Where nobody has promised to restart the program, a leave is only a commit.
struct Policy {
  std::uint64_t commit_every = 0;
  std::chrono::milliseconds commit_interval = std::chrono::minutes(10);
  std::uint64_t leave_every = 0;
  std::chrono::milliseconds leave_interval = std::chrono::hours(1);
};

// Whether safe_point() may answer Next::leave because the policy says so.
//   when_promised  the job ad at $_CONDOR_JOB_AD holds SuccessCheckpointExitCode,
//                  or $CAIRN_CHECKPOINT_EXIT_CODE is set, as Cairn's engine does
// A requested vacate (Options::vacate_signal) is obeyed in every case.
enum class Leave { when_promised, always, never };

struct Options {
  // The checkpoint folder; created if missing.  Put it into transfer_checkpoint_files.
  // A relative path means the working folder at open().
  std::filesystem::path directory = "state.ckpt";
  Policy policy = {};
  int keep_generations = 2;  // at least 1; 2 survives one damaged file
  int vacate_signal = 15;    // SIGTERM; 0 installs no handler
  Leave leave = Leave::when_promised;

  // What a checkpoint belongs to, as (key, value).  restore() refuses a checkpoint
  // whose keys or values differ.  The program's arguments are added as "arguments"
  // unless identify_arguments is false.
  std::vector<std::pair<std::string, std::string>> identity = {};
  bool identify_arguments = true;

  // Sections are compressed with zstd at this level, 1 to 19; 0 stores them as they are.
  int compression_level = 0;
};

// What restore() found.
struct Restored {
  std::uint64_t generation = 0;  // 0: there was none, a first start
  std::vector<Error> skipped;    // newer generations that failed verification, newest first
};

// What the program should do after a safe point.
enum class Next { proceed, leave };

struct LoopOptions {
  // A checkpoint of the same loop with another `last` is accepted, if the loop has not
  // got further than the new one.
  bool may_extend = false;
};

class Loop;
namespace detail {
class SessionState;
struct SessionAccess;
}  // namespace detail

class CAIRN_API Session {
 public:
  // Opens `options.directory`, takes its lock and removes what a crash left half written.
  // Errors: io; no_space; locked (another process has it: its pid and host are named).
  static Result<Session> open(Options options);

  Session(Session&&) noexcept;
  Session& operator=(Session&&) noexcept;
  ~Session();  // releases the lock; commits nothing

  // Adds `object` to the state that every generation holds, under `name`.  What can
  // be protected is listed in serializable.h; anything else does not compile.
  // The object must outlive the session and keep its address.  A name used twice,
  // or a call after restore(), is a bug in the caller: it says so and aborts.
  template <class T>
  void protect(std::string_view name, T& object) {
    add_region(name, detail::make_region(object));
  }
  // Memory that somebody else owns: its size is part of the checkpoint and cannot change.
  template <class T, std::size_t Extent>
  void protect(std::string_view name, std::span<T, Extent> array) {
    add_region(name, detail::make_span_region(array));
  }
  template <class T>
  void protect(std::string_view name,
               const T&& object) = delete;  // would be gone at the safe point

  // A region with a behaviour of its own, for other languages.
  // Errors: misuse (a name used twice; after restore()).
  Status protect_region(std::string_view name, std::unique_ptr<Region> region);

  // A file that the program only appends to.  A checkpoint records its length and
  // checksum; restore() cuts it back to that length, so that no line is there twice,
  // and refuses if what remains is not what was written.  Open it for appending
  // after restore().  What the program has written must have reached the file at
  // each safe point: C streams are flushed there by themselves, a std::ostream is
  // if it is given here (it must then outlive the session).
  void protect_file(const std::filesystem::path& path);
  void protect_file(const std::filesystem::path& path, std::ostream& stream);
  // The same for other languages: `flush` is called before each commit.
  // Errors: misuse (a path used twice; after restore()).
  Status protect_flushed_file(const std::filesystem::path& path, std::function<Status()> flush);

  // Fills the protected objects from the newest generation that verifies, and cuts
  // the protected files back.  Either all of them change or none do.
  // Errors: io; corrupt (generations exist and none verifies, or a protected file is
  // not what was written); mismatch (another identity, or other names, types or sizes).
  Result<Restored> restore();

  // The one call for the work loop: the place where the regions agree with each
  // other.  Commits a generation if the policy says one is due or a vacate was
  // requested.  On Next::leave, return exit_code() from main(): nothing more is committed.
  // Errors: io, no_space; corrupt (a protected file has become shorter); misuse (before
  // restore(), in a forked child).  After an error the last generation is still good, and
  // the next safe point tries again.
  Result<Next> safe_point();

  // Commits a generation now and returns its number.  Same errors.
  // With $CAIRN_CHECKPOINT=never it does nothing and returns the last number.
  Result<std::uint64_t> checkpoint();

  //   for (auto i : session.loop("iteration", first, last)) sum += work(i);
  // Counts i from `first` up to `last` (exclusive), goes on where the checkpoint
  // was made, and passes a safe point after each iteration.  When that says leave,
  // the loop ends: ask leaving() behind it.  After its last iteration the policy does not
  // make it leave, so that a program whose work is done ends.  Loops may follow each other and be
  // nested, each with a name of its own; code between two loops runs again after a restart. The
  // first call of a name in a process goes on, a later one starts at `first`: so around a loop
  // there must be no other loop that counts over restarts but this kind. Throws Failure: mismatch
  // (the checkpoint has another range, or was made inside another loop), and what safe_point()
  // returns.
  Loop loop(std::string_view name, std::int64_t first, std::int64_t last, LoopOptions options = {});

  // How much of the work is done, 0 to 1, for who watches.  A loop says it by itself.
  void progress(double fraction) noexcept;

  // Whether the last safe point said Next::leave.
  bool leaving() const noexcept;

  // What main() returns: 0, or the checkpoint exit code if leaving().  The code is
  // the one promised (see Leave), else kCheckpointExitCode.
  int exit_code() const noexcept;

  // Whether the vacate signal has come.  The next safe point saves and says leave.
  bool vacate_requested() const noexcept;

 private:
  friend struct detail::SessionAccess;
  explicit Session(std::unique_ptr<detail::SessionState> state);
  void add_region(std::string_view name, std::unique_ptr<Region> region);

  std::unique_ptr<detail::SessionState> state_;
};

// The range of Session::loop().  Lives as long as the `for` that uses it; the session
// may be moved meanwhile, and outlives it.
class CAIRN_API Loop {
 public:
  class Iterator {
   public:
    std::int64_t operator*() const noexcept { return loop_->position(); }
    Iterator& operator++() {
      loop_->advance();
      return *this;
    }
    bool operator==(std::default_sentinel_t) const noexcept { return loop_->over(); }

   private:
    friend class Loop;
    explicit Iterator(Loop& loop) : loop_(&loop) {}
    Loop* loop_;
  };

  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  ~Loop();  // a loop left by `break` counts as finished, one left by an exception does not

  Iterator begin() noexcept { return Iterator(*this); }
  std::default_sentinel_t end() const noexcept { return {}; }

  std::int64_t position() const noexcept { return position_; }
  bool over() const noexcept { return over_; }
  // Counts one iteration and passes the safe point.  Throws Failure if that fails.
  void advance();

 private:
  friend class Session;
  Loop(detail::SessionState& state, std::uint64_t ticket, std::int64_t position, bool over);

  detail::SessionState* state_;
  std::uint64_t ticket_;  // which of the session's loops it is
  std::int64_t position_;
  bool over_;
  int exceptions_;  // in flight when it began
};

}  // namespace cairn
