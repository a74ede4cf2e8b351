"""HTCondor 4.6: vacate, hold, release, remove, and the allowed durations; words as a real 23.9.6 has them."""
from clause import *

OFTEN = ("--policy-interval", "100ms")
WAITS = 'note "$step"\nsave 1\ngate running\n: > result\n'
# A policy may come before the program has been started, or has said anything.
WAITS_AT_FIRST = 'note "$step"\ngrep -q "^NumJobStarts = 1$" .job.ad && gate running\n: > result\n'

with World() as world:
    world.job(WAITS, **{"+PeriodicHold": "NumJobStarts == 1 && JobStatus == 2", "+PeriodicHoldSubCode": "7"})
    world.run(*OFTEN, status=1)
    equal(world.hold(), (3, 7, "The job attribute PeriodicHold expression "
                               "'NumJobStarts == 1 && JobStatus == 2' evaluated to TRUE"))
    equal([number for number, _, _ in world.log()][-1], "012")
    assert "021" not in [number for number, _, _ in world.log()]

# A hold that a policy releases; it is a new activation then, and another status.
with World() as world:
    world.job(WAITS_AT_FIRST,
              **{"+PeriodicHold": "NumHolds =?= undefined && JobStatus == 2",
                 "+PeriodicHoldReason": '"a rest"',
                 "+PeriodicRelease": 'HoldReasonCode == 3 && HoldReason == "a rest"'})
    world.run(*OFTEN)
    equal(world.query("SELECT state, activation FROM jobs"), [("completed", 2)])
    contains([body for number, _, body in world.log() if number == "013"][0], "PeriodicRelease expression")

with World() as world:
    world.job(WAITS, **{"+PeriodicRemove": "JobStatus == 2"})
    world.run(*OFTEN, status=1)
    equal(world.state(), "removed")
    contains(world.log()[-1][2], "The job attribute PeriodicRemove expression 'JobStatus == 2' evaluated to TRUE")

with World() as world:
    world.job(WAITS_AT_FIRST,
              **{"+PeriodicVacate": "NumJobStarts < 2 && JobStatus == 2"})
    world.run(*OFTEN)
    [(state, activation)] = world.query("SELECT state, activation FROM jobs")
    assert state == "completed" and activation > 1, (state, activation)
    contains([body for number, _, body in world.log() if number == "004"][0],
             "The job attribute PeriodicVacate expression 'NumJobStarts < 2 && JobStatus == 2' evaluated to TRUE")

for attribute, code, what in (("AllowedJobDuration", 46, "job"), ("AllowedExecuteDuration", 47, "execute")):
    with World() as world:
        world.job(WAITS, **{"+" + attribute: "0"})
        world.run(*OFTEN, status=1)
        equal(world.hold(), (code, 0, f"The job exceeded allowed {what} duration of 00:00"))

# The canary: what is false or undefined decides nothing.
with World() as world:
    world.job("note ran\nsleep 0.5\n: > result\n",
              **{"+PeriodicHold": "NoSuchThing > 3", "+PeriodicRemove": "JobStatus == 5", "+PeriodicVacate": "error"})
    world.run(*OFTEN)
    equal((world.state(), world.notes()), ("completed", ["ran"]))
