#include "solo/solo.h"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <ctime>
#include <filesystem>
#include <memory>
#include <optional>

#include "base/checksum.h"
#include "base/text.h"
#include "base/try.h"
#include "engine/home.h"
#include "os/clock.h"
#include "os/process.h"
#include "solo/journal.h"

namespace cairn {
namespace {

using Steady = std::chrono::steady_clock;

constexpr std::size_t kReadBytes = 64 << 10;
// Slurm's SIGTERM goes to every process of the allocation.  A program may have ended by it before
// it comes to us; that much later at most it does.
constexpr int kSignalSkewMs = 1000;

void say(const std::string& line) {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  std::array<char, 32> stamp{};
  std::strftime(stamp.data(), stamp.size(), "%F %TZ", &parts);
  const std::string text = fmt::format("{} cairn: {}\n", stamp.data(), line);
  static_cast<void>(::write(STDERR_FILENO, text.data(), text.size()) == 0);
}

// Stores only as long as the job is ours.
class ClaimedJournal final : public JobStore {
 public:
  ClaimedJournal(Journal journal, Claim& claim) : journal_(std::move(journal)), claim_(claim) {}
  Status store(const JobRecord& record, std::span<const EventRecord> events) override {
    CAIRN_CHECK(claim_.check());
    return journal_.store(record, events);
  }

 private:
  Journal journal_;
  Claim& claim_;
};

class Solo final : public ShadowHost {
 public:
  Solo(const SoloOptions& options, Allocation& allocation)
      : options_(options), allocation_(allocation) {}

  int run();

  // ---- ShadowHost
  std::int64_t now_ms() override { return wall_clock_ms(); }
  Status start_starter(JobId id, int activation, const std::string& mark) override;
  void send(JobId id, const Order& order) override;
  void kill_starter(JobId) override {
    if (pid_ != 0) ::kill(pid_, SIGKILL);
  }
  void release_starter(JobId) override { released_ = true; }
  Status kill_left_over(const std::string& mark) override { return kill_marked(mark); }
  Status remove_job_folder(JobId id) override { return remove_tree(files_, home_->job_folder(id)); }
  void arm_vacate_timer(JobId, std::chrono::milliseconds delay) override {
    leave_by_ = std::min(leave_by_.value_or(Steady::time_point::max()), Steady::now() + delay);
  }
  void tell(JobId, const std::string& line, Weight) override { say(line); }

 private:
  struct Ending {
    std::string_view word;
    std::string detail;
    int status = 0;
  };
  Result<Ending> run_claimed(Claim& claim);
  Result<JobRecord> find_record(const JournalContents& journal, const JobAd& ad) const;
  Status resume(JobStore& store);
  Status live();
  Status wait_for_something();
  Status on_signal();
  Status on_reports();
  Status on_starter_end();
  Status look_for_a_reason(const ExitStatus& exit);
  Status leave(const std::string& reason, std::chrono::milliseconds within);
  void remove_old_sandboxes();
  bool sandbox_is_here(const JobRecord& record);
  Ending ending();

  const SoloOptions& options_;
  Allocation& allocation_;
  PosixFileSystem files_;
  std::optional<Home> home_;
  std::unique_ptr<Shadow> shadow_;
  Descriptor signals_;

  // The starter, one at a time.
  Descriptor socket_;
  pid_t pid_ = 0;
  int activation_ = 0;
  std::string mark_;
  bool released_ = false;  // the shadow is through with it
  Unframer reports_;

  std::optional<Steady::time_point> leave_by_;
  std::optional<Steady::time_point> policy_due_;
  bool warned_ = false, asked_ = false;
};

// ---- life

int Solo::run() {
  sigset_t wanted;
  ::sigemptyset(&wanted);
  for (const int number : {SIGUSR1, SIGTERM, SIGINT}) ::sigaddset(&wanted, number);
  ::sigprocmask(SIG_BLOCK, &wanted, nullptr);
  static_cast<void>(::signal(SIGPIPE, SIG_IGN));
  static_cast<void>(::signal(SIGHUP, SIG_IGN));
  signals_.reset(::signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK));

