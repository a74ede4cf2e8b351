// The background engine: one per home, for all jobs that `cairn submit` put into the queue.
//
// Idle jobs are entries of a few bytes; a job has a shadow only while it runs, or while something
// is asked of it.  Verbs talk to it over HOME/engine/socket, which only the owner can reach.
#pragma once

#include <chrono>
#include <memory>
#include <optional>

#include "cairn/result.h"
#include "engine/home.h"
#include "engine/shadow.h"
#include "engine/starter_program.h"
#include "engine/waiting.h"
#include "queue/queue.h"

namespace cairn {

struct ServiceOptions {
  Resources machine;  // to be divided among the jobs; its ad is in `shadow`
  int slots_max = 0;  // so many jobs at a time, whatever they ask for; 0: as the machine has room
  ShadowOptions shadow;
  StarterProgram starter = StarterProgram::find();
  std::chrono::milliseconds policy_interval{std::chrono::seconds(60)};  // of periodic expressions
  // Ends when there has been nothing to do for so long; unset: never.
  std::optional<std::chrono::milliseconds> idle_exit;
};

class Service {
 public:
  Service(Queue& queue, const Home& home, ServiceOptions options);
  ~Service();

  // Runs jobs until SIGTERM, SIGINT or a request to stop, or until there is nothing to do.  The
  // first of these asks all jobs to leave and waits for them, the second kills.  Says on stdout
  // what happens.
  // Errors: locked, if the home has an engine; of the queue and of starting processes.
  Status serve();

 private:
  class Loop;
  std::unique_ptr<Loop> loop_;
};

}  // namespace cairn
