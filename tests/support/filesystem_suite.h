// What every FileSystem does.  An implementation instantiates the suite with a traits
// class: `FileSystem& files()` and `Path folder()`, an empty folder to work in.
#pragma once

#include <gtest/gtest.h>

#include <cerrno>
#include <string>

#include "os/atomic_file.h"
#include "os/filesystem.h"

namespace cairn::testing {

template <class Traits>
class FileSystemSuite : public ::testing::Test {
 protected:
  FileSystem& files() { return traits_.files(); }
  Path at(const std::string& name) { return traits_.folder() / name; }

  void write(const std::string& name, const std::string& text) {
    auto file = files().create(at(name)).value();
    file->append(as_bytes(text)).value();
    file->close().value();
  }
  std::string read(const std::string& name) { return read_file(files(), at(name)).value(); }
  std::vector<std::string> names(const std::string& folder) {
    return files().list(at(folder)).value();
  }

  // Both halves of an error that a user's code may look at.
  template <class T>
  static void expect_error(const Result<T>& result, Errc code, int sys_errno) {
    ASSERT_FALSE(result);
    EXPECT_EQ(static_cast<int>(result.error().code), static_cast<int>(code))
        << result.error().text();
    EXPECT_EQ(result.error().sys_errno, sys_errno) << result.error().text();
  }

