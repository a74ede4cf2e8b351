#include "verify/execution.h"

#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <deque>
#include <set>

#include "base/text.h"
#include "base/try.h"
#include "os/process.h"
#include "os/shared_mapping.h"
#include "verify/calls.h"
#include "verify/launch.h"
#include "verify/tracee.h"
#include "verify/tracer.h"

namespace cairn::verify {
namespace {

using namespace std::chrono_literals;
using Clock = Alarm::Clock;

constexpr auto kStopIsLookedAt = 100ms;  // so often
constexpr auto kLeftOversHave = 2s;
constexpr std::uint64_t kExchange = 2;  // RENAME_EXCHANGE

// A call that concerns a file of the machine, as it is when the thread stops before it.
struct Attempt {
  Event event;
  const CallForm* form = nullptr;
  StoppedCall call;
  bool existed = false;                // the name, or the file
  bool makes_name = false;             // if it succeeds
  std::uint64_t bytes = 0;             // of the file before
  std::uint64_t end = 0;               // of a write: the size that it needs
  std::optional<std::int64_t> answer;  // instead of the call
};

// --- what a call is about ------------------------------------------------------

// Looks at a stopped thread's call; changes nothing.
class Judge {
 public:
  Judge(const View& view, std::set<std::string> spared) : view_(view), spared_(std::move(spared)) {}

  // None: it is no boundary.
  //   last_thread  whether the thread is the only one of its process
  std::optional<Attempt> attempt(pid_t thread, const StoppedCall& call, const CallForm& form,
                                 bool last_thread) const;
  bool is_spared(const std::string& path) const { return spared_.contains(path); }
  // The flags of an open.
  static std::uint64_t open_flags(pid_t thread, const StoppedCall& call, const CallForm& form);
  // The path that an open or a look is about.
  static std::optional<std::string> path_sought(pid_t thread, const StoppedCall& call,
                                                const CallForm& form);

 private:
  // These fill in an attempt; false: it does not concern the machine.
  bool judge_open(pid_t thread, Attempt& attempt) const;
  bool judge_write(pid_t thread, Attempt& attempt) const;
  bool judge_resize(pid_t thread, Attempt& attempt) const;
  bool judge_two(pid_t thread, Attempt& attempt) const;
  bool judge_path(pid_t thread, Attempt& attempt) const;
  bool judge_descriptor(pid_t thread, Attempt& attempt) const;
  bool judge_memory(pid_t thread, Attempt& attempt) const;

  // Takes name, inode and size from what a path or a descriptor leads to.
  bool take_place(pid_t thread, Attempt& attempt, bool follow) const;
  bool take_descriptor(pid_t thread, int fd, Attempt& attempt) const;
  static std::optional<PathTarget> place_of(pid_t thread, const StoppedCall& call, int folder,
                                            int what, bool follow);

