// `cairn log`: what happened to a job, and what it printed; with --follow as it happens.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <chrono>
#include <iostream>
#include <memory>

#include "base/text.h"
#include "base/try.h"
#include "cli/job_files.h"
#include "cli/look.h"
#include "cli/verb.h"
#include "listing/json.h"
#include "listing/table.h"
#include "os/descriptor.h"
#include "os/watch.h"

namespace cairn::cli {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kTerminated = "005 ", kAborted = "009 ";
constexpr auto kLastEvent = 5s;

constexpr const char* kFooter =
    "--follow ends when the job is over; Ctrl-C ends it before, and does nothing to the job.\n"
    "Exit status: 0; 1 there is no such log or output; 2 wrong usage, no such job.\n"
    "Examples: cairn log 12.3\n"
    "          cairn log 12.3 --stdout --follow";

struct Choices {
  std::string job;
  bool follow = false, events = false, output = false, error = false, json = false;
};

// Appends what a file has beyond `offset`; a file that has become shorter (rolled back with its
// checkpoint) is read on from its new end.
Status read_on(const Path& path, off_t& offset, std::string& text) {
  const Descriptor fd(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat status {};
  if (!fd || ::fstat(fd.get(), &status) == -1) return system_error("open", path, errno);
  if (!S_ISREG(status.st_mode))
    return Error{Errc::invalid, path.native() + " is no regular file", 0, {}};
  if (status.st_size < offset) offset = status.st_size;
  std::array<char, 65536> piece{};
  for (;;) {
    const auto got =
        retry_interrupted([&] { return ::pread(fd.get(), piece.data(), piece.size(), offset); });
    if (got == -1) return system_error("read", path, errno);
    if (got == 0) return {};
    text.append(piece.data(), static_cast<std::size_t>(got));
    offset += got;
  }
}

class Log {
 public:
  explicit Log(const Choices& choices) : choices_(choices) {}
  Result<int> go();

 private:
  Result<JobRow> row();
  // Each prints what is new.
  Status happened(const JobRow& row);
  Status logged(const JobRow& row);
  Status printed(const JobRow& row);
  Status news(const JobRow& row) {
    if (choices_.events) return logged(row);
    return choices_.output || choices_.error ? printed(row) : happened(row);
  }

  bool is_complete(const JobRow& row);

  const Choices& choices_;
  std::optional<Look> look_;
  JobId id_;
  std::int64_t seq_ = 0;
  off_t offset_ = 0;
  std::string torn_;    // the beginning of an event whose end is not written yet
  bool ended_ = false;  // the event log says so
  std::optional<std::chrono::steady_clock::time_point> over_since_;
};

Result<JobRow> Log::row() {
  std::optional<JobRow> found;
  CAIRN_CHECK(
      look_->reader()->visit({.ranges = {{{id_.cluster, id_.proc, id_.proc}}}}, [&](JobRow&& row) {
        found = std::move(row);
        return false;
      }));
  if (!found)
    return Error{
        Errc::not_found, fmt::format("job {} is not in the queue any more", to_text(id_)), 0, {}};
  return *std::move(found);
}

Status Log::happened(const JobRow&) {
  CAIRN_TRY(const std::vector<EventRow> events, look_->reader()->events(id_, seq_));
  for (const EventRow& row : events) {
    seq_ = row.seq;
    const EventRecord& event = row.event;
    if (event.text.empty()) continue;  // a mark for the accounts alone
    if (choices_.json) {
      std::string line = listing::dump(
          {{"time_ms", event.time_ms}, {"activation", row.activation}, {"text", event.text}});
      std::erase(line, '\n');
      std::cout << line << '\n';
    } else {
      std::cout << fmt::format("{}.{:03}  {}\n", listing::date_word(event.time_ms),
                               event.time_ms % 1000, listing::printable(event.text));
    }
  }
  return {};
}

Status Log::logged(const JobRow& row) {
  const Path file = log_file(row);
  if (file.empty())
    return Error{Errc::not_found, fmt::format("job {} has no event log", to_text(id_)), 0,
                 "write log = FILE into its submit file; cairn log without --events needs none"};
  CAIRN_CHECK(read_on(file, offset_, torn_));
  if (torn_.starts_with('<') || torn_.starts_with('{'))
    return Error{Errc::unsupported,
                 fmt::format("{} is written as {}, and events are shown from the text form alone",
                             file.native(), torn_.starts_with('<') ? "XML" : "JSON"),
                 0, "read the file itself; cairn log without --events needs none"};
  // Several jobs share a file, and a pool has its own numbers.
  const ClusterRow& in = look_->cluster(id_.cluster);
  const auto theirs = in.runner == "htcondor" ? parse_integer(in.pool_id) : std::nullopt;
  const std::string mine =
      fmt::format(" ({:03}.{:03}.000) ", theirs.value_or(id_.cluster), id_.proc);
  constexpr std::string_view kEnd = "\n...\n";
  for (std::size_t end = torn_.find(kEnd); end != std::string::npos; end = torn_.find(kEnd)) {
    const std::string event = torn_.substr(0, end + kEnd.size());
    torn_.erase(0, end + kEnd.size());
    if (event.substr(0, event.find('\n')).find(mine) != 3) continue;
    std::cout << event;
    ended_ = event.starts_with(kTerminated) || event.starts_with(kAborted);
  }
  return {};
}

Status Log::printed(const JobRow& row) {
  const Path file =
      stream_file(look_->home(), row, choices_.output ? Stream::output : Stream::error);
  const char* const stream = choices_.output ? "stdout" : "stderr";
  if (file.empty())
    return Error{
        Errc::not_found, fmt::format("job {} keeps no {}", to_text(id_), stream), 0,
        fmt::format("write {} = FILE into its submit file", choices_.output ? "output" : "error")};
  std::string text;
  auto read = read_on(file, offset_, text);
  // Nothing printed yet, or on its way from the sandbox to the submit side.
  const bool over = listing::is_over(row.record.state);
  if (!read && !(read.error().sys_errno == ENOENT && (!over || choices_.follow))) return read;
  std::cout << text;
  return {};
}

// The state comes first, and the last event a moment later; or never, if the engine was killed.
bool Log::is_complete(const JobRow& row) {
  if (!listing::is_over(row.record.state)) return false;
  const auto now = std::chrono::steady_clock::now();
  if (!over_since_) over_since_ = now;
  return !choices_.events || ended_ || now - *over_since_ > kLastEvent;
}

Result<int> Log::go() {
  CAIRN_TRY(look_, Look::open());
  JobSelection selection;
  selection.words = {choices_.job};
  CAIRN_TRY(const auto ranges, look_->ranges(selection));
  std::vector<JobId> ids;
  CAIRN_CHECK(look_->reader()->visit({.ranges = ranges}, [&](JobRow&& row) {
    ids.push_back(row.record.id);
    return ids.size() < 2;
  }));
  if (ids.size() != 1)
    return Error{Errc::misuse,
                 fmt::format("'{}' means several jobs, and a log is of one", choices_.job), 0,
                 ids.empty() ? "" : fmt::format("say which: {}", to_text(ids.front()))};
  id_ = ids.front();
  FolderWatch watch = FolderWatch::open(look_->home().folder());
  const bool of_files = choices_.events || choices_.output || choices_.error;
  std::int64_t seen = -1;
  for (;;) {
    CAIRN_TRY(const std::int64_t version, look_->reader()->version());
    if (version != seen || of_files) {
      CAIRN_TRY(const JobRow now, row());  // before the news: what comes after it is read again
      if (auto told = news(now); !told) {
        if (told.error().code == Errc::invalid || told.error().code == Errc::corrupt)
          return std::move(told).error();
        complain(told.error().text());
        return kNotOk;
      }
      std::cout << std::flush;
      if (!choices_.follow || is_complete(now) || !std::cout) return kOk;
      seen = version;
    }
    FolderWatch::rest(50ms);
    look_->look_again({{id_.cluster, id_.proc, id_.proc}});
    // Files of jobs lie elsewhere: those are looked at five times a second.
    watch.wait(of_files ? 150ms : 1000ms);
  }
}

std::function<int()> declare(CLI::App& app, const std::vector<std::string>&) {
  const auto choices = std::make_shared<Choices>();
  app.add_option("JOB", choices->job, "12.3, or the name or cluster of a single job")->required();
  app.add_flag("-f,--follow", choices->follow, "As it happens, until the job is over");
  auto* const events = app.add_flag("--events", choices->events, "HTCondor's event log");
  auto* const output = app.add_flag("--stdout", choices->output, "What the job printed");
  auto* const error = app.add_flag("--stderr", choices->error, "Its errors");
  auto* const json = app.add_flag("--json", choices->json, "One JSON object per line");
  output->excludes(events)->excludes(error);
  error->excludes(events);
  json->excludes(events)->excludes(output)->excludes(error);
  return [choices] { return exit_status(Log(*choices).go()); };
}

}  // namespace

const Verb kLog = {"log", "Says what happened to a job, or what it printed", kFooter, false,
                   declare};

}  // namespace cairn::cli
