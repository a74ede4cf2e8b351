#include "engine/engine.h"

#include <signal.h>
#include <sys/stat.h>

#include <algorithm>
#include <deque>
#include <filesystem>
#include <set>

#include "base/text.h"
#include "base/try.h"
#include "engine/sandbox.h"
#include "engine/starters.h"

namespace cairn {
namespace {

constexpr auto kStatusInterval = std::chrono::milliseconds(200);

}  // namespace

class Engine::Loop final : public Starters {
 public:
  Loop(Queue& queue, const Home& home, EngineOptions options, Observer& observer)
      : Starters(queue, home, options.shadow, options.starter),
        options_(std::move(options)),
        observer_(observer),
        signals_(io_),
        status_timer_(io_),
        policy_timer_(io_) {}

  Result<RunResult> run(int cluster, bool again);
  Status announce(int cluster);

  void tell(JobId id, const std::string& line, Weight weight) override {
    observer_.tell(id, line, weight);
  }

 private:
  Status seat_jobs(int cluster);
  Status resume_jobs(bool release_held);
  Status note_last_alive(int cluster);
  void watch_signals();
  void on_signal();
  void show_status();
  void tick();
  void settle() override;
  void on_start(Seat& seat) override { arm_eviction(seat); }
  void on_free(Seat& seat) override { wait_for_slot(seat); }
  void watch_policies();
  void wait_for_slot(Seat& seat);
  void start_idle_jobs();
  void start_later(Seat& seat, const Error& why);
  std::string take_slot(Seat& seat);
  void arm_eviction(Seat& seat);
  void evict(Seat& seat);
  bool through() const;
  JobStatus status_of(const Seat& seat) const;
  RunResult result() const;

  EngineOptions options_;
  Observer& observer_;
  asio::signal_set signals_;
  Timer status_timer_;
  Timer policy_timer_;
  std::deque<JobId> idle_;   // in the order in which they start
  std::set<JobId> waiting_;  // the same
  Path alive_file_;
  std::int64_t last_alive_ms_ = 0;  // of the engine before us; 0: there was none
  int stop_requests_ = 0;
  bool short_ = false;       // of something that starters need
  bool said_short_ = false;  // since the last job that could be started
};

// ---- life

Result<RunResult> Engine::Loop::run(int cluster, bool again) {
  CAIRN_CHECK(seat_jobs(cluster));
  CAIRN_CHECK(note_last_alive(cluster));
  static_cast<void>(take_groups().has_value());  // without, the starters look at what is used
  watch_signals();
  CAIRN_CHECK(resume_jobs(again));
  settle();
  tick();
  watch_policies();
  io_.run();
  if (failure_) return *failure_;
  show_status();
  return result();
}

Status Engine::Loop::seat_jobs(int cluster) {
  CAIRN_TRY(std::vector<JobRecord> records, queue_.jobs(cluster));
  for (JobRecord& record : records) CAIRN_CHECK(seat(std::move(record)));
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

Status Engine::Loop::resume_jobs(bool release_held) {
  for (auto& [id, seat] : seats_) {
    const JobState state = seat.shadow.record().state;
    if (release_held && state == JobState::held) CAIRN_CHECK(seat.shadow.release("run again"));
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

// After everything that happened.
void Engine::Loop::settle() {
  if (failure_) return;
  if (stop_requests_ == 0) start_idle_jobs();
  if (!through()) return;
  signals_.cancel();
  status_timer_.cancel();
  policy_timer_.cancel();
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
  seat.slot = take_slot_number();
  return cat("slot", seat.slot, "@", options_.shadow.host);
}

void Engine::Loop::wait_for_slot(Seat& seat) {
  const JobRecord& job = seat.shadow.record();
  if (job.state == JobState::idle && waiting_.insert(job.id).second) idle_.push_back(job.id);
}

void Engine::Loop::start_idle_jobs() {
  const auto busy = [&] {
    return std::count_if(seats_.begin(), seats_.end(),
                         [](const auto& entry) { return entry.second.slot != 0; });
  };
  while (!idle_.empty() && !short_ && busy() < options_.slots && !failure_) {
    Seat& seat = seats_.at(idle_.front());
    idle_.pop_front();
    waiting_.erase(seat.shadow.record().id);
    if (seat.shadow.record().state != JobState::idle) continue;
    const Status started = seat.shadow.start(take_slot(seat));
    if (!started && may_pass(started.error())) return start_later(seat, started.error());
    check(started);
    said_short_ = false;
  }
}

// Until the next tick.
void Engine::Loop::start_later(Seat& seat, const Error& why) {
  give_slot_back(seat);
  wait_for_slot(seat);
  if (!said_short_)
    observer_.notice(cat("no more jobs can be started: ", why.text(), "; they wait"));
  short_ = said_short_ = true;
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
    kill_all_starters();
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
    if (error) return;
    if (std::exchange(short_, false)) settle();
    tick();
  });
}

void Engine::Loop::watch_policies() {
  if (std::none_of(seats_.begin(), seats_.end(), [](const auto& entry) {
        return has_periodic_policy(entry.second.shadow.record().ad);
      }))
    return;
  policy_timer_.expires_after(options_.policy_interval);
  policy_timer_.async_wait([this](const asio::error_code& error) {
    if (error || failure_) return;
    for (auto& [id, seat] : seats_) {
      check(seat.shadow.evaluate_periodic());
      wait_for_slot(seat);
    }
    settle();
    if (!through()) watch_policies();
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

// ----

Engine::Engine(Queue& queue, const Home& home, EngineOptions options, Observer& observer)
    : loop_(std::make_unique<Loop>(queue, home, std::move(options), observer)) {}
Engine::~Engine() = default;
Result<RunResult> Engine::run(int cluster, bool again) { return loop_->run(cluster, again); }
Status Engine::announce(int cluster) { return loop_->announce(cluster); }

}  // namespace cairn