  const View& view_;
  std::set<std::string> spared_;  // paths of what stdout and stderr are written to
};

int fd_argument(const StoppedCall& call, int index) {
  return static_cast<int>(call.arguments[static_cast<std::size_t>(index)]);
}
std::uint64_t argument(const StoppedCall& call, int index) {
  return call.arguments[static_cast<std::size_t>(index)];
}
int folder_argument(const StoppedCall& call, int index) {
  return index == -1 ? AT_FDCWD : fd_argument(call, index);
}

std::optional<Attempt> Judge::attempt(pid_t thread, const StoppedCall& call, const CallForm& form,
                                      bool last_thread) const {
  Attempt attempt;
  attempt.form = &form;
  attempt.call = call;
  attempt.event.call = form.call;
  const bool ours = [&] {
    switch (form.shape) {
      case Shape::open:
      case Shape::open_how:
        return judge_open(thread, attempt);
      case Shape::look:
        return false;
      case Shape::write:
      case Shape::write_at:
      case Shape::gather:
      case Shape::gather_at:
      case Shape::send:
      case Shape::copy:
      case Shape::clone:
      case Shape::allocate:
        return judge_write(thread, attempt);
      case Shape::resize:
      case Shape::resize_fd:
        return judge_resize(thread, attempt);
      case Shape::two_paths:
        return judge_two(thread, attempt);
      case Shape::new_link:
      case Shape::path:
        return judge_path(thread, attempt);
      case Shape::descriptor:
        return judge_descriptor(thread, attempt);
      case Shape::memory:
        return judge_memory(thread, attempt);
      case Shape::disk:
        return true;
      case Shape::process:
        return call.number == SYS_exit_group || last_thread;
    }
    return false;
  }();
  if (!ours) return {};
  return attempt;
}

std::uint64_t Judge::open_flags(pid_t thread, const StoppedCall& call, const CallForm& form) {
  if (form.what2 == -1) return O_WRONLY | O_CREAT | O_TRUNC;  // creat
  if (form.shape == Shape::open) return argument(call, form.what2) & 0xffffffffU;
  const auto how = read_value<open_how>(thread, argument(call, form.what2));
  return how ? how->flags : 0;
}

std::optional<std::string> Judge::path_sought(pid_t thread, const StoppedCall& call,
                                              const CallForm& form) {
  const auto path = read_text(thread, argument(call, form.what));
  if (!path || path->empty()) return {};
  return absolute_path(thread, folder_argument(call, form.folder), *path);
}

std::optional<PathTarget> Judge::place_of(pid_t thread, const StoppedCall& call, int folder,
                                          int what, bool follow) {
  const auto path = read_text(thread, argument(call, what));
  if (!path) return {};
  const int folder_fd = folder_argument(call, folder);
  if (!path->empty()) return find_place(thread, folder_fd, *path, follow);
  if (folder_fd < 0) return {};
  return PathTarget{descriptor_path(thread, folder_fd), descriptor_status(thread, folder_fd)};
}

bool Judge::take_place(pid_t thread, Attempt& attempt, bool follow) const {
  const auto place =
      place_of(thread, attempt.call, attempt.form->folder, attempt.form->what, follow);
  if (!place) return false;
  const auto name = view_.name_of(place->path);
  if (!name) return false;
  attempt.event.path = *name;
  attempt.existed = place->status.has_value();
  if (place->status) {
    attempt.event.inode = place->status->st_ino;
    attempt.bytes = static_cast<std::uint64_t>(place->status->st_size);
  }
  const mode_t kind = place->status ? place->status->st_mode & S_IFMT : 0;
  // What goes into a pipe or a device changes no file.
  return attempt.event.call == Call::unlink || kind == 0 || kind == S_IFREG || kind == S_IFDIR ||
         kind == S_IFLNK;
}

bool Judge::take_descriptor(pid_t thread, int fd, Attempt& attempt) const {
  const std::string path = descriptor_path(thread, fd);
  if (!path.starts_with('/') || spared_.contains(path)) return false;
  const auto name = view_.name_of(path);
  if (!name) return false;
  const auto status = descriptor_status(thread, fd);
  if (!status || (!S_ISREG(status->st_mode) && !S_ISDIR(status->st_mode))) return false;
  attempt.event.path = *name;
  attempt.event.inode = status->st_ino;
  attempt.bytes = static_cast<std::uint64_t>(status->st_size);
  attempt.existed = true;
  return true;
}

bool Judge::judge_open(pid_t thread, Attempt& attempt) const {
  const std::uint64_t flags = open_flags(thread, attempt.call, *attempt.form);
  if ((flags & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC)) == 0) return false;
  const bool only_new = (flags & O_CREAT) != 0 && (flags & O_EXCL) != 0;
  if (!take_place(thread, attempt, (flags & O_NOFOLLOW) == 0 && !only_new)) return false;
  attempt.makes_name = !attempt.existed && (flags & O_CREAT) != 0;
  // A file without a name: the event tells the folder that it is in.
  if ((flags & O_TMPFILE) == O_TMPFILE) attempt.makes_name = true;
  attempt.event.created = attempt.makes_name;
  attempt.event.truncated = !attempt.makes_name && (flags & O_TRUNC) != 0;
  return true;
}

bool Judge::judge_write(pid_t thread, Attempt& attempt) const {
  const StoppedCall& call = attempt.call;
  const Shape shape = attempt.form->shape;
  const int fd = fd_argument(call, attempt.form->what);
  if (!take_descriptor(thread, fd, attempt)) return false;
  const auto state = descriptor_state(thread, fd);
  if (!state || !state->writable()) return false;
  attempt.event.synchronous = (state->flags & (O_SYNC | O_DSYNC)) != 0;
  std::uint64_t offset = state->offset, bytes = argument(call, 2);
  if (shape == Shape::write_at) offset = argument(call, 3);
  if (shape == Shape::gather_at && argument(call, 3) != ~std::uint64_t{0})
    offset = argument(call, 3);
  if (shape == Shape::gather || shape == Shape::gather_at) {
    std::vector<iovec> pieces(std::min<std::uint64_t>(argument(call, 2), IOV_MAX));
    bytes = 0;
    if (read_memory(thread, argument(call, 1), pieces.data(), pieces.size() * sizeof(iovec)))
      for (const iovec& piece : pieces) bytes += piece.iov_len;
  }
  if (shape == Shape::send) bytes = argument(call, 3);
  if (shape == Shape::copy) {
    bytes = argument(call, 4);
    if (const std::uint64_t at = argument(call, 3); at != 0)
      offset = read_value<std::uint64_t>(thread, at).value_or(offset);
  }
  if ((state->flags & O_APPEND) != 0 && shape != Shape::allocate) offset = attempt.bytes;
  if (shape == Shape::clone) offset = bytes = 0;
  if (shape == Shape::allocate) {
    offset = argument(call, 2);
    bytes = argument(call, 3);
  }
  attempt.end = bytes == 0 ? 0 : offset + bytes;
  attempt.event.offset = offset;
  const int mode = fd_argument(call, 1);
  if (shape == Shape::allocate && mode != 0) attempt.end = 0;
  if (shape == Shape::allocate && mode == 0 && attempt.end > attempt.bytes) {
    attempt.event.call = Call::truncate;
    attempt.event.offset = attempt.end;
  }
  return true;
}

bool Judge::judge_resize(pid_t thread, Attempt& attempt) const {
  const bool ours = attempt.form->shape == Shape::resize
                        ? take_place(thread, attempt, true)
                        : take_descriptor(thread, fd_argument(attempt.call, 0), attempt);
  attempt.event.offset = attempt.end = argument(attempt.call, 1);
  return ours;
}

bool Judge::judge_two(pid_t thread, Attempt& attempt) const {
  const CallForm& form = *attempt.form;
  const bool follow = attempt.event.call == Call::link && form.folder != -1 &&
                      (argument(attempt.call, 4) & AT_SYMLINK_FOLLOW) != 0;
  const auto from = place_of(thread, attempt.call, form.folder, form.what, follow);
  const auto to = place_of(thread, attempt.call, form.folder2, form.what2, false);
  if (!from || !to) return false;
  const auto name = view_.name_of(from->path), name2 = view_.name_of(to->path);
  attempt.event.path = name.value_or("");
  attempt.event.target = name2.value_or("");
  attempt.event.exchange =
      form.number == SYS_renameat2 && (argument(attempt.call, 4) & kExchange) != 0;
  if (from->status) attempt.event.inode = from->status->st_ino;
  attempt.existed = to->status.has_value();
  attempt.makes_name = attempt.event.call == Call::link && !attempt.existed;
  return name || name2;
}

bool Judge::judge_path(pid_t thread, Attempt& attempt) const {
  Event& event = attempt.event;
  if (!take_place(thread, attempt, event.call == Call::mode)) return false;
  attempt.makes_name = !attempt.existed && event.call != Call::unlink && event.call != Call::mode;
  event.created = attempt.makes_name && event.call == Call::open;  // mknod
  if (attempt.form->shape == Shape::new_link)
    event.target = read_text(thread, argument(attempt.call, 0)).value_or("");
  return true;
}

bool Judge::judge_descriptor(pid_t thread, Attempt& attempt) const {
  const int fd = fd_argument(attempt.call, 0);
  if (!take_descriptor(thread, fd, attempt)) return false;
  if (attempt.event.call != Call::close) return true;
  const auto state = descriptor_state(thread, fd);
  return state && state->writable();
}

bool Judge::judge_memory(pid_t thread, Attempt& attempt) const {
  const std::uint64_t address = argument(attempt.call, 0);
  for (const SharedMapping& mapping : shared_mappings(thread)) {
    const auto name = view_.name_of(mapping.path);
    if (!name || address < mapping.begin || address >= mapping.end) continue;
    attempt.event.path = *name;
    attempt.event.inode = mapping.inode;
    return true;
  }
  return false;
}

// --- the run ---------------------------------------------------------------------

// Watches one execution: numbers its boundaries, cuts it where it is to be cut, writes down what
// happens.  One call on a file of the machine is made at a time: others that come meanwhile stay
// before theirs, so that what is seen before and after a call is that call's doing.
class Run final : public Watcher {
 public:
  Run(const ExecutionOrder& order, ImageStore& store, const Entry& entry,
      std::set<std::string> spared)
      : order_(order),
        store_(store),
        entry_(entry),
        view_(order.machine, order.isolation),
        judge_(view_, std::move(spared)) {}

