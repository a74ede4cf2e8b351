#include "engine/shadow.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>

#include "support/temp_folder.h"

namespace cairn {
namespace {

using testing::TempFolder;

// Writes down what the shadow wants, in short words, and looks at the queue at each
// order: what is ordered must have been stored.
class ScriptedHost final : public ShadowHost {
 public:
  explicit ScriptedHost(Queue& queue) : queue_(queue) {}

  std::int64_t now_ms() override { return now_ += 10; }
  Status start_starter(JobId, int activation, const std::string&) override {
    if (no_starters) return Error{Errc::io, "spawn: Too many open files", EMFILE, {}};
    note("starter " + std::to_string(activation));
    return {};
  }
  void send(JobId id, const Order& order) override {
    static constexpr const char* kNames[] = {"stage",  "launch", "spool", "finish",
                                             "signal", "kill",   "quit"};
    std::string text = kNames[order.index()];
    if (const auto* stage = std::get_if<StageOrder>(&order)) {
      staged = *stage;
      if (stage->adopt) text = "adopt";
    }
    if (const auto* spool = std::get_if<SpoolOrder>(&order))
      text += (spool->outputs ? " outputs " : " ") + std::to_string(spool->number);
    if (const auto* quit = std::get_if<QuitOrder>(&order)) {
      if (quit->deliver) text += " deliver";
      if (quit->clean_up) text += " clean_up";
    }
    note(text + " @" + std::string(to_text(queue_.jobs(id.cluster).value().at(0).state)));
  }
  void kill_starter(JobId) override { note("kill_starter"); }
  void release_starter(JobId) override { note("release"); }
  Status kill_left_over(const std::string& mark) override {
    note("kill_left_over " + mark.substr(mark.rfind('/') + 1));
    return {};
  }
  Status remove_job_folder(JobId) override {
    note("remove_job_folder");
    return {};
  }
  void arm_vacate_timer(JobId, std::chrono::milliseconds delay) override {
    note("timer " + std::to_string(delay.count()));
  }
  void tell(JobId, const std::string& line, Weight) override { lines.push_back(line); }

  void pass(std::int64_t milliseconds) { now_ += milliseconds; }

  // What was wanted since the last call.
  std::vector<std::string> take() { return std::exchange(notes_, {}); }
  std::vector<std::string> lines;
  StageOrder staged;  // the last
  bool no_starters = false;

 private:
  void note(std::string text) { notes_.push_back(std::move(text)); }
  Queue& queue_;
  std::vector<std::string> notes_;
  std::int64_t now_ = 1000;
};

// A queue whose disk may be full.
class LimitedStore final : public JobStore {
 public:
  explicit LimitedStore(Queue& queue) : queue_(queue) {}
  Status store(const JobRecord& job, std::span<const EventRecord> events) override {
    if (full) return Error{Errc::no_space, "write queue.sqlite: full", ENOSPC, {}};
    return queue_.store(job, events);
  }
  bool full = false;

 private:
  Queue& queue_;
};

using Orders = std::vector<std::string>;

constexpr ExitStatus kCheckpoint{.by_signal = false, .code = 77, .signal = 0};
constexpr ExitStatus kKilled{.by_signal = true, .code = 0, .signal = 9};

class ShadowTest : public ::testing::Test {
 protected:
  ShadowTest() {
    cluster_ = queue_
                   .submit("job.sub", std::nullopt, 1000,
                           [this](int cluster) -> Result<std::vector<JobAd>> {
                             JobAd ad;
                             ad.set_integer("ClusterId", cluster);
                             ad.set_integer("ProcId", 0);
                             ad.set_string("Cmd", "/bin/true");
                             ad.set_string("Iwd", folder_.path().native());
                             ad.set_integer("SuccessCheckpointExitCode", 77);
                             ad.set_bool("WantFTOnCheckpoint", true);
                             ad.set_string("TransferCheckpoint", "state");
                             ad.set_string("ShouldTransferFiles", "YES");
                             return std::vector{ad};
                           })
                   .value()
                   .value();
    shadow_ = make();
  }

