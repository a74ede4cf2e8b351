#include "cli/view.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>

#include "base/units.h"
#include "listing/table.h"

namespace cairn::cli {
namespace {

using std::chrono::milliseconds;

struct Size {
  std::size_t rows = 24, columns = 80;
};

Size size_of(int terminal) {
  winsize window{};
  if (::ioctl(terminal, TIOCGWINSZ, &window) == -1 || window.ws_row == 0 || window.ws_col == 0)
    return {};
  return {window.ws_row, window.ws_col};
}

class PlainView final : public Observer {
 public:
  explicit PlainView(std::ostream& out) : out_(out) {}
  void tell(JobId id, const std::string& line, Weight) override {
    out_ << to_text(id) << ' ' << line << std::endl;
  }
  void notice(const std::string& line) override { out_ << line << std::endl; }
  bool wants_status() const override { return false; }
  void status(const std::vector<JobStatus>&) override {}

 private:
  std::ostream& out_;
};

class QuietView final : public Observer {
 public:
  void tell(JobId, const std::string&, Weight) override {}
  void notice(const std::string&) override {}
  bool wants_status() const override { return false; }
  void status(const std::vector<JobStatus>&) override {}
};

// Redraws its lines in place; what is notable stays above them.
class LiveView final : public Observer {
 public:
  LiveView(std::ostream& out, int terminal) : out_(out), terminal_(terminal) {}
  LiveView(const LiveView&) = delete;
  LiveView& operator=(const LiveView&) = delete;
  ~LiveView() override { out_ << std::flush; }

  void tell(JobId id, const std::string& line, Weight weight) override {
    if (weight == Weight::notable) notice(fmt::format("{} {}", to_text(id), line));
  }
  void notice(const std::string& line) override {
    erase();
    out_ << line << '\n';
    draw();
  }
  bool wants_status() const override { return true; }
  void status(const std::vector<JobStatus>& jobs) override {
    jobs_ = jobs;
    erase();
    draw();
  }

 private:
  void erase() {
    if (drawn_ > 0) out_ << fmt::format("\x1b[{}F\x1b[J", drawn_);
    drawn_ = 0;
  }

  // As many jobs as fit, those first that have something to tell.
  void draw() {
    const Size size = size_of(terminal_);
    std::vector<const JobStatus*> order;
    for (const JobStatus& job : jobs_) order.push_back(&job);
    const std::size_t room = std::max<std::size_t>(size.rows, 4) - 2;
    if (order.size() > room)
      std::stable_partition(order.begin(), order.end(), [](const JobStatus* job) {
        return job->state != JobState::completed && job->state != JobState::idle;
      });
    for (std::size_t i = 0; i < std::min(room, order.size()); ++i)
      line(status_line(*order[i]), size.columns);
    if (order.size() > room) line(fmt::format("and {} more", order.size() - room), size.columns);
    out_ << std::flush;
  }

  void line(const std::string& text, std::size_t columns) {
    out_ << text.substr(0, columns - 1) << '\n';
    ++drawn_;
  }

