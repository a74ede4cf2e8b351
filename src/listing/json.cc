#include "listing/json.h"

#include "base/text.h"

namespace cairn::listing {

using Json = nlohmann::ordered_json;

Json to_json(const Goodput& goodput) {
  return {{"wall_ms", goodput.wall().count()},       {"useful_ms", goodput.useful.count()},
          {"lost_ms", goodput.lost.count()},         {"checkpoint_ms", goodput.checkpoint.count()},
          {"transfer_ms", goodput.transfer.count()}, {"restart_ms", goodput.restart.count()},
          {"pending_ms", goodput.pending.count()},   {"checkpoints", goodput.checkpoints},
          {"evictions", goodput.evictions},          {"goodput", goodput.fraction()}};
}

Json to_json(const JobView& job) {
  Json json = {{"job", to_text(job.id)},
               {"name", job.name},
               {"owner", job.owner},
               {"command", job.command},
               {"state", std::string(to_text(job.state))},
               {"submitted_ms", job.submitted_ms},
               {"since_ms", job.since_ms},
               {"where", job.where},
               {"starts", job.starts},
               {"holds", job.holds},
               {"crashes", job.crashes}};
  if (job.checkpoint) json["last_checkpoint"] = *job.checkpoint;
  if (job.checkpoint_ms) json["checkpoint_ms"] = *job.checkpoint_ms;
  if (job.progress) json["progress"] = *job.progress;
  if (job.exit && job.exit->by_signal) json["exit_signal"] = job.exit->signal;
  if (job.exit && !job.exit->by_signal) json["exit_code"] = job.exit->code;
  if (job.hold)
    json["hold"] = {
        {"code", job.hold->code}, {"subcode", job.hold->subcode}, {"reason", job.hold->reason}};
  json["account"] = to_json(job.goodput);
  return json;
}

Json to_json(const std::map<JobState, std::int64_t>& counts) {
  Json json = Json::object();
  std::int64_t jobs = 0;
  for (std::size_t i = 0; i < kJobStates; ++i) {
    const auto state = static_cast<JobState>(i);
    const auto found = counts.find(state);
    const std::int64_t count = found == counts.end() ? 0 : found->second;
    json[std::string(to_text(state))] = count;
    jobs += count;
  }
  json["jobs"] = jobs;
  return json;
}

std::string dump(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + '\n';
}

}  // namespace cairn::listing