  // As a new engine does: from what is stored.
  std::unique_ptr<Shadow> make() {
    JobRecord record = queue_.jobs(cluster_).value().at(0);
    JobSpec spec = job_spec(record.ad).value();
    auto marks = queue_.marks(record.id).value();
    return std::make_unique<Shadow>(store_, host_, home_, options_, std::move(record),
                                    std::move(spec), std::move(marks));
  }

  void tell(const Report& report) {
    shadow_->receive(shadow_->record().activation, report).value();
  }
  void tell_exit(ExitStatus exit) { tell(Exited{.exit = exit, .use = {}}); }

  void start() {
    shadow_->start("slot1@host").value();
    tell(Staged{shadow_->record().last_checkpoint, 10, {}});
    tell(Started{123});
    host_.take();
  }
  void checkpoint(std::int64_t number) {
    tell_exit(kCheckpoint);
    tell(Spooled{number, 100, 5});
    host_.take();
  }
  JobState state() const { return shadow_->record().state; }

  TempFolder folder_;
  PosixFileSystem files_;
  Home home_ = Home::open(files_, folder_.path() / "home").value();
  Queue queue_ = Queue::open(home_.queue_file()).value();
  LimitedStore store_{queue_};
  ScriptedHost host_{queue_};
  ShadowOptions options_;
  int cluster_ = 0;
  std::unique_ptr<Shadow> shadow_;
};

TEST_F(ShadowTest, IsAsItWasWhereNoStarterCanBeStarted) {
  const JobRecord before = shadow_->record();
  host_.no_starters = true;
  const Status started = shadow_->start("slot1@host");
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().sys_errno, EMFILE);
  EXPECT_EQ(shadow_->record(), before);
  EXPECT_EQ(queue_.job(before.id).value().state, JobState::idle);
  EXPECT_FALSE(shadow_->active());
  host_.no_starters = false;
  start();
  EXPECT_EQ(shadow_->record().activation, 1);
}

TEST_F(ShadowTest, StartsNothingOfWhichTheQueueDoesNotKnow) {
  const JobRecord before = shadow_->record();
  store_.full = true;
  const Status started = shadow_->start("slot1@host");
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, Errc::no_space);
  EXPECT_EQ(host_.take(), (Orders{"starter 1", "quit @idle", "release"}));
  EXPECT_EQ(shadow_->record(), before);
  EXPECT_FALSE(shadow_->active());
  EXPECT_FALSE(shadow_->request(Wish::remove, Vacate::soft, "full"));
  EXPECT_EQ(shadow_->record(), before);
  store_.full = false;
  start();
  EXPECT_EQ(shadow_->record().activation, 1);
}

TEST_F(ShadowTest, SurvivesAClockThatJumps) {
  host_.pass(10 * 86'400'000);
  start();
  checkpoint(0);
  tell(Started{123});
  host_.pass(86'400'000);  // a day forward
  checkpoint(1);
  tell(Started{123});
  host_.pass(-2 * 86'400'000);  // and two back
  tell_exit(ExitStatus{});
  tell(Finished{5});
  EXPECT_EQ(state(), JobState::completed);
  const auto marks = queue_.marks(shadow_->record().id).value();
  for (std::size_t i = 1; i < marks.size(); ++i) EXPECT_GE(marks[i].time_ms, marks[i - 1].time_ms);
  const Goodput sum = shadow_->goodput();
  EXPECT_GE(sum.wall().count(), 86'400'000);
  EXPECT_LT(sum.wall().count(), 11 * 86'500'000LL);
  for (const auto& [name, text] : shadow_->record().live.attributes())
    EXPECT_FALSE(text.starts_with("-")) << name << " = " << text;
}

TEST_F(ShadowTest, GoesTheWholeRoadAndStoresEveryStateBeforeItsOrder) {
  shadow_->start("slot1@host").value();
  EXPECT_EQ(host_.take(), (Orders{"starter 1", "stage @running"}));
  tell(Staged{});
  EXPECT_EQ(host_.take(), Orders{"launch @running"});
  tell(Started{123});
  tell_exit(kCheckpoint);
  EXPECT_EQ(host_.take(), Orders{"spool 0 @spooling"});
  tell(Spooled{0, 100, 5});
  EXPECT_EQ(host_.take(), Orders{"launch @running"});
  tell(Started{124});
  tell_exit({});
  EXPECT_EQ(host_.take(), Orders{"finish @finishing"});
  tell(Finished{10});
  EXPECT_EQ(host_.take(), (Orders{"quit clean_up @completed", "release"}));
  EXPECT_TRUE(shadow_->settled());
  EXPECT_EQ(shadow_->goodput().checkpoints, 1);
}

