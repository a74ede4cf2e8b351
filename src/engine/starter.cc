#include "engine/starter.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <climits>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <thread>
#include <tuple>
#include <utility>

#include "base/text.h"
#include "base/try.h"
#include "engine/protocol.h"
#include "engine/sandbox.h"
#include "engine/spool.h"
#include "engine/spool_manifest.h"
#include "os/cgroup.h"
#include "os/descriptor.h"
#include "os/disk_use.h"
#include "os/lock.h"
#include "os/memory_use.h"
#include "os/process.h"

namespace cairn {
namespace {

constexpr std::size_t kReadBytes = 64 << 10;
constexpr int kLaunchComesWithin = 20;  // milliseconds
// A program that is near its limit, or not yet known, is measured often.
constexpr auto kMeasureSeldom = std::chrono::seconds(1);
constexpr auto kMeasureOften = std::chrono::milliseconds(200);
constexpr std::size_t kSpoolThreads = 8;              // measured: more gain nothing
constexpr std::size_t kNamesAtATime = 10'000;         // some 10 ms
constexpr auto kPatience = std::chrono::minutes(10);  // HTCondor's MachineMaxVacateTime

// The engine's end is gone: nobody is left to report to.
struct EngineGone {};

int errno_of(const Error& error) {
  if (error.sys_errno != 0) return error.sys_errno;
  return error.code == Errc::not_found ? ENOENT : 0;
}

std::int64_t milliseconds(const timeval& time) {
  return std::int64_t{time.tv_sec} * 1000 + time.tv_usec / 1000;
}

// A thread that makes what was taken durable.
class Publication {
 public:
  using Clock = std::chrono::steady_clock;
  Publication(Spool& spool, TakenCheckpoint taken, Clock::time_point begin)
      : begin_(begin),
        done_(::eventfd(0, EFD_CLOEXEC)),
        thread_([this, &spool, taken = std::move(taken)] {
          result_ = spool.make_durable(taken);
          const std::uint64_t one = 1;
          std::ignore = ::write(done_.get(), &one, sizeof one);
        }) {}
  Publication(const Publication&) = delete;
  Publication& operator=(const Publication&) = delete;
  ~Publication() {
    if (thread_.joinable()) thread_.join();
  }

  // Readable once it is through.
  int descriptor() const { return done_.get(); }
  Clock::time_point begin() const { return begin_; }
  // Waits for it.
  const Result<SpooledCheckpoint>& result() {
    thread_.join();
    return *result_;
  }

 private:
  Clock::time_point begin_;
  Descriptor done_;
  std::optional<Result<SpooledCheckpoint>> result_;
  std::thread thread_;
};

class Starter {
 public:
  explicit Starter(int socket) : socket_(socket) {}
  Starter(const Starter&) = delete;
  Starter& operator=(const Starter&) = delete;
  ~Starter() { begin_publication(); }  // and waits: what was taken is not lost

  // Until the engine says quit, or is gone.
  void serve();

 private:
  void perform(const StageOrder& order);
  void perform(const LaunchOrder&);
  void perform(const SpoolOrder& order);
  void perform(const FinishOrder& order);
  void perform(const SignalOrder& order);
  void perform(const KillOrder&);
  void perform(const QuitOrder& order);

  Result<Staged> stage(const StageOrder& order);
  void make_group(std::vector<std::string>& warnings);
  Status remove_old_sandboxes();
  Status check_restorable(const Spool::Newest& newest) const;
  Result<Started> launch();
  void begin_publication();
  void end_publication();
  void lock_spool();
  void report_spooled(const Result<SpooledCheckpoint>& done, Publication::Clock::time_point begin);
  Result<std::vector<FileItem>> items_to_spool(bool outputs);
  void fail_spooling(const SpoolOrder& order, const Error& error);
  int milliseconds_left() const;
  int count_unchanged(const Path& checkpoint);
  void report(const Report& report) const;
  void read_orders();
  void reap();
  void measure();
  void measure_disk();
  void measure_after(std::chrono::milliseconds delay);
  void end_descendants() const;