  Result<Execution> run(const Launch& launch, const std::atomic<bool>& stop);

  void on_start() override;
  Next on_call(pid_t thread) override;
  void on_return(pid_t thread) override;
  void on_gone(pid_t thread) override;
  void on_exit(pid_t process, int wait_status) override;

 private:
  using Time = Clock::time_point;

  Next begin_call(pid_t thread);
  Next begin_boundary(pid_t thread, Attempt attempt);
  void deny(pid_t thread, Attempt& attempt);
  void finish_call(const CallResult& result);
  void finish_write(const CallResult& result);
  void call_is_over();
  void record_data(Event& event);
  void note_miss(pid_t thread);
  void note_left_overs();
  std::vector<std::string> files_written_by(pid_t process) const;

  bool wants_snapshot(int boundary) const;
  void take_snapshot(int boundary);
  void without_scaffold(Image& image) const;

  void act_on_time(bool stop);
  Time next_deadline() const;
  void send_signal();
  void fail(Error error);
  std::int64_t elapsed_us() const;
  pid_t process_of(pid_t thread) const;
  bool is_last_thread(pid_t thread) const;

  const ExecutionOrder& order_;
  ImageStore& store_;
  const Entry& entry_;
  View view_;
  Judge judge_;
  Alarm alarm_;
  Tracer tracer_{*this, alarm_};

