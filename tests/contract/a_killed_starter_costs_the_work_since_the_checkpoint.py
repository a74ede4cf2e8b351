"""The starter dies, and everything that the job started with it."""
from clause import *

with World() as world:
    world.job("""
note "$step"
if [ $step = 0 ]; then save 1; exit 77; fi
sleep 1000 & setsid sleep 1000 &
echo $$ $! > "$GATES/pids"
gate running
echo $step > result
""")
    process = world.start("run", "job.sub")
    world.wait_for_gate("running")
    world.wait_for_checkpoint(0)
    pids = [int(pid) for pid in (world.gates / "pids").read_text().split()]
    (world.gates / "running.reached").unlink()
    os.kill(parent_of(pids[0]), SIGKILL)
    world.wait_for_gate("running")
    assert not any(map(alive, pids)), "a process of the old activation lives"
    world.open_gate("running")
    world.finish(process)
    equal(world.notes(), ["0", "1", "1"])
