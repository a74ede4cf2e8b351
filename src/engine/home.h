// Where the engine keeps its things: $CAIRN_HOME, by default
// ${XDG_STATE_HOME:-~/.local/state}/cairn, for its owner only.
//
//   queue.sqlite
//   clusters/12.ads, 12.states  as submitted, and what became of the jobs, see queue/cluster_file.h
//   engine/lock, socket, log  of the background engine
//   cluster-12/lock          held by the `cairn run` that runs cluster 12
//   12.0/sandbox-0003/       of the third activation; a new path each time
//   12.0/spool/000042/       a checkpoint
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "cairn/result.h"
#include "job/job_spec.h"
#include "os/filesystem.h"

namespace cairn {

class Home {
 public:
  // Makes the folder if there is none; then it is for its owner only (0700).
  // Errors: misuse, if it belongs to somebody else, or others could write what is in it.
  static Result<Home> open(FileSystem& files, const Path& folder);
  // Where things are or would be: makes nothing.
  static Home at(const Path& folder);
  // From the environment.  Errors: misuse, if there is neither CAIRN_HOME nor HOME.
  static Result<Path> default_folder();

  const Path& folder() const { return folder_; }
  Path queue_file() const { return folder_ / "queue.sqlite"; }
  // Of the background engine: lock, socket, log.
  Path engine_folder() const { return folder_ / "engine"; }
  // Of files from which a lost queue can be made anew.
  Path clusters_folder() const { return folder_ / "clusters"; }
  Path cluster_folder(int cluster) const;
  Path job_folder(JobId id) const;
  // Whose folder has that name: "12.3"; nothing for all else.
  static std::optional<JobId> job_of(std::string_view folder_name);
  Path sandbox(JobId id, int activation) const;
  // For a home of one job: its sandboxes are FOLDER/sandbox-0003, on the machine's own disk.
  void put_sandboxes_in(Path folder) { sandboxes_ = std::move(folder); }
  // In the environment of every process of this activation: "CAIRN_ACTIVATION=…".
  std::string mark(JobId id, int activation) const;

 private:
  explicit Home(Path folder) : folder_(std::move(folder)) {}
  Path folder_;
  Path sandboxes_;  // empty: in the job's folder
};

}  // namespace cairn