  Execution execution_;
  std::optional<Error> failure_;
  bool started_ = false, ended_ = false, killed_ = false, torn_ = false;
  Time start_{};
  std::optional<Time> kill_, signal_, grace_, limit_, left_overs_;

  int boundaries_ = 0;
  struct InFlight {
    pid_t thread;
    Attempt attempt;
    std::size_t event;  // its index
  };
  std::optional<InFlight> in_flight_;
  std::deque<pid_t> waiting_;            // before a call of theirs
  std::map<pid_t, std::string> sought_;  // by thread: the path it is looking for
  std::set<std::string> missed_;
  ImageStore::Memory memory_;
};

std::int64_t Run::elapsed_us() const {
  return std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start_).count();
}

pid_t Run::process_of(pid_t thread) const {
  const auto found = tracer_.tracees().find(thread);
  return found == tracer_.tracees().end() ? thread : found->second.process;
}

bool Run::is_last_thread(pid_t thread) const {
  const pid_t process = process_of(thread);
  const auto& all = tracer_.tracees();
  return 1 == std::count_if(all.begin(), all.end(),
                            [&](const auto& one) { return one.second.process == process; });
}

void Run::fail(Error error) {
  if (!failure_) failure_ = std::move(error);
  killed_ = true;
  tracer_.kill_all();
}

// --- Run: boundaries -----------------------------------------------------------------

