// Jobs as JSON, for the verbs that share its keys.  For .cc files only: it brings
// nlohmann/json.hpp along.
#pragma once

#include <map>
#include <nlohmann/json.hpp>

#include "listing/job_view.h"

namespace cairn::listing {

nlohmann::ordered_json to_json(const Goodput& goodput);
nlohmann::ordered_json to_json(const JobView& job);
nlohmann::ordered_json to_json(const std::map<JobState, std::int64_t>& counts);
// With a newline at its end; what is no UTF-8 is replaced.
std::string dump(const nlohmann::ordered_json& json);

}  // namespace cairn::listing
