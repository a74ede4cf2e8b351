"""HTCondor 4.6: on_exit_hold, then on_exit_remove; words, codes and events as a real 23.9.6 has them."""
from clause import *

HOLD = "The job attribute OnExitHold expression 'ExitCode == 3' evaluated to TRUE"
with World() as world:
    # Its outputs are brought first, and nothing but the hold is logged.
    world.job("note ran\necho x > result\nexit 3\n", **{"+OnExitHold": "ExitCode == 3", "+OnExitRemove": "false"})
    world.run(status=1)
    equal(world.hold(), (3, 0, HOLD))
    equal(world.read("result"), "x\n")
    equal([number for number, _, _ in world.log()][-2:], ["040", "012"])

with World() as world:
    world.job("exit 3\n", **{"+OnExitHold": "ExitCode =!= 0", "+OnExitHoldSubCode": "42", "transfer_output_files": None,
                             "+OnExitHoldReason": 'strcat("bad exit ", ExitCode)'})
    world.run(status=1)
    equal(world.hold(), (3, 42, "bad exit 3"))

# The canary of the first: an expression that is false, undefined or an error holds nothing.
for unclear in ("ExitCode == 4", "NoSuchThing > 3", "error"):
    with World() as world:
        world.job("echo x > result\nexit 3\n", **{"+OnExitHold": unclear})
        world.run(status=1)
        equal(world.state(), "completed")

with World() as world:
    world.job('note "$step"\nif [ $step = 0 ]; then save 1; exit 77; fi\n: > result\nexit 3\n',
              **{"+OnExitRemove": "NumJobStarts >= 3"})
    world.run(status=1)
    equal(world.notes(), ["0", "1", "1", "1"])  # a checkpoint is no exit
    evicted = [body for number, _, body in world.log() if number == "004"]
    equal(len(evicted), 2)
    contains(evicted[0], "The job attribute OnExitRemove expression 'NumJobStarts >= 3' evaluated to FALSE")

# What is not plainly false lets the job leave.
with World() as world:
    world.job("note ran\n: > result\nexit 3\n", **{"+OnExitRemove": "NoSuchThing > 3"})
    world.run(status=1)
    equal((world.state(), world.notes()), ("completed", ["ran"]))

# Killed: goes on from its checkpoint, unless the job itself says that this is the end.
with World() as world:
    world.job('note "$step"\nif [ $step = 0 ]; then save 1; exit 77; fi\nkill -9 $$\n', **{"+OnExitRemove": "true"})
    world.run(status=1)
    equal(world.notes(), ["0", "1"])