  std::ostream& out_;
  int terminal_;
  std::vector<JobStatus> jobs_;
  int drawn_ = 0;
};

std::string percent(double fraction) { return fmt::format("{:.0f} %", 100 * fraction); }

// "19.8 s 82 %"
std::string share(milliseconds part, milliseconds whole) {
  if (part.count() == 0) return "";
  const double fraction = static_cast<double>(part.count()) /
                          static_cast<double>(std::max<std::int64_t>(whole.count(), 1));
  return fmt::format("{} {:>3.0f} %", format_duration(part), 100 * fraction);
}

std::string outcome(const JobStatus& job) {
  if (job.hold) return "held";
  if (job.state != JobState::completed) return std::string(to_text(job.state));
  if (!job.exit) return "completed";
  return job.exit->by_signal ? fmt::format("signal {}", job.exit->signal)
                             : fmt::format("{}", job.exit->code);
}

std::vector<std::string> row(std::string name, const Goodput& goodput, std::string end) {
  const milliseconds wall = goodput.wall();
  return {std::move(name),
          format_duration(wall),
          share(goodput.useful, wall),
          share(goodput.lost, wall),
          share(goodput.checkpoint, wall),
          share(goodput.transfer, wall),
          share(goodput.restart, wall),
          fmt::format("{}", goodput.checkpoints),
          fmt::format("{}", goodput.evictions),
          std::move(end)};
}

nlohmann::json to_json(const Goodput& goodput) {
  return {{"wall_ms", goodput.wall().count()},       {"useful_ms", goodput.useful.count()},
          {"lost_ms", goodput.lost.count()},         {"checkpoint_ms", goodput.checkpoint.count()},
          {"transfer_ms", goodput.transfer.count()}, {"restart_ms", goodput.restart.count()},
          {"pending_ms", goodput.pending.count()},   {"checkpoints", goodput.checkpoints},
          {"evictions", goodput.evictions},          {"goodput", goodput.fraction()}};
}

nlohmann::json to_json(const JobStatus& job) {
  nlohmann::json json = to_json(job.goodput);
  json["job"] = to_text(job.id);
  json["state"] = to_text(job.state);
  if (job.checkpoint) json["last_checkpoint"] = *job.checkpoint;
  if (job.exit && job.exit->by_signal) json["exit_signal"] = job.exit->signal;
  if (job.exit && !job.exit->by_signal) json["exit_code"] = job.exit->code;
  if (job.hold)
    json["hold"] = {
        {"code", job.hold->code}, {"subcode", job.hold->subcode}, {"reason", job.hold->reason}};
  return json;
}

const char* to_text(Ending ending) {
  switch (ending) {
    case Ending::completed:
      return "completed";
    case Ending::failed:
      return "failed";
    case Ending::interrupted:
      return "interrupted";
  }
  return "";
}

}  // namespace

std::unique_ptr<Observer> make_view(ViewKind kind, std::ostream& out, int terminal) {
  if (kind == ViewKind::quiet) return std::make_unique<QuietView>();
  if (kind == ViewKind::live) return std::make_unique<LiveView>(out, terminal);
  return std::make_unique<PlainView>(out);
}

std::string status_line(const JobStatus& job) {
  const std::string checkpoint =
      job.checkpoint ? fmt::format("checkpoint {}", *job.checkpoint) : "no checkpoint";
  return fmt::format("{:<6} {:<9}  {:<16} {:>5}  goodput {:>5}  {}", to_text(job.id),
                     to_text(job.state), checkpoint, job.progress ? percent(*job.progress) : "",
                     percent(job.goodput.fraction()), format_duration(job.elapsed));
}

std::string wall_time_table(const std::vector<JobStatus>& jobs) {
  std::vector<listing::Column> columns = {{"job"}};
  for (const char* title : {"wall time", "useful", "lost", "checkpoint", "transfer", "restart",
                            "checkpoints", "evictions", "exit"})
    columns.push_back({title, listing::Align::right});
  listing::Table table(std::move(columns));
  Goodput total;
  for (const JobStatus& job : jobs) {
    table.add(row(to_text(job.id), job.goodput, outcome(job)));
    total += job.goodput;
  }
  if (jobs.size() > 1) table.add(row("total", total, ""));
  return "Where the wall time went\n" + table.text();
}

std::string report_json(const RunResult& result, int cluster) {
  Goodput total;
  nlohmann::json jobs = nlohmann::json::array();
  for (const JobStatus& job : result.jobs) {
    jobs.push_back(to_json(job));
    total += job.goodput;
  }
  const nlohmann::json report = {{"cluster", cluster},
                                 {"ending", to_text(result.ending)},
                                 {"jobs", std::move(jobs)},
                                 {"total", to_json(total)}};
  return report.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + '\n';
}

}  // namespace cairn::cli
