#include "pool/slurm.h"

#include <gtest/gtest.h>

namespace cairn {
namespace {

struct Case {
  const char* what;
  std::optional<std::string> state;   // squeue's
  std::optional<std::string> ending;  // the runner's; nothing: none of this allocation
  SlurmNext next;
};

const std::string kKilled;  // no ending

const Case kCases[] = {
    {"waits", "PENDING", std::nullopt, SlurmNext::wait},
    {"runs", "RUNNING", kKilled, SlurmNext::wait},
    {"has asked to be requeued", "COMPLETING", "requeued", SlurmNext::wait},
    {"is requeued", "PENDING", "requeued", SlurmNext::wait},
    {"is held in Slurm", "REQUEUE_HOLD", "asked", SlurmNext::wait},
    {"a word of a later Slurm", "POSTPONED", "asked", SlurmNext::wait},

    {"cancelled while it waited", "CANCELLED", std::nullopt, SlurmNext::cancelled},
    {"the same, later", std::nullopt, std::nullopt, SlurmNext::cancelled},
    {"cancelled while it ran", "CANCELLED", "asked", SlurmNext::cancelled},
    {"the same, later", std::nullopt, "asked", SlurmNext::cancelled},
    {"cancelled before it was started again", std::nullopt, "requeued", SlurmNext::cancelled},

    {"its runner was killed", "FAILED", kKilled, SlurmNext::submit_again},
    {"the same, later", std::nullopt, kKilled, SlurmNext::submit_again},
    {"killed for its memory", "OUT_OF_MEMORY", kKilled, SlurmNext::submit_again},
    {"the node died", "NODE_FAIL", kKilled, SlurmNext::submit_again},
    {"the node died before it ran", "NODE_FAIL", std::nullopt, SlurmNext::submit_again},
    {"left too late", "TIMEOUT", "asked", SlurmNext::submit_again},
    {"preempted where that cancels", "PREEMPTED", "asked", SlurmNext::submit_again},
    {"could not ask", "COMPLETED", "unheard", SlurmNext::submit_again},
    {"could not ask, later", std::nullopt, "unheard", SlurmNext::submit_again},
    {"could not run", "FAILED", "failed", SlurmNext::submit_again},
};

SlurmNext next(const Case& given, int lost, std::optional<std::int64_t> checkpoint) {
  HandedOver handed;
  handed.allocation = "17";
  handed.lost = lost;
  handed.last_checkpoint = 3;
  std::optional<Runner> runner = Runner{"n1", 1, 1, "16", 0, "asked", {}};  // an earlier one
  if (given.ending) runner = Runner{"n1", 1, 1, "17", 0, *given.ending, {}};
  return slurm_next(given.state, runner, handed, checkpoint);
}

TEST(SlurmNext, FollowsFromSlurmsWordAndTheRunners) {
  for (const Case& given : kCases) EXPECT_EQ(next(given, 0, 3), given.next) << given.what;
}

TEST(SlurmNext, SubmittingAgainHasAnEndUnlessThereIsProgress) {
  for (const Case& given : kCases) {
    const bool again = given.next == SlurmNext::submit_again;
    EXPECT_EQ(next(given, kLostMax, 3), again ? SlurmNext::hopeless : given.next) << given.what;
    EXPECT_EQ(next(given, kLostMax, 4), given.next) << given.what;
  }
}

// ---- the story

JournalEntry entry(std::uint64_t sequence, JobState state, const std::string& text,
                   std::uint64_t after = 0) {
  JournalEntry made;
  made.sequence = sequence;
  made.record.state = state;
  made.events.push_back({static_cast<std::int64_t>(sequence), std::nullopt, text});
  made.after = after;
  return made;
}

JournalContents journal(const std::vector<JournalEntry>& entries, std::size_t length) {
  JournalContents contents;
  contents.entries.assign(entries.begin(), entries.begin() + static_cast<std::ptrdiff_t>(length));
  if (length > 0) contents.record = contents.entries.back().record;
  return contents;
}

const std::vector<JournalEntry> kRunner = {
    entry(1, JobState::running, "r1"), entry(2, JobState::idle, "r2"),
    entry(3, JobState::running, "r3"), entry(4, JobState::completed, "r4")};
const std::vector<JournalEntry> kRequests = {entry(1, JobState::idle, "submitted"),
                                             entry(2, JobState::held, "hold", 1),
                                             entry(3, JobState::idle, "release", 2)};

std::string texts(const SlurmStory& story) {
  std::string all;
  for (const EventRecord& event : story.events) all += event.text + " ";
  return all;
}

TEST(SlurmStory, PutsRequestsBehindWhatTheirAuthorHadSeen) {
  EXPECT_EQ(texts(slurm_story(journal(kRunner, 4), journal(kRequests, 3))),
            "submitted r1 hold r2 release r3 r4 ");
}

// Each request is there only after what it had seen: of those moments each begins with the one
// before.
TEST(SlurmStory, ALongerOneBeginsWithTheShorter) {
  const std::pair<std::size_t, std::size_t> kMoments[] = {{0, 1}, {1, 1}, {1, 2}, {2, 2},
                                                          {2, 3}, {3, 3}, {4, 3}};
  std::string before;
  for (const auto& [runner, requests] : kMoments) {
    const std::string now =
        texts(slurm_story(journal(kRunner, runner), journal(kRequests, requests)));
    EXPECT_TRUE(now.starts_with(before)) << now;
    before = now;
  }
}

TEST(SlurmStory, ARequestStandsUntilTheJobIsOver) {
  EXPECT_EQ(slurm_story(journal(kRunner, 1), journal(kRequests, 2)).record.state, JobState::held);
  EXPECT_EQ(slurm_story(journal(kRunner, 2), journal(kRequests, 2)).record.state, JobState::held);
  EXPECT_EQ(slurm_story(journal(kRunner, 3), journal(kRequests, 3)).record.state,
            JobState::running);
  EXPECT_EQ(slurm_story(journal(kRunner, 4), journal(kRequests, 2)).record.state,
            JobState::completed);
}

TEST(Slurm, ReadsWhatSqueuePrints) {
  const auto states = read_squeue("17_0|RUNNING\n17_1|PENDING\nnonsense\n18|COMPLETING\n");
  EXPECT_EQ(states.size(), 3U);
  EXPECT_EQ(states.at("17_1"), "PENDING");
}

TEST(Slurm, RemembersWhereAJobWasHandedTo) {
  const HandedOver handed{"17_3", 2, 41};
  EXPECT_EQ(decode_handed_over(encode(handed)).value(), handed);
  EXPECT_EQ(decode_handed_over("{}").error().code, Errc::corrupt);
}

}  // namespace
}  // namespace cairn