TEST_F(ShadowTest, StartsTheProgramAgainBeforeItsCheckpointIsDurable) {
  start();
  tell_exit(kCheckpoint);
  host_.take();
  tell(Taken{0});
  EXPECT_EQ(host_.take(), Orders{"launch @running"});
  EXPECT_EQ(shadow_->record().last_checkpoint, std::nullopt) << "taken is not spooled";
  tell(Started{124});
  tell(Spooled{0, 100, 5});
  EXPECT_EQ(host_.take(), Orders{}) << "it runs already";
  EXPECT_EQ(state(), JobState::running);
  EXPECT_EQ(shadow_->record().last_checkpoint, 0);
  EXPECT_EQ(shadow_->goodput().checkpoints, 1);
}

TEST_F(ShadowTest, ACheckpointThatWasTakenAndIsNotDurableIsSaidAndTriedAgain) {
  start();
  tell_exit(kCheckpoint);
  tell(Taken{0});
  tell(Started{124});
  host_.take();
  tell(SpoolFailed{true, "the disk is full", ENOSPC});
  EXPECT_EQ(state(), JobState::running);
  EXPECT_EQ(host_.take(), Orders{});
  EXPECT_NE(host_.lines.back().find("checkpoint 0 was not taken: the disk is full"),
            std::string::npos);
  tell_exit(kCheckpoint);
  EXPECT_EQ(host_.take(), Orders{"spool 1 @spooling"});
}

TEST_F(ShadowTest, ACheckpointThatIsNotDurableWhenTheStarterIsLostDoesNotCount) {
  start();
  checkpoint(0);
  tell_exit(kCheckpoint);
  tell(Taken{1});
  shadow_->starter_gone(1).value();
  EXPECT_EQ(state(), JobState::idle);
  EXPECT_EQ(shadow_->record().last_checkpoint, 0);
  shadow_->receive(1, Spooled{1, 100, 5}).value();
  EXPECT_EQ(shadow_->record().last_checkpoint, 0);
}

TEST_F(ShadowTest, LeavesOnlyWhenWhatWasTakenIsDurable) {
  start();
  tell_exit(kCheckpoint);
  shadow_->vacate(Vacate::soft, "test").value();
  host_.take();
  tell(Taken{0});
  EXPECT_EQ(state(), JobState::saving);
  EXPECT_EQ(host_.take(), Orders{});
  tell(Spooled{0, 100, 5});
  EXPECT_EQ(host_.take(), (Orders{"quit @idle", "release"}));
}

TEST_F(ShadowTest, ACheckpointThatKillsTwiceIsPutAside) {
  start();
  checkpoint(0);
  tell(Started{124});
  checkpoint(1);
  tell(Started{125});
  tell_exit(kKilled);
  start();
  tell_exit(kKilled);
  shadow_->start("slot1@host").value();
  EXPECT_EQ(host_.staged.suspect, 1);
  tell(Staged{0, 10, {"checkpoint 1 is put aside"}});
  EXPECT_EQ(shadow_->record().last_checkpoint, 0);
  tell(Started{126});
  tell_exit(kKilled);
  shadow_->start("slot1@host").value();
  EXPECT_EQ(host_.staged.suspect, -1);
  tell(Staged{0, 10, {}});
  tell(Started{127});
  tell_exit(kKilled);
  shadow_->start("slot1@host").value();
  EXPECT_TRUE(host_.staged.recall) << "the one before kills it, too";
}

// A death is reported when the checkpoint before it is durable, which may take long.
TEST_F(ShadowTest, TheTimeForWhichADeathWaitsIsNoLifeAndNotUseful) {
  start();
  checkpoint(0);
  tell(Started{124});
  tell_exit(kCheckpoint);
  tell(Taken{1});
  tell(Started{125});
  host_.pass(10);
  tell(Waits{});
  host_.pass(PoisonWatch::kSoon.count());
  tell(Spooled{1, 100, 5});
  tell_exit(kKilled);
  EXPECT_GE(shadow_->goodput().checkpoint, PoisonWatch::kSoon);
  EXPECT_LT(shadow_->goodput().lost + shadow_->goodput().useful, PoisonWatch::kSoon);
  start();
  tell_exit(kKilled);
  shadow_->start("slot1@host").value();
  EXPECT_EQ(host_.staged.suspect, 1);
}

