"""Engine and starter die while a checkpoint is being spooled: the sandbox still has it, and it is spooled again."""
from clause import *

with World() as world:
    world.job("""
note "$step"
if [ $step = 0 ]; then truncate -s 1G big; save 1; gate saved; exit 77; fi
echo $step > result
""", transfer_checkpoint_files="state, big")
    process = world.start("run", "job.sub")
    world.wait_for_gate("saved")
    [starter] = children_of(process.pid)
    world.open_gate("saved")
    assert stop_when(lambda: world.checkpoints() == ["000000.tmp"], starter), "it was not seen at the spooling"
    for pid in (process.pid, starter):
        os.kill(pid, SIGKILL)
    process.communicate()
    equal((world.state(), world.checkpoints()), ("spooling", ["000000.tmp"]))
    os.truncate(world.sandboxes()[0] / "big", 1 << 20)  # enough of it
    finished = world.run()
    contains(finished.out, "checkpoint 0 spooled")
    equal(world.notes(), ["0", "1"])  # the first execution was not repeated
    equal(world.query("SELECT activation FROM jobs"), [(1,)])  # nor was its sandbox left
    equal([number for number, _, _ in world.log() if number in ("001", "004", "005")], ["001", "005"])
    equal(world.cairn("history", "1", "-af", "NumJobStarts").out, "1\n")
