#include "engine/starters.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/text.h"
#include "base/try.h"
#include "engine/sandbox.h"
#include "os/process.h"

namespace cairn {

namespace {

std::string group_name(const Link& link) {
  return cat(link.id.cluster, '.', link.id.proc, '-', link.activation);
}

}  // namespace

Starters::Starters(Queue& queue, const Home& home, ShadowOptions shadow, StarterProgram starter)
    : queue_(queue),
      home_(home),
      shadow_options_(std::move(shadow)),
      starter_(std::move(starter)) {}

Result<Seat*> Starters::seat(JobRecord record) {
  const JobId id = record.id;
  CAIRN_TRY(JobSpec spec, job_spec(record.ad));
  CAIRN_TRY(std::vector<TimedMark> marks, queue_.marks(id));
  const auto [entry, made] =
      seats_.try_emplace(id, io_,
                         Shadow(store(), *this, home_, shadow_options_, std::move(record),
                                std::move(spec), std::move(marks)));
  return &entry->second;
}

bool may_pass(const Error& error) {
  if (error.code == Errc::no_space) return true;
  switch (error.sys_errno) {
    case EMFILE:
    case ENFILE:
    case EAGAIN:
    case ENOMEM:
    case ENOBUFS:
      return true;
    default:
      return false;
  }
}

void Starters::give_slot_back(Seat& seat) {
  if (seat.slot != 0) free_slots_.insert(std::exchange(seat.slot, 0));
}

int Starters::take_slot_number() {
  if (free_slots_.empty()) return ++slots_given_;
  return free_slots_.extract(free_slots_.begin()).value();
}

void Starters::check(const Status& status) {
  if (status || failure_) return;
  failure_ = status.error();
  kill_all_starters();
  io_.stop();
}

void Starters::kill_all_starters() {
  for (const LinkPtr& link : links_) ::kill(link->pid, SIGKILL);
}

Status Starters::start_starter(JobId id, int activation, const std::string& mark) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == -1)
    return system_error("socketpair for", "a starter", errno);
  Descriptor theirs(ends[1]);
  auto link = std::make_shared<Link>(io_, id, activation, mark);
  link->socket.assign(asio::local::stream_protocol(), ends[0]);

  SpawnOptions options;
  options.program = starter_.program;
  options.arguments = starter_.arguments;
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

Status Starters::take_groups() {
  auto tree = CgroupTree::enter();
  if (!tree) return std::move(tree).error();
  groups_.emplace(*std::move(tree));
  return {};
}

// What a starter that was killed has left in its job's group.
Status Starters::kill_group(const Link& link) const {
  return groups_ ? groups_->end(groups_->group(group_name(link))) : Status();
}

void Starters::send(JobId id, const Order& order) {
  const LinkPtr& link = seats_.at(id).link;
  if (!link) return;
  if (const auto* const stage = std::get_if<StageOrder>(&order); stage != nullptr && groups_) {
    StageOrder grouped = *stage;
    grouped.group = groups_->group(group_name(*link));
    link->outbox.push_back(framed(encode(Order(grouped))));
  } else {
    link->outbox.push_back(framed(encode(order)));
  }
  if (link->outbox.size() == 1) write_to(link);
}

void Starters::write_to(const LinkPtr& link) {
  asio::async_write(link->socket, asio::buffer(link->outbox.front()),
                    [this, link](const asio::error_code& error, std::size_t) {
                      if (error) return;  // its end will be read
                      link->outbox.pop_front();
                      if (!link->outbox.empty()) write_to(link);
                    });
}

void Starters::read_from(const LinkPtr& link) {
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

void Starters::on_report(const LinkPtr& link, const std::string& message) {
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
  if (first_start) on_start(seat);
}

void Starters::on_end(const LinkPtr& link) {
  ::kill(link->pid, SIGKILL);  // it may have closed its socket without ending
  const auto end = wait_for(link->pid);
  // A starter that ends well has ended all below it; else they are looked for by their mark.
  const bool well = end && end->wait_status == 0;
  links_.remove(link);
  if (!well) check(kill_group(*link));
  if (!link->released) {
    Seat& seat = seats_.at(link->id);
    release_starter(link->id);
    check(seat.shadow.starter_gone(link->activation));
    on_free(seat);
  } else if (!well) {
    check(kill_marked(link->mark));
    // It may have been at removing the folder.
    const auto record = queue_.job(link->id);
    if (record && is_over(record->state)) check(remove_job_folder(link->id));
  }
  settle();
}

void Starters::kill_starter(JobId id) {
  if (const LinkPtr& link = seats_.at(id).link) ::kill(link->pid, SIGKILL);
}

void Starters::release_starter(JobId id) {
  Seat& seat = seats_.at(id);
  if (!seat.link) return;
  seat.link->released = true;
  seat.link.reset();
  give_slot_back(seat);
  seat.evict.cancel();
  seat.vacate.cancel();
  on_free(seat);
}

Status Starters::kill_left_over(const std::string& mark) { return kill_marked(mark); }

Status Starters::remove_job_folder(JobId id) {
  // A starter that was released may still be at its own part of it.
  constexpr int kTriesMax = 1000;
  PosixFileSystem files;
  std::ignore = sweep_parts(files, home_.job_folder(id));
  Status removed = remove_tree(files, home_.job_folder(id));
  for (int tries = 0; !removed && tries < kTriesMax; ++tries) {
    const Error& error = removed.error();
    if (error.code != Errc::not_found && error.sys_errno != ENOTEMPTY) break;
    removed = remove_tree(files, home_.job_folder(id));
  }
  return removed;
}

void Starters::arm_vacate_timer(JobId id, std::chrono::milliseconds delay) {
  Seat& seat = seats_.at(id);
  seat.vacate.expires_after(delay);
  seat.vacate.async_wait([this, id](const asio::error_code& error) {
    const auto found = seats_.find(id);
    if (error || found == seats_.end()) return;
    check(found->second.shadow.vacate_timeout());
    settle();
  });
}

}  // namespace cairn