// Else the next exit would be taken for as old as that.
TEST_F(ShadowTest, AnExitThatWaitedIsForgottenWithItsStarter) {
  start();
  checkpoint(0);
  tell(Started{124});
  checkpoint(1);
  tell(Started{125});
  tell(Waits{});
  shadow_->starter_gone(shadow_->record().activation).value();
  start();
  host_.pass(PoisonWatch::kSoon.count());
  tell_exit(kKilled);  // after a long life, and the next after a short one
  start();
  tell_exit(kKilled);
  shadow_->start("slot1@host").value();
  EXPECT_EQ(host_.staged.suspect, -1);
}

TEST_F(ShadowTest, ACheckpointIsNotSuspectIfTheProgramLivedLongWithIt) {
  start();
  checkpoint(0);
  for (int death = 0; death < 4; ++death) {
    tell(Started{124});
    host_.pass(PoisonWatch::kSoon.count());
    tell_exit(kKilled);
    shadow_->start("slot1@host").value();
    EXPECT_EQ(host_.staged.suspect, -1);
    tell(Staged{0, 10, {}});
  }
}

TEST_F(ShadowTest, HoldsAJobThatWasOverItsMemory) {
  start();
  tell(Measured{{.resident_kb = 50 << 10}});
  EXPECT_EQ(shadow_->record().live.get_integer("ResidentSetSize"), 50 << 10);
  tell(OverMemory{150 << 10});
  EXPECT_EQ(shadow_->record().state, JobState::held);
  EXPECT_EQ(shadow_->record().hold->code, 34);
  EXPECT_EQ(shadow_->record().hold->subcode, 102);
  EXPECT_EQ(shadow_->record().live.get_integer("ResidentSetSize"), 150 << 10);
  EXPECT_EQ(make()->record(), shadow_->record()) << "what was measured is not stored";
  tell(Exited{.exit = kKilled, .use = {}});  // of what was killed
  EXPECT_EQ(shadow_->record().state, JobState::held);
}

TEST_F(ShadowTest, WhatWasMeasuredIsNoReasonToWaitForRoom) {
  start();
  store_.full = true;
  tell(Measured{{.resident_kb = 50 << 10}});
  EXPECT_EQ(make()->record(), shadow_->record());
  store_.full = false;
  tell(Measured{{.resident_kb = 60 << 10}});
  EXPECT_EQ(make()->record().live.get_integer("ResidentSetSize"), 60 << 10);
}

TEST_F(ShadowTest, ACheckpointThatCameBeforeIsNotHeldForMemory) {
  start();
  tell_exit(kCheckpoint);
  ASSERT_EQ(shadow_->record().state, JobState::spooling);
  tell(OverMemory{150 << 10});
  EXPECT_EQ(shadow_->record().state, JobState::spooling);
}

TEST_F(ShadowTest, DropsReportsOfAnEarlierActivation) {
  start();
  tell_exit(kKilled);  // crashed: a new activation
  start();
  ASSERT_EQ(shadow_->record().activation, 2);
  const JobRecord before = shadow_->record();
  shadow_->receive(1, Exited{}).value();
  shadow_->receive(1, Spooled{9, 1, 1}).value();
  shadow_->starter_gone(1).value();
  EXPECT_EQ(shadow_->record(), before);
  EXPECT_EQ(host_.take(), Orders{});
}

// The program runs again before its checkpoint is durable: the work counts by its exit.
TEST_F(ShadowTest, CommitsTheTimeFromStartToCheckpointExit) {
  start();
  host_.pass(5000);
  tell_exit(kCheckpoint);
  tell(Taken{0});
  tell(Started{124});
  host_.pass(3000);
  tell(Spooled{0, 100, 5});
  EXPECT_EQ(shadow_->record().live.get_integer("CommittedTime"), 5);
}

