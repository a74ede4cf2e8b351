#include "engine/sandbox.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "support/golden.h"
#include "support/temp_folder.h"

namespace cairn {
namespace {

namespace stdfs = std::filesystem;
using testing::read_text;
using testing::TempFolder;

class SandboxTest : public ::testing::Test {
 protected:
  SandboxTest() {
    root_.write("submit/prog", "#!/bin/sh\n");
    root_.write("submit/input.txt", "input");
    stdfs::create_directories(root_ / "home/1.0");
    job_.id = {1, 0};
    job_.initial_directory = root_ / "submit";
    job_.executable = "prog";
    job_.input_files = {"input.txt"};
    job_.output = "out.txt";
    job_.error = "err.txt";
    order_.ad = "ClusterId = 1\n";
    order_.machine_ad = "Cpus = 1\n";
    order_.job_folder = root_ / "home/1.0";
    order_.sandbox = root_ / "home/1.0/sandbox-0001";
    order_.slot = "slot1@host";
    order_.mark = "CAIRN_ACTIVATION=mark=1";
  }

  Sandbox sandbox() { return Sandbox(files_, order_, job_); }
  Sandbox staged() {
    Sandbox made = sandbox();
    made.stage(nullptr).value();
    write("_condor_stdout", "some output");
    write("_condor_stderr", "");
    return made;
  }
  // Of another job, or of the next activation.
  StageOrder staged(const char* job_folder, const char* sandbox) {
    StageOrder order = order_;
    order.job_folder = root_ / job_folder;
    order.sandbox = order.job_folder + "/" + sandbox;
    stdfs::create_directories(order.job_folder);
    Sandbox(files_, order, job_).stage(nullptr).value();
    for (const char* const stream : {kStdoutName, kStderrName})
      root_.write(std::string(job_folder) + "/" + sandbox + "/" + stream, "of another");
    return order;
  }
  // What the job does.
  void write(const std::string& name, const std::string& text) {
    root_.write("home/1.0/sandbox-0001/" + name, text);
  }
  void link(const std::string& name, const Path& target) {
    stdfs::create_symlink(target, order_.sandbox + "/" + name);
  }

  static std::vector<std::string> names(const Result<std::vector<FileItem>>& items) {
    EXPECT_TRUE(items) << (items ? "" : items.error().text());
    std::vector<std::string> found;
    if (items)
      for (const FileItem& item : *items) found.push_back(item.name);
    std::sort(found.begin(), found.end());
    return found;
  }
  std::vector<std::string> submit_side() { return files_.list(root_ / "submit").value(); }

  using Names = std::vector<std::string>;
  TempFolder root_;
  PosixFileSystem files_;
  StageOrder order_;
  JobSpec job_;
};

TEST_F(SandboxTest, HoldsExecutableInputsAndAds) {
  const Sandbox made = staged();
  EXPECT_EQ(files_.list(order_.sandbox).value(), (Names{".job.ad", ".machine.ad", "_condor_stderr",
                                                        "_condor_stdout", "input.txt", "prog"}));
  EXPECT_NE(files_.info(made.program()).value().mode & 0100U, 0U);
  EXPECT_EQ(files_.info(order_.sandbox).value().mode, 0700U);
}

TEST_F(SandboxTest, NamesAMissingInput) {
  job_.input_files = {"absent.txt"};
  const auto made = sandbox().stage(nullptr);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, Errc::not_found);
  EXPECT_NE(made.error().message.find("absent.txt"), std::string::npos);
}

TEST_F(SandboxTest, TakesAFolderOrItsContents) {
  root_.write("submit/data/part/file", "x");
  job_.input_files = {"data", "data/"};
  const Sandbox made = staged();
  EXPECT_EQ(read_text(order_.sandbox + "/data/part/file"), "x");
  EXPECT_EQ(read_text(order_.sandbox + "/part/file"), "x");
}

TEST_F(SandboxTest, ChecksListedFilesAndBothStreamsIntoACheckpoint) {
  job_.checkpoint_files = {{"state"}};
  const Sandbox made = staged();
  write("state", "7");
  write("unlisted", "x");
  EXPECT_EQ(names(made.checkpoint_items()), (Names{"_condor_stderr", "_condor_stdout", "state"}));
}

TEST_F(SandboxTest, TakesTheOutputListWhenThereIsNoCheckpointList) {
  job_.output_files = {{"result"}};
  const Sandbox made = staged();
  const auto missing = made.checkpoint_items();
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().message.find("result"), std::string::npos);
  write("result", "1");
  EXPECT_EQ(names(made.checkpoint_items()), (Names{"_condor_stderr", "_condor_stdout", "result"}));
}

