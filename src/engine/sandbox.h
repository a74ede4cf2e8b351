// The job's working folder, as HTCondor makes it: executable and inputs, then the
// newest checkpoint on top of them; and what is taken out of it again.
//
// What the job lists is read through Beneath: whatever it names, nothing outside the
// sandbox is read.  What is put in its place on the submit side is whole or not there.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cairn/result.h"
#include "engine/protocol.h"
#include "engine/spool.h"
#include "job/job_spec.h"
#include "os/beneath.h"
#include "os/filesystem.h"

namespace cairn {

// HTCondor's names inside a sandbox.
inline constexpr const char* kStdoutName = "_condor_stdout";
inline constexpr const char* kStderrName = "_condor_stderr";
inline constexpr const char* kJobAdName = ".job.ad";
inline constexpr const char* kMachineAdName = ".machine.ad";
// Ours: the job may write a fraction, 0 to 1.
inline constexpr const char* kProgressName = ".cairn.progress";

// Refuses an input folder that contains `home`, which the sandbox is in: it would be
// copied into itself.  Errors: invalid, naming the input.
Status check_inputs(const JobSpec& job, const Path& home);

// Before days of work end where they cannot be put.  Errors: not_found, naming the folder.
Status check_output_folders(const JobSpec& job);

// Removes what deliveries of the job that were cut off left beside the outputs' places.
//   sandbox  of the activation that asks: a newer one may be at its delivery; empty: nobody is
Status sweep_parts(FileSystem& files, const Path& job_folder, const Path& sandbox = {});

// What a job says of its progress in the file `kProgressName`, 0 to 1; nothing, where it does not.
std::optional<double> read_progress(const Path& file);

class Sandbox {
 public:
  Sandbox(FileSystem& files, StageOrder order, JobSpec job);

  // Makes the folder and fills it.  Returns the number of bytes.
  //   checkpoint  copied over the inputs; may be null
  // Errors name the file; the folder is then partly filled.
  Result<std::uint64_t> stage(const SpooledCheckpoint* checkpoint);

  // What belongs to a checkpoint, stdout and stderr included; nothing without file transfer:
  // such a job's files are where they stay.
  // Errors: not_found, invalid, naming the listed file.
  Result<std::vector<FileItem>> checkpoint_items() const;
  // What an eviction saves of the outputs (ON_EXIT_OR_EVICT), stdout and stderr included.
  Result<std::vector<FileItem>> eviction_items() const;
  // `items` and all of `checkpoint` but what they replace, by their names on top of the sandbox.
  //   checkpoint  may be null
  Result<std::vector<FileItem>> merged(std::vector<FileItem> items,
                                       const SpooledCheckpoint* checkpoint) const;

  // Moves the outputs, stdout and stderr to where the submit file says.
  //   succeeded  exit code 0, for when_to_transfer_output = ON_SUCCESS
  // Returns the number of bytes.  May be repeated.
  Result<std::uint64_t> deliver(bool succeeded) const;
  // stdout and stderr alone.
  Result<std::uint64_t> deliver_streams() const;

  // All that it consists of, to be removed in this order.
  std::vector<Path> paths() const { return {catalogue_file(), folder_}; }

  // The program's whole environment, "NAME=value".
  std::vector<std::string> environment() const;
  Path program() const;
  Path working_folder() const;
  // Where stdout (stderr) is written; empty: /dev/null.
  Path stdout_file() const;
  Path stderr_file() const;
  Path stdin_file() const;
  const Path& folder() const { return folder_; }

 private:
  // Size and time of a file, to see whether the job has changed it.
  struct Stamp {
    std::uint64_t bytes = 0;
    std::int64_t time = 0;
    friend bool operator==(const Stamp&, const Stamp&) = default;
  };
  using Catalogue = std::map<std::string, Stamp>;

  Result<std::uint64_t> stage_executable() const;
  Result<std::uint64_t> stage_input(const std::string& entry) const;
  Result<std::uint64_t> stage_checkpoint(const SpooledCheckpoint& checkpoint) const;
  Status write_ads() const;
  Result<Catalogue> look() const;  // at the files on top of the sandbox
  Status save_catalogue() const;   // survives the starter
  Result<Catalogue> load_catalogue() const;
  Path catalogue_file() const;
  Result<std::vector<FileItem>> changed_items() const;
  Result<std::vector<FileItem>> output_items() const;
  Result<std::vector<FileItem>> with_streams(std::vector<FileItem> items) const;
  Result<std::uint64_t> publish(File& from, const Path& name_given, unsigned mode) const;
  Path output_target(const std::string& name) const;
  bool streams_apart() const;

  FileSystem& files_;
  StageOrder order_;
  JobSpec job_;
  Path folder_;
};

}  // namespace cairn
