"""The second is told who has it."""
from clause import *

with World() as world:
    world.job("gate running\n: > result\n")
    process = world.start("run", "job.sub")
    world.wait_for_gate("running")
    finished = world.run(status=2)
    contains(finished.err, f"cluster 1 is being run by pid {process.pid}")
    world.open_gate("running")
    world.finish(process)