TEST_F(SandboxTest, WithoutListsTakesNewAndChangedFilesOnTopAndNoFolders) {
  const Sandbox made = staged();
  write("new", "x");
  write("folder/inside", "x");
  link("lead", "/etc/passwd");
  EXPECT_EQ(names(made.checkpoint_items()), (Names{"_condor_stderr", "_condor_stdout", "new"}));
  write("input.txt", "other input");
  EXPECT_EQ(names(made.checkpoint_items()),
            (Names{"_condor_stderr", "_condor_stdout", "input.txt", "new"}));
}

// Another starter process takes the sandbox over: it must know what is new.
TEST_F(SandboxTest, KnowsWhatIsNewAfterItWasTakenOver) {
  static_cast<void>(staged());
  write("new", "x");
  EXPECT_EQ(names(sandbox().checkpoint_items()),
            (Names{"_condor_stderr", "_condor_stdout", "new"}));
}

TEST_F(SandboxTest, AnEmptyCheckpointListIsNotAMissingOne) {
  job_.checkpoint_files = Names{};
  const Sandbox made = staged();
  write("new", "x");
  EXPECT_EQ(names(made.checkpoint_items()), (Names{"_condor_stderr", "_condor_stdout"}));
}

TEST_F(SandboxTest, ReadsNothingOutsideWhateverTheListsSay) {
  root_.write("secret", "secret");
  for (const std::string& entry :
       {std::string("../../../secret"), (root_ / "secret").native(), std::string("link")}) {
    job_.checkpoint_files = {{entry}};
    job_.output_files = {{entry}};
    const Sandbox made = staged();
    stdfs::remove(order_.sandbox + "/link");
    link("link", root_ / "secret");
    EXPECT_FALSE(made.checkpoint_items()) << entry;
    EXPECT_FALSE(made.deliver(true)) << entry;
  }
  EXPECT_EQ(submit_side(), (Names{"input.txt", "prog"}));
}

TEST_F(SandboxTest, DeliversNothingThroughAStreamThatIsALink) {
  job_.output_files = Names{};
  const Sandbox made = staged();
  root_.write("secret", "secret");
  stdfs::remove(order_.sandbox + "/_condor_stdout");
  link("_condor_stdout", root_ / "secret");
  EXPECT_FALSE(made.deliver(true));
  EXPECT_EQ(submit_side(), (Names{"input.txt", "prog"}));
}

TEST_F(SandboxTest, DeliversOutputsAndStreamsAndMayRepeatIt) {
  job_.output_files = {{"result", "tree"}};
  job_.output_remaps = {{"result", "renamed"}, {"tree", "forest"}};
  const Sandbox made = staged();
  write("result", "1");
  write("tree/leaf", "2");
  for (int time = 0; time < 2; ++time) {
    made.deliver(true).value();
    EXPECT_EQ(submit_side(),
              (Names{"err.txt", "forest", "input.txt", "out.txt", "prog", "renamed"}));
    EXPECT_EQ(read_text(root_ / "submit/renamed"), "1");
    EXPECT_EQ(read_text(root_ / "submit/forest/leaf"), "2");
    EXPECT_EQ(read_text(root_ / "submit/out.txt"), "some output");
  }
}

TEST_F(SandboxTest, PutsNothingInPlaceWhenOneOutputIsMissing) {
  job_.output_files = {{"result", "absent"}};
  const Sandbox made = staged();
  write("result", "1");
  const auto delivered = made.deliver(true);
  ASSERT_FALSE(delivered);
  EXPECT_NE(delivered.error().message.find("absent"), std::string::npos);
  EXPECT_EQ(submit_side(), (Names{"input.txt", "prog"}));
}

TEST_F(SandboxTest, LeavesNoHalfFileWhenAnOutputCannotBePublished) {
  job_.output_files = {{"result"}};
  const Sandbox made = staged();
  write("result", "1");
  root_.write("submit/result/old", "a folder is in the way");
  EXPECT_FALSE(made.deliver(true));
  EXPECT_EQ(submit_side(), (Names{"err.txt", "input.txt", "out.txt", "prog", "result"}));
}

TEST_F(SandboxTest, PublishesOutputsAsNewFilesSoThatNobodySeesHalfOfOne) {
  job_.output_files = {{"result"}};
  const Sandbox made = staged();
  write("result", "new");
  root_.write("submit/result", "old");
  stdfs::create_hard_link(root_ / "submit/result", root_ / "seen");
  made.deliver(true).value();
  EXPECT_EQ(read_text(root_ / "submit/result"), "new");
  EXPECT_EQ(read_text(root_ / "seen"), "old");  // never written into
}

