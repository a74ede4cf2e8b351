// The job event log as a file: what the shadow reports, in HTCondor's words, appended
// event by event, so that several jobs may share one file.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "engine/protocol.h"
#include "job/event_forms.h"
#include "job/event_log.h"
#include "job/job_ad.h"
#include "os/filesystem.h"

namespace cairn {

// HTCondor's hold codes for transfers that failed.
inline constexpr int kHoldTransferOutput = 12;
inline constexpr int kHoldTransferInput = 13;

// How the job's log is written: XML with log_xml, or else as the variable says by which HTCondor's
// configuration knows it, _CONDOR_DEFAULT_USERLOG_FORMAT_OPTIONS; text in local time without both.
LogFormat log_format(const JobAd& ad);

// Appends in one write: with O_APPEND, events of several jobs do not mix.  All or nothing: half an
// event would spoil the next one.
Status append_to_log(const Path& file, const std::string& events);

class JobLog {
 public:
  //   file       empty: nothing is written
  //   transfers  whether the job's files are moved at all; else there is nothing to say of it
  JobLog(JobId id, Path file, std::string host, std::string slot, bool transfers = true);

  void submitted(std::int64_t time_ms);
  void staging(std::int64_t time_ms);
  void executing(std::int64_t time_ms, const Path& sandbox);
  void exited(std::int64_t time_ms, const Exited& exit);
  // Event 006, the first time and when it has grown.
  void measured(std::int64_t time_ms, const Use& use);
  void sending(std::int64_t time_ms);
  void sent(std::int64_t time_ms, std::uint64_t bytes);
  void received(std::int64_t time_ms, std::uint64_t bytes);
  //   requeued  the exit that is retried, null for none
  void evicted(std::int64_t time_ms, const std::string& reason, const ExitStatus* requeued);
  void held(std::int64_t time_ms, const std::string& reason, int code, int subcode,
            bool was_running);
  // As a pool words it: with the slot that it comes from.
  std::string reason_of_hold(const std::string& reason, int code) const;
  // As a pool writes it: nothing but the hold.
  void held_by_policy(std::int64_t time_ms, const std::string& reason, int code, int subcode);
  void released(std::int64_t time_ms, const std::string& reason);
  void aborted(std::int64_t time_ms, const std::string& reason);
  // Instead of staging(): an engine that is gone wrote the beginning.
  struct Beginning {
    std::int64_t begin_ms, execute_ms;
  };
  void taken_over(const Beginning& beginning);
  // Its 005 is written; if the log is text, also by an engine before.
  bool has_ended() const { return ended_; }
  void terminated(std::int64_t time_ms, const ExitStatus& exit, const CpuUsage& total,
                  const TransferBytes& total_bytes);

  void set_format(const LogFormat& format) { format_ = format; }
  void set_slot(std::string slot) { slot_ = std::move(slot); }
  void set_granted(const Granted& granted) { granted_ = granted; }
  // What the last write said, once; empty: all is well.
  std::string take_problem();

 private:
  EventHead head(std::int64_t time_ms) const { return format_.head(id_, time_ms); }
  void append(const std::string& event_text);
  void transfer(std::int64_t time_ms, TransferStep step);
  ResourceUsage resources(std::int64_t time_ms) const;
  bool newest_is_the_end() const;

  JobId id_;
  Path file_;
  std::string host_;
  std::string slot_;
  bool transfers_ = true;
  LogFormat format_;
  std::string problem_;
  bool failed_ = false;  // the last write

  // Of this activation.
  CpuUsage run_;
  TransferBytes bytes_;
  Use use_;
  std::int64_t begin_ms_ = 0;
  std::int64_t execute_ms_ = 0;
  std::int64_t said_kb_ = 0;
  bool ended_ = false;
  Granted granted_;
};

}  // namespace cairn
