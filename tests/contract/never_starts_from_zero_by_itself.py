"""If no spooled checkpoint verifies, or all are gone, the job is held with the reason: hours of work are not thrown away in silence."""
import shutil

from clause import *


def damage(world):
    for state in world.spool().glob("*/state"):
        state.chmod(0o644)
        state.write_text("9\n")


def lose(world):
    shutil.rmtree(world.spool())


for harm in (damage, lose):
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
        world.kill(process)
        harm(world)
        world.open_gate("running")
        finished = world.run(status=1)
        contains(finished.err, "no spooled checkpoint")
        contains(finished.err, "--fresh")
        equal(world.notes(), ["0", "1", "2", "3"])
        world.run("--fresh")
        equal(world.notes(), ["0", "1", "2", "3", "0", "1", "2", "3"])
