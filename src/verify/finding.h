// What `cairn verify` found: values, from which every form of report is made.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "verify/oracle.h"

namespace cairn::verify {

// In the order in which they are tried.
enum class Property {
  reference,
  reproducible,
  progress,
  sufficient,
  killed,
  vacated,
  power_cut,
  damaged,
  foreign,
  outputs_once,
  disk_full,
  cost,
};
inline constexpr int kProperties = 12;
std::string_view name_of(Property property);  // "power_cut"
std::optional<Property> parse_property(std::string_view name);
std::string_view question_of(Property property);  // "Is a checkpoint all that the job needs?"

enum class Verdict { pass, fail, untested };
std::string_view name_of(Verdict verdict);  // "pass", "fail", "untested"

// One way in which a property failed.
struct Flaw {
  std::string
      seen;  // "killed at cut 17, before write 3 of state.dat: it ended with another result"
  std::optional<Difference> difference;
  std::string cause;   // "the checkpoint is overwritten in place, so a kill leaves half of it"
  std::string repeat;  // "cairn verify --only killed --cut 17 --seed 5 job.sub"
  std::string advice;  // "write to another name, sync, then rename"
};

struct Finding {
  Property property = Property::reference;
  Verdict verdict = Verdict::untested;
  std::string evidence;              // one line; of an untested one: why
  std::vector<Flaw> flaws;           // of kinds that differ, at most 5; the first is the clearest
  std::vector<std::string> remarks;  // what passes and should still be known
  std::chrono::milliseconds elapsed{0};
};

// A bar of the timeline: one trial, and where it was cut.
struct TrialBar {
  Property property = Property::reference;
  std::string label;  // "undisturbed", "cut 17"
  bool good = true;
  std::chrono::milliseconds from{0}, to{0};  // since verify began
  struct Mark {
    std::chrono::milliseconds at{0};
    enum class Kind { start, checkpoint, cut, end } kind = Kind::start;
    std::string text;
  };
  std::vector<Mark> marks;
};

enum class Overall { pass, fail, undecided };
std::string_view name_of(Overall overall);  // "pass", "fail", "undecided"

struct Findings {
  Overall overall = Overall::undecided;
  std::string undecided_why;  // one sentence, if so
  std::string job;            // "sweep.sub, job 0 of 3: ./sweep 0 20000"
  std::string command;        // "cairn verify sweep.sub": how it was called
  std::uint64_t seed = 0;
  std::string level;              // "quick", "standard", "thorough"
  std::vector<Finding> findings;  // one per property that was asked for, in order
  std::vector<TrialBar> timeline;
  std::vector<std::string> notes;  // about the whole: what this machine could not isolate
  std::chrono::milliseconds elapsed{0};
  std::string kept;  // the scratch folder, if it was kept
};

}  // namespace cairn::verify
