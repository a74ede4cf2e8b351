// The job on the bench: what all of its trials share.  Everything is made once, from the job's
// ad, with the engine's own code; trials work on images.
#pragma once

#include <atomic>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "job/job_ad.h"
#include "job/job_spec.h"
#include "verify/execution.h"
#include "verify/image.h"
#include "verify/oracle.h"

namespace cairn::verify {

class Lab {
 public:
  // Stages the job's executable and inputs once.
  //   scratch  a folder of its own; is made, its parent must exist
  //   store    outlives the lab
  // Errors: what Sandbox::stage() says; invalid, if the job promises no checkpoint.
  static Result<std::unique_ptr<Lab>> open(const JobAd& ad, const Path& scratch, ImageStore& store);

  const JobSpec& job() const { return job_; }
  const Isolation& isolation() const { return isolation_; }
  ImageStore& store() const { return store_; }

  // A machine's folder on which the job was never started, with this checkpoint or none.
  Image fresh() const;
  Image fresh(const Image& checkpoint) const;

  // A machine's folder, laid out.  The sandbox is seen where it always is and files are as old
  // as they were; or it is seen elsewhere and files are new, as after a transfer.
  enum class Site { usual, another };
  Result<Machine> set_up(const Image& folder, Site site);
  Status tear_down(const Machine& machine) const;

  // Runs the job's program there.
  //   name=value pairs in `environment` come on top of the job's
  ExecutionOrder order(const Machine& machine) const;

  // What HTCondor takes as the checkpoint, with stdout and stderr.
  //   folder  of the machine, captured right now
  // Errors: not_found, invalid, naming the listed file: the job would be held.
  Result<Image> checkpoint(const Machine& machine, const Image& folder) const;
  // What it takes as the result.  A listed output that is missing is named in `missing`.
  struct Outputs {
    Outcome outcome;
    std::vector<std::string> missing;
  };
  Result<Outputs> outputs(const Machine& machine, const Image& folder) const;

  // Of a checkpoint or a machine's folder, what a restart depends on: without stdout, stderr, the
  // engine's own files and Python's compiled ones.
  static Image state_of(Image image);
  static std::string state_key(const Image& image);  // equal states have equal keys
  // Of a checkpoint, what is state and no result.
  Image state_only(const Image& checkpoint) const;
  std::vector<std::string> state_names(const Image& checkpoint) const;  // folders too
  // The whole content of a file, empty if it cannot be read.
  std::string text(const ImageEntry& entry) const;
  // What it printed, as far as the machine's folder holds it.
  std::string standard_output(const Image& folder) const;
  std::string standard_error(const Image& folder) const;

  // Files of a checkpoint that are rewritten, not written on, are state and no result, whatever
  // list they are on.  Known after the undisturbed run.
  //   sandbox, outputs  as the run left them
  void learn_state(const std::vector<const Image*>& checkpoints, const Image& sandbox,
                   const Image& outputs);
  // What is compared of the outputs.  Without a list of them, left-over files do not count.
  Image results_of(Image outputs, const Image& reference) const;
  // A file of a checkpoint that is a result too, written on and on.
  bool is_output(const std::string& name) const;
  bool compares_stdout() const { return compares_stdout_; }
  const std::string& stdout_name() const { return stdout_name_; }
  const std::string& stderr_name() const { return stderr_name_; }

 private:
  Lab(const Path& scratch, ImageStore& store, JobAd ad, JobSpec job);
  Status stage();
  std::vector<Path> needed_paths() const;
  Result<Image> listed(const Machine& machine, const Image& sandbox,
                       const std::vector<std::string>& list,
                       std::vector<std::string>* missing) const;
  Image changed(const Image& sandbox) const;
  Path program_seen(const Machine& machine) const;

  Path scratch_;
  ImageStore& store_;
  JobAd ad_;
  JobSpec job_;
  Isolation isolation_;
  Image first_;                                         // the sandbox as staged
  std::string stdout_name_, stderr_name_, stdin_name_;  // in the sandbox
  bool compares_stdout_ = true;
  std::set<std::string> state_;
  std::set<std::string> grown_;
  std::atomic<int> machines_{0};
};

}  // namespace cairn::verify