  Runner me = this_runner(allocation_.number(), allocation_.restarts());
  say(fmt::format("{} runs {} as pid {} on {}", allocation_.slot(), options_.job_folder.native(),
                  me.pid, me.host));
  auto claim = Claim::take(
      files_, options_.job_folder, std::move(me),
      [this](const Runner& other) { return allocation_.still_runs(other); },
      options_.lock_patience);
  if (!claim) {
    say(claim.error().text());
    return kSoloFailed;
  }
  auto done = run_claimed(*claim);
  if (!done) {
    say(done.error().text());
    // The journal says how far the job came; whoever starts it next goes on there.
    static_cast<void>(claim->end(kEndedFailed, done.error().text()).has_value());
    return kSoloFailed;
  }
  if (auto told = claim->end(done->word, done->detail); !told) say(told.error().text());
  return done->status;
}

Result<JobRecord> Solo::find_record(const JournalContents& journal, const JobAd& ad) const {
  for (const std::string& file : journal.damaged)
    say(fmt::format("{} is damaged; what can be read of it is used", file));
  JobRecord record = journal.record.value_or(JobRecord{});
  if (!journal.record) {
    const auto cluster = ad.get_integer("ClusterId"), proc = ad.get_integer("ProcId");
    if (!cluster || !proc)
      return Error{
          Errc::invalid,
          fmt::format("{}/job.ad has no ClusterId and ProcId", options_.job_folder.native()),
          0,
          {}};
    record.id = {static_cast<int>(*cluster), static_cast<int>(*proc)};
  }
  record.ad = ad;
  return record;
}

Result<Solo::Ending> Solo::run_claimed(Claim& claim) {
  CAIRN_TRY(const std::string text, read_file(files_, options_.job_folder / "job.ad"));
  CAIRN_TRY(const JobAd ad, JobAd::parse(text));
  CAIRN_TRY(JobSpec spec, job_spec(ad));
  CAIRN_TRY(home_, Home::open(files_, options_.job_folder));
  home_->put_sandboxes_in(options_.sandbox_folder);
  const Path folder = options_.job_folder / "journal";
  CAIRN_TRY(const JournalContents journal, read_journal(files_, folder));
  CAIRN_TRY(JobRecord record, find_record(journal, ad));
  std::vector<TimedMark> marks;
  for (const JournalEntry& entry : journal.entries)
    for (const EventRecord& event : entry.events)
      if (event.mark) marks.push_back({event.time_ms, *event.mark});

  ClaimedJournal store(Journal(files_, folder, journal), claim);
  // What a sandbox on another machine held is lost; the job is not.
  if (takes_over(record.state) && !sandbox_is_here(record)) {
    record.state = JobState::running;
    const EventRecord lost{wall_clock_ms(), std::nullopt, "its sandbox is on another machine"};
    CAIRN_CHECK(store.store(record, {&lost, 1}));
  }
  shadow_ = std::make_unique<Shadow>(store, *this, *home_, options_.shadow, std::move(record),
                                     std::move(spec), std::move(marks));
  if (has_periodic_policy(ad)) policy_due_ = Steady::now() + options_.policy_interval;
  CAIRN_CHECK(shadow_->resume(allocation_.slot()));
  if (!shadow_->active()) remove_old_sandboxes();
  const Status lived = live();
  static_cast<void>(files_.remove(options_.sandbox_folder).has_value());  // if it is empty
  if (!lived) {
    if (pid_ != 0) ::kill(pid_, SIGKILL);
    static_cast<void>(kill_descendants().has_value());
    return lived.error();
  }
  return ending();
}

// Until the job is settled, or has left as it was asked to, and its starter has ended.
Status Solo::live() {
  for (;;) {
    if (pid_ == 0) {
      // A held job gives its allocation back: its release is the submit side's business.
      if (shadow_->settled() || shadow_->record().state == JobState::held) return {};
      if (shadow_->record().state == JobState::idle) {
        if (warned_ || asked_) return {};
        CAIRN_CHECK(shadow_->start(allocation_.slot()));
      }
    }
    CAIRN_CHECK(wait_for_something());
  }
}

Status Solo::wait_for_something() {
  int patience = -1;
  if (leave_by_ || policy_due_) {
    constexpr auto kNever = Steady::time_point::max();
    const auto next = std::min(leave_by_.value_or(kNever), policy_due_.value_or(kNever));
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - Steady::now()).count();
    patience = static_cast<int>(std::clamp<std::int64_t>(left, 0, 3'600'000));
  }
  std::array<pollfd, 2> waiting = {pollfd{signals_.get(), POLLIN, 0},
                                   pollfd{socket_.get(), POLLIN, 0}};
  if (::poll(waiting.data(), waiting.size(), patience) == -1 && errno != EINTR)
    return system_error("poll", "the starter", errno);
  if (waiting[0].revents != 0) CAIRN_CHECK(on_signal());
  if (waiting[1].revents != 0) CAIRN_CHECK(on_reports());
  if (leave_by_ && Steady::now() >= *leave_by_) {
    leave_by_.reset();
    CAIRN_CHECK(shadow_->vacate_timeout());
  }
  if (policy_due_ && Steady::now() >= *policy_due_) {
    policy_due_ = Steady::now() + options_.policy_interval;
    CAIRN_CHECK(shadow_->evaluate_periodic());
  }
  return {};
}

