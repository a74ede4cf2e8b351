"""Two first `cairn run` of one file at the same instant make one cluster: one runs it, the other is told so."""
from clause import *

for _ in range(5):
    with World() as world:
        world.job('note "$step"; gate running; : > result\n')
        runs = [world.start("run", "job.sub") for _ in range(4)]
        world.wait_for_gate("running")
        losers = [run for run in runs if wait_for(lambda: sum(r.poll() is not None for r in runs) == 3, "three refusals")
                  and run.poll() is not None]
        for run in losers:
            contains(world.finish(run, 2).err, "cluster 1 is being run by pid")
        world.open_gate("running")
        for run in runs:
            if run not in losers:
                world.finish(run)
        equal(world.query("SELECT cluster, proc FROM jobs"), [(1, 0)])
        equal(world.notes(), ["0"])
