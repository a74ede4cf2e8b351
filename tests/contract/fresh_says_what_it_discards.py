"""--fresh starts over, and names what is lost."""
from clause import *

with World() as world:
    world.job("""
note "$step"
if [ $step -lt 2 ]; then save $((step + 1)); exit 77; fi
gate running
: > result
""")
    process = world.start("run", "job.sub")
    world.wait_for_gate("running")
    world.wait_for_checkpoint(1)
    world.kill(process)
    world.open_gate("running")
    finished = world.run("--fresh")
    contains(finished.out, "--fresh discards cluster 1: 1 job, checkpoint 1 of 1.0, ")
    equal(world.notes(), ["0", "1", "2", "0", "1", "2"])
    assert not world.job_folder("1.0").exists(), "the old job's folder is still there"
    equal(world.query("SELECT cluster FROM jobs"), [(2,)])
