#include "verify/life.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <sstream>

#include "base/text.h"
#include "base/try.h"
#include "engine/sandbox.h"

namespace cairn::verify {
namespace {

// A checkpoint that was there so often is no progress any more.
constexpr int kRoundsMax = 3;

// Removes a machine's folder at the end of its scope.
class LaidOut {
 public:
  LaidOut(const Lab& lab, Machine machine) : lab_(lab), machine_(std::move(machine)) {}
  LaidOut(const LaidOut&) = delete;
  LaidOut& operator=(const LaidOut&) = delete;
  ~LaidOut() { std::ignore = lab_.tear_down(machine_); }
  const Machine& machine() const { return machine_; }

 private:
  const Lab& lab_;
  Machine machine_;
};

std::optional<End> end_of(const Execution& execution, const JobSpec& job) {
  if (execution.stopped) return End::stopped;
  if (execution.cut) return End::cut;
  if (execution.out_of_time) return End::out_of_time;
  // Killed because it did not leave in time: what it left counts as after any other kill.
  if (execution.out_of_grace) return End::cut;
  if (is_checkpoint_exit(execution.exit, job, Contract::cairn)) return {};
  if (!execution.exit.by_signal && execution.exit.code == 0) return End::completed;
  return End::failed;
}

class Liver {
 public:
  Liver(Lab& lab, const LifeOrder& order, const std::atomic<bool>& stop)
      : lab_(lab), order_(order), stop_(stop) {}
  Result<Life> run();

 private:
  Status settle(const Machine& machine);
  Result<std::optional<End>> one_execution(const Machine& machine);
  Result<std::optional<End>> after_checkpoint_exit(const Machine& machine, Stretch& stretch);

  Lab& lab_;
  const LifeOrder& order_;
  const std::atomic<bool>& stop_;
  Life life_;
  std::map<std::string, int> seen_;  // checkpoints, by their keys
  std::string last_key_;
  std::string printed_, complained_;  // before the execution
};

// `all` without `before`, with which it begins.
std::string rest_of(const std::string& all, const std::string& before) {
  return all.starts_with(before) ? all.substr(before.size()) : all;
}

Result<Life> Liver::run() {
  Image folder = order_.start;
  printed_ = lab_.standard_output(folder);
  complained_ = lab_.standard_error(folder);
  Lab::Site site = order_.site;
  for (;;) {
    CAIRN_TRY(Machine machine, lab_.set_up(folder, site));
    const LaidOut laid_out(lab_, std::move(machine));
    std::optional<End> end;
    do {
      CAIRN_TRY(end, one_execution(laid_out.machine()));
    } while (!end && !order_.moves);
    if (end) {
      life_.end = *end;
      CAIRN_CHECK(settle(laid_out.machine()));
      return std::move(life_);
    }
    folder = lab_.fresh(*life_.last().checkpoint);
    site = Lab::Site::another;
  }
}

Status Liver::settle(const Machine& machine) {
  if (life_.end != End::completed) return {};
  CAIRN_TRY(Lab::Outputs outputs, lab_.outputs(machine, life_.last().after));
  life_.outcome = std::move(outputs.outcome);
  life_.missing_outputs = std::move(outputs.missing);
  return {};
}

// Nothing: the job goes on.
Result<std::optional<End>> Liver::one_execution(const Machine& machine) {
  if (stop_) return std::optional(End::stopped);
  ExecutionOrder order = lab_.order(machine);
  order.time_limit = order_.execution_limit;
  if (order_.adjust) order_.adjust(order, static_cast<int>(life_.stretches.size()));
  CAIRN_TRY(Execution execution, execute(order, lab_.store(), stop_));
  life_.wall += execution.wall;
  Stretch stretch;
  stretch.execution = std::move(execution);
  stretch.machine = machine;
  CAIRN_TRY(stretch.after, lab_.store().capture(machine.folder));
  const std::string printed = lab_.standard_output(stretch.after);
  const std::string complained = lab_.standard_error(stretch.after);
  stretch.printed = rest_of(printed, printed_);
  stretch.complained = rest_of(complained, complained_);
  printed_ = printed;
  complained_ = complained;
  auto end = end_of(stretch.execution, lab_.job());
  if (end) {
    life_.stretches.push_back(std::move(stretch));
    return end;
  }
  auto after = after_checkpoint_exit(machine, stretch);
  life_.stretches.push_back(std::move(stretch));
  if (after && !*after && order_.known && order_.known(life_.last()))
    return std::optional(End::known);
  return after;
}

Result<std::optional<End>> Liver::after_checkpoint_exit(const Machine& machine, Stretch& stretch) {
  auto checkpoint = lab_.checkpoint(machine, stretch.after);
  if (!checkpoint) {
    life_.why = checkpoint.error().message;
    return std::optional(End::held);
  }
  stretch.checkpoint = *std::move(checkpoint);
  const std::string key = Lab::state_key(*stretch.checkpoint);
  if (key == last_key_) ++life_.same_checkpoints;
  last_key_ = key;
  if (++seen_[key] >= kRoundsMax) return std::optional(End::going_round);
  if (static_cast<int>(life_.stretches.size()) + 1 >= order_.executions_max)
    return std::optional(End::too_long);
  return std::optional<End>();
}

}  // namespace

std::string Stretch::last_words() const {
  const std::string complaint = last_line(complained);
  return complaint.empty() ? last_line(printed) : complaint;
}

int Life::checkpoints() const {
  return static_cast<int>(std::count_if(stretches.begin(), stretches.end(), [](const Stretch& one) {
    return one.checkpoint.has_value();
  }));
}

Result<Life> live(Lab& lab, const LifeOrder& order, const std::atomic<bool>& stop) {
  return Liver(lab, order, stop).run();
}

std::string text_of(const ExitStatus& exit) {
  if (!exit.by_signal) return cat("exit code ", exit.code);
  return cat("signal ", exit.signal, " (", ::strsignal(exit.signal), ")");
}

std::string last_line(const std::string& text) {
  constexpr std::size_t kLineMax = 160;
  std::istringstream in(text);
  std::string last;
  for (std::string line; std::getline(in, line);)
    if (!trim(line).empty()) last = std::string(trim(line));
  return last.size() > kLineMax ? cat(last.substr(0, kLineMax), "…") : last;
}

std::string text_of(const Life& life) {
  switch (life.end) {
    case End::completed:
      return "it completed";
    case End::failed: {
      const std::string said = life.last().last_words();
      return cat("it ended with ", text_of(life.last().execution.exit),
                 said.empty() ? std::string() : cat(": ", said));
    }
    case End::cut:
      return "it was killed";
    case End::known:
      return "it went on as the undisturbed run";
    case End::held:
      return cat("it would be held: ", life.why);
    case End::going_round:
      return "it makes the same checkpoint again and again";
    case End::too_long:
      return cat("it did not end within ", life.stretches.size(), " executions");
    case End::out_of_time:
      return "it hung";
    case End::stopped:
      return "it was stopped";
  }
  return {};
}

}  // namespace cairn::verify
