"""SIGINT to `cairn run`: a soft vacate of every job; what they save at that is spooled."""
from clause import *

with World() as world:
    world.job("""
trap 'save 7; exit 77' TERM
note "$step"
[ $step = 7 ] || gate running
echo $step > result
""")
    process = world.start("run", "job.sub")
    world.wait_for_gate("running")
    process.send_signal(SIGINT)
    finished = world.finish(process, status=3)
    contains(finished.err, "cairn run job.sub")
    equal((world.state(), world.checkpoints()), ("idle", ["000000"]))
    world.run()
    equal(world.notes(), ["0", "7"])
    equal(world.read("result"), "7\n")
