// Jobs that run, or are about to: each a seat with its shadow, its timers and, as long as it
// needs one, its starter process.  What is common to `cairn run` and to the background engine,
// which decide who sits down, and what happens when a seat is free again.
#pragma once

#include <sys/types.h>

#include <array>
#include <asio.hpp>
#include <chrono>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/home.h"
#include "engine/protocol.h"
#include "engine/shadow.h"
#include "engine/starter_program.h"
#include "os/cgroup.h"
#include "os/clock.h"
#include "queue/queue.h"

namespace cairn {

using Timer = asio::steady_timer;

// A starter process and the socket to it.
struct Link {
  Link(asio::io_context& io, JobId job, int number, std::string text)
      : id(job), activation(number), mark(std::move(text)), socket(io) {}
  JobId id;
  int activation;
  std::string mark;
  asio::local::stream_protocol::socket socket;
  pid_t pid = 0;
  bool released = false;  // its shadow is through with it
  Unframer reports;
  std::array<char, 16 << 10> buffer{};
  std::deque<std::string> outbox;
};
using LinkPtr = std::shared_ptr<Link>;

// A job with all that belongs to it here.
struct Seat {
  Seat(asio::io_context& io, Shadow job) : shadow(std::move(job)), evict(io), vacate(io) {}
  Shadow shadow;
  LinkPtr link;  // none while it has no starter
  int slot = 0;  // 0: none
  Timer evict, vacate;
  bool evicted_once = false;
  bool peace_said = false;
};

// Want of descriptors, processes, memory or disk: what could not be started may be started later.
bool may_pass(const Error& error);

class Starters : public ShadowHost {
 public:
  Starters(Queue& queue, const Home& home, ShadowOptions shadow, StarterProgram starter);

  // ---- ShadowHost
  std::int64_t now_ms() override { return wall_clock_ms(); }
  Status start_starter(JobId id, int activation, const std::string& mark) override;
  void send(JobId id, const Order& order) override;
  void kill_starter(JobId id) override;
  void release_starter(JobId id) override;
  Status kill_left_over(const std::string& mark) override;
  Status remove_job_folder(JobId id) override;
  void arm_vacate_timer(JobId id, std::chrono::milliseconds delay) override;

 protected:
  // After everything that happened.
  virtual void settle() = 0;
  // The program runs for the first time in this activation.
  virtual void on_start(Seat& seat) = 0;
  // Its starter is gone or going: the slot is free.
  virtual void on_free(Seat& seat) = 0;

  // Jobs that start from now on have groups that the kernel limits, if a part of the tree of
  // groups is ours.  Errors: why they have none.
  Status take_groups();
  bool has_groups() const { return groups_.has_value(); }

  // Where the shadows write to.
  virtual JobStore& store() { return queue_; }
  Result<Seat*> seat(JobRecord record);
  // The lowest number that no seat has.
  int take_slot_number();
  void give_slot_back(Seat& seat);
  // An error of the queue or of starting processes: nothing can go on, see may_pass().
  void check(const Status& status);
  void kill_all_starters();

  Queue& queue_;
  const Home& home_;
  ShadowOptions shadow_options_;
  StarterProgram starter_;
  asio::io_context io_;
  std::map<JobId, Seat> seats_;
  std::list<LinkPtr> links_;
  std::optional<Error> failure_;

 private:
  void read_from(const LinkPtr& link);
  void write_to(const LinkPtr& link);
  void on_report(const LinkPtr& link, const std::string& message);
  void on_end(const LinkPtr& link);
  Status kill_group(const Link& link) const;

  std::optional<CgroupTree> groups_;
  std::set<int> free_slots_;
  int slots_given_ = 0;
};

}  // namespace cairn
