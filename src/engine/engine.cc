#include "engine/engine.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <asio.hpp>
#include <deque>
#include <filesystem>
#include <list>
#include <map>
#include <set>

#include "base/text.h"
#include "base/try.h"
#include "os/process.h"

namespace cairn {
namespace {

constexpr auto kStatusInterval = std::chrono::milliseconds(200);
constexpr std::size_t kReadBytes = 64 << 10;

using Socket = asio::local::stream_protocol::socket;
using Timer = asio::steady_timer;

// A starter process and the socket to it.
struct Link {
  Link(asio::io_context& io, JobId job, int number, std::string text)
      : id(job), activation(number), mark(std::move(text)), socket(io) {}
  JobId id;
  int activation;
  std::string mark;
  Socket socket;
  pid_t pid = 0;
  bool released = false;  // its shadow is through with it
  Unframer reports;
  std::array<char, kReadBytes> buffer{};
  std::deque<std::string> outbox;
};
using LinkPtr = std::shared_ptr<Link>;

// A job with all that belongs to it here.
struct Seat {
  Seat(asio::io_context& io, Shadow job) : shadow(std::move(job)), evict(io), vacate(io) {}
  Shadow shadow;
  LinkPtr link;          // none while it has no starter
  int slot = 0;          // 0: none
  bool waiting = false;  // for a slot
  Timer evict, vacate;
  bool evicted_once = false;
  bool peace_said = false;
};

std::int64_t wall_clock_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// The job may write anything there, or replace the file by whatever.
std::optional<double> read_progress(const Path& file) {
  const Descriptor fd(::open(file.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat status {};
  if (!fd || ::fstat(fd.get(), &status) == -1 || !S_ISREG(status.st_mode)) return std::nullopt;
  std::array<char, 64> text{};
  const auto got = ::read(fd.get(), text.data(), text.size() - 1);
  if (got <= 0) return std::nullopt;
  char* end = nullptr;
  const double fraction = std::strtod(text.data(), &end);
  if (end == text.data() || !(fraction >= 0 && fraction <= 1)) return std::nullopt;
  return fraction;
}

}  // namespace

class Engine::Loop final : public ShadowHost {
 public:
  Loop(Queue& queue, const Home& home, EngineOptions options, Observer& observer)
      : queue_(queue),
        home_(home),
        options_(std::move(options)),
        observer_(observer),
        signals_(io_),
        status_timer_(io_) {}

  Result<RunResult> run(int cluster);
  Status announce(int cluster);

  // ---- ShadowHost
  std::int64_t now_ms() override { return wall_clock_ms(); }
  Status start_starter(JobId id, int activation, const std::string& mark) override;
  void send(JobId id, const Order& order) override;
  void kill_starter(JobId id) override;
  void release_starter(JobId id) override;
  Status kill_left_over(const std::string& mark) override { return kill_marked(mark); }
  Status remove_job_folder(JobId id) override;
  void arm_vacate_timer(JobId id, std::chrono::milliseconds delay) override;
  void tell(JobId id, const std::string& line, Weight weight) override {
    observer_.tell(id, line, weight);
  }

 private:
  Status seat_jobs(int cluster);
  Status resume_jobs();
  Status note_last_alive(int cluster);
  void watch_signals();
  void on_signal();
  void show_status();
  void tick();
  void settle();
  void check(const Status& status);
  void wait_for_slot(Seat& seat);
  void start_idle_jobs();
  std::string take_slot(Seat& seat);
  void arm_eviction(Seat& seat);
  void evict(Seat& seat);
  void read_from(const LinkPtr& link);
  void write_to(const LinkPtr& link);
  void on_report(const LinkPtr& link, const std::string& message);
  void on_end(const LinkPtr& link);
  bool through() const;
  JobStatus status_of(const Seat& seat) const;
  RunResult result() const;

  Queue& queue_;
  const Home& home_;
  EngineOptions options_;
  Observer& observer_;
  asio::io_context io_;
  asio::signal_set signals_;
  Timer status_timer_;
  std::map<JobId, Seat> seats_;
  std::deque<JobId> idle_;  // in the order in which they start
  std::list<LinkPtr> links_;
  Path alive_file_;
  std::int64_t last_alive_ms_ = 0;  // of the engine before us; 0: there was none
  int stop_requests_ = 0;
  std::optional<Error> failure_;
};

// ---- life

Result<RunResult> Engine::Loop::run(int cluster) {
  CAIRN_CHECK(seat_jobs(cluster));
  CAIRN_CHECK(note_last_alive(cluster));
  watch_signals();
  CAIRN_CHECK(resume_jobs());
  settle();
  tick();
  io_.run();
  if (failure_) return *failure_;
  show_status();
  return result();
}

Status Engine::Loop::seat_jobs(int cluster) {
  CAIRN_TRY(std::vector<JobRecord> records, queue_.jobs(cluster));
  for (JobRecord& record : records) {
    const JobId id = record.id;
    CAIRN_TRY(JobSpec spec, job_spec(record.ad));
    CAIRN_TRY(std::vector<TimedMark> marks, queue_.marks(id));
    seats_.emplace(std::piecewise_construct, std::forward_as_tuple(id),
                   std::forward_as_tuple(std::ref(io_), Shadow(queue_, *this, home_,
                                                               options_.shadow, std::move(record),
                                                               std::move(spec), std::move(marks))));
  }
  return {};
}

// The time stamp of a file that every engine of this cluster touches as long as it lives.
Status Engine::Loop::note_last_alive(int cluster) {
  PosixFileSystem files;
  CAIRN_CHECK(files.make_folder(home_.cluster_folder(cluster)));
  alive_file_ = home_.cluster_folder(cluster) / "alive";
  struct stat status {};
  if (::stat(alive_file_.c_str(), &status) == 0)
    last_alive_ms_ =
        std::int64_t{status.st_mtim.tv_sec} * 1000 + status.st_mtim.tv_nsec / 1'000'000;
  CAIRN_TRY(auto file, files.create(alive_file_, 0600));
  return file->close();
}

Status Engine::Loop::announce(int cluster) {
  CAIRN_CHECK(seat_jobs(cluster));
  for (auto& [id, seat] : seats_) seat.shadow.log().submitted(now_ms());
  seats_.clear();
  return {};
}

Status Engine::Loop::resume_jobs() {
  for (auto& [id, seat] : seats_) {
    const JobState state = seat.shadow.record().state;
    if (state == JobState::held) CAIRN_CHECK(seat.shadow.release("run again"));
    CAIRN_CHECK(
        seat.shadow.resume(takes_over(state) ? take_slot(seat) : std::string(), last_alive_ms_));
    wait_for_slot(seat);
  }
  return {};
}

RunResult Engine::Loop::result() const {
  RunResult result;
  for (const auto& [id, seat] : seats_) {
    result.jobs.push_back(status_of(seat));
    if (!seat.shadow.settled())
      result.ending = Ending::interrupted;
    else if (result.ending == Ending::completed &&
             (seat.shadow.record().state != JobState::completed ||
              seat.shadow.record().exit != ExitStatus{}))
      result.ending = Ending::failed;
  }
  return result;
}

// An error here is one of the queue's or of starting processes: nothing can go on.
void Engine::Loop::check(const Status& status) {
  if (status || failure_) return;
  failure_ = status.error();
  for (const LinkPtr& link : links_) ::kill(link->pid, SIGKILL);
  io_.stop();
}

// After everything that happened.
void Engine::Loop::settle() {
  if (failure_) return;
  if (stop_requests_ == 0) start_idle_jobs();
  if (!through()) return;
  signals_.cancel();
  status_timer_.cancel();
  for (auto& [id, seat] : seats_) {
    seat.evict.cancel();
    seat.vacate.cancel();
  }
}

bool Engine::Loop::through() const {
  return links_.empty() && std::all_of(seats_.begin(), seats_.end(), [&](const auto& entry) {
           return entry.second.shadow.settled() || stop_requests_ > 0;
         });
}

// ---- slots

std::string Engine::Loop::take_slot(Seat& seat) {
  std::set<int> taken;
  for (const auto& [id, other] : seats_) taken.insert(other.slot);
  seat.slot = 1;
  while (taken.contains(seat.slot)) ++seat.slot;
  return cat("slot", seat.slot, "@", options_.shadow.host);
}

void Engine::Loop::wait_for_slot(Seat& seat) {
  if (seat.shadow.record().state != JobState::idle || std::exchange(seat.waiting, true)) return;
  idle_.push_back(seat.shadow.record().id);
}

void Engine::Loop::start_idle_jobs() {
  const auto busy = [&] {
    return std::count_if(seats_.begin(), seats_.end(),
                         [](const auto& entry) { return entry.second.slot != 0; });
  };
  while (!idle_.empty() && busy() < options_.slots && !failure_) {
    Seat& seat = seats_.at(idle_.front());
    idle_.pop_front();
    seat.waiting = false;
    check(seat.shadow.start(take_slot(seat)));
  }
}

// ---- signals and timers

void Engine::Loop::watch_signals() {
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) signals_.add(number);
  signals_.async_wait([this](const asio::error_code& error, int) {
    if (error) return;
    on_signal();
    if (!failure_) watch_signals();
  });
}

void Engine::Loop::on_signal() {
  if (++stop_requests_ == 1) {
    observer_.notice("stopping: the jobs may save their state; once more kills them at once");
    for (auto& [id, seat] : seats_)
      if (seat.shadow.active()) check(seat.shadow.vacate(Vacate::soft, "cairn run was stopped"));
  } else {
    for (const LinkPtr& link : links_) ::kill(link->pid, SIGKILL);
  }
  settle();
}

void Engine::Loop::show_status() {
  if (!observer_.wants_status()) return;
  std::vector<JobStatus> all;
  for (const auto& [id, seat] : seats_) all.push_back(status_of(seat));
  observer_.status(all);
}

// Also says that we are alive: after a crash the time until the next engine counts as
// waiting, not as lost work.
void Engine::Loop::tick() {
  if (through()) return;
  show_status();
  std::error_code ignored;
  std::filesystem::last_write_time(alive_file_, std::filesystem::file_time_type::clock::now(),
                                   ignored);
  status_timer_.expires_after(kStatusInterval);
  status_timer_.async_wait([this](const asio::error_code& error) {
    if (!error) tick();
  });
}

JobStatus Engine::Loop::status_of(const Seat& seat) const {
  const Shadow& shadow = seat.shadow;
  const JobRecord& record = shadow.record();
  JobStatus status;
  status.id = record.id;
  status.state = record.state;
  status.checkpoint = record.last_checkpoint;
  status.exit = record.exit;
  status.hold = record.hold;
  status.goodput = shadow.goodput();
  const std::int64_t end = shadow.settled() ? shadow.last_ms() : wall_clock_ms();
  status.elapsed = std::chrono::milliseconds(end - shadow.first_ms());
  if (shadow.active()) status.progress = read_progress(shadow.progress_file());
  return status;
}

void Engine::Loop::arm_vacate_timer(JobId id, std::chrono::milliseconds delay) {
  Seat& seat = seats_.at(id);
  seat.vacate.expires_after(delay);
  seat.vacate.async_wait([this, &seat](const asio::error_code& error) {
    if (error) return;
    check(seat.shadow.vacate_timeout());
    settle();
  });
}

void Engine::Loop::arm_eviction(Seat& seat) {
  std::optional<std::chrono::milliseconds> delay = options_.evict_every;
  if (!std::exchange(seat.evicted_once, true) && options_.evict_after) delay = options_.evict_after;
  if (!delay) return;
  seat.evict.expires_after(*delay);
  seat.evict.async_wait([this, &seat](const asio::error_code& error) {
    if (error) return;
    evict(seat);
    settle();
  });
}

void Engine::Loop::evict(Seat& seat) {
  if (!seat.shadow.active()) return;
  if (seat.shadow.record().evictions >= kFruitlessEvictionsMax) {
    if (!std::exchange(seat.peace_said, true))
      tell(seat.shadow.record().id,
           cat("is not evicted any more: ", kFruitlessEvictionsMax,
               " evictions in a row came before its next checkpoint"),
           Weight::notable);
    return;
  }
  const bool fast = options_.evict_how == Vacate::fast;
  tell(seat.shadow.record().id, fast ? "is evicted: killed" : "is evicted: asked to leave",
       Weight::routine);
  check(seat.shadow.vacate(options_.evict_how, "evicted on request"));
}

// ---- starters

Status Engine::Loop::start_starter(JobId id, int activation, const std::string& mark) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == -1)
    return system_error("socketpair for", "a starter", errno);
  Descriptor theirs(ends[1]);
  auto link = std::make_shared<Link>(io_, id, activation, mark);
  link->socket.assign(asio::local::stream_protocol(), ends[0]);