// A starter that is killed before its output has its name.
class KilledAtRename final : public FileSystem {
 public:
  struct Killed {};
  Result<std::unique_ptr<File>> create(const Path& path, unsigned mode) override {
    return real_.create(path, mode);
  }
  Result<std::unique_ptr<File>> open(const Path& path) override { return real_.open(path); }
  Result<FileInfo> info(const Path& path) override { return real_.info(path); }
  Status truncate(const Path& path, std::uint64_t bytes) override {
    return real_.truncate(path, bytes);
  }
  Status set_mode(const Path& path, unsigned mode) override { return real_.set_mode(path, mode); }
  Result<std::vector<std::string>> list(const Path& folder) override { return real_.list(folder); }
  Status make_folder(const Path& folder) override { return real_.make_folder(folder); }
  Status link(File& file, const Path& to) override { return real_.link(file, to); }
  Status rename(const Path&, const Path&) override { throw Killed(); }
  Status remove(const Path& path) override { return real_.remove(path); }
  Status sync_directory(const Path& folder) override { return real_.sync_directory(folder); }

 private:
  PosixFileSystem real_;
};

TEST_F(SandboxTest, JobsThatDeliverOneFileDoNotTouchEachOthersParts) {
  staged();
  KilledAtRename killed;
  EXPECT_THROW(std::ignore = Sandbox(killed, order_, job_).deliver(true), KilledAtRename::Killed);
  const Names before = submit_side();
  const StageOrder other = staged("home/1.1", "sandbox-0001");
  Sandbox(files_, other, job_).deliver(true).value();
  Names after = before;
  after.insert(after.end(), {"err.txt", "out.txt"});
  std::sort(after.begin(), after.end());
  EXPECT_EQ(submit_side(), after);
}

TEST_F(SandboxTest, SweepsThePartOfADeliveryThatWasCutOff) {
  staged();
  KilledAtRename killed;
  EXPECT_THROW(std::ignore = Sandbox(killed, order_, job_).deliver(true), KilledAtRename::Killed);
  EXPECT_EQ(submit_side().size(), 3U);  // beside the program and its input
  job_.output = "elsewhere.txt";        // so that the same part is not made again
  job_.error = "elsewhere.txt";
  sandbox().deliver(true).value();
  EXPECT_EQ(submit_side(), (Names{"elsewhere.txt", "input.txt", "prog"}));
  EXPECT_EQ(files_.list(order_.job_folder).value(), (Names{"sandbox-0001", "sandbox-0001.staged"}));

  EXPECT_THROW(std::ignore = Sandbox(killed, order_, job_).deliver(true), KilledAtRename::Killed);
  sweep_parts(files_, order_.job_folder).value();
  EXPECT_EQ(submit_side(), (Names{"elsewhere.txt", "input.txt", "prog"}));
}

TEST_F(SandboxTest, AnActivationSweepsNoPartOfTheNextOne) {
  staged();
  const StageOrder next = staged("home/1.0", "sandbox-0002");
  const Names before = submit_side();
  KilledAtRename killed;
  EXPECT_THROW(Sandbox(killed, next, job_).deliver(true).value(), KilledAtRename::Killed);
  sweep_parts(files_, order_.job_folder, order_.sandbox).value();
  EXPECT_EQ(submit_side().size(), before.size() + 1);
  sweep_parts(files_, order_.job_folder, next.sandbox).value();
  EXPECT_EQ(submit_side(), before);
}

TEST_F(SandboxTest, OnSuccessMeansStreamsOnlyAfterAFailure) {
  job_.output_files = {{"result"}};
  job_.when = TransferOutput::on_success;
  const Sandbox made = staged();
  made.deliver(false).value();
  EXPECT_EQ(submit_side(), (Names{"err.txt", "input.txt", "out.txt", "prog"}));
}

TEST_F(SandboxTest, WritesBothStreamsIntoOneFileWhenTheyAreOne) {
  job_.error = "out.txt";
  const Sandbox made = sandbox();
  EXPECT_EQ(made.stdout_file(), made.stderr_file());
}

TEST_F(SandboxTest, PutsAFolderOfTheCheckpointInPlaceOfAnInputFolder) {
  root_.write("submit/state/old", "as submitted");
  root_.write("spool/000003/state/new", "spooled");
  root_.write("spool/000003/MANIFEST", "");
  job_.input_files = {"state"};
  const SpooledCheckpoint checkpoint{
      .number = 3, .folder = root_ / "spool/000003", .bytes = 7, .files = {"state/new"}};
  sandbox().stage(&checkpoint).value();
  EXPECT_EQ(files_.list(order_.sandbox + "/state").value(), Names{"new"});
  EXPECT_EQ(files_.info(order_.sandbox + "/MANIFEST").has_value(), false);
}

