"""As HTCondor's DEFAULT_USERLOG_FORMAT_OPTIONS says, in the environment as its configuration may stand there."""
import json
import os
import re
from clause import World

JOB = "echo done > result\n"
KNOB = "_CONDOR_DEFAULT_USERLOG_FORMAT_OPTIONS"
os.environ["TZ"] = "Asia/Tokyo"


def log_with(options):
    os.environ[KNOB] = options
    with World() as world:
        world.job(JOB)
        world.run()
        return world.read("job.log")


local = re.findall(r"^0\d\d \([\d.]+\) (\S+ \S+) ", log_with(""), re.M)
assert local and all(re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", time) for time in local), local

utc = re.findall(r"^0\d\d \([\d.]+\) (\S+ \S+) ", log_with("UTC, SUB_SECOND"), re.M)
assert utc and all(re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}Z", time) for time in utc), utc
hours = (int(local[0][11:13]) - int(utc[0][11:13])) % 24
assert hours in (8, 9), (local[0], utc[0])  # 9, or the hour went by in between

text = log_with("JSON|UTC")
decoder, events, at = json.JSONDecoder(), [], 0
while text[at:].strip():
    at += len(text[at:]) - len(text[at:].lstrip())
    event, at = decoder.raw_decode(text, at)
    events.append(event)
assert {event["EventTypeNumber"] for event in events} >= {0, 1, 5}, events
assert all(event["EventTime"].endswith("Z") for event in events), events
assert events[-1]["MyType"] == "JobTerminatedEvent", events[-1]
