// The checkpoints of a wrapped program: its files, taken together into one generation file, which
// verifies itself.  The program sees plain files.
//
// What lies in the working folder is never trusted: whatever ended the program, each start puts
// the newest good checkpoint back first.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "os/lock.h"
#include "session/generation_folder.h"
#include "session/output_file.h"
#include "wrap/decision.h"
#include "wrap/file_set.h"
#include "wrap/options.h"

namespace cairn::wrap {

class Checkpoints {
 public:
  // Makes and locks the folder.  Names are relative to the process's working folder.
  // Errors: locked; what the file system says.
  static Result<Checkpoints> open(FileSystem& files, const WrapOptions& options);

  // A place to start from.
  struct Start {
    std::uint64_t generation = 0;  // 0: the beginning
    std::int64_t elapsed_seconds = 0;
    std::vector<std::string> warnings;
  };
  // Puts the newest good checkpoint back: its files, output files cut back to it.  What else its
  // patterns match goes to FOLDER.aside.  If there never was one, files that are there already are
  // the program's input: they stay, and the beginning has them; with --adopt they are the first
  // checkpoint.  What has changed of the beginning goes to FOLDER.changed, and stays there.  A
  // command that never came to a checkpoint is nobody's: another may begin.
  //   below  only older ones than this, which are left behind as FILE.suspect; 0: all
  // Errors: mismatch (it belongs to another command); corrupt (there are some, and none is good);
  // not_found (none below); what the file system says.
  Result<Start> restore(std::uint64_t below = 0);

  struct Taken {
    NewState state = NewState::none;
    std::string why;  // of bad, none: "state.cpt is empty"
    std::uint64_t generation = 0;
    std::uint64_t bytes = 0;
  };
  // Makes what lies there the next checkpoint, if it is new and good.  Nobody may write to it.
  //   elapsed_seconds  is recorded; 0: it is not
  //   outputs_then     the output files when the program had written its state, if they may have
  //                    grown since; null: they are as they were then
  // Errors: what the file system says, no_space among it: then the one before stands.
  Result<Taken> take(std::int64_t elapsed_seconds, const FileSet* outputs_then = nullptr);
  // Before the program starts: what is there now is not its work (for `whole_folder`).
  Status look_before();
  // The output files as they are now.
  Result<FileSet> output_files() const;

  // Moves what the pattern stands for to FOLDER.aside, but for files of checkpoints and output
  // files: restore() has seen to those.
  Status put_aside(const std::string& pattern);

  // The files that a checkpoint would consist of now, without those that may be open; neither the
  // wrapper's own nor a standard stream, which the job's system keeps.
  Result<FileSet> present(std::vector<std::string>* unmatched = nullptr) const;
  // Whether the files differ from those of the last checkpoint: by their marks, unread.
  bool is_renewed() const;
  // The file that it would consist of now, if it is one; and whether it always does, called by its
  // own name.
  std::optional<std::string> only_file() const;
  bool is_named(const std::string& file) const;
  // The patterns of all files that a checkpoint consists of, without those that may be open.
  const std::vector<std::string>& patterns() const { return patterns_; }

 private:
  Checkpoints(FileSystem& files, const WrapOptions& options, FolderLock lock,
              GenerationFolder folder);
  GenerationWriter::Identity identity() const;
  // With those that may be open: they are taken and put back, but make no checkpoint new.
  Result<FileSet> whole() const;
  Result<FileSet> others() const;
  Result<std::string> inputs() const;
  Result<FileSet> beyond(ByteSource& source, const Manifest& manifest);
  Result<std::string> flaw(const FileSet& found, const std::vector<std::string>& unmatched) const;
  Result<std::vector<FileRecord>> settle(const FileSet* then);
  Status commit(std::uint64_t number, const FileSet& found, const std::vector<FileRecord>& outputs,
                std::int64_t elapsed_seconds);
  Result<Start> begin();
  Status undo_beginning(std::vector<std::string>& warnings);
  bool belongs_to_another(std::uint64_t number) const;
  Result<Start> restore_one(std::uint64_t number);
  Status leave_suspects();
  Status put_back(ByteSource& source, const Manifest& manifest);
  Status put_aside(const FileSet& found, const Manifest& manifest);
  Result<std::optional<std::string>> keep_changed(const Manifest& manifest);

  FileSystem* files_;
  const WrapOptions* options_;
  FolderLock lock_;
  GenerationFolder folder_;
  std::vector<std::string> patterns_;
  std::set<std::uint64_t> suspects_;           // the program has died of them
  std::map<std::string, OutputFile> outputs_;  // that the last checkpoint records
  FileSet last_;                               // the files as the last checkpoint left them
  // For `whole_folder`: the files before the program started, those that an earlier checkpoint
  // has, and what was there before the first start (see inputs()).
  std::optional<FileSet> before_;
  std::set<std::string> since_;
  std::string inputs_;
};

}  // namespace cairn::wrap