Next Run::on_call(pid_t thread) {
  if (!in_flight_) return begin_call(thread);
  waiting_.push_back(thread);
  return Next::stay;
}

Next Run::begin_call(pid_t thread) {
  const auto call = call_of(thread);
  const CallForm* const form = call ? form_of(call->number) : nullptr;
  if (form == nullptr) return Next::go_on;
  if (auto attempt = order_.watch_files
                         ? judge_.attempt(thread, *call, *form, is_last_thread(thread))
                         : std::nullopt)
    return begin_boundary(thread, *std::move(attempt));
  const bool looks =
      form->shape == Shape::look || form->shape == Shape::open || form->shape == Shape::open_how;
  if (!order_.watch_misses || !looks) return Next::go_on;
  const auto path = Judge::path_sought(thread, *call, *form);
  if (!path) return Next::go_on;
  sought_[thread] = *path;
  return Next::go_on_until_return;
}

Next Run::begin_boundary(pid_t thread, Attempt attempt) {
  Event& event = attempt.event;
  event.boundary = ++boundaries_;
  event.pid = process_of(thread);
  event.at_us = elapsed_us();
  if (wants_snapshot(event.boundary)) take_snapshot(event.boundary);
  if (failure_) return Next::stay;
  if (order_.kill_at == event.boundary && !ended_) {
    execution_.cut = killed_ = true;
    execution_.cut_before = event;
    tracer_.kill_all();
    return Next::stay;
  }
  if (order_.signal_at == event.boundary) send_signal();
  if (order_.disk_full_from && event.boundary >= *order_.disk_full_from) deny(thread, attempt);
  if (order_.syncs_are_skipped && (event.call == Call::sync || event.call == Call::sync_disk))
    attempt.answer = 0;
  if (attempt.answer) skip_call(thread);
  memory_.forget(event.path);
  memory_.forget(event.target);
  execution_.events.push_back(event);
  if (event.call == Call::exit) return Next::go_on;
  in_flight_ = InFlight{thread, std::move(attempt), execution_.events.size() - 1};
  return Next::go_on_until_return;
}

// The disk is full: what needs space is not made, or once in part.
void Run::deny(pid_t thread, Attempt& attempt) {
  if (!attempt.makes_name && attempt.end <= attempt.bytes) return;
  const Shape shape = attempt.form->shape;
  const std::uint64_t half = argument(attempt.call, 2) / 2;
  if (order_.full_disk_tears && !torn_ && half > 0 &&
      (shape == Shape::write || shape == Shape::write_at)) {
    torn_ = true;
    set_third_argument(thread, half);
  } else {
    attempt.answer = -ENOSPC;
  }
}

void Run::on_return(pid_t thread) {
  const auto result = result_of(thread);
  if (in_flight_ && in_flight_->thread == thread) {
    if (const auto answer = in_flight_->attempt.answer) {
      set_result(thread, *answer);
      finish_call({*answer, static_cast<int>(-*answer)});
    } else {
      finish_call(result.value_or(CallResult{}));
    }
    return call_is_over();
  }
  if (result && result->error == ENOENT) note_miss(thread);
  sought_.erase(thread);
}

void Run::finish_call(const CallResult& result) {
  Event& event = execution_.events[in_flight_->event];
  event.error = result.error;
  if (event.error != 0) {
    event.created = event.truncated = false;
    return;
  }
  const Path on_host = order_.machine.folder / event.path;
  struct stat status {};
  const bool gives_descriptor = in_flight_->attempt.form->shape != Shape::path;  // mknod does not
  switch (event.call) {
    case Call::open:
      if (gives_descriptor) {
        const auto opened = descriptor_status(in_flight_->thread, static_cast<int>(result.value));
        if (opened) event.inode = opened->st_ino;
        break;
      }
      [[fallthrough]];
    case Call::make_folder:
    case Call::symlink:
      if (::lstat(on_host.c_str(), &status) == 0) event.inode = status.st_ino;
      break;
    case Call::write:
      finish_write(result);
      break;
    default:
      break;
  }
  const bool changes = event.call != Call::sync && event.call != Call::sync_disk &&
                       event.call != Call::close && event.call != Call::exit;
  for (Execution::LeftOver& left : execution_.left_over)
    if (changes && left.pid == event.pid) left.wrote = true;
}

