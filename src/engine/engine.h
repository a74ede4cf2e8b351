// The engine of `cairn run`: one loop over slots, starters, timers and signals.
// Nothing here blocks longer than a look at a small file; starters do what takes time.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cairn/result.h"
#include "engine/home.h"
#include "engine/shadow.h"
#include "engine/starter_program.h"
#include "job/goodput.h"
#include "queue/queue.h"

namespace cairn {

// A job that was evicted this often without a new checkpoint in between is left in
// peace, so that every rehearsal ends.
inline constexpr int kFruitlessEvictionsMax = 20;

struct EngineOptions {
  int slots = 1;
  ShadowOptions shadow;
  std::optional<std::chrono::milliseconds> evict_every;  // after each start
  std::optional<std::chrono::milliseconds> evict_after;  // after a job's first start
  Vacate evict_how = Vacate::soft;
  StarterProgram starter = StarterProgram::find();
  std::chrono::milliseconds policy_interval{std::chrono::seconds(60)};  // of periodic expressions
};

// How a job stands, for who watches.
struct JobStatus {
  JobId id;
  JobState state = JobState::idle;
  std::optional<std::int64_t> checkpoint;  // newest spooled
  std::optional<double> progress;          // 0 to 1, if the job says so
  std::optional<ExitStatus> exit;
  std::optional<HoldFacts> hold;
  Goodput goodput;
  std::chrono::milliseconds elapsed{0};  // since it was submitted
};

class Observer {
 public:
  virtual ~Observer() = default;
  // Something happened to a job (line: "checkpoint 7 spooled, …") or to the engine.
  virtual void tell(JobId id, const std::string& line, Weight weight) = 0;
  virtual void notice(const std::string& line) = 0;
  // About five times a second, if wants_status().
  virtual bool wants_status() const = 0;
  virtual void status(const std::vector<JobStatus>& jobs) = 0;
};

enum class Ending {
  completed,    // every job, with exit code 0
  failed,       // some job is held, or completed otherwise
  interrupted,  // the same `cairn run` goes on
};

struct RunResult {
  Ending ending = Ending::completed;
  std::vector<JobStatus> jobs;
};

class Engine {
 public:
  Engine(Queue& queue, const Home& home, EngineOptions options, Observer& observer);
  ~Engine();

  // Runs the jobs of a cluster until every one is completed or held, or until a signal
  // (SIGINT, SIGTERM, SIGHUP) asks to stop.
  //   again  it has been run before: jobs that are held at the start are released
  // Errors: of the queue and of starting processes.  All jobs can then be resumed.
  Result<RunResult> run(int cluster, bool again);

  // Writes event 000 for a new cluster's jobs.
  Status announce(int cluster);

 private:
  class Loop;
  std::unique_ptr<Loop> loop_;
};

}  // namespace cairn