// An input may be a link that leads out; the checkpoint must not be written through it.
TEST_F(SandboxTest, LinksReadOnlyGenerationsOfACheckpointAndCopiesTheRest) {
  root_.write("spool/000000/state.ckpt/gen-000001.cairn", "generation");
  root_.write("spool/000000/state.ckpt/gen-000002.cairn", "generation");
  root_.write("spool/000000/state.ckpt/other", "other");
  const Path spooled = root_ / "spool/000000/state.ckpt";
  stdfs::permissions(spooled / "gen-000001.cairn", stdfs::perms(0444));
  stdfs::permissions(spooled / "other", stdfs::perms(0444));
  const SpooledCheckpoint checkpoint{0, root_ / "spool/000000", 0, {}, {}};
  Sandbox box = sandbox();
  box.stage(&checkpoint).value();
  EXPECT_EQ(stdfs::hard_link_count(spooled / "gen-000001.cairn"), 2U);
  EXPECT_EQ(stdfs::hard_link_count(spooled / "gen-000002.cairn"), 1U);
  EXPECT_EQ(stdfs::hard_link_count(spooled / "other"), 1U);
  EXPECT_EQ(read_text(box.folder() / "state.ckpt/gen-000002.cairn"), "generation");
}

TEST_F(SandboxTest, LeavesDamagedGenerationsInTheSpool) {
  root_.write("spool/000000/gen-000001.cairn", "rubbish");
  root_.write("spool/000000/gen-000002.cairn", "generation");
  SpooledCheckpoint checkpoint{0, root_ / "spool/000000", 0, {}, {}};
  checkpoint.left_out.emplace("gen-000001.cairn", Error{Errc::corrupt, "rubbish", 0, {}});
  Sandbox box = sandbox();
  box.stage(&checkpoint).value();
  EXPECT_FALSE(stdfs::exists(box.folder() / "gen-000001.cairn"));
  EXPECT_TRUE(stdfs::exists(box.folder() / "gen-000002.cairn"));
}

TEST_F(SandboxTest, RestoresNothingThroughALinkAmongTheInputs) {
  root_.write("elsewhere/file", "untouched");
  root_.write("spool/000003/input.txt", "spooled");
  const SpooledCheckpoint checkpoint{
      .number = 3, .folder = root_ / "spool/000003", .bytes = 7, .files = {"input.txt"}};
  stdfs::create_directories(order_.sandbox);
  link("input.txt", root_ / "elsewhere/file");
  job_.input_files = {};
  sandbox().stage(&checkpoint).value();
  EXPECT_EQ(read_text(root_ / "elsewhere/file"), "untouched");
  EXPECT_EQ(read_text(order_.sandbox + "/input.txt"), "spooled");
}

TEST_F(SandboxTest, EnvironmentIsTheJobsAndHtcondorsAndNothingElse) {
  ::setenv("CAIRN_TEST_OUTSIDE", "leaked", 1);
  job_.environment = {{"MINE", "1"}, {"OMP_NUM_THREADS", "3"}, {"_CONDOR_SLOT", "forged"}};
  job_.checkpoint_exit_code = 77;
  const auto entries = sandbox().environment();
  const auto has = [&](const std::string& entry) {
    return std::find(entries.begin(), entries.end(), entry) != entries.end();
  };
  EXPECT_TRUE(has("MINE=1"));
  EXPECT_TRUE(has("OMP_NUM_THREADS=3"));
  EXPECT_TRUE(has("_CONDOR_SLOT=slot1"));
  EXPECT_TRUE(has("_CONDOR_SCRATCH_DIR=" + order_.sandbox));
  EXPECT_TRUE(has("CAIRN_CHECKPOINT_EXIT_CODE=77"));
  EXPECT_TRUE(has("CAIRN_ACTIVATION=mark=1"));
  EXPECT_FALSE(has("CAIRN_TEST_OUTSIDE=leaked"));
}

TEST_F(SandboxTest, WithoutFileTransferTheJobRunsInItsFolder) {
  job_.transfer_files = false;
  Sandbox made = sandbox();
  made.stage(nullptr).value();
  EXPECT_EQ(made.working_folder(), root_ / "submit");
  EXPECT_EQ(made.program(), root_ / "submit/prog");
  EXPECT_EQ(made.stdout_file(), root_ / "submit/out.txt");
}

}  // namespace
}  // namespace cairn
