#include "engine/protocol.h"

#include <gtest/gtest.h>

namespace cairn {
namespace {

template <class Message, class Variant>
Message as(const Result<Variant>& decoded) {
  EXPECT_TRUE(decoded) << (decoded ? "" : decoded.error().text());
  return std::get<Message>(*decoded);
}

TEST(Protocol, KeepsEveryFieldOfAnOrder) {
  const auto stage =
      as<StageOrder>(decode_order(encode(Order(StageOrder{.ad = "A = 1\n",
                                                          .machine_ad = "B = 2\n",
                                                          .job_folder = "/home/12.0",
                                                          .sandbox = "/home/12.0/sandbox-0003",
                                                          .slot = "slot1@host",
                                                          .mark = "CAIRN_ACTIVATION=x",
                                                          .cpus = 4,
                                                          .htcondor = true,
                                                          .adopt = true,
                                                          .has_checkpoint = true,
                                                          .suspect = 8,
                                                          .recall = true,
                                                          .memory_kb_max = 5,
                                                          .group = "/sys/fs/cgroup/x"}))));
  EXPECT_EQ(stage.ad, "A = 1\n");
  EXPECT_EQ(stage.machine_ad, "B = 2\n");
  EXPECT_EQ(stage.job_folder, "/home/12.0");
  EXPECT_EQ(stage.sandbox, "/home/12.0/sandbox-0003");
  EXPECT_EQ(stage.slot, "slot1@host");
  EXPECT_EQ(stage.mark, "CAIRN_ACTIVATION=x");
  EXPECT_EQ(stage.cpus, 4);
  EXPECT_TRUE(stage.htcondor);
  EXPECT_TRUE(stage.adopt);
  EXPECT_TRUE(stage.has_checkpoint);
  EXPECT_EQ(stage.suspect, 8);
  EXPECT_TRUE(stage.recall);
  EXPECT_EQ(stage.memory_kb_max, 5);
  EXPECT_EQ(stage.group, "/sys/fs/cgroup/x");
  EXPECT_EQ(as<SpoolOrder>(decode_order(encode(Order(SpoolOrder{7})))).number, 7);
  EXPECT_TRUE(as<SpoolOrder>(decode_order(encode(Order(SpoolOrder{7, true, false})))).outputs);
  EXPECT_TRUE(as<SpoolOrder>(decode_order(encode(Order(SpoolOrder{7, false, true})))).early);
  EXPECT_FALSE(as<FinishOrder>(decode_order(encode(Order(FinishOrder{false})))).succeeded);
  EXPECT_EQ(as<SignalOrder>(decode_order(encode(Order(SignalOrder{10})))).signal, 10);
  EXPECT_TRUE(as<QuitOrder>(decode_order(encode(Order(QuitOrder{true, false})))).deliver);
  EXPECT_TRUE(as<QuitOrder>(decode_order(encode(Order(QuitOrder{false, true})))).clean_up);
  as<LaunchOrder>(decode_order(encode(Order(LaunchOrder{}))));
  as<KillOrder>(decode_order(encode(Order(KillOrder{}))));
}

TEST(Protocol, KeepsEveryFieldOfAReport) {
  const auto staged =
      as<Staged>(decode_report(encode(Report(Staged{5, 100, {"checkpoint 6 is damaged"}}))));
  EXPECT_EQ(staged.checkpoint, 5);
  EXPECT_EQ(staged.bytes, 100U);
  EXPECT_EQ(staged.warnings, std::vector<std::string>{"checkpoint 6 is damaged"});
  EXPECT_EQ(as<Staged>(decode_report(encode(Report(Staged{})))).checkpoint, std::nullopt);
  const ExitStatus exit{.by_signal = true, .code = 0, .signal = 11, .core_dumped = true};
  const auto exited = as<Exited>(decode_report(encode(Report(Exited{exit, 12, 13, {14, 15}}))));
  EXPECT_EQ(exited.exit, exit);
  EXPECT_EQ(exited.user_ms, 12);
  EXPECT_EQ(exited.system_ms, 13);
  EXPECT_EQ(exited.use.resident_kb, 14);
  EXPECT_EQ(exited.use.disk_kb, 15);
  EXPECT_EQ(as<Taken>(decode_report(encode(Report(Taken{4})))).number, 4);
  const auto spooled = as<Spooled>(decode_report(encode(Report(Spooled{1, 2, 3}))));
  EXPECT_EQ(spooled.number, 1);
  EXPECT_EQ(spooled.bytes, 2U);
  EXPECT_EQ(spooled.elapsed_ms, 3);
  const auto failed = as<FinishFailed>(decode_report(encode(Report(FinishFailed{12, 2, "x"}))));
  EXPECT_EQ(failed.code, 12);
  EXPECT_EQ(failed.subcode, 2);
  EXPECT_EQ(failed.message, "x");
}

TEST(Protocol, CarriesNamesThatAreNoUtf8) {
  const std::string name = "caf\xe9\n\"\\";
  EXPECT_EQ(as<SpoolFailed>(decode_report(encode(Report(SpoolFailed{false, name})))).message, name);
}

TEST(Protocol, RefusesEveryPrefixAndOtherBytes) {
  const std::string whole = encode(Report(Spooled{1, 2, 3}));
  for (std::size_t bytes = 0; bytes < whole.size(); ++bytes)
    EXPECT_FALSE(decode_report(whole.substr(0, bytes))) << bytes;
  EXPECT_FALSE(decode_report("[99,null]"));
  EXPECT_FALSE(decode_order(encode(Report(Staged{}))));  // index 0, other fields
}

TEST(Unframer, GivesWholeMessagesHoweverTheyAreCut) {
  const std::string stream = framed("one") + framed("") + framed("three");
  for (std::size_t cut = 1; cut <= stream.size(); ++cut) {
    Unframer unframer;
    std::vector<std::string> messages;
    for (std::size_t at = 0; at < stream.size(); at += cut) {
      unframer.add(stream.substr(at, cut));
      while (auto message = unframer.next().value()) messages.push_back(*message);
    }
    EXPECT_EQ(messages, (std::vector<std::string>{"one", "", "three"})) << "cut every " << cut;
  }
}

TEST(Unframer, RefusesALengthThatNoMessageHas) {
  Unframer unframer;
  unframer.add("\xff\xff\xff\xff");
  EXPECT_FALSE(unframer.next());
}

}  // namespace
}  // namespace cairn