TEST_F(ShadowTest, DropsReportsThatMakeNoSenseInItsState) {
  start();
  const JobRecord before = shadow_->record();
  tell(Spooled{3, 1, 1});  // nothing is being spooled
  tell(Finished{});
  EXPECT_EQ(state(), JobState::running);
  JobRecord stored = queue_.jobs(cluster_).value().at(0);
  stored.live = before.live;
  EXPECT_EQ(stored, before);
}

TEST_F(ShadowTest, AsksAJobToLeaveByItsSignalAndKillsItInTheEnd) {
  start();
  shadow_->vacate(Vacate::soft, "test").value();
  EXPECT_EQ(host_.take(), (Orders{"signal @vacating", "timer 600000"}));
  shadow_->vacate_timeout().value();
  EXPECT_EQ(host_.take(), Orders{"kill @vacating"});
  tell_exit(kKilled);
  EXPECT_EQ(host_.take(), (Orders{"quit @idle", "release"}));
  EXPECT_EQ(shadow_->record().evictions, 1);
  EXPECT_EQ(shadow_->record().crashes, 0);
}

TEST_F(ShadowTest, KillsAtOnceWhenTheEvictionIsFast) {
  start();
  shadow_->vacate(Vacate::fast, "test").value();
  EXPECT_EQ(host_.take().front(), "kill @vacating");
}

TEST_F(ShadowTest, KillsTheStarterWhileTheSandboxIsBeingFilled) {
  shadow_->start("slot1@host").value();
  host_.take();
  shadow_->vacate(Vacate::soft, "test").value();
  EXPECT_EQ(host_.take().front(), "kill_starter");
  shadow_->starter_gone(1).value();
  EXPECT_EQ(state(), JobState::idle);
}

TEST_F(ShadowTest, SpoolsWhatIsSavedWhileVacatingUnlessHtcondorsContractIsAskedFor) {
  for (const Contract contract : {Contract::cairn, Contract::htcondor}) {
    options_.contract = contract;
    shadow_ = make();
    start();
    shadow_->vacate(Vacate::soft, "test").value();
    host_.take();
    tell_exit(kCheckpoint);
    const bool cairn = contract == Contract::cairn;
    EXPECT_EQ(host_.take().front(), cairn ? "spool 0 @saving" : "quit @idle");
    if (cairn) tell(Spooled{0, 1, 1});
    EXPECT_EQ(state(), JobState::idle);
    EXPECT_EQ(shadow_->record().last_checkpoint, 0);  // of the first round
    host_.take();
  }
}

TEST_F(ShadowTest, TriesAgainAfterAFailureThatMayPass) {
  start();
  tell_exit(kCheckpoint);
  host_.take();
  tell(SpoolFailed{true, "no space"});
  EXPECT_EQ(host_.take(), Orders{"launch @running"});
  tell(Started{1});
  tell_exit(kCheckpoint);
  EXPECT_EQ(host_.take(), Orders{"spool 1 @spooling"});  // failed ones use a number up
}

TEST_F(ShadowTest, HoldsWithTheFileWhenAListedOneIsMissing) {
  start();
  tell_exit(kCheckpoint);
  host_.take();
  tell(SpoolFailed{false, "state: No such file or directory"});
  EXPECT_EQ(host_.take(), (Orders{"quit deliver @held", "release"}));
  const HoldFacts hold = shadow_->record().hold.value();
  EXPECT_EQ(hold.code, 36);
  EXPECT_EQ(hold.subcode, -1);
  EXPECT_NE(hold.reason.find("state: No such file"), std::string::npos);

  shadow_->release("test").value();
  EXPECT_EQ(state(), JobState::idle);
  EXPECT_EQ(shadow_->record().hold, std::nullopt);
}

TEST_F(ShadowTest, HoldsAfterTooManyCrashesAndForgetsThemAtACheckpoint) {
  const auto crash = [&] {
    start();
    tell_exit(kKilled);
  };
  for (int i = 0; i < kCrashesMax; ++i) crash();
  start();
  checkpoint(0);
  EXPECT_EQ(shadow_->record().crashes, 0);
  tell_exit(kKilled);
  for (int i = 1; i < kCrashesMax; ++i) crash();
  EXPECT_EQ(state(), JobState::idle);
  crash();
  EXPECT_EQ(state(), JobState::held);
}

