#include "engine/requests.h"

#include <gtest/gtest.h>

#include "engine/protocol.h"

namespace cairn {
namespace {

TEST(Requests, KeepEveryField) {
  const EngineRequest request{RequestVerb::vacate_fast, {{1, 0}, {7, 12}}, "a\xff reason"};
  const EngineRequest read = decode_engine_request(encode(request)).value();
  EXPECT_EQ(read.verb, RequestVerb::vacate_fast);
  EXPECT_EQ(read.jobs, request.jobs);
  EXPECT_EQ(read.reason, request.reason);
}

TEST(Requests, RepliesKeepEveryField) {
  EngineReply reply;
  reply.answers = {{{1, 2}, true, "is held"}, {{3, 4}, false, "is not in the queue"}};
  reply.status = {.pid = 1,
                  .since_ms = 2,
                  .waiting = 3,
                  .running = 4,
                  .cpus = 5,
                  .cpus_free = 6,
                  .memory_mb = 7,
                  .memory_mb_free = 8,
                  .disk_kb = 9,
                  .disk_kb_free = 10,
                  .kernel_limits_memory = true,
                  .slots_max = 11};
  const EngineReply read = decode_engine_reply(encode(reply)).value();
  ASSERT_EQ(read.answers.size(), 2U);
  EXPECT_EQ(read.answers[0].id, (JobId{1, 2}));
  EXPECT_TRUE(read.answers[0].makes_sense);
  EXPECT_EQ(read.answers[1].text, "is not in the queue");
  EXPECT_EQ(read.status.since_ms, 2);
  EXPECT_EQ(read.status.waiting, 3);
  EXPECT_EQ(read.status.cpus_free, 6);
  EXPECT_EQ(read.status.memory_mb_free, 8);
  EXPECT_EQ(read.status.disk_kb_free, 10);
  EXPECT_TRUE(read.status.kernel_limits_memory);
  EXPECT_EQ(read.status.slots_max, 11);
}

TEST(Requests, OfManyLevelsAreRefused) {
  // One level a byte: an array of one element.
  for (const std::size_t levels : {1U, 100U, 10'000'000U}) {
    const std::string message(levels, '\x91');
    EXPECT_EQ(decode_engine_request(message).error().code, Errc::corrupt);
    EXPECT_EQ(decode_engine_reply(message).error().code, Errc::corrupt);
    EXPECT_EQ(decode_report(message).error().code, Errc::corrupt);
  }
}

TEST(Requests, AnythingElseIsRefused) {
  const std::string good = encode(EngineRequest{RequestVerb::hold, {{1, 0}}, "why"});
  for (std::size_t length = 0; length < good.size(); ++length)
    EXPECT_FALSE(decode_engine_request(good.substr(0, length))) << length;
  for (std::size_t at = 0; at < good.size(); ++at)
    for (const int bit : {0, 3, 7}) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ (1 << bit));
      const auto read = decode_engine_request(bad);
      if (read) {
        EXPECT_LT(static_cast<int>(read->verb), 8);
      }
    }
  EXPECT_FALSE(decode_engine_reply("rubbish"));
}

}  // namespace
}  // namespace cairn