void Run::finish_write(const CallResult& result) {
  Event& event = execution_.events[in_flight_->event];
  const Shape shape = in_flight_->attempt.form->shape;
  event.bytes = static_cast<std::uint64_t>(result.value);
  const Path on_host = order_.machine.folder / event.path;
  if (shape == Shape::clone || shape == Shape::allocate) {
    // A range became another file's, or a hole: what the file now holds is taken as written.
    struct stat status {};
    if (::lstat(on_host.c_str(), &status) != 0) return;
    const auto size = static_cast<std::uint64_t>(status.st_size);
    const std::uint64_t end =
        shape == Shape::clone
            ? size
            : std::min(size, event.offset + argument(in_flight_->attempt.call, 3));
    event.bytes = end > event.offset ? end - event.offset : 0;
  }
  if (order_.record_data && event.bytes > 0) record_data(event);
}

// From the file: nothing else is written to it before the thread goes on.
void Run::record_data(Event& event) {
  const pid_t thread = in_flight_->thread;
  const Attempt& attempt = in_flight_->attempt;
  const int target = fd_argument(attempt.call, attempt.form->what);
  std::string data(event.bytes, '\0');
  const Descriptor file(
      ::open(cat("/proc/", thread, "/fd/", target).c_str(), O_RDONLY | O_CLOEXEC));
  bool whole = static_cast<bool>(file);
  for (std::size_t done = 0; whole && done < data.size();) {
    const ssize_t got = retry_interrupted([&] {
      return ::pread(file.get(), data.data() + done, data.size() - done,
                     static_cast<off_t>(event.offset + done));
    });
    if (got > 0) done += static_cast<std::size_t>(got);
    whole = got > 0;
  }
  // A file that may be written and not read.
  if (!whole) whole = read_memory(thread, argument(attempt.call, 1), data.data(), data.size());
  if (!whole) return;
  auto entry = store_.add(as_bytes(data));
  if (!entry) return fail(std::move(entry).error());
  event.data = entry->content;
}

// Who has waited goes on, until one of them is at a boundary.
void Run::call_is_over() {
  in_flight_.reset();
  while (!in_flight_ && !waiting_.empty() && !killed_) {
    const pid_t thread = waiting_.front();
    waiting_.pop_front();
    tracer_.resume(thread, begin_call(thread));
  }
}

void Run::on_gone(pid_t thread) {
  std::erase(waiting_, thread);
  sought_.erase(thread);
  if (in_flight_ && in_flight_->thread == thread) call_is_over();
}

void Run::note_miss(pid_t thread) {
  const auto sought = sought_.find(thread);
  if (sought != sought_.end() && missed_.insert(sought->second).second)
    execution_.misses.push_back({sought->second});
}

// --- Run: snapshots --------------------------------------------------------------------

bool Run::wants_snapshot(int boundary) const {
  const auto& wanted = order_.snapshots;
  return wanted == std::vector<int>{0} ||
         std::find(wanted.begin(), wanted.end(), boundary) != wanted.end();
}

// No other call that changes files is being made; memory that is mapped could still change them.
void Run::take_snapshot(int boundary) {
  std::set<pid_t> mappers;
  for (const pid_t process : tracer_.processes())
    for (const SharedMapping& mapping : shared_mappings(process))
      if (const auto name = view_.name_of(mapping.path)) {
        mappers.insert(process);
        memory_.forget(*name);
      }
  tracer_.freeze(mappers);
  auto image = store_.capture(order_.machine.folder, &memory_);
  tracer_.thaw();
  if (!image) return fail(std::move(image).error());
  without_scaffold(*image);
  if (execution_.snapshots.empty() || execution_.snapshots.back().image != *image)
    execution_.snapshots.push_back({boundary, *std::move(image)});
}

