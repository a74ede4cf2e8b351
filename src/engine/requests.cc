#include "engine/requests.h"

#include <array>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "engine/protocol.h"

namespace cairn {

using Json = nlohmann::json;

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(JobId, cluster, proc)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(JobAnswer, id, makes_sense, text)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(EngineStatus, pid, since_ms, waiting, running, cpus, cpus_free,
                                   memory_mb, memory_mb_free, disk_kb, disk_kb_free,
                                   kernel_limits_memory, slots_max)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(EngineReply, answers, status)

namespace {

constexpr std::array<std::string_view, 8> kVerbs = {"status", "wake",        "hold",   "release",
                                                    "vacate", "vacate_fast", "remove", "stop"};

// MessagePack, as between engine and starter: reasons need not be valid UTF-8.
std::string packed(const Json& json) {
  std::string bytes;
  Json::to_msgpack(json, bytes);
  return bytes;
}

Error unreadable(const char* what) {
  return {Errc::corrupt, cat("a message cannot be read: ", what), 0,
          "are engine and command of one version?"};
}

}  // namespace

std::string_view to_text(RequestVerb verb) { return kVerbs.at(static_cast<std::size_t>(verb)); }

std::string encode(const EngineRequest& request) {
  return packed({{"verb", static_cast<int>(request.verb)},
                 {"jobs", request.jobs},
                 {"reason", request.reason}});
}
std::string encode(const EngineReply& reply) { return packed(reply); }

Result<EngineRequest> decode_engine_request(std::string_view bytes) {
  if (!is_shallow(bytes)) return unreadable("it is damaged, or nested too deep");
  try {
    const Json json = Json::from_msgpack(bytes);
    const int verb = json.at("verb");
    if (verb < 0 || verb >= static_cast<int>(kVerbs.size())) return unreadable("unknown verb");
    return EngineRequest{static_cast<RequestVerb>(verb), json.at("jobs").get<std::vector<JobId>>(),
                         json.at("reason").get<std::string>()};
  } catch (const Json::exception& problem) {
    return unreadable(problem.what());
  }
}

Result<EngineReply> decode_engine_reply(std::string_view bytes) {
  if (!is_shallow(bytes)) return unreadable("it is damaged, or nested too deep");
  try {
    return Json::from_msgpack(bytes).get<EngineReply>();
  } catch (const Json::exception& problem) {
    return unreadable(problem.what());
  }
}

}  // namespace cairn
