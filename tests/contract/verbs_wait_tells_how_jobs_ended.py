"""cairn wait: 0 for a good end, 1 for another, 3 when the time is over; also while the engine is dead."""
from clause import *

with World() as world:
    equal(world.cairn("wait", "--all").out, "no jobs to wait for\n")
    world.job('note $step\ngate running\n: > result\n')
    process = world.start("run", "job.sub")
    world.wait_for_gate("running")
    contains(world.cairn("wait", "1", "--timeout", "50ms", status=3).err, "not all is over after 50ms")
    waiting = world.start("wait", "job.sub")
    world.kill(process)  # the engine dies, and is started again
    (world.gates / "running.reached").unlink()
    process = world.start("run", "job.sub")
    world.wait_for_gate("running")
    assert waiting.poll() is None, "it did not wait"
    world.open_gate("running")
    equal(world.finish(waiting).out, "1 of 1 job completed with exit code 0\n")
    world.finish(process)

    world.job(': > result; exit 3\n')
    world.run(status=1)
    contains(world.cairn("wait", "2", status=1).err, "cairn: job 2.0 completed with exit code 3")
    world.job("exit 0\n")  # its output is missing
    world.run(status=1)
    contains(world.cairn("wait", "3", status=1).err, "cairn: job 3.0 is held (code 12/2): ")
    world.cairn("wait", "1", "3", "--any", status=1)
    contains(world.cairn("wait", status=2).err, "wait for which jobs?")
