"""cairn log: what happened, HTCondor's event log, and what the job prints while it runs."""
import json

from clause import *

with World() as world:
    world.job("""
echo "out of $step"; echo "err of $step" >&2
if [ $step = 0 ]; then save 1; exit 77; fi
gate running
echo "last words"
: > result
""")
    process = world.start("run", "job.sub")
    world.wait_for_gate("running")
    equal(world.cairn("log", "1", "--stdout").out, "out of 0\nout of 1\n")
    equal(world.cairn("log", "1.0", "--stderr").out, "err of 0\nerr of 1\n")
    followers = [world.start("log", "job", "--follow", *more) for more in ([], ["--stdout"], ["--events"])]
    world.open_gate("running")
    world.finish(process)
    happened, printed, logged = (world.finish(each).out for each in followers)
    contains(happened.splitlines()[0], "submitted")
    contains(happened, "checkpoint 0 spooled")
    contains(happened.splitlines()[-1], "outputs are in place")
    equal(printed, "out of 0\nout of 1\nlast words\n")
    equal(logged, world.read("job.log"))
    events = [json.loads(line) for line in world.cairn("log", "1", "--json").out.splitlines()]
    equal(sorted(events[0]), ["activation", "text", "time_ms"])

    interrupted = world.start("log", "1", "--follow")
    world.finish(interrupted)  # a job that is over is not followed for ever

    world.job(": > result\n", log=None, output=None)
    world.run()
    contains(world.cairn("log", "2", "--events", status=1).err, "cairn: job 2.0 has no event log; write log = FILE")
    contains(world.cairn("log", "2", "--stdout", status=1).err, "cairn: job 2.0 keeps no stdout")
    contains(world.cairn("log", "3", status=2).err, "there is no cluster 3")
