"""hold and remove ask a running job to leave first: what it saves then is kept."""
from clause import *

BODY = """note "$step"
trap 'save $((step + 1)); exit 77' TERM
[ $step = 2 ] && { : > result; exit 0; }
: > "$GATES/runs.$step"
while :; do sleep 0.01; done
"""

with World() as world:
    world.job(BODY)
    world.cairn("submit", "job.sub")
    wait_for((world.gates / "runs.0").exists, "the job")
    contains(world.cairn("hold", "1.0", "--reason", "for a look").out, "is asked to leave, and is held then")
    wait_for(lambda: world.state() == "held", "the hold")
    equal(world.hold(), (1, 0, "for a look"))
    equal(world.checkpoints(), ["000000"])
    contains(world.cairn("hold", "1.0").out, "was held already")
    contains(world.cairn("release", "1.0").out, "it was held (code 1/0): for a look")
    wait_for((world.gates / "runs.1").exists, "the job again")
    equal(world.notes(), ["0", "1"])
    world.cairn("vacate", "1.0")
    world.cairn("wait", "1")
    equal(world.notes(), ["0", "1", "2"])

    world.job(BODY)
    (world.gates / "runs.0").unlink()
    world.cairn("submit", "job.sub")
    wait_for((world.gates / "runs.0").exists, "the second job")
    contains(world.cairn("remove", "2.0").out, "is removed then")
    wait_for(lambda: world.state("2.0") == "removed", "the removal")
    wait_for(lambda: not world.job_folder("2.0").exists(), "its folder to go")
    contains(world.cairn("release", "2.0", status=1).out + "", "")
    wait_for(lambda: world.log()[-1][0] == "009", "its 009")
