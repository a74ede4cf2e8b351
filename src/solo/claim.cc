#include "solo/claim.h"

#include <fmt/format.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "base/text.h"
#include "base/try.h"
#include "os/atomic_file.h"
#include "os/process.h"

namespace cairn {
namespace {

using Json = nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr const char* kRunnerName = "runner";
constexpr auto kBetweenTries = std::chrono::milliseconds(200);

std::string this_host() {
  char name[256] = {};
  if (::gethostname(name, sizeof name - 1) != 0) return "unknown";
  return name;
}

// Field 22 of /proc/PID/stat: a pid may be used again, with another start time.  0: no such
// process.
std::uint64_t start_time_of(pid_t pid) {
  const std::string stat = read_proc(pid, "stat");
  const std::size_t name_end = stat.rfind(')');
  if (name_end == std::string::npos || !process_runs(pid)) return 0;
  const auto fields = split_list(std::string_view(stat).substr(name_end + 1), ' ');
  constexpr std::size_t kStartTime = 19;  // counted from the field behind the name
  if (fields.size() <= kStartTime) return 0;
  return static_cast<std::uint64_t>(parse_integer(fields[kStartTime]).value_or(0));
}

bool same(const Runner& left, const Runner& right) {
  return left.host == right.host && left.pid == right.pid && left.start_time == right.start_time &&
         left.allocation == right.allocation && left.restarts == right.restarts;
}

std::string describe(const Runner& runner) {
  std::string text = fmt::format("pid {} on {}", runner.pid, runner.host);
  if (!runner.allocation.empty()) text += fmt::format(" (allocation {})", runner.allocation);
  return text;
}

Error taken_by(const Path& job_folder, const std::string& who) {
  return {Errc::locked, fmt::format("{} is being run by {}", job_folder.native(), who), 0,
          "wait until it has ended"};
}

// The lock, or nothing where there are none.
Result<std::optional<FolderLock>> lock(const Path& job_folder, std::chrono::milliseconds patience) {
  const auto deadline = Clock::now() + patience;
  for (;;) {
    auto taken = FolderLock::take(job_folder);
    if (taken) return std::optional(*std::move(taken));
    if (taken.error().code == Errc::unsupported) return std::optional<FolderLock>();
    if (taken.error().code != Errc::locked || Clock::now() >= deadline)
      return std::move(taken).error();
    std::this_thread::sleep_for(kBetweenTries);
  }
}

bool may_still_run(const Runner& other, const Runner& me, const StillRuns& still_runs) {
  if (!other.ending.empty()) return false;
  if (other.host == me.host && start_time_of(other.pid) != 0)
    return start_time_of(other.pid) == other.start_time;
  // One allocation runs in one place at a time: the scheduler has ended the earlier run.
  if (!other.allocation.empty() && other.allocation == me.allocation) return false;
  return still_runs(other);
}

}  // namespace

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Runner, host, pid, start_time, allocation, restarts, ending,
                                   detail)

std::string encode(const Runner& runner) {
  return Json(runner).dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<Runner> decode_runner(std::string_view text) {
  try {
    return Json::parse(text).get<Runner>();
  } catch (const Json::exception& problem) {
    return Error{Errc::corrupt, cat("who runs the job cannot be read: ", problem.what()), 0, {}};
  }
}

Runner this_runner(std::string allocation, std::int64_t restarts) {
  return runner_of(::getpid(), std::move(allocation), restarts);
}

Runner runner_of(pid_t pid, std::string allocation, std::int64_t restarts) {
  return {this_host(), pid, start_time_of(pid), std::move(allocation), restarts, {}, {}};
}

Result<std::optional<Runner>> last_runner(FileSystem& files, const Path& job_folder) {
  const auto text = read_file(files, job_folder / kRunnerName);
  if (!text && text.error().code == Errc::not_found) return std::optional<Runner>();
  if (!text) return text.error();
  CAIRN_TRY(Runner runner, decode_runner(*text));
  return std::optional(std::move(runner));
}

Result<Claim> Claim::take(FileSystem& files, const Path& job_folder, Runner me,
                          const StillRuns& still_runs, std::chrono::milliseconds patience) {
  CAIRN_TRY(auto held, lock(job_folder, patience));
  CAIRN_TRY(const auto last, last_runner(files, job_folder));
  if (last && may_still_run(*last, me, still_runs)) return taken_by(job_folder, describe(*last));
  CAIRN_CHECK(write_file_atomically(files, job_folder / kRunnerName, as_bytes(encode(me)), 0600));
  Claim claim(files, job_folder, std::move(me), std::move(held));
  CAIRN_CHECK(claim.check());
  return claim;
}

Claim::Claim(FileSystem& files, Path job_folder, Runner me, std::optional<FolderLock> lock)
    : files_(files),
      job_folder_(std::move(job_folder)),
      me_(std::move(me)),
      lock_(std::move(lock)) {}

Status Claim::check() const {
  CAIRN_TRY(const auto now, last_runner(files_, job_folder_));
  if (now && same(*now, me_)) return {};
  return taken_by(job_folder_, now ? describe(*now) : "nobody that is known");
}

Status Claim::end(std::string_view ending, const std::string& detail) {
  CAIRN_CHECK(check());
  me_.ending = ending;
  me_.detail = detail;
  auto done = write_file_atomically(files_, job_folder_ / kRunnerName, as_bytes(encode(me_)), 0600);
  lock_.reset();
  return done;
}

}  // namespace cairn