Status Solo::on_signal() {
  signalfd_siginfo info{};
  while (::read(signals_.get(), &info, sizeof info) == sizeof info) {
    if (info.ssi_signo == SIGUSR1) {
      if (std::exchange(warned_, true)) continue;
      say("the time here is nearly over");
      CAIRN_CHECK(leave("the time limit is near", options_.warned_for));
    } else {
      if (std::exchange(asked_, true)) continue;
      say("asked to end");
      CAIRN_CHECK(leave("the allocation was taken away", options_.asked_for));
    }
  }
  return {};
}

Status Solo::leave(const std::string& reason, std::chrono::milliseconds within) {
  if (!shadow_->active()) return {};
  CAIRN_CHECK(shadow_->vacate(Vacate::soft, reason));
  if (shadow_->active()) arm_vacate_timer(shadow_->record().id, within);
  return {};
}

Solo::Ending Solo::ending() {
  const JobRecord& record = shadow_->record();
  if (record.state == JobState::held) return {kEndedSettled, record.hold->reason, kSoloHeld};
  if (record.state == JobState::removed) return {kEndedSettled, "removed", kSoloHeld};
  if (shadow_->settled()) {
    const ExitStatus exit = record.exit.value_or(ExitStatus{});
    constexpr int kBySignal = 128;  // as a shell says it
    return {kEndedSettled, {}, exit.by_signal ? kBySignal + exit.signal : exit.code};
  }
  if (asked_) return {kEndedAsked, {}, kSoloAsked};
  say("asks to be started again");
  if (auto done = allocation_.requeue(); !done) {
    say(done.error().text());
    return {kEndedUnheard, done.error().text(), kSoloAsked};
  }
  return {kEndedRequeued, {}, kSoloRequeued};
}

// ---- sandboxes

bool Solo::sandbox_is_here(const JobRecord& record) {
  return files_.info(home_->sandbox(record.id, record.activation)).has_value();
}

// What killed runners left on this machine.
void Solo::remove_old_sandboxes() {
  const auto names = files_.list(options_.sandbox_folder);
  if (!names) return;
  for (const std::string& name : *names)
    if (auto removed = remove_tree(files_, options_.sandbox_folder / name); !removed)
      say(removed.error().text());
}

// ---- the starter