void Run::without_scaffold(Image& image) const {
  for (const std::string& name : entry_.scaffold()) {
    const auto found = image.entries.find(name);
    if (found == image.entries.end()) continue;
    const auto below = image.entries.lower_bound(name + "/");
    if (below == image.entries.end() || !below->first.starts_with(name + "/"))
      image.entries.erase(found);
  }
}

// --- Run: its beginning and its end ------------------------------------------------------

void Run::on_start() {
  start_ = Clock::now();
  started_ = true;
  limit_ = start_ + order_.time_limit;
  if (order_.kill_after) kill_ = start_ + *order_.kill_after;
  if (order_.signal_after) signal_ = start_ + *order_.signal_after;
}

void Run::on_exit(pid_t process, int wait_status) {
  if (process != execution_.pid || ended_) return;
  ended_ = true;
  execution_.ended_us = started_ ? elapsed_us() : 0;
  execution_.wall =
      std::chrono::duration_cast<Milliseconds>(std::chrono::microseconds(execution_.ended_us));
  execution_.exit = exit_status(wait_status);
  kill_.reset();
  signal_.reset();
  grace_.reset();
  limit_.reset();
  if (killed_) return;
  note_left_overs();
  left_overs_ = Clock::now() + kLeftOversHave;
}

void Run::note_left_overs() {
  for (const pid_t process : tracer_.processes())
    if (process != execution_.pid)
      execution_.left_over.push_back(
          {.pid = process, .command = command_of(process), .files = files_written_by(process)});
}

std::vector<std::string> Run::files_written_by(pid_t process) const {
  std::set<std::string> names;
  for (const int fd : descriptors_of(process)) {
    const std::string path = descriptor_path(process, fd);
    const auto name = judge_.is_spared(path) ? std::nullopt : view_.name_of(path);
    const auto state = name ? descriptor_state(process, fd) : std::nullopt;
    if (state && state->writable()) names.insert(*name);
  }
  return {names.begin(), names.end()};
}

// --- Run: time ---------------------------------------------------------------------------

void Run::send_signal() {
  if (ended_ || execution_.signalled) return;
  execution_.signalled = true;
  execution_.signalled_us = elapsed_us();
  grace_ = Clock::now() + order_.grace;
  ::kill(execution_.pid, order_.signal);
}

Run::Time Run::next_deadline() const {
  Time next = Clock::now() + kStopIsLookedAt;
  for (const auto& deadline : {kill_, signal_, grace_, limit_, left_overs_})
    if (deadline && *deadline < next) next = *deadline;
  return next;
}

void Run::act_on_time(bool stop) {
  const Time now = Clock::now();
  const auto is_due = [&](std::optional<Time>& deadline) {
    if (!deadline || now < *deadline) return false;
    deadline.reset();
    return true;
  };
  if (is_due(signal_)) send_signal();
  const auto kill_if = [&](bool due, bool* why) {
    if (!due || killed_) return;
    if (why != nullptr) *why = true;
    killed_ = true;
    tracer_.kill_all();
  };
  kill_if(stop, &execution_.stopped);
  kill_if(is_due(kill_), &execution_.cut);
  kill_if(is_due(grace_), &execution_.out_of_grace);
  kill_if(is_due(limit_), &execution_.out_of_time);
  if (!is_due(left_overs_)) return;
  const auto there = tracer_.processes();
  for (Execution::LeftOver& left : execution_.left_over) {
    left.killed = there.contains(left.pid);
    if (left.killed) left.command = command_of(left.pid);  // it may have been about to execve
  }
  kill_if(true, nullptr);
}

Result<Execution> Run::run(const Launch& launch, const std::atomic<bool>& stop) {
  CAIRN_TRY(Child child, Child::fork(launch, entry_));
  execution_.pid = child.pid();
  CAIRN_CHECK(tracer_.start(child));
  while (tracer_.wait(next_deadline()) != Tracer::Waited::nobody) act_on_time(stop);
  if (failure_) return *std::move(failure_);
  if (!started_ && !killed_) return child.failure(launch);
  // It may have ended by itself just before.
  const bool killed = execution_.exit.by_signal && execution_.exit.signal == SIGKILL;
  if (!killed) execution_.cut = execution_.out_of_grace = execution_.out_of_time = false;
  execution_.cpu = std::chrono::duration_cast<Milliseconds>(tracer_.cpu());
  return std::move(execution_);
}

