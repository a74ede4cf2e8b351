"""kill -9 of `cairn run`: its job ends, and the same command goes on from the checkpoint."""
from clause import *

with World() as world:
    world.job("""
note "$step"
if [ $step = 0 ]; then save 1; exit 77; fi
setsid sleep 1000 &
echo $$ $! > "$GATES/pids"
gate running
echo $step > result
""")
    process = world.start("run", "job.sub")
    world.wait_for_gate("running")
    world.wait_for_checkpoint(0)
    pids = [int(pid) for pid in (world.gates / "pids").read_text().split()]
    world.kill(process)
    wait_for(lambda: not any(map(alive, pids)), "the end of the job of a dead engine")
    equal(world.state(), "running")
    world.open_gate("running")
    finished = world.run()
    contains(finished.out, "cluster 1 goes on where it was")
    equal(world.notes(), ["0", "1", "1"])
    equal(world.read("result"), "1\n")
    assert any(number == "004" for number, _, _ in world.log()), "the lost activation is not in the log"