 private:
  Traits traits_;
};

using Names = std::vector<std::string>;

TYPED_TEST_SUITE_P(FileSystemSuite);

TYPED_TEST_P(FileSystemSuite, ReadsWhatWasAppended) {
  auto file = this->files().create(this->at("a")).value();
  file->append(as_bytes("hello ")).value();
  file->append(as_bytes("world")).value();
  std::array<std::byte, 5> bytes{};
  EXPECT_EQ(file->read_at(6, bytes).value(), 5U);
  EXPECT_EQ(as_text(bytes), "world");
  EXPECT_EQ(file->size().value(), 11U);
  file->sync().value();
  file->close().value();
  EXPECT_EQ(this->read("a"), "hello world");
}

TYPED_TEST_P(FileSystemSuite, ReadsLessOnlyAtTheEnd) {
  this->write("a", "hello");
  auto file = this->files().open(this->at("a")).value();
  std::array<std::byte, 8> bytes{};
  EXPECT_EQ(file->read_at(3, bytes).value(), 2U);
  EXPECT_EQ(file->read_at(5, bytes).value(), 0U);
  EXPECT_EQ(file->read_at(100, bytes).value(), 0U);
}

TYPED_TEST_P(FileSystemSuite, CreateEmptiesAnOldFile) {
  this->write("a", "old and long");
  this->write("a", "new");
  EXPECT_EQ(this->read("a"), "new");
}

TYPED_TEST_P(FileSystemSuite, AFileOpenedForReadingTakesNoBytes) {
  this->write("a", "text");
  auto file = this->files().open(this->at("a")).value();
  this->expect_error(file->append(as_bytes("more")), Errc::io, EBADF);
  file->sync().value();
  EXPECT_EQ(this->read("a"), "text");
}

TYPED_TEST_P(FileSystemSuite, AClosedFileSaysSo) {
  auto file = this->files().create(this->at("a")).value();
  file->close().value();
  this->expect_error(file->append(as_bytes("x")), Errc::io, EBADF);
  this->expect_error(file->sync(), Errc::io, EBADF);
}

TYPED_TEST_P(FileSystemSuite, AnOpenFileSurvivesRenameAndRemoval) {
  auto file = this->files().create(this->at("a")).value();
  file->append(as_bytes("one")).value();
  this->files().rename(this->at("a"), this->at("b")).value();
  file->append(as_bytes("two")).value();
  EXPECT_EQ(this->read("b"), "onetwo");
  this->files().remove(this->at("b")).value();
  EXPECT_EQ(file->size().value(), 6U);
  EXPECT_EQ(this->names(""), Names{});
}

TYPED_TEST_P(FileSystemSuite, RenameReplacesAFile) {
  this->write("a", "new");
  this->write("b", "old");
  this->files().rename(this->at("a"), this->at("b")).value();
  EXPECT_EQ(this->read("b"), "new");
  EXPECT_EQ(this->names(""), Names{"b"});
}

TYPED_TEST_P(FileSystemSuite, RenameMovesAFolderWithItsContents) {
  this->files().make_folder(this->at("a")).value();
  this->files().make_folder(this->at("empty")).value();
  this->write("a/x", "text");
  this->files().rename(this->at("a"), this->at("empty")).value();
  EXPECT_EQ(this->read("empty/x"), "text");
  EXPECT_EQ(this->names(""), Names{"empty"});
}

TYPED_TEST_P(FileSystemSuite, RenameRefusesWhatWouldLoseFiles) {
  this->files().make_folder(this->at("full")).value();
  this->files().make_folder(this->at("other")).value();
  this->write("full/x", "text");
  this->write("file", "text");
  this->expect_error(this->files().rename(this->at("other"), this->at("full")), Errc::io,
                     ENOTEMPTY);
  this->expect_error(this->files().rename(this->at("file"), this->at("full")), Errc::io, EISDIR);
  this->expect_error(this->files().rename(this->at("full"), this->at("file")), Errc::not_found,
                     ENOTDIR);
  this->expect_error(this->files().rename(this->at("full"), this->at("full/below")), Errc::io,
                     EINVAL);
  this->expect_error(this->files().rename(this->at("none"), this->at("x")), Errc::not_found,
                     ENOENT);
  EXPECT_EQ(this->read("full/x"), "text");
}

TYPED_TEST_P(FileSystemSuite, LinkGivesAFileASecondName) {
  this->write("a", "text");
  auto file = this->files().open(this->at("a")).value();
  this->files().link(*file, this->at("b")).value();
  EXPECT_EQ(this->read("b"), "text");
  this->files().set_mode(this->at("a"), 0440).value();
  EXPECT_EQ(this->files().info(this->at("b")).value().mode, 0440U);
  this->files().remove(this->at("a")).value();
  EXPECT_EQ(this->read("b"), "text");
  EXPECT_EQ(this->names(""), Names{"b"});
  // Still the same file, whose name is another now.
  this->files().link(*file, this->at("c")).value();
  EXPECT_EQ(this->names(""), (Names{"b", "c"}));
}

TYPED_TEST_P(FileSystemSuite, LinkTakesNoNameThatIsTaken) {
  this->write("a", "text");
  this->write("b", "other");
  auto file = this->files().open(this->at("a")).value();
  this->expect_error(this->files().link(*file, this->at("b")), Errc::io, EEXIST);
  this->expect_error(this->files().link(*file, this->at("none/b")), Errc::not_found, ENOENT);
  EXPECT_EQ(this->read("b"), "other");
}

TYPED_TEST_P(FileSystemSuite, RenameBetweenTwoNamesOfOneFileDoesNothing) {
  this->write("a", "text");
  auto file = this->files().open(this->at("a")).value();
  this->files().link(*file, this->at("b")).value();
  this->files().rename(this->at("a"), this->at("b")).value();
  EXPECT_EQ(this->names(""), (Names{"a", "b"}));
}

TYPED_TEST_P(FileSystemSuite, AppendAllOfCopiesTheWholeFileBehindWhatIsThere) {
  std::string large;
  while (large.size() < 600'000) large += "a line of text\n";
  for (const std::string& text : {std::string(), std::string("short"), large}) {
    this->write("a", text);
    auto from = this->files().open(this->at("a")).value();
    auto copy = this->files().create(this->at("b")).value();
    EXPECT_EQ(copy->append_all_of(*from).value(), text.size());
    copy->append(as_bytes("+")).value();
    EXPECT_EQ(copy->append_all_of(*from).value(), text.size());
    copy->append(as_bytes("!")).value();
    EXPECT_TRUE(this->read("b") == text + "+" + text + "!") << text.size();
  }
}

TYPED_TEST_P(FileSystemSuite, TheTimeOfChangeTellsThatBytesWereChanged) {
  this->write("a", "text");
  const std::int64_t before = this->files().info(this->at("a")).value().modified_ns;
  EXPECT_EQ(this->files().info(this->at("a")).value().modified_ns, before);
  // A clock that ticks in milliseconds may need some time for it.
  const auto changed = [&] {
    this->files().truncate(this->at("a"), 0).value();
    this->write("a", "other");
    return this->files().info(this->at("a")).value().modified_ns != before;
  };
  while (!changed()) continue;
}

TYPED_TEST_P(FileSystemSuite, ListsNamesSorted) {
  this->write("c", "");
  this->write("a", "");
  this->files().make_folder(this->at("b")).value();
  EXPECT_EQ(this->names(""), (Names{"a", "b", "c"}));
  this->expect_error(this->files().list(this->at("none")), Errc::not_found, ENOENT);
  this->expect_error(this->files().list(this->at("a")), Errc::not_found, ENOTDIR);
}

TYPED_TEST_P(FileSystemSuite, TellsFilesFromFolders) {
  this->write("a", "hello");
  this->files().make_folder(this->at("b")).value();
  const FileInfo file = this->files().info(this->at("a")).value();
  EXPECT_EQ(file.kind, FileInfo::Kind::file);
  EXPECT_EQ(file.bytes, 5U);
  EXPECT_EQ(this->files().info(this->at("b")).value().kind, FileInfo::Kind::folder);
  this->expect_error(this->files().info(this->at("none")), Errc::not_found, ENOENT);
}

TYPED_TEST_P(FileSystemSuite, SetsModesExactly) {
  this->write("a", "");
  this->files().set_mode(this->at("a"), 0777).value();
  EXPECT_EQ(this->files().info(this->at("a")).value().mode, 0777U);
  this->files().set_mode(this->at("a"), 0440).value();
  EXPECT_EQ(this->files().info(this->at("a")).value().mode, 0440U);
  this->expect_error(this->files().set_mode(this->at("none"), 0600), Errc::not_found, ENOENT);
}

TYPED_TEST_P(FileSystemSuite, MakesAFolderOnce) {
  this->files().make_folder(this->at("a")).value();
  this->files().make_folder(this->at("a")).value();
  this->write("file", "");
  this->expect_error(this->files().make_folder(this->at("file")), Errc::io, EEXIST);
  this->expect_error(this->files().make_folder(this->at("none/b")), Errc::not_found, ENOENT);
}

TYPED_TEST_P(FileSystemSuite, AFolderIsNoFile) {
  this->files().make_folder(this->at("a")).value();
  this->expect_error(this->files().open(this->at("a")), Errc::io, EISDIR);
  this->expect_error(this->files().create(this->at("a")), Errc::io, EISDIR);
}

TYPED_TEST_P(FileSystemSuite, MissingNamesAreNotFound) {
  this->expect_error(this->files().open(this->at("none")), Errc::not_found, ENOENT);
  this->expect_error(this->files().create(this->at("none/a")), Errc::not_found, ENOENT);
  this->expect_error(this->files().remove(this->at("none")), Errc::not_found, ENOENT);
  this->expect_error(this->files().truncate(this->at("none"), 0), Errc::not_found, ENOENT);
  this->expect_error(this->files().sync_directory(this->at("none")), Errc::not_found, ENOENT);
  this->write("file", "");
  this->expect_error(this->files().sync_directory(this->at("file")), Errc::not_found, ENOTDIR);
}

TYPED_TEST_P(FileSystemSuite, RemovesFilesAndEmptyFoldersOnly) {
  this->files().make_folder(this->at("a")).value();
  this->write("a/x", "");
  this->expect_error(this->files().remove(this->at("a")), Errc::io, ENOTEMPTY);
  this->files().remove(this->at("a/x")).value();
  this->files().remove(this->at("a")).value();
  EXPECT_EQ(this->names(""), Names{});
}

TYPED_TEST_P(FileSystemSuite, TruncateCutsTheEndOff) {
  this->write("a", "hello world");
  this->files().truncate(this->at("a"), 5).value();
  EXPECT_EQ(this->read("a"), "hello");
}

TYPED_TEST_P(FileSystemSuite, RemoveTreeTakesAllAndForgivesNothingThere) {
  this->files().make_folder(this->at("a")).value();
  this->files().make_folder(this->at("a/b")).value();
  this->write("a/b/x", "");
  this->write("a/y", "");
  remove_tree(this->files(), this->at("a")).value();
  remove_tree(this->files(), this->at("a")).value();
  EXPECT_EQ(this->names(""), Names{});
}

TYPED_TEST_P(FileSystemSuite, AtomicFileAppearsAtCommitOnly) {
  this->write("a", "old");
  {
    auto file = AtomicFile::begin(this->files(), this->at("a")).value();
    file.append(as_bytes("new")).value();
    EXPECT_EQ(this->read("a"), "old");
    file.commit().value();
  }
  EXPECT_EQ(this->read("a"), "new");
  EXPECT_EQ(this->names(""), Names{"a"});
}

TYPED_TEST_P(FileSystemSuite, AtomicFileWithoutCommitLeavesNothing) {
  AtomicFile::begin(this->files(), this->at("a")).value().append(as_bytes("new")).value();
  EXPECT_EQ(this->names(""), Names{});
}

TYPED_TEST_P(FileSystemSuite, AtomicFileTakesTheModeAndReplacesWhatACrashLeft) {
  for (int time = 0; time < 2; ++time) {
    this->write("a.tmp", "left by a crash");
    this->files().set_mode(this->at("a.tmp"), 0400).value();
    write_file_atomically(this->files(), this->at("a"), as_bytes("text"), 0444).value();
    EXPECT_EQ(this->read("a"), "text");
    EXPECT_EQ(this->files().info(this->at("a")).value().mode, 0444U);
  }
}

REGISTER_TYPED_TEST_SUITE_P(
    FileSystemSuite, ReadsWhatWasAppended, ReadsLessOnlyAtTheEnd, CreateEmptiesAnOldFile,
    AFileOpenedForReadingTakesNoBytes, AClosedFileSaysSo, AnOpenFileSurvivesRenameAndRemoval,
    RenameReplacesAFile, RenameMovesAFolderWithItsContents, RenameRefusesWhatWouldLoseFiles,
    LinkGivesAFileASecondName, LinkTakesNoNameThatIsTaken,
    RenameBetweenTwoNamesOfOneFileDoesNothing, AppendAllOfCopiesTheWholeFileBehindWhatIsThere,
    TheTimeOfChangeTellsThatBytesWereChanged, ListsNamesSorted, TellsFilesFromFolders,
    SetsModesExactly, MakesAFolderOnce, AFolderIsNoFile, MissingNamesAreNotFound,
    RemovesFilesAndEmptyFoldersOnly, TruncateCutsTheEndOff,
    RemoveTreeTakesAllAndForgivesNothingThere, AtomicFileAppearsAtCommitOnly,
    AtomicFileWithoutCommitLeavesNothing, AtomicFileTakesTheModeAndReplacesWhatACrashLeft);

}  // namespace cairn::testing
