// The job event log in HTCondor's other forms: JSON (EVENT_LOG_FORMAT_OPTIONS = JSON) and XML
// (log_xml = true).  Each event is an object there; here it is turned into what the text form
// would say, and back, so that whoever follows a log need not know in which form it is.
// Goldens: src/job/testdata/forms.*, from a real pool.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cairn/result.h"
#include "job/event_log.h"

namespace cairn {

enum class EventForm { text, json, xml };

// By its first letter: { is JSON, < is XML.
EventForm event_form(std::string_view log);

// Events of any form; a torn one at the end is left out.
// Errors: invalid, with the line (text) or the offset.
Result<std::vector<LoggedEvent>> parse_any_event_log(std::string_view log);

// One event, as text, in another form: as a pool would have written it there.
// Text that is no event is given back as it is.
std::string in_form(std::string_view event_text, EventForm form);

}  // namespace cairn
