#include "session/session_state.h"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstdio>

#include "base/assert.h"
#include "base/text.h"
#include "base/try.h"

namespace cairn::detail {
namespace {

constexpr auto kProgressInterval = std::chrono::milliseconds(250);
constexpr const char* kStartOver = "start over in an empty checkpoint folder";

// Counted by the child, so that a safe point can tell without a system call whether
// it runs in the process that opened the session.
std::atomic<unsigned> forks{0};

unsigned count_forks() {
  static const int registered =
      ::pthread_atfork(nullptr, nullptr, [] { forks.fetch_add(1, std::memory_order_relaxed); });
  static_cast<void>(registered);  // fails for lack of memory only: forks then go unnoticed
  return forks.load(std::memory_order_relaxed);
}

Error misuse(std::string message, std::string hint) {
  return {Errc::misuse, std::move(message), 0, std::move(hint)};
}

Status check(const Options& options) {
  const auto invalid = [](std::string message) {
    return Error{Errc::invalid, std::move(message), 0, {}};
  };
  const int vacate = options.vacate_signal;
  const Policy& policy = options.policy;
  if (options.directory.empty()) return invalid("Options::directory is empty");
  if (options.keep_generations < 1)
    return invalid(
        cat("Options::keep_generations is ", options.keep_generations, ", at least 1 is needed"));
  if (options.compression_level < 0 || options.compression_level > 19)
    return invalid(
        cat("Options::compression_level is ", options.compression_level, ", not 0 to 19"));
  if (policy.commit_interval.count() < 0 || policy.leave_interval.count() < 0)
    return invalid("an interval of Options::policy is negative; 0 is never");
  if (vacate < 0 || vacate >= NSIG || vacate == SIGKILL || vacate == SIGSTOP)
    return invalid(cat("Options::vacate_signal is ", vacate, ", which no program can catch"));
  return {};
}

using Identity = std::vector<std::pair<std::string, std::string>>;

Result<Identity> identity_of(const Options& options, const Environment& environment) {
  Identity identity = options.identity;
  if (options.identify_arguments)
    identity.emplace_back("arguments", quoted_line(environment.arguments));
  std::ranges::sort(identity);
  if (!identity.empty() && identity.front().first.empty())
    return Error{Errc::invalid, "Options::identity has a key without a name", 0, {}};
  const auto twice = std::ranges::adjacent_find(identity, {}, &Identity::value_type::first);
  if (twice == identity.end()) return identity;
  return Error{Errc::invalid, cat("Options::identity has ", twice->first, " twice"), 0, {}};
}

const std::string* find(const Identity& identity, const std::string& key) {
  const auto found = std::ranges::find(identity, key, &Identity::value_type::first);
  return found == identity.end() ? nullptr : &found->second;
}

Error other_identity(const std::string& folder, const std::string& key, const std::string* saved,
                     const std::string* now) {
  const auto side = [&](const std::string* value) {
    return value ? cat(key, " \"", *value, "\"") : cat("no ", key);
  };
  return {Errc::mismatch,
          cat(folder, " belongs to ", side(saved), ", this program runs with ", side(now)), 0,
          cat("run it as before, or use another checkpoint folder, or remove ", folder,
              " to start from the beginning")};
}

// Undoes what was staged, unless all was applied: also when an exception passes.
template <class Regions>
class Staging {
 public:
  explicit Staging(Regions& regions) : regions_(regions) {}
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;
  ~Staging() {
    if (applied_) return;
    for (auto& entry : regions_) entry.region->abandon();
  }
  void apply() noexcept {
    applied_ = true;
    for (auto& entry : regions_) entry.region->apply();
  }