TEST_F(ShadowTest, HoldsAfterItsStarterWasLostTooOften) {
  for (int i = 0; i < kCrashesMax; ++i) {
    start();
    shadow_->starter_gone(shadow_->record().activation).value();
    ASSERT_EQ(state(), JobState::idle);
  }
  start();
  shadow_->starter_gone(shadow_->record().activation).value();
  EXPECT_EQ(state(), JobState::held);
}

TEST_F(ShadowTest, KillsWhatALostStarterLeftBeforeItGoesOn) {
  start();
  shadow_->starter_gone(1).value();
  EXPECT_EQ(host_.take(), Orders{"kill_left_over 0001"});
  EXPECT_EQ(state(), JobState::idle);
}

// What a new engine finds, and what it does: in each state that a crash can leave.
TEST_F(ShadowTest, ResumesARunningJobFromItsCheckpoint) {
  start();
  checkpoint(0);
  shadow_ = make();
  shadow_->resume("slot1@host").value();
  EXPECT_EQ(host_.take(), Orders{"kill_left_over 0001"});
  EXPECT_EQ(state(), JobState::idle);
  shadow_->start("slot1@host").value();
  EXPECT_EQ(host_.take(), (Orders{"starter 2", "stage @running"}));
}

TEST_F(ShadowTest, ResumesSpoolingInTheSandboxThatHasTheCheckpoint) {
  start();
  tell_exit(kCheckpoint);
  host_.take();
  shadow_ = make();
  shadow_->resume("slot1@host").value();
  EXPECT_EQ(host_.take(), (Orders{"kill_left_over 0001", "starter 1", "adopt @spooling"}));
  tell(Staged{});
  EXPECT_EQ(host_.take(), Orders{"spool 0 @spooling"});
  tell(Spooled{0, 1, 1});
  EXPECT_EQ(host_.take(), Orders{"launch @running"});
}

TEST_F(ShadowTest, ResumesFinishingWithoutRunningTheProgramAgain) {
  start();
  tell_exit({});
  host_.take();
  shadow_ = make();
  shadow_->resume("slot1@host").value();
  EXPECT_EQ(host_.take(), (Orders{"kill_left_over 0001", "starter 1", "adopt @finishing"}));
  tell(Staged{});
  EXPECT_EQ(host_.take(), Orders{"finish @finishing"});
  tell(Finished{});
  EXPECT_EQ(state(), JobState::completed);
}

TEST_F(ShadowTest, ResumesSavingAndThenLeaves) {
  start();
  shadow_->vacate(Vacate::soft, "test").value();
  tell_exit(kCheckpoint);
  shadow_ = make();
  shadow_->resume("slot1@host").value();
  tell(Staged{});
  host_.take();
  tell(Spooled{0, 1, 1});
  EXPECT_EQ(host_.take(), (Orders{"quit @idle", "release"}));
  EXPECT_EQ(shadow_->record().last_checkpoint, 0);
}

TEST_F(ShadowTest, SavesTheOutputsOnceMoreWhenTheEngineDiedMeanwhileAndNeverCallsItProgress) {
  JobAd ad = queue_.jobs(cluster_).value().at(0).ad;
  ad.set_string("WhenToTransferOutput", "ON_EXIT_OR_EVICT");
  cluster_ = queue_
                 .submit("evict.sub", std::nullopt, 1000,
                         [&ad](int cluster) -> Result<std::vector<JobAd>> {
                           ad.set_integer("ClusterId", cluster);
                           return std::vector{ad};
                         })
                 .value()
                 .value();
  for (int evictions = 1; evictions <= 2; ++evictions) {
    shadow_ = make();
    start();
    shadow_->vacate(Vacate::soft, "test").value();
    host_.take();
    tell_exit({.code = 1});
    EXPECT_EQ(host_.take().front().substr(0, 13), "spool outputs");
    shadow_ = make();
    shadow_->resume("slot1@host").value();
    tell(Staged{});
    EXPECT_EQ(host_.take().back().substr(0, 13), "spool outputs");
    tell(Spooled{shadow_->record().next_checkpoint - 1, 1, 1});
    EXPECT_EQ(state(), JobState::idle);
    EXPECT_EQ(shadow_->record().evictions, evictions);
  }
  start();
  shadow_->vacate(Vacate::soft, "test").value();
  shadow_->vacate_timeout().value();  // it did not leave by itself: nothing is saved
  tell_exit(kKilled);
  EXPECT_EQ(host_.take().back(), "release");
  EXPECT_EQ(state(), JobState::idle);
}

