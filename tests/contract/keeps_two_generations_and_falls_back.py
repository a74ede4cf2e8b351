"""Issue 2, 4: the newest checkpoint is damaged on disk; the one before is used, and that is said."""
from clause import *

with World() as world:
    world.job("""
note "$step"
if [ $step -lt 3 ]; then save $((step + 1)); exit 77; fi
gate running
: > result
""")
    process = world.start("run", "job.sub")
    world.wait_for_gate("running")
    world.wait_for_checkpoint(2)
    equal(world.checkpoints(), ["000001", "000002"])
    world.kill(process)
    (world.gates / "running.reached").unlink()

    newest = world.spool() / "000002/state"
    newest.chmod(0o644)
    newest.write_text("9\n")
    process = world.start("run", "job.sub")
    world.wait_for_gate("running")
    world.open_gate("running")
    finished = world.finish(process)
    equal(world.notes(), ["0", "1", "2", "3", "2", "3"])
    contains(finished.out, "000002")
    contains(" ".join(text for (text,) in world.query("SELECT text FROM events")), "000002")