Status Solo::start_starter(JobId, int activation, const std::string& mark) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == -1)
    return system_error("socketpair for", "a starter", errno);
  socket_.reset(ends[0]);
  const Descriptor theirs(ends[1]);
  SpawnOptions spawned;
  spawned.program = options_.starter_program;
  spawned.arguments = options_.starter_arguments;
  for (char** entry = ::environ; *entry != nullptr; ++entry)
    spawned.environment.emplace_back(*entry);
  spawned.environment.push_back(mark);
  spawned.stdin_fd = theirs.get();
  spawned.stderr_fd = STDERR_FILENO;
  spawned.dies_with_parent = false;  // first it kills what the job started
  CAIRN_TRY(pid_, spawn(spawned));
  activation_ = activation;
  mark_ = mark;
  released_ = false;
  reports_ = {};
  return {};
}

// An exit that would count as the job's own fault, or its end, may be a sign that all are to end.
Status Solo::look_for_a_reason(const ExitStatus& exit) {
  const bool by_itself = !exit.by_signal && exit.code == 0;
  if (by_itself || is_checkpoint_exit(exit, shadow_->job(), options_.shadow.contract)) return {};
  pollfd waiting{signals_.get(), POLLIN, 0};
  const int found = retry_interrupted([&] { return ::poll(&waiting, 1, kSignalSkewMs); });
  return found > 0 ? on_signal() : Status();
}

void Solo::send(JobId, const Order& order) {
  const std::string bytes = framed(encode(order));
  std::size_t done = 0;
  // The starter reads each order at once, or is busy with one: what is not read fits the socket.
  while (socket_ && done < bytes.size()) {
    const auto sent = retry_interrupted([&] {
      return ::send(socket_.get(), bytes.data() + done, bytes.size() - done, MSG_NOSIGNAL);
    });
    if (sent <= 0) return;  // its end will be read
    done += static_cast<std::size_t>(sent);
  }
}

Status Solo::on_reports() {
  std::string bytes(kReadBytes, '\0');
  const auto got =
      retry_interrupted([&] { return ::recv(socket_.get(), bytes.data(), bytes.size(), 0); });
  if (got <= 0) return on_starter_end();
  reports_.add({bytes.data(), static_cast<std::size_t>(got)});
  for (;;) {
    auto message = reports_.next();
    if (!message) return on_starter_end();
    if (!*message) return {};
    if (released_) continue;
    const auto report = decode_report(**message);
    if (!report) return on_starter_end();
    if (const auto* exited = std::get_if<Exited>(&*report); exited != nullptr && !asked_)
      CAIRN_CHECK(look_for_a_reason(exited->exit));
    CAIRN_CHECK(shadow_->receive(activation_, *report));
    if (const std::string problem = shadow_->log().take_problem(); !problem.empty()) say(problem);
  }
}

Status Solo::on_starter_end() {
  ::kill(pid_, SIGKILL);  // it may have closed its socket without ending
  static_cast<void>(wait_for(pid_).has_value());
  pid_ = 0;
  socket_.reset();
  leave_by_.reset();
  if (released_) return kill_marked(mark_);
  return shadow_->starter_gone(activation_);
}

}  // namespace

int run_solo(const SoloOptions& options, Allocation& allocation) {
  return Solo(options, allocation).run();
}

namespace {

// Made by us, or by us before: nobody else can have put it there.
Status own_folder(FileSystem& files, const Path& folder) {
  const bool made = ::mkdir(folder.c_str(), 0700) == 0;
  if (!made && errno != EEXIST) return system_error("make folder", folder, errno);
  struct stat status {};
  if (::lstat(folder.c_str(), &status) == -1) return system_error("look at", folder, errno);
  if (!S_ISDIR(status.st_mode) || status.st_uid != ::getuid())
    return Error{Errc::misuse, fmt::format("{} is somebody else's", folder.native()), 0,
                 "set TMPDIR to a folder of your own"};
  return files.set_mode(folder, 0700);
}

}  // namespace

Result<Path> private_folder(FileSystem& files, const Path& base, const Path& job_folder) {
  const Path ours = base / fmt::format("cairn-{}", ::getuid());
  CAIRN_CHECK(own_folder(files, ours));
  const Checksum sum = checksum(as_bytes(job_folder.native()));
  const Path folder = ours / to_hex(Bytes(sum).first(8));
  CAIRN_CHECK(own_folder(files, folder));
  return folder;
}

}  // namespace cairn