TEST_F(ShadowTest, HoldsAJobWhoseCheckpointsNeverChangeUnlessHtcondorsContractIsAskedFor) {
  for (const Contract contract : {Contract::htcondor, Contract::cairn}) {
    options_.contract = contract;
    shadow_ = make();
    start();
    tell_exit(kCheckpoint);
    tell(Spooled{shadow_->record().next_checkpoint - 1, 1, 1, kUnchangedMax - 1});
    EXPECT_EQ(state(), JobState::running);
    tell(Started{1});
    tell_exit(kCheckpoint);
    tell(Spooled{shadow_->record().next_checkpoint - 1, 1, 1, kUnchangedMax});
    EXPECT_EQ(state(), contract == Contract::cairn ? JobState::held : JobState::running);
    if (contract == Contract::htcondor) shadow_->starter_gone(1).value();
  }
}

// Whatever a state waits for, a starter that cannot do its work ends the waiting.
TEST_F(ShadowTest, HoldsInEveryStateWhenTheSandboxCannotBeMadeOrTakenOver) {
  const auto fails = [&] {
    shadow_ = make();
    shadow_->resume("slot1@host").value();
    tell(StartFailed{13, 2, "no sandbox"});
    EXPECT_EQ(state(), JobState::held);
    EXPECT_EQ(shadow_->record().hold->reason, "no sandbox");
    shadow_->release("test").value();
  };
  shadow_->start("slot1@host").value();
  tell(StartFailed{13, 2, "no sandbox"});
  EXPECT_EQ(state(), JobState::held);
  shadow_->release("test").value();
  start();
  tell_exit(kCheckpoint);
  ASSERT_EQ(state(), JobState::spooling);
  fails();
  start();
  shadow_->vacate(Vacate::soft, "test").value();
  tell_exit(kCheckpoint);
  ASSERT_EQ(state(), JobState::saving);
  fails();
  start();
  tell_exit({});
  ASSERT_EQ(state(), JobState::finishing);
  fails();
}

TEST_F(ShadowTest, FollowsASpoolThatIsAheadOfTheQueue) {
  start();
  tell_exit(kCheckpoint);
  tell(Spooled{4, 1, 1});  // the starter took the next free number
  tell(Started{1});
  host_.take();
  tell_exit(kCheckpoint);
  EXPECT_EQ(host_.take(), Orders{"spool 5 @spooling"});
}

TEST_F(ShadowTest, SaysWhichCheckpointItFellBackTo) {
  start();
  checkpoint(0);
  checkpoint(1);
  tell_exit(kKilled);
  shadow_->start("slot1@host").value();
  tell(Staged{0, 10, {"checkpoint 1 is damaged"}});
  EXPECT_EQ(shadow_->record().last_checkpoint, 0);
  EXPECT_EQ(host_.lines.back(), "checkpoint 1 is damaged");
}

TEST_F(ShadowTest, CountsTheTimeWithoutAnEngineAsWaitingNotAsLost) {
  start();
  const std::int64_t started = shadow_->last_ms();
  shadow_ = make();
  host_.pass(5'000'000);
  shadow_->resume("slot1@host", started + 700).value();
  start();
  EXPECT_EQ(shadow_->goodput().lost.count(), 700);
  EXPECT_GE(shadow_->goodput().restart.count(), 4'000'000);
}

TEST_F(ShadowTest, AccountsEveryMillisecondOnce) {
  start();
  checkpoint(0);
  tell_exit(kKilled);
  start();
  tell_exit({});
  tell(Finished{});
  const Goodput goodput = shadow_->goodput();
  EXPECT_EQ(goodput.pending.count(), 0);
  EXPECT_EQ(goodput.wall().count(), shadow_->last_ms() - shadow_->first_ms());
  const auto stored = queue_.marks({cluster_, 0}).value();
  EXPECT_EQ(account(stored).wall(), goodput.wall());
}

}  // namespace
}  // namespace cairn