  int socket_;
  Unframer orders_;
  PosixFileSystem files_;
  std::optional<StageOrder> order_;
  JobSpec job_;
  std::optional<Sandbox> sandbox_;
  std::optional<Spool> spool_;
  std::optional<SpooledCheckpoint> newest_;
  int next_number_ = 0;  // above all that are in the spool
  int unchanged_ = 0;
  std::optional<SpoolManifest> last_manifest_;  // without stdout and stderr
  std::optional<Cgroup> group_;                 // of all that the program starts
  pid_t pid_ = 0;                               // of the program, 0 while none runs
  Descriptor ended_;
  // A checkpoint that was taken and is being made durable while the program runs.  An exit is
  // reported after it, so that there is never more than one.
  std::optional<TakenCheckpoint> taken_;
  Publication::Clock::time_point taken_at_;
  std::unique_ptr<Publication> publication_;
  std::optional<Report> unreported_;
  // The program was started once more, only to be asked to leave; its exit is reported as this.
  std::optional<SpoolFailed> instead_of_exit_;
  std::chrono::steady_clock::time_point patience_ends_;
  // Of the program that runs: when it is measured again, the most so far, and what was said of it.
  std::chrono::steady_clock::time_point measured_next_;
  Use use_, said_;
  std::optional<DiskUse> disk_;
  std::chrono::steady_clock::time_point disk_next_;
  Descriptor spool_lock_;  // a successor of ours waits for it before it looks into the spool
  bool quit_ = false;
};

void Starter::serve() {
  while (!quit_) {
    std::array<pollfd, 3> waiting = {
        pollfd{socket_, POLLIN, 0}, pollfd{ended_.get(), POLLIN, 0},
        pollfd{publication_ ? publication_->descriptor() : -1, POLLIN, 0}};
    const int ready = ::poll(waiting.data(), waiting.size(), milliseconds_left());
    if (ready == -1) {
      if (errno == EINTR) continue;
      throw EngineGone();
    }
    if (instead_of_exit_ && std::chrono::steady_clock::now() >= patience_ends_)
      perform(KillOrder{});
    if (ready == 0) begin_publication();
    // The exit first: a signal ordered after it must not hit the next program.
    if (waiting[1].revents != 0) reap();
    if (waiting[2].revents != 0) end_publication();
    if (waiting[0].revents != 0) read_orders();
    measure();
  }
}

void Starter::read_orders() {
  std::string bytes(kReadBytes, '\0');
  const auto got =
      retry_interrupted([&] { return ::recv(socket_, bytes.data(), bytes.size(), 0); });
  if (got <= 0) throw EngineGone();
  orders_.add({bytes.data(), static_cast<std::size_t>(got)});
  for (;;) {
    auto message = orders_.next();
    if (!message) throw EngineGone();
    if (!*message) return;
    auto order = decode_order(**message);
    if (!order) throw EngineGone();
    std::visit([this](const auto& what) { perform(what); }, *order);
  }
}

void Starter::report(const Report& report) const {
  const std::string bytes = framed(encode(report));
  std::size_t done = 0;
  while (done < bytes.size()) {
    const auto sent = retry_interrupted(
        [&] { return ::send(socket_, bytes.data() + done, bytes.size() - done, MSG_NOSIGNAL); });
    if (sent <= 0) throw EngineGone();
    done += static_cast<std::size_t>(sent);
  }
}

void Starter::end_descendants() const {
  if (auto done = kill_descendants(pid_); !done)
    std::cerr << "cairn: " << done.error().text() << '\n';
  if (!group_) return;
  if (auto done = group_->kill(); !done) std::cerr << "cairn: " << done.error().text() << '\n';
}

// ---- orders

// A job that had a checkpoint must not begin anew in silence because none is good any more.
Status Starter::check_restorable(const Spool::Newest& newest) const {
  const bool expected = order_->has_checkpoint || !newest.skipped.empty();
  if (newest.checkpoint || !expected || order_->htcondor) return {};
  std::string why;
  for (const Error& skipped : newest.skipped) why += ": " + skipped.text();
  return Error{Errc::corrupt,
               cat("no spooled checkpoint in ", order_->job_folder, "/spool verifies", why), 0,
               "put a good one back, or start over with --fresh"};
}

Result<Staged> Starter::stage(const StageOrder& order) {
  CAIRN_TRY(JobAd ad, JobAd::parse(order.ad));
  CAIRN_TRY(job_, job_spec(ad));
  order_ = order;
  CAIRN_CHECK(files_.make_folder(order.job_folder));
  spool_.emplace(files_, Path(order.job_folder) / "spool", order.htcondor ? 1 : 2,
                 Spool::kMemoryBytes, kSpoolThreads);
  lock_spool();
  std::optional<int> put_aside;
  if (order.recall) CAIRN_CHECK(spool_->recall());
  if (order.suspect >= 0) {
    const int suspect = static_cast<int>(order.suspect);
    CAIRN_TRY(const Spool::SetAside done, spool_->set_aside(suspect));
    if (done == Spool::SetAside::yes) put_aside = suspect;
  }
  auto found = spool_->newest();
  spool_lock_.reset();
  if (!found) return std::move(found).error();
  const Spool::Newest& newest = *found;
  newest_ = newest.checkpoint;
  next_number_ = newest.last_number + 1;
  if (!order.adopt) CAIRN_CHECK(check_restorable(newest));
  Staged staged;
  for (const Error& skipped : newest.skipped) staged.warnings.push_back(skipped.text());
  if (order.recall && newest.checkpoint)
    staged.warnings.push_back(cat("checkpoint ", newest.checkpoint->number,
                                  " is used again: the program died after the one before it, too"));
  if (put_aside && newest.checkpoint)
    staged.warnings.push_back(cat("checkpoint ", *put_aside,
                                  " is put aside: the program died twice right after it was "
                                  "restored; checkpoint ",
                                  newest.checkpoint->number, " is used"));
  if (newest.checkpoint) {
    for (const auto& [name, error] : newest.checkpoint->left_out)
      staged.warnings.push_back(
          cat("checkpoint ", newest.checkpoint->number,
              " has a damaged older generation, which is left out: ", error.message));
    staged.checkpoint = newest.checkpoint->number;
    ad.set_integer("CheckpointNumber", *staged.checkpoint);
    order_->ad = ad.text();
  }
  sandbox_.emplace(files_, *order_, job_);
  make_group(staged.warnings);
  if (order.adopt) return staged;
  // What cannot be removed takes room, but stops no job.
  if (auto removed = remove_old_sandboxes(); !removed)
    staged.warnings.push_back(removed.error().text());
  CAIRN_TRY(staged.bytes, sandbox_->stage(newest.checkpoint ? &*newest.checkpoint : nullptr));
  return staged;
}

// Where it cannot be made, the program is looked at, as where there are no groups.
void Starter::make_group(std::vector<std::string>& warnings) {
  if (order_->group.empty()) return;
  if (auto made = Cgroup::make(order_->group, order_->memory_kb_max))
    group_.emplace(*std::move(made));
  else
    warnings.push_back(cat("its memory is looked at now and then: ", made.error().text()));
}

// Folders that a job made read-only cannot be emptied, except by root.
void make_writable(const Path& folder) {
  namespace stdfs = std::filesystem;
  std::error_code ignored;
  stdfs::permissions(folder, stdfs::perms::owner_all, stdfs::perm_options::add, ignored);
  for (const auto& entry : stdfs::directory_iterator(folder, ignored))
    if (entry.is_directory(ignored) && !entry.is_symlink(ignored)) make_writable(entry.path());
}

// A starter that leaves and its successor may remove the same sandbox at the same time.
Status remove_together(FileSystem& files, const Path& folder) {
  auto removed = remove_tree(files, folder);
  if (!removed && removed.error().sys_errno == EACCES) {
    make_writable(folder);
    removed = remove_tree(files, folder);
  }
  while (!removed && removed.error().code == Errc::not_found) removed = remove_tree(files, folder);
  return removed;
}

// What killed starters left.
Status Starter::remove_old_sandboxes() {
  CAIRN_TRY(const auto names, files_.list(order_->job_folder));
  for (const std::string& name : names)
    if (name.starts_with("sandbox-"))
      CAIRN_CHECK(remove_together(files_, Path(order_->job_folder) / name));
  return {};
}

void Starter::perform(const StageOrder& order) {
  auto staged = stage(order);
  if (staged)
    report(*staged);
  else  // TransferInputError
    report(StartFailed{13, errno_of(staged.error()), staged.error().text()});
}

// Never through a link that the job may have put there, and always at the end.
Result<Descriptor> open_stream(const Path& path) {
  if (path.empty()) return Descriptor();
  constexpr int kFlags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW;
  // A pipe that nobody reads is an error, not waited for; the program finds it as ever.
  Descriptor fd(::open(path.c_str(), kFlags | O_NONBLOCK, 0666));
  if (!fd || ::fcntl(fd.get(), F_SETFL, kFlags) == -1) return system_error("open", path, errno);
  return fd;
}

Result<Started> Starter::launch() {
  CAIRN_TRY(const Descriptor out, open_stream(sandbox_->stdout_file()));
  CAIRN_TRY(const Descriptor err, open_stream(sandbox_->stderr_file()));
  Descriptor in;
  if (!job_.input.empty()) {
    const Path path = sandbox_->stdin_file();
    in.reset(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!in) return system_error("open", path, errno);
  }
  SpawnOptions options;
  options.program = sandbox_->program();
  options.arguments = {options.program.native()};
  options.arguments.insert(options.arguments.end(), job_.arguments.begin(), job_.arguments.end());
  options.environment = sandbox_->environment();
  options.working_folder = sandbox_->working_folder();
  options.stdin_fd = in.get();
  options.stdout_fd = out.get();
  options.stderr_fd = err.get();
  if (group_) options.cgroup_fd = group_->entrance();
  CAIRN_TRY(const pid_t pid, spawn(options));
  pid_ = pid;
  CAIRN_TRY(ended_, watch_process(pid));
  use_.resident_kb = 0;
  measure_after(order_->memory_kb_max > 0 ? kMeasureOften : kMeasureSeldom);
  return Started{pid};
}

void Starter::perform(const LaunchOrder&) {
  auto started = launch();
  if (started) report(*started);
  begin_publication();
  if (started) return;
  end_descendants();
  report(StartFailed{6, errno_of(started.error()), started.error().text()});
}

// What a program prints is no progress, so that one which only says where it stands is found.
int Starter::count_unchanged(const Path& checkpoint) {
  const auto text = read_file(files_, checkpoint / kSpoolManifestName);
  auto manifest = text ? decode_spool_manifest(*text) : text.error();
  if (!manifest) return 0;
  std::erase_if(*manifest, [](const SpoolManifestLine& line) {
    return line.name == kStdoutName || line.name == kStderrName;
  });
  unchanged_ = job_.transfer_files && last_manifest_ == *manifest ? unchanged_ + 1 : 0;
  last_manifest_ = *std::move(manifest);
  return unchanged_;
}

// HTCondor's spool has one checkpoint, into which each new one is merged by the names on top:
// files that are gone come back.  So do the outputs of an eviction under either contract.
Result<std::vector<FileItem>> Starter::items_to_spool(bool outputs) {
  CAIRN_TRY(auto items, outputs ? sandbox_->eviction_items() : sandbox_->checkpoint_items());
  if (!outputs && !order_->htcondor) return items;
  return sandbox_->merged(std::move(items), newest_ ? &*newest_ : nullptr);
}

// A starter before us may still be making its last checkpoint durable, and the newest is to be
// found only then.  Where there are no locks, we do not wait.
void Starter::lock_spool() {
  if (auto lock = lock_folder(order_->job_folder)) spool_lock_ = *std::move(lock);
}

void Starter::perform(const SpoolOrder& order) {
  // What the job left running could write into what is being copied, and into the next
  // execution's files; HTCondor leaves it.
  if (!order_->htcondor) end_descendants();
  end_publication();
  const auto begin = std::chrono::steady_clock::now();
  auto items = items_to_spool(order.outputs);
  if (!items) return fail_spooling(order, items.error());
  // The spool may be ahead of the queue: an engine was killed between the two.
  const int number = std::max(static_cast<int>(order.number), next_number_);
  next_number_ = number + 1;
  lock_spool();
  auto taken = spool_->take(number, *items);
  if (!taken) {
    spool_lock_.reset();
    return fail_spooling(order, taken.error());
  }
  if (order.early) {
    report(Taken{number});
    taken_ = *std::move(taken);
    taken_at_ = begin;
    return;
  }
  report_spooled(spool_->make_durable(*taken), begin);
}

// HTCondor starts the program once more after a failed upload, and then asks it to leave.
void Starter::fail_spooling(const SpoolOrder& order, const Error& error) {
  const bool lasting = error.code == Errc::not_found || error.code == Errc::invalid ||
                       error.code == Errc::misuse || error.sys_errno == EACCES || order_->htcondor;
  const SpoolFailed failed{!lasting, error.text(), errno_of(error)};
  if (!order_->htcondor || order.outputs || !launch()) return report(failed);
  ::kill(pid_, job_.kill_signal);
  instead_of_exit_ = failed;
  patience_ends_ = std::chrono::steady_clock::now() + job_.max_vacate_time.value_or(kPatience);
}

// For poll(): until a program that was asked to leave is killed, or what was taken is made
// durable without the order to launch; -1: for ever.
int Starter::milliseconds_left() const {
  if (taken_) return kLaunchComesWithin;
  if (!instead_of_exit_ && pid_ == 0) return -1;
  const auto next = instead_of_exit_ ? patience_ends_ : measured_next_;
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(next - std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, INT_MAX));
}

void Starter::measure_after(std::chrono::milliseconds delay) {
  measured_next_ = std::chrono::steady_clock::now() + delay;
}

// A group is limited by the kernel, and only looked at for what it has.  Without one, processes
// that share pages, as the children of one python do, are no reason to kill: only what is over the
// limit with shared pages counted once is over it.
void Starter::measure() {
  if (pid_ == 0 || instead_of_exit_ || std::chrono::steady_clock::now() < measured_next_) return;
  const std::int64_t kb_max = order_->memory_kb_max;
  const std::int64_t resident_kb =
      group_ ? group_->used_kb() : memory_of_descendants(MemoryCount::resident).kb;
  use_.resident_kb = std::max(use_.resident_kb, resident_kb);
  measure_disk();
  if (!group_ && kb_max > 0 && resident_kb > kb_max) {
    const std::int64_t used_kb = memory_of_descendants(MemoryCount::shared).kb;
    if (used_kb > kb_max) {
      perform(KillOrder{});
      return report(OverMemory{used_kb});
    }
  }
  measure_after(kb_max > 0 && resident_kb > kb_max / 2 ? kMeasureOften : kMeasureSeldom);
  if (!has_grown({.from = said_.resident_kb, .to = use_.resident_kb}) &&
      !has_grown({.from = said_.disk_kb, .to = use_.disk_kb}))
    return;
  said_ = use_;
  report(Measured{use_});
}

// At no more than a hundredth of the time, and never for long: orders wait meanwhile.
void Starter::measure_disk() {
  const auto begin = std::chrono::steady_clock::now();
  if (!job_.transfer_files || begin < disk_next_) return;
  if (!disk_) disk_.emplace(order_->sandbox);
  const bool is_whole = disk_->step(kNamesAtATime);
  use_.disk_kb = std::max(use_.disk_kb, disk_->kb());
  if (is_whole) disk_.reset();
  disk_next_ = begin + 100 * (std::chrono::steady_clock::now() - begin);
}

// Not before the program runs again, or it has become clear that it does not: both want a core.
void Starter::begin_publication() {
  if (!taken_) return;
  publication_ =
      std::make_unique<Publication>(*spool_, *std::exchange(taken_, std::nullopt), taken_at_);
}

void Starter::end_publication() {
  begin_publication();
  if (!publication_) return;
  const auto finished = std::exchange(publication_, nullptr);
  report_spooled(finished->result(), finished->begin());
  if (unreported_) report(*std::exchange(unreported_, std::nullopt));
}

// What fails so late may go well the next time.
void Starter::report_spooled(const Result<SpooledCheckpoint>& done,
                             Publication::Clock::time_point begin) {
  spool_lock_.reset();
  if (!done)
    return report(SpoolFailed{!order_->htcondor, done.error().text(), errno_of(done.error())});
  newest_ = *done;
  const auto elapsed = Publication::Clock::now() - begin;
  report(Spooled{done->number, done->bytes,
                 std::chrono::duration_cast<std::chrono::milliseconds>(elapsed).count(),
                 count_unchanged(done->folder)});
}

void Starter::perform(const FinishOrder& order) {
  end_descendants();
  auto bytes = sandbox_->deliver(order.succeeded);
  if (bytes) return report(Finished{*bytes});
  // TransferOutputError
  report(FinishFailed{12, errno_of(bytes.error()), bytes.error().text()});
}

void Starter::perform(const SignalOrder& order) {
  if (pid_ != 0) ::kill(pid_, order.signal);
}

void Starter::perform(const KillOrder&) {
  if (pid_ != 0) ::kill(pid_, SIGKILL);
  end_descendants();
}

void Starter::perform(const QuitOrder& order) {
  pid_ = 0;
  end_descendants();
  begin_publication();
  publication_.reset();  // waits: what was taken is not lost
  spool_lock_.reset();
  quit_ = true;
  if (!sandbox_) return;
  if (order.deliver) static_cast<void>(sandbox_->deliver_streams().has_value());  // best effort
  std::ignore = sweep_parts(files_, order_->job_folder, order_->sandbox);
  for (const Path& path : sandbox_->paths())
    if (auto removed = remove_together(files_, path); !removed)
      std::cerr << "cairn: " << removed.error().text() << '\n';
  if (!order.clean_up) return;
  auto removed = remove_together(files_, order_->job_folder);
  if (!removed) std::cerr << "cairn: " << removed.error().text() << '\n';
}

void Starter::reap() {
  begin_publication();
  auto end = wait_for(pid_);
  pid_ = 0;
  ended_.reset();
  if (!end) throw EngineGone();
  use_.resident_kb = std::max<std::int64_t>(use_.resident_kb, end->usage.ru_maxrss);
  measure_disk();
  Report ended = Exited{.exit = exit_status(end->wait_status),
                        .user_ms = milliseconds(end->usage.ru_utime),
                        .system_ms = milliseconds(end->usage.ru_stime),
                        .use = use_};
  // An exit of its own stands, whatever the kernel then had to kill of what it left.
  if (group_ && end->wait_status == SIGKILL && group_->was_over_limit())
    ended = OverMemory{std::max(use_.resident_kb, group_->peak_kb())};
  if (instead_of_exit_) return report(*std::exchange(instead_of_exit_, std::nullopt));
  if (!publication_) return report(ended);
  unreported_ = std::move(ended);
  report(Waits{});
}

}  // namespace

int run_starter(int socket) {
  if (auto done = become_subreaper(); !done) {
    std::cerr << "cairn: " << done.error().text() << '\n';
    return 1;
  }
  Starter starter(socket);
  try {
    starter.serve();
    return 0;
  } catch (const EngineGone&) {
    static_cast<void>(kill_descendants().has_value());  // nobody to tell
    return 1;  // and `starter` waits for what is being made durable
  }
}

}  // namespace cairn
