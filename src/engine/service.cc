#include "engine/service.h"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <asio.hpp>
#include <filesystem>
#include <map>
#include <set>
#include <utility>

#include "base/text.h"
#include "base/try.h"
#include "engine/client.h"
#include "engine/match_making.h"
#include "engine/requests.h"
#include "engine/starters.h"
#include "os/lock.h"

namespace cairn {
namespace {

constexpr auto kTick = std::chrono::seconds(1);
constexpr auto kPause = std::chrono::milliseconds(500);  // where descriptors or memory are short
constexpr std::array kEndSignals = {SIGINT, SIGTERM, SIGHUP};
constexpr const char* kRunner = "engine";

using Acceptor = asio::local::stream_protocol::acceptor;
using Socket = asio::local::stream_protocol::socket;

// One that asks something: a verb.
struct Visitor {
  Visitor(Socket connected, std::int64_t& all) : socket(std::move(connected)), count(all) {
    ++count;
  }
  Visitor(const Visitor&) = delete;
  Visitor& operator=(const Visitor&) = delete;
  ~Visitor() { --count; }
  Socket socket;
  std::int64_t& count;  // of all visitors
  Unframer requests;
  std::array<char, 16 << 10> buffer{};
  std::string reply;
};

// How many there may be at a time, so that none fails for want of a descriptor.
struct Room {
  std::int64_t jobs = 1, visitors = 1;
};

// Takes all that we may have.  A job takes one descriptor, and a few more while it starts; a
// thousand jobs are more than most limits.
Room make_room() {
  constexpr std::int64_t kOurs = 32;  // queue, log, socket, what is open for a moment
  constexpr std::int64_t kVisitorsMax = 256, kMany = 1 << 20;
  std::int64_t all = 1024;
  if (rlimit limit{}; ::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    std::ignore = ::setrlimit(RLIMIT_NOFILE, &limit);
    all = static_cast<std::int64_t>(std::min<rlim_t>(limit.rlim_cur, kMany));
  }
  Room room;
  room.visitors = std::clamp<std::int64_t>(all / 8, 1, kVisitorsMax);
  room.jobs = std::max<std::int64_t>(1, all - kOurs - room.visitors);
  return room;
}

}  // namespace

class Service::Loop final : public Starters, private JobStore {
 public:
  Loop(Queue& queue, const Home& home, ServiceOptions options)
      : Starters(queue, home, options.shadow, options.starter),
        service_(std::move(options)),
        free_(service_.machine),
        matches_(to_classad(service_.shadow.machine)),
        acceptor_(io_),
        signals_(io_),
        ticks_(io_),
        policies_(io_),
        acceptance_(io_),
        shortage_(io_) {}

  Status serve();

  void tell(JobId id, const std::string& line, Weight) override { log(to_text(id), line); }

 private:
  // What has happened must be stored, and waits for room on the disk; what is only asked for, and
  // what is to begin, is refused.
  JobStore& store() override { return *this; }
  Status store(const JobRecord& job, std::span<const EventRecord> events) override;
  Status finish_batch();
  template <class Action>
  Status with_patience(const Action& action);
  template <class Action>
  auto hastily(const Action& action) {
    patient_ = false;
    auto done = action();
    patient_ = true;
    return done;
  }
  bool wait_for_room();
  Status remove_job_folder(JobId id) override;

  Status take_home();
  Status listen();
  Status resume_jobs();
  Status load_waiting();
  Status know(int cluster);
  Status sweep_folders();
  void watch_signals();
  void tick();
  void watch_policies();
  Status evaluate_policies();
  void stop();
  bool through() const { return stopping_ && links_.empty(); }

  void settle() override;
  void on_start(Seat&) override {}
  void on_free(Seat& seat) override { freed_.insert(seat.shadow.record().id); }
  void leave_seats();
  void start_waiting();
  bool has_room() const {
    return !short_ && std::ssize(links_) < room_.jobs &&
           (service_.slots_max == 0 || std::ssize(seats_) < service_.slots_max);
  }
  void start_later(Seat& seat, const Error& why);
  void start(const WaitingJob& job);
  void refuse(JobRecord record, const Error& why);
  std::string take_slot(Seat& seat);

