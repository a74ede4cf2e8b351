// What a Session holds.  Everything from outside comes in as a Rim, so that the whole
// library runs over a simulated disk and a clock held in the hand.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cairn/session.h"
#include "os/clock.h"
#include "os/filesystem.h"
#include "os/lock.h"
#include "os/signals.h"
#include "session/environment.h"
#include "session/generation_folder.h"
#include "session/loop_book.h"
#include "session/output_file.h"
#include "session/policy.h"
#include "session/promise.h"

namespace cairn::detail {

struct Rim {
  std::shared_ptr<FileSystem> files;
  std::shared_ptr<const Clock> clock;
  Environment environment;
  bool lock_folder = true;  // on the real disk, whatever `files` is

  static Rim of_process();
};

class SessionState {
 public:
  static Result<std::unique_ptr<SessionState>> open(Options options, Rim rim);

  Status protect_region(std::string_view name, std::unique_ptr<Region> region);
  Status protect_file(const Path& path, OutputFile::Flush flush);

  Result<Restored> restore();
  Result<Next> safe_point();
  Result<std::uint64_t> checkpoint();

  Result<LoopBook::Place> begin_loop(std::string_view name, const LoopRange& range);
  // Counts an iteration and passes the safe point; returns the new place.
  Result<LoopBook::Place> advance_loop(const LoopBook::Place& place);
  void end_loop(std::uint64_t ticket, bool left_by_exception);

  void progress(double fraction);
  bool leaving() const { return leaving_; }
  int exit_code() const;
  bool vacate_requested() const { return vacate_ && vacate_->raised(); }

 private:
  using Identity = std::vector<std::pair<std::string, std::string>>;
  using Time = std::chrono::steady_clock::time_point;
  struct NamedRegion {
    std::string name;
    std::unique_ptr<Region> region;
  };

  SessionState(Options options, Rim rim, std::optional<FolderLock> lock, GenerationFolder folder);

  Status check_unrestored(std::string_view what) const;
  Status check_working(std::string_view call) const;
  Status check_own_process() const;

  Result<Restored> start();
  Result<Restored> go_on(const Generation& generation, std::vector<Error> skipped);
  Status check_identity(const Manifest& manifest) const;
  Status check_regions(const Manifest& manifest) const;
  Status check_files(const Manifest& manifest);
  Status compare_file(OutputFile& file, const Manifest& manifest);
  std::string way_back(const Manifest& manifest);
  Status stage_regions(const Generation& generation);

  //   may_leave  because the policy says so; if not, that waits for the next safe point
  Result<Next> pass(bool may_leave);
  SinceLast since_last() const;
  Status save(Due due);
  Result<std::uint64_t> commit(std::uint64_t number);
  Result<std::vector<FileRecord>> settle_files();
  Status add_sections(GenerationWriter& writer);
  bool may_leave() const;

  Options options_;
  Rim rim_;
  std::optional<FolderLock> lock_;
  GenerationFolder folder_;
  std::unique_ptr<SignalFlag> vacate_;
  Identity identity_;
  std::optional<int> promised_code_;
  std::optional<std::string> progress_file_;
  bool never_ = false;  // $CAIRN_CHECKPOINT=never
  unsigned forks_;      // of this process and its ancestors, when it was opened

  std::vector<NamedRegion> regions_;
  std::vector<OutputFile> files_;
  LoopBook loops_;
  std::vector<std::byte> scratch_;

  bool restored_ = false;
  bool leaving_ = false;
  std::uint64_t points_since_commit_ = 0;
  std::uint64_t points_since_leave_ = 0;
  Time last_commit_{};
  Time last_leave_{};
  std::optional<Time> last_progress_;
};

// How tests make a Session over a Rim of their own.
struct SessionAccess {
  static Result<Session> open(Options options, Rim rim);
};

}  // namespace cairn::detail