 private:
  Regions& regions_;
  bool applied_ = false;
};

}  // namespace

Rim Rim::of_process() {
  return {.files = std::make_shared<PosixFileSystem>(),
          .clock = std::make_shared<SystemClock>(),
          .environment = Environment::of_process()};
}

// ---- open, protect -----------------------------------------------------------------------------

Result<std::unique_ptr<SessionState>> SessionState::open(Options options, Rim rim) {
  CAIRN_CHECK(check(options));
  CAIRN_TRY(auto identity, identity_of(options, rim.environment));
  CAIRN_CHECK(GenerationFolder::make(*rim.files, options.directory));
  std::optional<FolderLock> lock;
  if (rim.lock_folder) {
    CAIRN_TRY(lock, FolderLock::take(options.directory));
  }
  // Only now: another process's half written generation is none of ours.
  CAIRN_TRY(auto folder, GenerationFolder::open(*rim.files, options.directory));
  std::unique_ptr<SessionState> state(
      new SessionState(std::move(options), std::move(rim), std::move(lock), std::move(folder)));
  state->identity_ = std::move(identity);
  return state;
}

SessionState::SessionState(Options options, Rim rim, std::optional<FolderLock> lock,
                           GenerationFolder folder)
    : options_(std::move(options)),
      rim_(std::move(rim)),
      lock_(std::move(lock)),
      folder_(std::move(folder)),
      promised_code_(promised_exit_code(*rim_.files, rim_.environment)),
      progress_file_(rim_.environment.variable("CAIRN_PROGRESS")),
      never_(rim_.environment.variable("CAIRN_CHECKPOINT") == "never"),
      forks_(count_forks()) {
  // Who never saves must not swallow the signal that ends it.
  if (options_.vacate_signal != 0 && !never_)
    vacate_ = std::make_unique<SignalFlag>(options_.vacate_signal);
}

Status SessionState::check_own_process() const {
  if (forks_ == forks.load(std::memory_order_relaxed)) return {};
  return misuse("the session was opened by the parent of this process",
                "use it in the process that opened it, or open one with another folder");
}

Status SessionState::check_unrestored(std::string_view what) const {
  CAIRN_CHECK(check_own_process());
  if (!restored_) return {};
  return misuse(cat(what, " after restore()"),
                "protect everything first, then call restore() once");
}

Status SessionState::protect_region(std::string_view name, std::unique_ptr<Region> region) {
  CAIRN_CHECK(check_unrestored(cat("protect(\"", name, "\")")));
  if (name.empty()) return misuse("a region is protected without a name", "give it one");
  if (std::ranges::find(regions_, name, &NamedRegion::name) != regions_.end())
    return misuse(cat("region ", name, " is protected twice"),
                  "give each region a name of its own");
  regions_.push_back({std::string(name), std::move(region)});
  return {};
}

Status SessionState::protect_file(const Path& path, OutputFile::Flush flush) {
  CAIRN_CHECK(check_unrestored(cat("protect_file(\"", path.native(), "\")")));
  if (path.empty()) return misuse("a file is protected without a name", "give its path");
  OutputFile file(path, std::move(flush));
  if (std::ranges::find(files_, file.name(), &OutputFile::name) != files_.end())
    return misuse(cat("file ", path.native(), " is protected twice"), "protect it once");
  files_.push_back(std::move(file));
  return {};
}

// ---- restore -----------------------------------------------------------------------------------

Result<Restored> SessionState::restore() {
  CAIRN_CHECK(check_unrestored("restore()"));
  std::vector<Error> skipped;
  CAIRN_TRY(const auto generation, folder_.read_newest(skipped));
  auto restored = generation ? go_on(*generation, std::move(skipped)) : start();
  if (!restored) return restored;
  restored_ = true;
  last_commit_ = last_leave_ = rim_.clock->now();
  return restored;
}

// A program that is killed before its first checkpoint begins anew, and its output
// files must, too: the start is recorded as generation 0.
Result<Restored> SessionState::start() {
  if (!files_.empty() && !never_) CAIRN_CHECK(commit(0));
  return Restored{};
}

Result<Restored> SessionState::go_on(const Generation& generation, std::vector<Error> skipped) {
  const Manifest& manifest = generation.manifest;
  CAIRN_CHECK(check_identity(manifest));
  CAIRN_CHECK(check_regions(manifest));
  CAIRN_CHECK(check_files(manifest));
  Staging staging(regions_);
  CAIRN_CHECK(stage_regions(generation));
  for (OutputFile& file : files_) CAIRN_CHECK(file.cut_back(*rim_.files));
  if (manifest.generation != 0) staging.apply();
  loops_.restore(manifest.loops);
  return Restored{manifest.generation, std::move(skipped)};
}

Status SessionState::check_identity(const Manifest& manifest) const {
  const std::string& folder = options_.directory.native();
  for (const auto& [key, saved] : manifest.identity) {
    const std::string* now = find(identity_, key);
    if (!now || *now != saved) return other_identity(folder, key, &saved, now);
  }
  for (const auto& [key, now] : identity_)
    if (!find(manifest.identity, key)) return other_identity(folder, key, nullptr, &now);
  return {};
}

Status SessionState::check_regions(const Manifest& manifest) const {
  if (manifest.generation == 0) return {};  // the start has no regions
  const std::string file = folder_.file_of(manifest.generation).native();
  for (const Section& section : manifest.sections)
    if (std::ranges::find(regions_, section.name, &NamedRegion::name) == regions_.end())
      return Error{
          Errc::mismatch,
          cat("region ", section.name, " is in ", file, ", the program does not protect it"), 0,
          cat("protect it under that name before restore(), or ", kStartOver)};
  for (const NamedRegion& region : regions_)
    if (std::ranges::find(manifest.sections, region.name, &Section::name) ==
        manifest.sections.end())
      return Error{Errc::mismatch,
                   cat("region ", region.name, " is protected by the program, and not in ", file),
                   0, cat("run the program that wrote the checkpoint, or ", kStartOver)};
  return {};
}

Status SessionState::check_files(const Manifest& manifest) {
  const std::string generation = folder_.file_of(manifest.generation).native();
  for (const FileRecord& record : manifest.files)
    if (std::ranges::find(files_, record.path, &OutputFile::name) == files_.end())
      return Error{Errc::mismatch,
                   cat("file ", record.path, " is recorded in ", generation,
                       ", the program does not protect it"),
                   0, cat("call protect_file() for it before restore(), or ", kStartOver)};
  for (OutputFile& file : files_) CAIRN_CHECK(compare_file(file, manifest));
  return {};
}

Status SessionState::compare_file(OutputFile& file, const Manifest& manifest) {
  const auto record = std::ranges::find(manifest.files, file.name(), &FileRecord::path);
  const std::string generation = folder_.file_of(manifest.generation).native();
  if (record == manifest.files.end())
    return Error{
        Errc::mismatch,
        cat("file ", file.name(), " is protected by the program, and not recorded in ", generation),
        0, cat("run the program that wrote the checkpoint, or ", kStartOver)};
  auto same = file.compare(*rim_.files, *record);
  if (same) return same;
  Error error = std::move(same).error();
  error.message = cat(generation, " does not fit: ", error.message);
  if (error.code == Errc::corrupt) error.hint += way_back(manifest);
  if (error.code == Errc::not_found) error.hint += cat("; or ", kStartOver);
  return error;
}

// Whether an older generation fits the files as they are, and how to get back to it.
std::string SessionState::way_back(const Manifest& newest) {
  for (const Manifest& older : folder_.older_than(newest.generation)) {
    const bool fits = std::ranges::all_of(files_, [&](const OutputFile& file) {
      const auto record = std::ranges::find(older.files, file.name(), &FileRecord::path);
      OutputFile look(file.path(), {});
      return record != older.files.end() && look.compare(*rim_.files, *record);
    });
    if (fits)
      return cat("; or go back to generation ", older.generation, ", which fits: remove ",
                 folder_.file_of(newest.generation).native(), " and what is newer");
  }
  return cat("; no older generation fits; or ", kStartOver);
}

Status SessionState::stage_regions(const Generation& generation) {
  const auto& sections = generation.manifest.sections;
  for (std::size_t i = 0; i < sections.size(); ++i) {
    const Section& section = sections[i];
    auto& region = *std::ranges::find(regions_, section.name, &NamedRegion::name)->region;
    const RegionType type{section.type, section.element_bytes, section.shape};
    if (auto staged = region.stage(type, generation.sections[i]); !staged) {
      Error error = std::move(staged).error();
      error.message = cat("region ", section.name, " ", error.message);
      return error;
    }
  }
  return {};
}

// ---- safe points -------------------------------------------------------------------------------

Status SessionState::check_working(std::string_view call) const {
  CAIRN_CHECK(check_own_process());
  if (restored_) return {};
  const auto& present = folder_.present();
  const std::string what =
      present.empty()
          ? std::string()
          : cat("; ", options_.directory.native(), " holds generation ", *present.rbegin(),
                ", which a program that starts from the beginning would supersede");
  return misuse(cat(call, " before restore()", what),
                "call restore() once, after the last protect() and before the work");
}

Result<Next> SessionState::safe_point() { return pass(/*may_leave=*/true); }

Result<Next> SessionState::pass(bool may_leave) {
  CAIRN_CHECK(check_working("safe_point()"));
  if (leaving_) return Next::leave;  // what came after that is no state to save
  if (never_) return Next::proceed;
  ++points_since_commit_;
  ++points_since_leave_;
  Due what = due(options_.policy, since_last());
  if (what == Due::leave && !may_leave) what = Due::commit;
  if (vacate_requested()) what = Due::leave;
  if (what == Due::nothing) return Next::proceed;
  CAIRN_CHECK(save(what));
  return leaving_ ? Next::leave : Next::proceed;
}

SinceLast SessionState::since_last() const {
  SinceLast since{{points_since_commit_}, {points_since_leave_}};
  if (!needs_clock(options_.policy)) return since;
  const Time now = rim_.clock->now();
  since.commit.time = now - last_commit_;
  since.leave.time = now - last_leave_;
  return since;
}

Status SessionState::save(Due due) {
  CAIRN_CHECK(checkpoint());
  if (due != Due::leave) return {};
  points_since_leave_ = 0;
  last_leave_ = last_commit_;
  leaving_ = vacate_requested() || may_leave();
  return {};
}

bool SessionState::may_leave() const {
  if (options_.leave == Leave::when_promised) return promised_code_.has_value();
  return options_.leave == Leave::always;
}

int SessionState::exit_code() const {
  return leaving_ ? promised_code_.value_or(kCheckpointExitCode) : 0;
}

Result<std::uint64_t> SessionState::checkpoint() {
  CAIRN_CHECK(check_working("checkpoint()"));
  if (leaving_ || never_) return folder_.newest_good().value_or(0);
  CAIRN_TRY(const std::uint64_t number, folder_.next());
  CAIRN_TRY(const std::uint64_t generation, commit(number));
  points_since_commit_ = 0;
  last_commit_ = rim_.clock->now();
  return generation;
}

// The output files first: a generation that says how long they are must not survive
// a power cut which they do not survive.
Result<std::uint64_t> SessionState::commit(std::uint64_t number) {
  CAIRN_TRY(auto records, settle_files());
  const auto fill = [&](GenerationWriter& writer) -> Status {
    if (number != 0) CAIRN_CHECK(add_sections(writer));
    CAIRN_CHECK(writer.finish(std::move(records), loops_.records()));
    return {};
  };
  CAIRN_TRY(const std::uint64_t generation, folder_.commit(number, identity_, fill));
  folder_.retain(options_.keep_generations);
  return generation;
}

Result<std::vector<FileRecord>> SessionState::settle_files() {
  if (!files_.empty() && std::fflush(nullptr) != 0)
    return system_error("flush", "the C streams of the program", errno);
  std::vector<FileRecord> records;
  for (OutputFile& file : files_) {
    CAIRN_CHECK(file.flush());
    CAIRN_TRY(auto record, file.settle(*rim_.files));
    records.push_back(std::move(record));
  }
  return records;
}

Status SessionState::add_sections(GenerationWriter& writer) {
  for (const NamedRegion& entry : regions_) {
    auto bytes = entry.region->freeze(scratch_);
    if (!bytes) {
      Error error = std::move(bytes).error();
      error.message = cat("region ", entry.name, " ", error.message);
      return error;
    }
    RegionType type = entry.region->type();
    SectionInfo info{entry.name, std::move(type.name), type.element_bytes, std::move(type.shape)};
    CAIRN_CHECK(writer.add_section(std::move(info), *bytes, options_.compression_level));
  }
  return {};
}

// ---- loops, progress ---------------------------------------------------------------------------

Result<LoopBook::Place> SessionState::begin_loop(std::string_view name, const LoopRange& range) {
  CAIRN_CHECK(check_working(cat("loop(\"", name, "\")")));
  if (name.empty()) return misuse("a loop is begun without a name", "give it one");
  CAIRN_TRY(auto place, loops_.begin(name, range));
  place.over = place.over || leaving_;
  return place;
}

Result<LoopBook::Place> SessionState::advance_loop(const LoopBook::Place& before) {
  if (leaving_) return LoopBook::Place{before.ticket, before.position, true};
  CAIRN_TRY(auto place, loops_.advance(before.ticket));
  if (progress_file_ && loops_.is_outermost(place.ticket)) progress(loops_.fraction(place.ticket));
  // At its end a loop leaves only if asked: the work may be done, and a restart for nothing.
  CAIRN_TRY(const Next next, pass(!place.over));
  place.over = place.over || next == Next::leave;
  return place;
}

void SessionState::end_loop(std::uint64_t ticket, bool left_by_exception) {
  loops_.end(ticket, !left_by_exception && !leaving_);
}

void SessionState::progress(double fraction) {
  if (!progress_file_ || !(fraction >= 0) || !check_own_process()) return;
  const Time now = rim_.clock->now();
  if (last_progress_ && now - *last_progress_ < kProgressInterval) return;
  last_progress_ = now;
  std::array<char, 16> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), std::min(fraction, 1.0),
                                 std::chars_format::fixed, 4);
  *end.ptr = '\n';
  // Whoever watches can do without one of them.
  if (auto file = rim_.files->create(*progress_file_))
    static_cast<void>(
        (*file)->append(as_bytes(std::string_view(text.data(), end.ptr + 1))).has_value());
}

Result<Session> SessionAccess::open(Options options, Rim rim) {
  CAIRN_TRY(auto state, SessionState::open(std::move(options), std::move(rim)));
  return Session(std::move(state));
}

}  // namespace cairn::detail