  SpawnOptions options;
  options.program = options_.starter.program;
  options.arguments = options_.starter.arguments;
  for (char** entry = ::environ; *entry != nullptr; ++entry)
    options.environment.emplace_back(*entry);
  options.environment.push_back(mark);
  options.stdin_fd = theirs.get();
  options.stderr_fd = STDERR_FILENO;
  // It must not die with us at once: first it kills what the job started.
  options.dies_with_parent = false;
  CAIRN_TRY(link->pid, spawn(options));

  seats_.at(id).link = link;
  links_.push_back(link);
  read_from(link);
  return {};
}

void Engine::Loop::send(JobId id, const Order& order) {
  const LinkPtr& link = seats_.at(id).link;
  if (!link) return;
  link->outbox.push_back(framed(encode(order)));
  if (link->outbox.size() == 1) write_to(link);
}

void Engine::Loop::write_to(const LinkPtr& link) {
  asio::async_write(link->socket, asio::buffer(link->outbox.front()),
                    [this, link](const asio::error_code& error, std::size_t) {
                      if (error) return;  // its end will be read
                      link->outbox.pop_front();
                      if (!link->outbox.empty()) write_to(link);
                    });
}

void Engine::Loop::read_from(const LinkPtr& link) {
  link->socket.async_read_some(asio::buffer(link->buffer),
                               [this, link](const asio::error_code& error, std::size_t got) {
                                 if (error) return on_end(link);
                                 link->reports.add({link->buffer.data(), got});
                                 for (;;) {
                                   auto message = link->reports.next();
                                   if (!message) return on_end(link);
                                   if (!*message) break;
                                   on_report(link, **message);
                                 }
                                 settle();
                                 if (!failure_) read_from(link);
                               });
}

