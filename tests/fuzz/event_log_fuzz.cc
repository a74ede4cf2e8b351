// Any text as a job event log: never a crash or a hang, and what was read can be written in
// every form and is one event again.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/assert.h"
#include "job/event_forms.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cairn;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto events = parse_any_event_log(text);
  for (const EventForm form : {EventForm::json, EventForm::xml}) {
    const std::string written = in_form(text, form);
    if (!events || event_form(text) != EventForm::text || events->size() != 1) continue;
    const auto again = parse_any_event_log(written);
    CAIRN_ASSERT(again && again->size() == 1 && again->front().number == events->front().number,
                 "an event in another form is that event");
  }
  return 0;
}