// --- streams -------------------------------------------------------------------------------

struct Streams {
  std::array<Descriptor, 3> files;
  std::set<std::string> outputs;  // their paths
};

Result<Streams> open_streams(const ExecutionOrder& order) {
  Streams streams;
  const std::array parts{order.stdin_part, order.stdout_part, order.stderr_part};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (parts[i].empty()) continue;
    const Path path = order.machine.folder / parts[i];
    const int flags = i == 0 ? O_RDONLY : O_WRONLY | O_APPEND | O_CREAT;
    streams.files[i].reset(::open(path.c_str(), flags | O_CLOEXEC, 0644));
    if (!streams.files[i]) return system_error("open", path, errno);
    if (i == 0) continue;
    streams.outputs.insert(descriptor_path(::getpid(), streams.files[i].get()));
  }
  return streams;
}

}  // namespace

std::string_view name_of(Call call) {
  switch (call) {
    case Call::open:
      return "open";
    case Call::write:
      return "write";
    case Call::truncate:
      return "truncate";
    case Call::rename:
      return "rename";
    case Call::link:
      return "link";
    case Call::symlink:
      return "symlink";
    case Call::unlink:
      return "unlink";
    case Call::make_folder:
      return "mkdir";
    case Call::mode:
      return "chmod";
    case Call::sync:
      return "fsync";
    case Call::sync_disk:
      return "sync";
    case Call::close:
      return "close";
    case Call::exit:
      return "exit";
  }
  return "call";
}

Result<Execution> execute(const ExecutionOrder& order, ImageStore& store,
                          const std::atomic<bool>& stop) {
  CAIRN_TRY(const Entry entry, Entry::prepare(order.machine, order.isolation));
  CAIRN_TRY(const Streams streams, open_streams(order));
  const Launch launch{
      .program = order.program,
      .arguments = order.arguments,
      .environment = order.environment,
      .working_folder = order.working_folder,
      .streams = {streams.files[0].get(), streams.files[1].get(), streams.files[2].get()},
      .filter = order.watch_files || order.watch_misses ? make_filter(order.watch_misses)
                                                        : std::vector<sock_filter>{}};
  auto result = Run(order, store, entry, streams.outputs).run(launch, stop);
  entry.remove_scaffold();
  return result;
}

// --- check_tracing -------------------------------------------------------------------------

namespace {

class Trial final : public Watcher {
 public:
  bool started = false, stopped_at_call = false;
  void on_start() override { started = true; }
  Next on_call(pid_t) override {
    stopped_at_call = true;
    return Next::go_on;
  }
  void on_return(pid_t) override {}
  void on_gone(pid_t) override {}
  void on_exit(pid_t, int) override {}
};

}  // namespace

Status check_tracing() {
  const Launch launch{.program = "/bin/sh",
                      .arguments = {"sh", "-c", "exit 0"},
                      .environment = {},
                      .working_folder = "/",
                      .filter = make_filter(false)};
  const Entry entry = Entry::none();
  CAIRN_TRY(Child child, Child::fork(launch, entry));
  Trial trial;
  Alarm alarm;
  Tracer tracer(trial, alarm);
  CAIRN_CHECK(tracer.start(child));
  const auto deadline = Clock::now() + 30s;
  Tracer::Waited waited = Tracer::Waited::event;
  while (waited == Tracer::Waited::event) waited = tracer.wait(deadline);
  if (!trial.started) return child.failure(launch);
  if (trial.stopped_at_call && waited == Tracer::Waited::nobody) return {};
  return Error{Errc::unsupported, "trace a program: system calls do not stop it", 0,
               "cairn verify needs a Linux kernel with seccomp filters and ptrace"};
}

}  // namespace cairn::verify