  void accept();
  void accept_later();
  void hear(const std::shared_ptr<Visitor>& visitor);
  void answer(const std::shared_ptr<Visitor>& visitor, const std::string& message);
  EngineReply perform(const EngineRequest& request);
  Result<JobAnswer> perform(const EngineRequest& request, JobId id);
  EngineStatus status() const;
  static void log(std::string_view who, std::string_view line);

  ServiceOptions service_;
  Resources free_;
  std::map<JobId, Resources> taken_;  // by those that sit
  Waiting waiting_;
  MatchMaking matches_;
  int loaded_ = 0;         // clusters up to this one are known
  std::set<JobId> freed_;  // seats to be looked at: is it idle again, over, held?
  Acceptor acceptor_;
  asio::signal_set signals_;
  Timer ticks_, policies_, acceptance_, shortage_;
  Room room_;
  std::int64_t visitors_ = 0;
  bool short_ = false;       // of something that starters need
  bool said_short_ = false;  // since the last job that could be started
  std::optional<FolderLock> lock_;
  Descriptor folder_;
  std::chrono::steady_clock::time_point busy_until_;
  std::int64_t since_ms_ = 0, last_alive_ms_ = 0;
  bool stopping_ = false;
  bool patient_ = true;
  bool in_batch_ = false;
  std::vector<JobId> to_remove_;  // folders, when the batch is safe
};

// ---- what is stored

template <class Action>
Status Service::Loop::with_patience(const Action& action) {
  for (bool waited = false;; waited = true) {
    Status done = action();
    if (done && waited) log("engine", "the queue can be written again");
    if (done || done.error().code != Errc::no_space || !patient_) return done;
    if (!waited)
      log("engine", fmt::format("{}; the jobs run on, and what happens to them waits for room",
                                done.error().text()));
    if (!wait_for_room()) return done;
  }
}

Status Service::Loop::store(const JobRecord& job, std::span<const EventRecord> events) {
  if (events.empty()) return queue_.store(job, events);  // nothing has happened: it was measured
  return with_patience([&] { return queue_.store(job, events); });
}

// Returns whether to try again: not if somebody wants us to end.
bool Service::Loop::wait_for_room() {
  sigset_t ends{}, before{};
  sigemptyset(&ends);
  for (const int number : kEndSignals) sigaddset(&ends, number);
  ::pthread_sigmask(SIG_BLOCK, &ends, &before);
  const timespec pause{1, 0};
  const int signal = ::sigtimedwait(&ends, nullptr, &pause);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return signal == -1;
}

// Until a removal is safe from a power cut, the checkpoints stay.
Status Service::Loop::remove_job_folder(JobId id) {
  if (!in_batch_) return Starters::remove_job_folder(id);
  to_remove_.push_back(id);
  return {};
}

Status Service::Loop::finish_batch() {
  in_batch_ = false;
  CAIRN_CHECK(with_patience([&] { return queue_.end_batch(); }));
  for (const JobId id : std::exchange(to_remove_, {})) CAIRN_CHECK(remove_job_folder(id));
  return {};
}

// ---- life

Status Service::Loop::serve() {
  // Whoever reads what we say may be gone; a file may reach its limit: errors, as all others.
  for (const int number : {SIGPIPE, SIGXFSZ}) ::signal(number, SIG_IGN);
  room_ = make_room();
  CAIRN_CHECK(take_home());
  CAIRN_CHECK(listen());
  since_ms_ = now_ms();
  busy_until_ = std::chrono::steady_clock::now();
  const auto grouped = take_groups();
  log("engine",
      fmt::format("pid {} serves {}; memory is limited by {}", ::getpid(), home_.folder().native(),
                  grouped ? "the kernel (cgroup v2)"
                          : "a look at every second: " + grouped.error().message));
  watch_signals();
  CAIRN_CHECK(resume_jobs());
  CAIRN_CHECK(load_waiting());
  CAIRN_CHECK(sweep_folders());
  accept();
  tick();
  watch_policies();
  settle();
  io_.run();
  // Whoever connects now finds nobody, and starts another engine.
  std::error_code ignored;
  std::filesystem::remove(home_.engine_folder() / "socket", ignored);
  log("engine", failure_ ? failure_->text() : "ends");
  if (failure_) return *failure_;
  return {};
}

Status Service::Loop::take_home() {
  PosixFileSystem files;
  CAIRN_CHECK(files.make_folder(home_.engine_folder()));
  auto lock = FolderLock::take(home_.engine_folder());
  if (!lock && lock.error().code == Errc::locked)
    return Error{Errc::locked,
                 fmt::format("{} has an engine already: it is served {}", home_.folder().native(),
                             locked_by_whom(lock.error())),
                 0, "use that one, or end it with: cairn engine --stop"};
  if (!lock) return std::move(lock).error();
  lock_.emplace(*std::move(lock));
  struct stat status {};
  const Path alive = home_.engine_folder() / "alive";
  if (::stat(alive.c_str(), &status) == 0)
    last_alive_ms_ =
        std::int64_t{status.st_mtim.tv_sec} * 1000 + status.st_mtim.tv_nsec / 1'000'000;
  CAIRN_TRY(auto file, files.create(alive, 0600));
  return file->close();
}

Status Service::Loop::listen() {
  const Path file = home_.engine_folder() / "socket";
  ::unlink(file.c_str());  // of a dead engine: we have the lock
  folder_.reset(::open(home_.engine_folder().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!folder_) return system_error("open", home_.engine_folder(), errno);
  try {
    acceptor_.open();
    const mode_t mask = ::umask(0177);
    asio::error_code failure;
    acceptor_.bind(asio::local::stream_protocol::endpoint(socket_path(folder_).native()), failure);
    ::umask(mask);
    if (failure) return system_error("bind", file, failure.value());
    acceptor_.listen();
  } catch (const std::system_error& problem) {
    return system_error("listen at", file, problem.code().value());
  }
  return {};
}

Status Service::Loop::resume_jobs() {
  CAIRN_TRY(const std::vector<JobId> ids, queue_.active(kRunner));
  for (const JobId id : ids) {
    CAIRN_TRY(JobRecord record, queue_.job(id));
    const JobState state = record.state;
    CAIRN_TRY(Seat* const seat, this->seat(std::move(record)));
    freed_.insert(id);
    CAIRN_CHECK(
        seat->shadow.resume(takes_over(state) ? take_slot(*seat) : std::string(), last_alive_ms_));
  }
  return {};
}

// Of jobs that are over: who ran them was killed before they went.
Status Service::Loop::sweep_folders() {
  PosixFileSystem files;
  CAIRN_TRY(const auto names, files.list(home_.folder()));
  for (const std::string& name : names) {
    const auto id = Home::job_of(name);
    if (!id) continue;
    const auto record = queue_.job(*id);
    if (!record || !is_over(record->state)) continue;
    CAIRN_TRY(const ClusterRecord cluster, queue_.cluster(id->cluster));
    if (cluster.runner == kRunner) CAIRN_CHECK(remove_job_folder(*id));
  }
  return {};
}

Status Service::Loop::load_waiting() {
  int newest = loaded_;
  Status known;
  CAIRN_CHECK(
      queue_.visit_waiting(kRunner, loaded_ + 1, [&](const WaitingJob& job, std::string_view own) {
        newest = std::max(newest, job.id.cluster);
        if (!known) return;
        if (!matches_.knows(job.id.cluster)) known = know(job.id.cluster);
        WaitingJob waiting = job;
        waiting.alike = matches_.alike(job.id.cluster, own);
        waiting_.add(waiting);
      }));
  CAIRN_CHECK(known);
  loaded_ = newest;
  return {};
}

Status Service::Loop::know(int cluster) {
  CAIRN_TRY(const JobAd shared, queue_.shared_ad(cluster));
  matches_.know(cluster, shared, now_ms() / 1000);
  return {};
}

void Service::Loop::watch_signals() {
  for (const int number : kEndSignals) signals_.add(number);
  signals_.async_wait([this](const asio::error_code& error, int) {
    if (error) return;
    stop();
    settle();
    if (!failure_) watch_signals();
  });
}

// The first time softly.
void Service::Loop::stop() {
  if (std::exchange(stopping_, true)) return kill_all_starters();
  log("engine", "was asked to end: the jobs may save their state");
  for (auto& [id, seat] : seats_)
    if (seat.shadow.active()) check(seat.shadow.vacate(Vacate::soft, "the engine was stopped"));
}

// Says that we are alive: after a crash the time until the next engine counts as waiting.
void Service::Loop::tick() {
  std::error_code ignored;
  std::filesystem::last_write_time(home_.engine_folder() / "alive",
                                   std::filesystem::file_time_type::clock::now(), ignored);
  const auto now = std::chrono::steady_clock::now();
  const bool busy = !seats_.empty() || !links_.empty() ||
                    waiting_.count_that_fit(service_.machine) > 0 || matches_.may_change();
  if (busy) busy_until_ = now;
  if (service_.idle_exit && now - busy_until_ >= *service_.idle_exit && !stopping_) {
    log("engine", "there is nothing to do");
    stopping_ = true;
    settle();
    return;
  }
  ticks_.expires_after(kTick);
  ticks_.async_wait([this](const asio::error_code& error) {
    if (!error) tick();
  });
}

void Service::Loop::watch_policies() {
  policies_.expires_after(service_.policy_interval);
  policies_.async_wait([this](const asio::error_code& error) {
    if (error || stopping_ || failure_) return;
    check(evaluate_policies());
    settle();
    watch_policies();
  });
}

Status Service::Loop::evaluate_policies() {
  CAIRN_TRY(const std::vector<JobId> waiting, queue_.waiting_with_policies(kRunner));
  for (const JobId id : waiting) {
    if (seats_.contains(id)) continue;
    CAIRN_TRY(JobRecord record, queue_.job(id));
    CAIRN_CHECK(seat(std::move(record)));
    freed_.insert(id);
  }
  for (auto& [id, seat] : seats_) {
    Status done = hastily([&shadow = seat.shadow] { return shadow.evaluate_periodic(); });
    if (!done && done.error().code != Errc::no_space) return done;  // else next time
  }
  for (const WaitingJob& job : matches_.ask_again(now_ms() / 1000)) waiting_.add(job);
  return {};
}

// ---- who sits

void Service::Loop::settle() {
  if (failure_) return;
  leave_seats();
  start_waiting();
  if (!through()) return;
  io_.stop();
}

void Service::Loop::leave_seats() {
  for (const JobId id : std::exchange(freed_, {})) {
    const auto found = seats_.find(id);
    if (found == seats_.end() || found->second.shadow.active()) continue;
    if (const auto taken = taken_.extract(id); !taken.empty()) free_ += taken.mapped();
    const JobRecord& record = found->second.shadow.record();
    if (record.state == JobState::idle) waiting_.add(waiting_job(id, record.ad));
    seats_.erase(found);
  }
}

void Service::Loop::start_waiting() {
  constexpr int kLooksAtOnce = 200;  // who asks something is not to wait for all
  for (int looks = 0; !stopping_ && !failure_ && has_room(); ++looks) {
    if (looks == kLooksAtOnce) return asio::post(io_, [this] { settle(); });
    // With a fixed number of slots nothing is divided.
    constexpr std::int64_t kAll = std::int64_t{1} << 60;
    const auto job =
        waiting_.take(service_.slots_max == 0 ? free_ : Resources{1 << 30, kAll, kAll});
    if (!job) return;
    start(*job);
  }
}

void Service::Loop::start(const WaitingJob& job) {
  if (seats_.contains(job.id)) return;  // something is being asked of it: it comes back
  if (matches_.wants(job) == false) return matches_.put_aside(job, nullptr);
  auto record = queue_.job(job.id);
  if (!record && record.error().code == Errc::not_found) return;
  if (!record) return check(std::move(record).error());
  if (record->state != JobState::idle) return;
  const bool is_known = matches_.wants(job) == true && record->live.attributes().empty();
  if (const JobAd ad = LiveAd(record->ad, record->live).whole();
      !is_known && !matches_.wants(ad, now_ms() / 1000)) {
    WaitingJob alone = job;
    alone.alike = false;  // its life has made it different, if its ad was not
    return matches_.put_aside(alone, &ad);
  }
  if (auto spec = job_spec(record->ad); !spec) return refuse(*std::move(record), spec.error());
  auto seat = this->seat(*std::move(record));
  if (!seat) return check(std::move(seat).error());
  const Resources asked{job.cpus, job.memory_mb, job.disk_kb};
  free_ -= asked;
  taken_.emplace(job.id, asked);
  freed_.insert(job.id);  // if it does not start after all
  const Status started = hastily([&] { return (*seat)->shadow.start(take_slot(**seat)); });
  if (!started && may_pass(started.error())) return start_later(**seat, started.error());
  check(started);
  said_short_ = false;
}

// Its seat was noted as free before.
void Service::Loop::start_later(Seat& seat, const Error& why) {
  give_slot_back(seat);
  if (!said_short_)
    log("engine", fmt::format("no more jobs can be started: {}; they wait", why.text()));
  short_ = said_short_ = true;
  shortage_.expires_after(kPause);
  shortage_.async_wait([this](const asio::error_code& error) {
    if (error) return;
    short_ = false;
    settle();
  });
}

// An ad that no starter could be given.
void Service::Loop::refuse(JobRecord record, const Error& why) {
  constexpr int kHoldCannotStart = 6;
  record.state = JobState::held;
  record.hold = HoldFacts{kHoldCannotStart, 0, why.text()};
  const EventRecord event{now_ms(), Mark::evicted, cat("hold: ", why.text())};
  check(store(record, {&event, 1}));
  log(to_text(record.id), cat("held: ", why.text()));
}

std::string Service::Loop::take_slot(Seat& seat) {
  seat.slot = take_slot_number();
  return fmt::format("slot1_{}@{}", seat.slot, shadow_options_.host);
}

// ---- who asks

void Service::Loop::accept() {
  acceptor_.async_accept([this](const asio::error_code& error, Socket socket) {
    if (!acceptor_.is_open()) return;
    // Out of descriptors, most likely: at once again would be a busy loop.
    if (error) return accept_later();
    // One that finds no room is sent away, and comes back.
    if (visitors_ < room_.visitors) {
      ucred peer{};
      socklen_t bytes = sizeof peer;
      const bool known =
          ::getsockopt(socket.native_handle(), SOL_SOCKET, SO_PEERCRED, &peer, &bytes) == 0;
      if (known && (peer.uid == ::geteuid() || peer.uid == 0))
        hear(std::make_shared<Visitor>(std::move(socket), visitors_));
    }
    accept();
  });
}

void Service::Loop::accept_later() {
  acceptance_.expires_after(kPause);
  acceptance_.async_wait([this](const asio::error_code& error) {
    if (!error) accept();
  });
}

void Service::Loop::hear(const std::shared_ptr<Visitor>& visitor) {
  visitor->socket.async_read_some(asio::buffer(visitor->buffer),
                                  [this, visitor](const asio::error_code& error, std::size_t got) {
                                    if (error) return;  // it goes with its visitor
                                    visitor->requests.add({visitor->buffer.data(), got});
                                    auto message = visitor->requests.next();
                                    if (!message) return;  // no client of ours
                                    if (*message) return answer(visitor, **message);
                                    hear(visitor);
                                  });
}

void Service::Loop::answer(const std::shared_ptr<Visitor>& visitor, const std::string& message) {
  const auto request = decode_engine_request(message);
  if (!request) return;
  // Nobody here would run them: unanswered, the verb starts another engine.
  if (stopping_ && request->verb == RequestVerb::wake) return;
  busy_until_ = std::chrono::steady_clock::now();
  visitor->reply = framed(encode(perform(*request)));
  asio::async_write(visitor->socket, asio::buffer(visitor->reply),
                    [this, visitor](const asio::error_code& error, std::size_t) {
                      if (!error) hear(visitor);
                    });
  // After the reply is on its way: one that asks us to stop is answered, too.
  asio::post(io_, [this, stop_now = request->verb == RequestVerb::stop] {
    if (stop_now && !stopping_) stop();
    settle();
  });
}

EngineReply Service::Loop::perform(const EngineRequest& request) {
  EngineReply reply;
  if (request.verb == RequestVerb::wake) check(load_waiting());
  // One wait for the disk, not one for each job.
  in_batch_ = request.jobs.size() > 1;
  if (in_batch_) queue_.begin_batch();
  for (const JobId id : request.jobs) {
    auto answer = hastily([&] { return perform(request, id); });
    if (answer) {
      reply.answers.push_back(*std::move(answer));
    } else if (answer.error().code == Errc::not_found) {
      reply.answers.push_back({id, false, "is not in the queue"});
    } else {
      if (answer.error().code != Errc::no_space) check(answer.error());
      reply.answers.push_back({id, false, cat("stays as it is: ", answer.error().text())});
    }
  }
  if (in_batch_) check(finish_batch());
  reply.status = status();
  return reply;
}

Result<JobAnswer> Service::Loop::perform(const EngineRequest& request, JobId id) {
  const auto say = [id](bool sense, std::string text) {
    return JobAnswer{id, sense, std::move(text)};
  };
  auto found = seats_.find(id);
  if (found == seats_.end()) {
    CAIRN_TRY(JobRecord record, queue_.job(id));
    CAIRN_TRY(const ClusterRecord cluster, queue_.cluster(id.cluster));
    if (cluster.runner != kRunner)
      return say(false, fmt::format("is not the engine's: it belongs to {}", cluster.runner));
    if (is_over(record.state) && request.verb == RequestVerb::remove &&
        stays_in_queue(LiveAd(record.ad, record.live).whole(), now_ms() / 1000)) {
      record.live.set_bool("LeaveJobInQueue", false);
      const EventRecord event{now_ms(), std::nullopt, cat("leaves the queue: ", request.reason)};
      CAIRN_CHECK(queue_.store(record, {&event, 1}));
      return say(true, "had completed, and leaves the queue");
    }
    if (is_over(record.state))
      return say(request.verb == RequestVerb::remove && record.state == JobState::removed,
                 fmt::format("is {} already", to_text(record.state)));
    CAIRN_CHECK(seat(std::move(record)));
    found = seats_.find(id);
    freed_.insert(id);
  }
  Shadow& shadow = found->second.shadow;
  const JobState state = shadow.record().state;
  const Vacate how = request.verb == RequestVerb::vacate_fast ? Vacate::fast : Vacate::soft;
  switch (request.verb) {
    case RequestVerb::hold:
    case RequestVerb::remove: {
      const bool hold = request.verb == RequestVerb::hold;
      if (hold && state == JobState::held) return say(true, "was held already");
      if (state == JobState::finishing)
        return say(false, "has ended; its outputs are on their way");
      const bool runs = shadow.active();
      CAIRN_CHECK(shadow.request(hold ? Wish::hold : Wish::remove, how, request.reason));
      if (runs && shadow.active())
        return say(true, hold ? "is asked to leave, and is held then"
                              : "is asked to leave, and is removed then");
      return say(true, hold ? "is held" : "is removed");
    }
    case RequestVerb::release: {
      if (state != JobState::held) return say(true, "is not held");
      const std::optional<HoldFacts> was = shadow.record().hold;
      CAIRN_CHECK(shadow.release(request.reason));
      return say(true, was ? fmt::format("is released; it was held (code {}/{}): {}", was->code,
                                         was->subcode, was->reason)
                           : "is released");
    }
    case RequestVerb::vacate:
    case RequestVerb::vacate_fast:
      if (state == JobState::held) return say(false, "is held, and does not run");
      if (!shadow.active()) return say(true, "does not run");
      CAIRN_CHECK(shadow.vacate(how, request.reason));
      return say(true, how == Vacate::fast ? "is killed" : "is asked to leave");
    default:
      return say(false, "is not asked anything");
  }
}

EngineStatus Service::Loop::status() const {
  return {.pid = ::getpid(),
          .since_ms = since_ms_,
          .waiting = waiting_.count() + matches_.count(),
          .running = static_cast<std::int64_t>(links_.size()),
          .cpus = service_.machine.cpus,
          .cpus_free = free_.cpus,
          .memory_mb = service_.machine.memory_mb,
          .memory_mb_free = free_.memory_mb,
          .disk_kb = service_.machine.disk_kb,
          .disk_kb_free = free_.disk_kb,
          .kernel_limits_memory = has_groups(),
          .slots_max = service_.slots_max};
}

// Not by stdio, for which a full disk is no ordinary error.
void Service::Loop::log(std::string_view who, std::string_view line) {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  ::localtime_r(&now, &local);
  const std::string text = fmt::format("{:%Y-%m-%d %H:%M:%S} {} {}\n", local, who, line);
  std::ignore = ::write(STDOUT_FILENO, text.data(), text.size());
}

// ----

Service::Service(Queue& queue, const Home& home, ServiceOptions options)
    : loop_(std::make_unique<Loop>(queue, home, std::move(options))) {}
Service::~Service() = default;
Status Service::serve() { return loop_->serve(); }

}  // namespace cairn
