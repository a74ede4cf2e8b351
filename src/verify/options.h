// What is to be verified and how thoroughly, and where it stands.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "job/job_ad.h"
#include "os/filesystem.h"
#include "verify/finding.h"
#include "verify/oracle.h"

namespace cairn::verify {

enum class Level { quick, standard, thorough };
constexpr std::string_view name_of(Level level) {
  return level == Level::quick ? "quick" : level == Level::thorough ? "thorough" : "standard";
}

struct VerifyOptions {
  JobAd job;                       // what is verified
  std::optional<JobAd> reference;  // the same result without a checkpoint
  std::optional<JobAd> other;      // another job, whose checkpoint must be refused
  std::string why_no_other;        // for `foreign`, if there is none
  std::string name;                // Findings::job
  std::string command;             // Findings::command: "cairn verify --compare … -- ./sweep 9"
  std::string command_tail;        // how `command` ends: " -- ./sweep 9", or ""

  Level level = Level::standard;
  bool power_cut = false;
  std::set<Property> only;         // empty: all
  std::optional<std::string> cut;  // only this one; wants one property in `only`
  std::uint64_t seed = 1;
  Comparison comparison;
  int jobs = 0;  // executions at a time; 0: as many as cores
  std::chrono::milliseconds time_limit{std::chrono::hours(1)};  // of one undisturbed run

  // Bytes that the state of a checkpoint may grow to; nothing: it may not grow without need.
  std::optional<std::uint64_t> checkpoint_max;

  Path scratch;       // an absolute folder that is not there yet, its parent is; removed in the end
  bool keep = false;  // it stays

  // `command` with more options, for Flaw::repeat: "--only killed --cut 17 --seed 5".
  std::string command_with(const std::string& more) const {
    return command.substr(0, command.size() - command_tail.size()) + ' ' + more + command_tail;
  }
};

// Where it stands, for a line on the terminal.
struct Progress {
  Property property = Property::reference;
  std::string doing;                  // "cut 12 of 40"
  double fraction = 0;                // of all, 0 to 1
  std::chrono::milliseconds left{0};  // estimated
};

}  // namespace cairn::verify
