// One job as people see it: its row, its events and what is known of it while it runs, as
// values with units.  Pure: the time comes in.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "job/goodput.h"
#include "listing/seen_ad.h"
#include "queue/reader.h"

namespace cairn::listing {

// What the files of a running job say; the caller looks.
struct Glimpse {
  std::optional<double> progress;  // 0 to 1
};

struct JobView {
  JobId id;
  std::string name;   // of its cluster
  std::string owner;  // empty: not known
  std::string command;
  JobState state = JobState::idle;
  std::int64_t submitted_ms = 0;  // since 1970, as all that follow
  std::int64_t since_ms = 0;      // when it came into this state
  std::optional<std::int64_t> checkpoint;
  std::optional<std::int64_t> checkpoint_ms;
  std::optional<double> progress;
  std::optional<HoldFacts> hold;
  std::optional<ExitStatus> exit;
  std::string where;  // "slot1", "htcondor 123.0"; empty: nowhere
  int starts = 0, evictions = 0, holds = 0, crashes = 0;
  Goodput goodput;
  std::int64_t now_ms = 0;

  std::chrono::milliseconds in_state() const {
    return std::chrono::milliseconds(now_ms > since_ms ? now_ms - since_ms : 0);
  }
};

JobView view_of(const JobRow& row, const ClusterRow& cluster, const std::vector<EventRow>& events,
                const Glimpse& glimpse, std::int64_t now_ms);

// In words and as JSON (docs/cli.md has the keys).
std::string state_word(const JobView& job);        // "held 34/102", "completed 0"
std::string goodput_word(const Goodput& goodput);  // "96 %"; empty, where nothing is known yet

// "12s", "3m", "5h", "2d": one word, for tables.
std::string age_word(std::chrono::milliseconds age);
// "0+01:02:03", as HTCondor writes run times.
std::string clock_word(std::chrono::milliseconds time);
// "2026-11-28 08:57:12", local time.
std::string date_word(std::int64_t time_ms);

}  // namespace cairn::listing