void Engine::Loop::on_report(const LinkPtr& link, const std::string& message) {
  if (link->released) return;
  const auto report = decode_report(message);
  if (!report) {
    ::kill(link->pid, SIGKILL);  // not our starter any more; its end will be read
    return;
  }
  Seat& seat = seats_.at(link->id);
  const bool first_start = std::holds_alternative<Started>(*report) && !seat.shadow.started();
  check(seat.shadow.receive(link->activation, *report));
  if (const std::string problem = seat.shadow.log().take_problem(); !problem.empty())
    tell(link->id, problem, Weight::notable);
  if (first_start) arm_eviction(seat);
}

void Engine::Loop::on_end(const LinkPtr& link) {
  ::kill(link->pid, SIGKILL);  // it may have closed its socket without ending
  const auto end = wait_for(link->pid);
  // A starter that ends well has ended all below it; else they are looked for by their mark.
  const bool well = end && end->wait_status == 0;
  links_.remove(link);
  if (!link->released) {
    Seat& seat = seats_.at(link->id);
    release_starter(link->id);
    check(seat.shadow.starter_gone(link->activation));
    wait_for_slot(seat);
  } else if (!well) {
    check(kill_marked(link->mark));
  }
  settle();
}

void Engine::Loop::kill_starter(JobId id) {
  if (const LinkPtr& link = seats_.at(id).link) ::kill(link->pid, SIGKILL);
}

void Engine::Loop::release_starter(JobId id) {
  Seat& seat = seats_.at(id);
  if (!seat.link) return;
  seat.link->released = true;
  seat.link.reset();
  seat.slot = 0;
  seat.evict.cancel();
  seat.vacate.cancel();
  wait_for_slot(seat);
}

Status Engine::Loop::remove_job_folder(JobId id) {
  PosixFileSystem files;
  return remove_tree(files, home_.job_folder(id));
}

// ----

Engine::Engine(Queue& queue, const Home& home, EngineOptions options, Observer& observer)
    : loop_(std::make_unique<Loop>(queue, home, std::move(options), observer)) {}
Engine::~Engine() = default;
Result<RunResult> Engine::run(int cluster) { return loop_->run(cluster); }
Status Engine::announce(int cluster) { return loop_->announce(cluster); }

}  // namespace cairn
