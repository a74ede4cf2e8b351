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

// How a log is written: HTCondor's DEFAULT_USERLOG_FORMAT_OPTIONS.
struct LogFormat {
  EventForm form = EventForm::text;
  bool utc = false;
  bool sub_second = false;
  // An event's time in it.
  EventHead head(const JobId& id, std::int64_t time_ms) const {
    EventHead head{id, time_ms / 1000, utc};
    if (sub_second) head.milliseconds = static_cast<int>(time_ms % 1000);
    return head;
  }
};
//   options  words between blanks, commas or |: XML, JSON, UTC, SUB_SECOND, ISO_DATE; others are
//            left out, as HTCondor does
LogFormat log_format(std::string_view options);

// One event, as text, in another form: as a pool would have written it there.
// Text that is no event is given back as it is.
std::string in_form(std::string_view event_text, EventForm form);

}  // namespace cairn
